import * as v from 'valibot';
import type { Checked } from '../../checks.ts';
import type { HttpAnswer } from '../../http/request.ts';
import type { Life } from '../protocol.ts';
import { cookieIn, type Place, placeSchema, type Seen, seen, textAt } from './place.ts';

/** A number, or the place of one. */
const amount = v.lazy((input) =>
  typeof input === 'string' ? placeSchema : v.pipe(v.number(), v.finite(), v.gtValue(0)),
);

/** The members that tell a life, of which a description has one. */
const ways = {
  minutes: v.optional(amount),
  seconds: v.optional(amount),
  milliseconds: v.optional(amount),
  /** The place of the instant at which it ends. */
  at: v.optional(placeSchema),
  jwt: v.optional(v.literal(true)),
  /** The name of the cookie that lives as long. */
  cookie: v.optional(v.pipe(v.string(), v.nonEmpty())),
};
export const unitNames = Object.keys(ways) as readonly (keyof typeof ways)[];

/** How a life is told. */
export const unit = {
  ...ways,
  /** The place of the instant that an instant is compared with: the server's "now". */
  issued: v.optional(placeSchema),
};
export type Unit = Checked<typeof unit>;

/** The number of a life, or its place, and how many milliseconds its unit has. */
function amountOf({ minutes, seconds, milliseconds }: Unit): { amount: Unit['minutes']; ms: number } {
  return minutes !== undefined
    ? { amount: minutes, ms: 60_000 }
    : seconds !== undefined
      ? { amount: seconds, ms: 1_000 }
      : { amount: milliseconds, ms: 1 };
}

/** Longest life that is believed, in milliseconds. */
const maxMs = 366 * 86_400_000;

/** The fixed life that a description gives, in milliseconds. */
export function fixedMs(unit: Unit): number | undefined {
  const { amount, ms } = amountOf(unit);
  return typeof amount === 'number' ? Math.min(amount * ms, maxMs) : undefined;
}

/** Where the life is read from: a place in an answer, or the token; undefined where nothing tells it. */
export function toldIn({ at, cookie, jwt, ...amounts }: Unit): Place['in'] | 'jwt' | undefined {
  const { amount } = amountOf(amounts);
  const place = typeof amount === 'object' ? amount : at;
  return place?.in ?? (cookie === undefined ? jwt && 'jwt' : 'cookie');
}

/**
 * The life of a new token. A life of 0 or less counts as not told: some servers mean by it that there is no end.
 * @param earlier the answers before the one that has handed it out: one of them may have set the cookie that tells the life
 */
export function newLife(
  unit: Unit,
  answer: HttpAnswer,
  token: string,
  earlier: readonly HttpAnswer[] = [],
): Life {
  for (const one of [answer, ...(toldIn(unit) === 'cookie' ? earlier.toReversed() : [])]) {
    const told = toldMs(unit, seen(one, one.text), token);
    if (told !== undefined && told > 0) {
      return { sent: one.sent, reportedMs: told };
    }
  }
  const fixed = fixedMs(unit);
  return { sent: answer.sent, ...(fixed === undefined ? {} : { estimatedMs: fixed }) };
}

/**
 * The life left that an answer tells, in milliseconds: 0 or less for one that is over, and undefined where it tells none
 * that can be read.
 * @param isOld whether the token was issued by an earlier answer
 */
export function toldMs(unit: Unit, answer: Seen, token: string, isOld = false): number | undefined {
  const ms = told(unit, answer, token, isOld);
  return ms === undefined || Number.isNaN(ms) ? undefined : Math.min(ms, maxMs);
}

function told(unit: Unit, answer: Seen, token: string, isOld: boolean): number | undefined {
  const { amount, ms } = amountOf(unit);
  const issued = unit.issued && instantOf(textAt(unit.issued, answer));
  if (typeof amount === 'object') {
    const ageMs = issued === undefined ? 0 : latest(nowAfter(issued, answer) ?? issued) - issued.ms;
    return numberOf(textAt(amount, answer)) * ms - ageMs;
  }
  if (unit.at !== undefined) {
    const end = instantOf(textAt(unit.at, answer));
    const now = isOld ? nowAfter(issued, answer) : (issued ?? dateOf(answer));
    return end && now && end.ms - latest(now);
  }
  if (unit.jwt) {
    return jwtMs(token, issued, answer);
  }
  const cookie = unit.cookie === undefined ? undefined : cookieIn(answer.headers, unit.cookie);
  const now = issued ?? dateOf(answer);
  return cookie?.maxAgeMs ?? (cookie?.expires && now && cookie.expires - latest(now));
}

/** The life of a JSON Web Token, from when it was issued to its `exp`: some servers hand out the same token again. */
function jwtMs(token: string, issued: ServerInstant | undefined, answer: Seen): number | undefined {
  const claims = seen(answer, Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  const claim = (name: string) => instantOf(textAt({ in: 'json', path: [name] }, claims));
  const end = claim('exp');
  const now = issued ?? nowAfter(claim('iat'), answer, end);
  return end && now && end.ms - latest(now);
}

/**
 * When something was issued; or the server's "now", where its clock (`Date`) says that this was a while ago.
 * @param until its end, if it was issued just now: where `Date` is later than that already, it is of another clock
 */
function nowAfter(issued: ServerInstant | undefined, answer: Seen, until?: ServerInstant) {
  const date = dateOf(answer);
  const isOld = date && issued && date.ms > issued.ms && date.ms < (until?.ms ?? Number.POSITIVE_INFINITY);
  return isOld ? date : (issued ?? date);
}

interface ServerInstant {
  readonly ms: number;
  /** Whether it is written in whole seconds, and so may have been cut. */
  readonly isWhole: boolean;
}

/** The latest that an instant can have been, so that no life comes out too long. */
function latest({ ms, isWhole }: ServerInstant): number {
  return isWhole ? ms + 1_000 : ms;
}

function dateOf({ headers }: Seen): ServerInstant | undefined {
  return instantOf(headers.date);
}

function numberOf(text: string | undefined): number {
  return text !== undefined && /^\s*[+-]?\d+(?:\.\d*)?(?:e[+-]?\d{1,3})?\s*$/i.test(text)
    ? Number(text)
    : Number.NaN;
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s*([Zz]|[+-]\d\d:?\d\d)$/;
/** With its zone: without one, it would be read as of this machine's. */
const httpDate = /^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? .* (?:gmt|utc?|[+-]\d{4})$/i;

/** From 1e11 on an epoch is in milliseconds, from 1e14 on in microseconds, from 1e17 on in nanoseconds. */
function epochMs(epoch: number): number {
  return epoch < 1e11 ? epoch * 1e3 : epoch < 1e14 ? epoch : epoch < 1e17 ? epoch / 1e3 : epoch / 1e6;
}

/** An instant by RFC 3339, as HTTP writes it, or as an epoch in seconds or parts of them, by its size. */
export function instantOf(text: string | undefined): ServerInstant | undefined {
  const epoch = numberOf(text);
  if (!Number.isNaN(epoch)) {
    const ms = epochMs(epoch);
    return { ms, isWhole: ms % 1_000 === 0 };
  }
  const [, day, time = '', fraction = '', zone = ''] = rfc3339.exec(text?.trim() ?? '') ?? [];
  if (day !== undefined && new Date(day).toJSON()?.startsWith(day)) {
    const zoned = zone.toUpperCase().replace(/^(...)(\d\d)$/, '$1:$2');
    return valid(
      Date.parse(`${day}T${time}${zoned}`) + Number(`0.${fraction || 0}`) * 1_000,
      /^0*$/.test(fraction),
    );
  }
  return httpDate.test(text ?? '') ? valid(Date.parse(text ?? ''), true) : undefined;
}

function valid(ms: number, isWhole: boolean): ServerInstant | undefined {
  return Number.isNaN(ms) ? undefined : { ms, isWhole };
}
