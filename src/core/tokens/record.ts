import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import type { Instant } from '../clock.ts';
import { type Connection, withoutUndefined } from '../connection.ts';
import { isRecord } from '../http/text.ts';
import { abilitiesOf, identityOf, protocolOf } from '../protocols/kinds.ts';
import type { Grant, Kept, Life } from '../protocols/protocol.ts';
import { remaining, type Stamp, stateOf } from './deadline.ts';
import { mask, type TokenInfo } from './token.ts';

const instant = v.object({
  wall: v.number(),
  up: v.number(),
  boot: v.string(),
  machine: v.optional(v.string()),
});

/** An entry of the secret storage; its members have the names that version 0.1 gave them. */
const schema = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  /** The secret. */
  value: v.pipe(v.string(), v.nonEmpty()),
  /** What is kept with it, as secret as it is. */
  more: v.optional(v.record(v.string(), v.string())),
  connection: v.string(),
  /** What the token is bound to: where it was issued; it goes nowhere else. */
  origin: v.string(),
  kind: v.picklist(['user', 'session']),
  service: v.optional(v.string()),
  target: v.optional(v.string()),
  view: v.optional(v.string()),
  under: v.optional(v.string()),
  signIn: v.optional(v.string(), ''),
  generation: v.optional(v.number(), 0),
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
  worked: instant,
  keepAlive: v.picklist(['manual', 'auto']),
  /** Epoch milliseconds; of two windows' settings of `keepAlive` the later one holds. */
  keepAliveSetAt: v.number(),
  /** The window that opened the token, and the one that used it last. */
  openedBy: v.string(),
  usedBy: v.string(),
  closing: v.optional(v.boolean(), false),
  /** When the entry was written, by the clocks of who wrote it: a window that reads it at once can compare clocks. */
  written: v.fallback(v.optional(instant), undefined),
  /** Whether the writer asks other machines to write the entry again, to learn of their clocks. */
  asks: v.fallback(v.optional(v.boolean()), undefined),
});

type Entry = v.InferOutput<typeof schema>;
/** Members that not every token has, or that have another name here. */
type Apart = 'kind' | 'target' | 'view' | 'under' | 'closing' | 'signIn' | 'generation' | 'turn' | 'worked';

/** What is known of every token, its value included. */
interface Token extends Readonly<Omit<Entry, Apart | keyof Stamp>> {
  /** Which sign-in the value is from; of a session: the one that it is open under. */
  readonly signInId: string;
  /** How often the value was replaced. What is known of a later value holds over what is known of an earlier one. */
  readonly valueVersion: number;
  /** How often a window has changed what it knows of the token's life; counts, because clocks can jump. */
  readonly lifeVersion: number;
  /** The last getData or renewal by hand: automatic renewal ends some hours after it. */
  readonly lastActive: Instant;
  /** Members of the stored entry that a later version of the extension has written. */
  readonly unknown?: Readonly<Record<string, unknown>>;
}

/** What sessions are opened under. */
export interface UserToken extends Token {
  readonly level: 'user';
}

/** A user token's earlier value, kept until the sessions that are open under it are taken over. No call uses it. */
export interface ReplacedToken extends Token {
  readonly level: 'replaced';
}

/** What sessions are open under. */
export type AnyUser = UserToken | ReplacedToken;

/** A session under a user token. */
export interface Session extends Token {
  readonly level: 'session';
  /** Tells views apart: requests with the same text may share a session. */
  readonly view: string;
  /** As people know the view: `MVMVS/JCPU`. */
  readonly target?: string | undefined;
  /** The id of the user token. */
  readonly under?: string | undefined;
  /** Its closing was begun; a window that finds it unfinished finishes it. No call uses it meanwhile. */
  readonly closing: boolean;
}

/** A token that is sign-in and session in one. */
export interface SoleToken extends Token {
  readonly level: 'sole';
  /** As of a {@link Session}. */
  readonly closing: boolean;
}

/** All that is kept of a token: what an entry of the secret storage holds. */
export type TokenRecord = UserToken | ReplacedToken | Session | SoleToken;

/** The token that a sign-in hands out. */
export type MainToken = UserToken | SoleToken;

/** The members of a token that may change. `under` is a session's; `closing` a session's or a sole token's. */
export type TokenChange = Partial<
  Omit<
    Session,
    'id' | 'level' | 'connection' | 'service' | 'view' | 'target' | 'valueVersion' | 'lifeVersion' | 'unknown'
  >
>;

/** What an answer tells of a life; without `lifeMs` nothing of its full length. */
export type LifeNews = Pick<Token, 'sent' | 'leftMs' | 'source'> & Partial<Pick<Token, 'lifeMs'>>;

/** What an answer tells of a life; where it tells nothing, it is the full one of `usualMs` milliseconds. */
export function lifeOf({ sent, reportedMs, estimatedMs }: Life, usualMs: number): Required<LifeNews> {
  const lifeMs = reportedMs ?? estimatedMs ?? usualMs;
  return { sent, leftMs: lifeMs, lifeMs, source: reportedMs === undefined ? 'estimated' : 'reported' };
}

/**
 * What is known of a token that was just granted.
 * @param usualMs its life in milliseconds, where the answer tells none
 * @param window the id of this window
 */
export function issued(connection: Connection, grant: Grant, usualMs: number, now: Instant, window: string) {
  return {
    value: grant.value,
    ...(protocolOf(connection).sessions === undefined ? { more: grant.more ?? {} } : {}),
    origin: identityOf(connection),
    ...lifeOf(grant, usualMs),
    openedAt: now.wall,
    lastUsedAt: now.wall,
    lastActive: grant.sent,
    openedBy: window,
    usedBy: window,
  };
}

/** The other members of a new record. */
export function initial({ name, keepAlive }: Connection, service: string | undefined) {
  return {
    connection: name,
    ...(service === undefined ? {} : { service }),
    keepAlive,
    keepAliveSetAt: 0,
    valueVersion: 0,
    lifeVersion: 0,
  };
}

/** Whether a token is renewed automatically: as a person has switched it, else as its connection's settings say now. */
export function modeOf(record: TokenRecord, connection: Connection | undefined): TokenInfo['keepAlive'] {
  const isSwitched = record.keepAliveSetAt > 0;
  return isSwitched || connection === undefined ? record.keepAlive : connection.keepAlive;
}

/** Whether a token is only kept for closing: it is neither used nor shown. */
export function isEnding(record: TokenRecord): boolean {
  return record.level === 'replaced' || (record.level !== 'user' && record.closing);
}

/** Whether a sign-in has handed a token out. */
export function isMain(record: TokenRecord): record is MainToken {
  return record.level === 'user' || record.level === 'sole';
}

/** Whether a token is closed at its gateway; a user token has no end of its own (docs/protocols.md 2). */
export function isClosable(record: TokenRecord): record is Session | SoleToken {
  return record.level === 'session' || record.level === 'sole';
}

type ReadEntry = { ok: true; value: TokenRecord; stamp: Stamp } | { ok: false; reason: string };

/** Reads an entry of the secret storage, and what it says of its writing. The reason never quotes the entry. */
export function parseRecord(id: string, json: string): ReadEntry {
  let data: unknown;
  try {
    data = JSON.parse(json);
  } catch {
    return { ok: false, reason: 'is not JSON' };
  }
  const entry = v.safeParse(withMore, data);
  if (entry.success) {
    const { secret, version: _, ...rest } = entry.output;
    data = { ...rest, ...secret };
  }
  const parsed = v.safeParse(schema, data);
  if (!parsed.success) {
    return { ok: false, reason: `"${v.getDotPath(parsed.issues[0]) ?? 'entry'}" is not as it should be` };
  }
  return parsed.output.id === id
    ? { ok: true, ...recordOf(parsed.output, data) }
    : { ok: false, reason: 'holds another id' };
}

function recordOf(entry: Entry, data: unknown): { value: TokenRecord; stamp: Stamp } {
  const { kind, target, view, under, closing, signIn, generation, turn, worked, written, asks, ...same } =
    entry;
  const unknown = Object.entries(data as object).filter(([name]) => !(name in schema.entries));
  const token: Token = {
    ...same,
    signInId: signIn,
    valueVersion: generation,
    lifeVersion: turn,
    lastActive: worked,
    ...(unknown.length === 0 ? {} : { unknown: Object.fromEntries(unknown) }),
  };
  const own: TokenRecord =
    kind === 'user'
      ? { ...token, level: closing ? 'replaced' : 'user' }
      : view === undefined
        ? { ...token, level: 'sole', closing }
        : { ...token, level: 'session', closing, view, ...withoutUndefined({ target, under }) };
  return { value: own, stamp: { written, asks } };
}

/** Whether a change puts another secret in the place of a token's. What is kept with a value counts as a part of it. */
export function isReplacedBy(record: TokenRecord, { value, more }: TokenChange): boolean {
  const isSame = (value ?? record.value) === record.value;
  return !isSame || (more !== undefined && !isDeepStrictEqual(more, record.more ?? {}));
}

/** What is kept with a token, less what has ended, after an answer that told something new of it. */
export function keptAfter(known: Kept | undefined, news: Kept): Kept {
  return Object.fromEntries(Object.entries({ ...known, ...news }).filter(([, value]) => value !== ''));
}

/**
 * An entry of a token with which something is kept. Version 0.1 drops members that it does not know when it writes an entry
 * back; this one it cannot read, for lack of the value in its place, and so it leaves it alone.
 */
const withMore = v.looseObject({
  version: v.literal(2),
  secret: v.object({ value: v.string(), more: v.record(v.string(), v.string()) }),
});

/** A record as an entry of the secret storage: equal records give the same text, which the stamp follows. */
export function serialize(record: TokenRecord, stamp?: Stamp): string {
  const text = texts.get(record) ?? textOf(record);
  texts.set(record, text); // Records are compared far more often than written.
  return stamp === undefined ? text : `${text.slice(0, -1)},${JSON.stringify(stamp).slice(1)}`;
}

const texts = new WeakMap<TokenRecord, string>();

function textOf(record: TokenRecord): string {
  const {
    level,
    signInId,
    valueVersion,
    lifeVersion,
    lastActive,
    unknown,
    value,
    more = {},
    ...same
  } = record;
  const secret = Object.keys(more).length === 0 ? { value } : { version: 2, secret: { value, more } };
  const kind = level === 'user' || level === 'replaced' ? 'user' : 'session';
  const closing = isEnding(record);
  const renamed = { kind, closing, signIn: signInId, generation: valueVersion, turn: lifeVersion };
  const all = { ...unknown, ...same, ...secret, ...renamed, worked: lastActive };
  return JSON.stringify(all, (_, one) =>
    isRecord(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
  );
}

/**
 * What two windows know of one token, joined: a CRDT in which the last writer wins, for life, use and renewal each. The
 * order does not matter, nor how often it is done, so windows that write over each other come to the same end.
 */
export function merge(a: TokenRecord, b: TokenRecord): TokenRecord {
  const life = compareLives(a, b) < 0 ? b : a;
  const used = compare([a.lastUsedAt, a.usedBy], [b.lastUsedAt, b.usedBy]) < 0 ? b : a;
  const mode = compare([a.keepAliveSetAt, a.keepAlive], [b.keepAliveSetAt, b.keepAlive]) < 0 ? b : a;
  const active = compare(parts(a.lastActive), parts(b.lastActive)) < 0 ? b : a;
  return {
    ...life,
    lastUsedAt: used.lastUsedAt,
    usedBy: used.usedBy,
    lastActive: active.lastActive,
    keepAlive: mode.keepAlive,
    keepAliveSetAt: mode.keepAliveSetAt,
  };
}

/**
 * Whether a gateway was merely asked what is left. Where another machine renewed or lost the token at the same time, that
 * is the later news: clocks of two machines do not tell which came first.
 */
export function isPartOfLife({ leftMs, lifeMs }: TokenChange, record: TokenRecord): boolean {
  return leftMs !== undefined && leftMs > 0 && leftMs < (lifeMs ?? record.lifeMs);
}

/** Total, so that joining is associative: two windows that counted to the same version agree on one life. */
function compareLives(a: TokenRecord, b: TokenRecord): number {
  return (
    compare(
      [a.valueVersion, a.lifeVersion, ...parts(a.sent)],
      [b.valueVersion, b.lifeVersion, ...parts(b.sent)],
    ) || compare([lifeText(a)], [lifeText(b)])
  );
}

/** All that {@link merge} takes from one side as a whole. */
function lifeText(record: TokenRecord): string {
  const none = { wall: 0, up: 0, boot: '' };
  const rest = { lastUsedAt: 0, usedBy: '', lastActive: none, keepAlive: 'auto', keepAliveSetAt: 0 } as const;
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

/**
 * What people and other programs may see of a token, at a moment.
 * @param connection tells what its gateway can be asked for; absent: there is none any more
 */
export function infoOf(
  record: TokenRecord,
  now: Instant,
  warnMs: number,
  connection?: Connection,
): TokenInfo {
  const left = remaining(record, now);
  return {
    id: record.id,
    connection: record.connection,
    kind: isClosable(record) ? 'session' : 'user',
    ...(record.service === undefined ? {} : { service: record.service }),
    ...(record.level === 'session' && record.target !== undefined ? { target: record.target } : {}),
    state: stateOf(left, warnMs),
    // An end that no clock can tell counts as long past.
    expiresAt: Number.isFinite(left) ? Math.floor(now.wall + left) : 0,
    lifeMs: record.lifeMs,
    openedAt: record.openedAt,
    lastUsedAt: record.lastUsedAt,
    source: record.source,
    keepAlive: modeOf(record, connection),
    masked: mask(record.value),
    ...(connection === undefined ? { renewable: false, closable: false } : abilitiesOf(connection)),
  };
}
