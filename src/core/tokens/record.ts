import * as v from 'valibot';
import type { Instant } from '../clock.ts';
import type { Parsed } from '../connection.ts';
import { isLater, remaining, stateOf } from './deadline.ts';
import { mask, type TokenInfo } from './token.ts';

const instant = v.object({ wall: v.number(), up: v.number(), boot: v.string() });

const schema = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  /** The secret. */
  value: v.pipe(v.string(), v.nonEmpty()),
  connection: v.string(),
  /** Where the token was issued; it goes nowhere else. */
  origin: v.string(),
  kind: v.picklist(['user', 'session']),
  service: v.optional(v.string()),
  target: v.optional(v.string()),
  /** CRA session: what makes a view the same view. */
  view: v.optional(v.string()),
  /** The request from whose sending `leftMs` counts. */
  sent: instant,
  /** Life left when that request was sent, in milliseconds. */
  leftMs: v.pipe(v.number(), v.finite()),
  /** Life of a token just renewed, in milliseconds. */
  lifeMs: v.pipe(v.number(), v.finite()),
  source: v.picklist(['reported', 'estimated']),
  /** Epoch milliseconds. */
  openedAt: v.number(),
  /** Epoch milliseconds. */
  lastUsedAt: v.number(),
  /** The last getData or renewal by hand: automatic renewal ends some hours after it. */
  worked: instant,
  keepAlive: v.picklist(['manual', 'auto']),
  /** Epoch milliseconds; of two windows' settings of `keepAlive` the later one holds. */
  keepAliveSetAt: v.number(),
  /** The window that opened the token, and the one that used it last. */
  openedBy: v.string(),
  usedBy: v.string(),
  /** A close was begun; if it was not ended, whoever finds the record ends it. */
  closing: v.optional(v.boolean()),
});

/** All that is kept of a token, its value included: what an entry of the secret storage holds. */
export type TokenRecord = Readonly<v.InferOutput<typeof schema>>;

/** Reads an entry of the secret storage. The reason never quotes the entry. */
export function parseRecord(id: string, json: string): Parsed<TokenRecord> {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return { ok: false, reason: 'is not JSON' };
  }
  const parsed = v.safeParse(schema, data);
  if (!parsed.success) {
    return { ok: false, reason: `"${v.getDotPath(parsed.issues[0]) ?? 'entry'}" is not as it should be` };
  }
  return parsed.output.id === id
    ? { ok: true, value: parsed.output }
    : { ok: false, reason: 'holds another id' };
}

/**
 * What two windows know of one token, joined. The order does not matter and nothing newer is lost, so windows
 * that write over each other come to the same end.
 */
export function merge(a: TokenRecord, b: TokenRecord): TokenRecord {
  const life = isLater(b.sent, a.sent) ? b : a;
  const used = b.lastUsedAt > a.lastUsedAt ? b : a;
  const mode = b.keepAliveSetAt > a.keepAliveSetAt ? b : a;
  return {
    ...life,
    lastUsedAt: used.lastUsedAt,
    usedBy: used.usedBy,
    worked: isLater(b.worked, a.worked) ? b.worked : a.worked,
    keepAlive: mode.keepAlive,
    keepAliveSetAt: mode.keepAliveSetAt,
  };
}

/** What people and other programs may see of a token, at a moment. */
export function infoOf(record: TokenRecord, now: Instant, warnMs: number): TokenInfo {
  const left = remaining(record, now);
  return {
    id: record.id,
    connection: record.connection,
    kind: record.kind,
    ...(record.service === undefined ? {} : { service: record.service }),
    ...(record.target === undefined ? {} : { target: record.target }),
    state: stateOf(left, warnMs),
    // An end that neither clock can tell is long past.
    expiresAt: Number.isFinite(left) ? Math.floor(now.wall + left) : 0,
    lifeMs: record.lifeMs,
    openedAt: record.openedAt,
    lastUsedAt: record.lastUsedAt,
    source: record.source,
    keepAlive: record.keepAlive,
    masked: mask(record.value),
  };
}
