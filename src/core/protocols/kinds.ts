import { createHash } from 'node:crypto';
import { type Connection, originOf, type Parsed, readConnection } from '../connection.ts';
import type { Message } from '../errors.ts';
import { cra } from './cra/protocol.ts';
import type { Abilities, Protocol, Query } from './protocol.ts';
import { rest } from './rest/protocol.ts';
import { sarus } from './sarus/protocol.ts';

/** The kinds of gateways that there are, by their names in the settings. */
export const protocols: Readonly<Record<string, Protocol>> = { 'bmc-cra': cra, sarus, rest };

/** The protocol of a connection, which was read with the record above. */
export function protocolOf({ kind }: Pick<Connection, 'kind'>): Protocol {
  const protocol = protocols[kind];
  if (protocol === undefined) {
    throw new RangeError(`There is no kind ${kind}.`);
  }
  return protocol;
}

/** The protocol whose members a request has. Its connection need not exist. */
export function protocolTaking(request: Query): Protocol | undefined {
  return Object.values(protocols).find(({ dialog }) =>
    dialog.target.every(({ name }) => typeof request[name] === 'string' && request[name] !== ''),
  );
}

/**
 * What a login and tokens are bound to: they go to no connection that has another one. The origin, and where a kind has
 * settings that decide where secrets go, these.
 */
export function identityOf(connection: Connection): string {
  const known = identities.get(connection) ?? identityNow(connection);
  identities.set(connection, known);
  return known;
}

const identities = new WeakMap<Connection, string>();

function identityNow(connection: Connection): string {
  const bound = protocolOf(connection).boundTo?.(connection);
  const origin = originOf(connection);
  return bound === undefined
    ? origin
    : `${origin}#${createHash('sha256').update(JSON.stringify(bound)).digest('base64url')}`;
}

/** What a connection's gateway can do with tokens. */
export function abilitiesOf(connection: Connection): Abilities {
  return protocolOf(connection).abilities?.(connection) ?? { renewable: true, closable: true };
}

/** Reads one entry of `sessionTokens.connections`; see {@link readConnection}. */
export function parseConnection(input: unknown): Parsed<Connection, Message> {
  return readConnection(input, protocols);
}
