import { randomUUID } from 'node:crypto';
import * as v from 'valibot';
import type { Checked } from '../checks.ts';
import { type Connection, withoutUndefined } from '../connection.ts';
import { TokensError } from '../errors.ts';
import { isRecord } from '../http/text.ts';
import { protocolOf, protocolTaking } from '../protocols/kinds.ts';
import type { GatewayMemory, Query, WireRequest } from '../protocols/protocol.ts';

const text = v.pipe(v.string(), v.nonEmpty());

export const common = { connection: text, show: v.optional(v.boolean(), true) };
/** The member of a request to a gateway with services. */
export const withServices = { service: v.optional(text) };
/** The members of a request that runs in a session: `reuse`, `new` or the id of a token, and whether it stays open. */
export const withSessions = {
  session: v.optional(text, 'reuse'),
  keepOpen: v.optional(v.boolean(), true),
};

/** What a person, a program or a saved query asks for (docs/contract.md, Commands). Other members are its protocol's. */
export interface DataRequest {
  readonly connection: string;
  readonly show?: boolean | undefined;
  readonly service?: string | undefined;
  readonly session?: string | undefined;
  readonly keepOpen?: boolean | undefined;
  readonly [own: string]: unknown;
}

/** A request that fits its connection, defaults filled in. */
export interface CheckedRequest extends Checked<typeof withSessions> {
  readonly query: Query;
  readonly service: string | undefined;
}

/**
 * Checks a request against the protocol of its connection. Members that are undefined count as absent.
 * @throws E_CONFIG that names the field
 */
export function checkRequest(given: unknown, connection: Connection): CheckedRequest {
  const { hasServices, request, sessions } = protocolOf(connection);
  const input = isRecord(given) ? withoutUndefined(given) : given;
  parse(v.object(common), input);
  const query = withoutUndefined(parse(v.object(request), input)) as Query;
  const { service = connection.service } = hasServices ? parse(v.object(withServices), input) : {};
  const inSession = parse(v.object(withSessions), sessions === undefined ? {} : input);
  return { query, service, ...inSession };
}

/** A request as it is sent, with marks in place of its secrets. @throws E_CONFIG where it does not fit its connection */
export function wireOf(request: DataRequest, connection: Connection, memory: GatewayMemory): WireRequest {
  const { query, service } = checkRequest(request, connection);
  const protocol = protocolOf(connection);
  const token = randomUUID().replaceAll('-', '');
  const variable = protocol.sessions === undefined ? 'SESSION_TOKEN' : 'USER_TOKEN';
  return { ...protocol.wire(query, connection, { service, memory, token }), token, variable };
}

/** The short title of a request: `MVMVS/JCPU`, `GetValuesRC`. */
export function titleOf(request: Query): string {
  const names = targetNames(request);
  return names.map((name) => String(request[name])).join('/') || String(request.connection ?? '');
}

/** The members of a request that say what is asked for. */
export function targetNames(request: Query): readonly string[] {
  return protocolTaking(request)?.dialog.target.map(({ name }) => name) ?? [];
}

/** @throws E_CONFIG */
function parse<const S extends v.GenericSchema>(schema: S, input: unknown): v.InferOutput<S> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    throw incomplete(v.getDotPath(parsed.issues[0]) ?? 'request');
  }
  return parsed.output;
}

/** The error for a request that lacks a member, or has it in another form. */
export function incomplete(member: string): TokensError {
  return new TokensError(
    'E_CONFIG',
    'The request is not complete: "{0}" is missing or not as it should be.',
    [member],
  );
}
