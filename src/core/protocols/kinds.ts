import { createHash } from 'node:crypto';
import * as v from 'valibot';
import { oncePer } from '../async.ts';
import { reason, reasonOf } from '../checks.ts';
import {
  type Connection,
  commonSettings,
  name,
  originOf,
  type Parsed,
  withoutUndefined,
} from '../connection.ts';
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
export const identityOf = oncePer((connection: Connection): string => {
  const bound = protocolOf(connection).boundTo?.(connection);
  const origin = originOf(connection);
  return bound === undefined
    ? origin
    : `${origin}#${createHash('sha256').update(JSON.stringify(bound)).digest('base64url')}`;
});

/** What a connection's gateway can do with tokens. */
export function abilitiesOf(connection: Connection): Abilities {
  return protocolOf(connection).abilities?.(connection) ?? { renewable: true, closable: true };
}

/**
 * Reads one entry of `sessionTokens.connections`. Numbers out of bounds are clamped to them; anything else that is wrong
 * gives a reason that names the member. Unknown members are ignored.
 */
export function parseConnection(input: unknown): Parsed<Connection, Message> {
  const begun = v.safeParse(v.object({ name, kind: v.picklist(Object.keys(protocols)) }), input);
  const kind = begun.success ? protocols[begun.output.kind] : undefined;
  if (!begun.success || kind === undefined) {
    return { ok: false, reason: reasonOf(begun.issues?.[0]) };
  }
  const parsed = v.safeParse(v.object({ ...commonSettings, ...kind.settings }), input);
  if (!parsed.success) {
    return { ok: false, reason: reasonOf(parsed.issues[0]) };
  }
  const { lifeMinutes = kind.life.default, url, ...rest } = parsed.output;
  const connection = {
    ...withoutUndefined(rest),
    kind: begun.output.kind,
    url: url.replace(/\/+$/, ''),
    lifeMinutes: Math.min(Math.max(lifeMinutes, kind.life.min), kind.life.max),
  };
  const { certFile, keyFile, pfxFile } = connection;
  if (pfxFile !== undefined && (certFile ?? keyFile) !== undefined) {
    const other = certFile === undefined ? 'keyFile' : 'certFile';
    return { ok: false, reason: reason('both', 'pfxFile', other) };
  }
  const wrongMember = kind.check?.(connection);
  if (wrongMember !== undefined) {
    return { ok: false, reason: wrongMember };
  }
  const isByCertificate =
    !kind.mayBeOpen && kind.logins(connection).some(({ fields }) => fields.length === 0);
  const needsCertificate = keyFile !== undefined || isByCertificate;
  return (certFile ?? pfxFile) === undefined && needsCertificate
    ? { ok: false, reason: reason('missing', 'certFile') }
    : { ok: true, value: connection };
}
