import * as v from 'valibot';
import type { Instant } from '../clock.ts';
import type { Parsed } from '../connection.ts';
import { remaining, stateOf } from './deadline.ts';
import { mask, type TokenInfo } from './token.ts';

const instant = v.object({
  wall: v.number(),
  up: v.number(),
  boot: v.string(),
  machine: v.optional(v.string()),
});

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
  /** CRA session: the id of the user token that it is under. */
  under: v.optional(v.string()),
  /** CRA: which sign-in a user token's value is from; of a session: the one that it is open under. */
  signIn: v.optional(v.string(), ''),
  /** How often the value was replaced. What is known of a later value holds over what is known of an earlier one. */
  generation: v.optional(v.number(), 0),
  /** How often a window has changed what it knows of the token's life; counts, because clocks can jump. */
  turn: v.optional(v.number(), 0),
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
  closing: v.optional(v.boolean(), false),
});

/** All that is kept of a token, its value included: what an entry of the secret storage holds. */
export type TokenRecord = Readonly<v.InferOutput<typeof schema>>;

const stamp = v.object({
  /** When the entry was written, by the clocks of who wrote it: whoever hears of it at once can compare clocks. */
  written: v.optional(instant),
  /** Whether the writer would like to hear from other machines, to learn of their clocks. */
  asks: v.optional(v.boolean()),
});

/** What an entry of the secret storage says beside its record. */
export type Stamp = Readonly<v.InferOutput<typeof stamp>>;

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

/** What is said of the writing of an entry; nothing in one of version 0.1. */
export function parseStamp(json: string): Stamp {
  const parsed = v.safeParse(stamp, JSON.parse(json));
  return parsed.success ? parsed.output : {};
}

/** Every member in one order, so that what says the same is the same text. */
const members = [schema, stamp, instant].flatMap(({ entries }) => Object.keys(entries));

/** A record as an entry of the secret storage. */
export function serialize(record: TokenRecord, stamp: Stamp = {}): string {
  return JSON.stringify({ ...record, ...stamp }, members);
}

/**
 * What two windows know of one token, joined. The order does not matter, nor how often it is done, so windows
 * that write over each other come to the same end.
 */
export function merge(a: TokenRecord, b: TokenRecord): TokenRecord {
  const life = compareLives(a, b) < 0 ? b : a;
  const used = compare([a.lastUsedAt, a.usedBy], [b.lastUsedAt, b.usedBy]) < 0 ? b : a;
  const mode = compare([a.keepAliveSetAt, a.keepAlive], [b.keepAliveSetAt, b.keepAlive]) < 0 ? b : a;
  const worked = compare(parts(a.worked), parts(b.worked)) < 0 ? b : a;
  return {
    ...life,
    lastUsedAt: used.lastUsedAt,
    usedBy: used.usedBy,
    worked: worked.worked,
    keepAlive: mode.keepAlive,
    keepAliveSetAt: mode.keepAliveSetAt,
  };
}

/** Total, so that joining is associative: two windows that counted to the same turn agree on one of them. */
function compareLives(a: TokenRecord, b: TokenRecord): number {
  return (
    compare([a.generation, a.turn, ...parts(a.sent)], [b.generation, b.turn, ...parts(b.sent)]) ||
    compare([lifeText(a)], [lifeText(b)])
  );
}

/** All that {@link merge} takes from one side as a whole. */
function lifeText(record: TokenRecord): string {
  const none = { wall: 0, up: 0, boot: '' };
  const rest = { lastUsedAt: 0, usedBy: '', worked: none, keepAlive: 'auto', keepAliveSetAt: 0 } as const;
  return serialize({ ...record, ...rest });
}

function parts({ wall, up, boot, machine = '' }: Instant): (number | string)[] {
  return [wall, up, boot, machine];
}

function compare(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  for (const [index, one] of a.entries()) {
    const other = b[index];
    if (other !== undefined && one !== other) {
      return one < other ? -1 : 1;
    }
  }
  return 0;
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
