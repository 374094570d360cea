import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';

/** More than a gateway needs, and few enough that a hostile one cannot fill the memory. */
const maxCookies = 50;
const maxCookieLength = 4096;

/** Shorter values may be ordinary words that are also in data. */
const minSecretLength = 16;

interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  /** The clock's `up` at which it ends. */
  readonly until: number;
  /** Whether it is `HttpOnly` and long enough to be no ordinary word. */
  readonly isSecret?: boolean | undefined;
}

/**
 * The cookies of one connection, in memory only, taken and sent as RFC 6265 says (sections 5.2 to 5.4). Its lists of
 * public suffixes and its rules for sending to other hosts are not needed: a connection speaks to one host only, and
 * redirects to another are not followed.
 */
export class CookieJar {
  readonly #host: string;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #cookies = new Map<string, Cookie>();

  /** @param host The host of the connection, in lower case. */
  constructor(host: string, clock: Pick<Clock, 'now'>) {
    this.#host = host;
    this.#clock = clock;
  }

  /**
   * @param requestPath Of the request that was answered; the default path is taken from it (RFC 6265, 5.1.4).
   * @param serverNow Epoch milliseconds of the server's clock, which its dates are of and which may be hours off.
   */
  take(setCookie: readonly string[], requestPath: string, secure: boolean, serverNow?: number): void {
    const { up, wall } = this.#clock.now();
    this.#expire(up);
    const defaultPath = requestPath.slice(0, requestPath.lastIndexOf('/')) || '/';
    for (const line of setCookie) {
      const cookie = readSetCookie(line);
      if (cookie === undefined) {
        continue;
      }
      const { name, value } = cookie;
      const path = cookie.path?.startsWith('/') ? cookie.path : defaultPath;
      const domain = cookie.domain?.replace(/^\./, '').toLowerCase() || this.#host;
      const lifeMs = cookie.maxAgeMs ?? (cookie.expires ?? Number.POSITIVE_INFINITY) - (serverNow ?? wall);
      if (!this.#isOurs(domain)) {
        continue;
      }
      const key = `${name};${domain};${path}`;
      if (lifeMs <= 0) {
        this.#cookies.delete(key);
      } else if (
        (secure || !cookie.isSecure) &&
        (this.#cookies.has(key) || this.#cookies.size < maxCookies)
      ) {
        const isSecret = value.length >= minSecretLength && cookie.isHttpOnly;
        this.#cookies.set(key, { name, value, path, until: up + lifeMs, isSecret });
      }
    }
  }

  /** The values to be masked in answers to scripts. */
  secrets(): string[] {
    return [...this.#cookies.values()].flatMap(({ value, isSecret }) => (isSecret ? [value] : []));
  }

  all(): readonly { readonly name: string; readonly value: string }[] {
    return [...this.#cookies.values()];
  }

  /** Whether a text may be the key of a cookie in what {@link kept} gives. */
  static isKey(text: string): boolean {
    return text.includes(';');
  }

  /** Its cookies by keys, to {@link fill} another jar. */
  kept(): Record<string, string> {
    return Object.fromEntries(Array.from(this.#cookies, ([key, { value }]) => [key, value]));
  }

  /** Adds what another jar has kept; other keys are ignored. Lives are not kept: these cookies last as long as the jar. */
  fill(kept: Readonly<Record<string, string>>): void {
    for (const [key, value] of Object.entries(kept)) {
      const [name = '', domain, ...path] = key.split(';');
      if (domain !== undefined && this.#isOurs(domain)) {
        this.#cookies.set(key, { name, value, path: path.join(';'), until: Number.POSITIVE_INFINITY });
      }
    }
  }

  /** The cookies for a path, those of the longest paths first. */
  for(path: string): readonly { readonly name: string; readonly value: string }[] {
    this.#expire(this.#clock.now().up);
    return [...this.#cookies.values()]
      .filter((cookie) => covers(cookie.path, path))
      .sort((one, other) => other.path.length - one.path.length);
  }

  /** The `Cookie` header for a path, or nothing. */
  header(path: string): string | undefined {
    const fitting = this.for(path);
    return fitting.length === 0 ? undefined : fitting.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  #isOurs(domain: string): boolean {
    return domain === this.#host || (this.#host.endsWith(`.${domain}`) && isIP(this.#host) === 0);
  }

  #expire(up: number): void {
    for (const [key, { until }] of this.#cookies) {
      if (until <= up) {
        this.#cookies.delete(key);
      }
    }
  }
}

/** Characters that can be in a header: no control characters. Bytes over ASCII are sent back as they came. */
const sendable = /^[\x20-\x7e\x80-\xff]*$/;

/** Reads a `Set-Cookie` header; undefined for a cookie that cannot be sent back. */
export function readSetCookie(line: string) {
  const [pair = '', ...parts] = line.split(';');
  const [name, value] = split(pair);
  const attributes = parts.map(split);
  return pair.includes('=') && name !== '' && sendable.test(name + value) && pair.length <= maxCookieLength
    ? {
        name,
        value,
        path: lastOf(attributes, 'path', (text) => text),
        domain: lastOf(attributes, 'domain', (text) => text || undefined),
        isSecure: lastOf(attributes, 'secure', () => true),
        isHttpOnly: lastOf(attributes, 'httponly', () => true),
        /** Its life, in milliseconds; takes precedence over `expires`. */
        maxAgeMs: lastOf(attributes, 'max-age', (text) =>
          /^-?\d+$/.test(text) ? Number(text) * 1000 : undefined,
        ),
        /** Epoch milliseconds. */
        expires: lastOf(attributes, 'expires', dateOf),
      }
    : undefined;
}

type Attribute = readonly [name: string, value: string];

/** Of several attributes of one name the last counts, unless it cannot be read (RFC 6265, 5.2.1 to 5.2.5). */
function lastOf<T>(
  all: readonly Attribute[],
  wanted: string,
  read: (value: string) => T | undefined,
): T | undefined {
  return all.flatMap(([name, value]) => (name.toLowerCase() === wanted ? (read(value) ?? []) : [])).at(-1);
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A date as cookies have it, in any of many forms (RFC 6265, 5.1.1), in epoch milliseconds. Servers that delete a cookie
 * also leave out the time, which the RFC does not allow: then it is midnight.
 */
function dateOf(text: string): number | undefined {
  const words = text.toLowerCase().split(/[\t -/;-@[-`{-~]+/);
  const take = (form: RegExp): string[] => {
    const at = words.findIndex((word) => form.test(word));
    return form.exec(words.splice(at, at < 0 ? 0 : 1)[0] ?? '')?.slice(1) ?? [];
  };
  const [hour = 0, minute = 0, second = 0] = take(/^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/).map(Number);
  const day = Number(take(/^(\d{1,2})(?!\d)/)[0]);
  const month = months.indexOf(take(new RegExp(`^(${months.join('|')})`))[0] ?? '');
  const given = Number(take(/^(\d{2,4})(?!\d)/)[0]);
  const year = given < 70 ? given + 2000 : given < 100 ? given + 1900 : given;
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  // A day that the month does not have, or a missing part, gives another date or none.
  const isDate = date.getUTCDate() === day && month >= 0 && year >= 1601;
  return isDate && hour < 24 && minute < 60 && second < 60 ? date.getTime() : undefined;
}

/** The parts before and after the first `=`; without one, all of it is the name. */
function split(text: string): Attribute {
  const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
  const trimmed = (part: string): string => part.replace(/^[ \t]+|[ \t]+$/g, '');
  return [trimmed(name), trimmed(value)];
}

function covers(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}
