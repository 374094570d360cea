import { type Connection, type Parsed, readConnection } from '../connection.ts';
import type { Message } from '../errors.ts';
import { cra } from './cra/protocol.ts';
import type { Protocol, Query } from './protocol.ts';
import { sarus } from './sarus/protocol.ts';

/** The kinds of gateways that there are, by their names in the settings. */
export const protocols: Readonly<Record<string, Protocol>> = { 'bmc-cra': cra, sarus };

/** The protocol of a connection, which was read with the record above. */
export function protocolOf({ kind }: Pick<Connection, 'kind'>): Protocol {
  const protocol = protocols[kind];
  if (protocol === undefined) {
    throw new RangeError(`There is no kind ${kind}.`);
  }
  return protocol;
}

/** The protocol that a request is for, whose connection need not be there: it says what that protocol asks for. */
export function protocolTaking(request: Query): Protocol | undefined {
  return Object.values(protocols).find(({ dialog }) =>
    dialog.target.every(({ name }) => typeof request[name] === 'string' && request[name] !== ''),
  );
}

/** Reads one entry of `sessionTokens.connections`; see {@link readConnection}. */
export function parseConnection(input: unknown): Parsed<Connection, Message> {
  return readConnection(input, protocols);
}
