import * as v from 'valibot';
import type { Parsed } from '../connection.ts';
import type { Message } from '../errors.ts';
import { isRecord } from '../http/text.ts';
import { protocolTaking } from '../protocols/kinds.ts';
import { type DataRequest, targetNames } from './request.ts';

/** A request under a name. It names a connection and holds no secret. */
export interface SavedQuery {
  readonly name: string;
  readonly request: DataRequest;
}

const text = v.pipe(v.string(), v.trim(), v.nonEmpty());
const schema = v.object({
  name: text,
  request: v.pipe(
    v.looseObject({ connection: text }),
    v.check((request) => protocolTaking(request) !== undefined),
  ),
});

/** Members of a request that are not saved: its session will have ended, and a saved query is always shown. */
const momentary = new Set(['session', 'show', 'keepOpen']);

/** Reads one entry of `sessionTokens.queries`. The request is checked when it runs. */
export function parseQuery(input: unknown): Parsed<SavedQuery, Message> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    const field = v.getDotPath(parsed.issues[0]) ?? 'entry';
    return { ok: false, reason: { template: '"{0}" is missing or not as it should be', args: [field] } };
  }
  const { name, request } = parsed.output;
  return { ok: true, value: { name, request: lasting(request) } };
}

/** Whether something can be shown as a request. It is checked when it runs. */
export function isRequest(input: unknown): input is DataRequest {
  return v.is(schema.entries.request, input);
}

/** A request without the members that are not saved. */
export function lasting(request: DataRequest): DataRequest {
  return Object.fromEntries(
    Object.entries(request).filter(([key, value]) => !momentary.has(key) && value !== undefined),
  ) as DataRequest;
}

/** A request's connection, and its parameters besides the view, in one line. */
export function describeRequest(request: DataRequest): string {
  const names = new Set(['connection', ...targetNames(request)]);
  const more = Object.entries(lasting(request)).flatMap(([key, value]) =>
    names.has(key) || typeof value === 'object' || value === undefined ? [] : [`${key}=${String(value)}`],
  );
  return [request.connection, ...more].join(' · ');
}

/** Whether two requests are the same but for members that are not saved. */
export function sameRequest(a: DataRequest, b: DataRequest): boolean {
  return fingerprint(a) === fingerprint(b);
}

/** The same text for the same request, whatever the order of its members. */
export function fingerprint(request: DataRequest): string {
  return JSON.stringify(lasting(request), (_, value) =>
    isRecord(value) ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)) : value,
  );
}
