import { isIP } from 'node:net';
import type { Clock } from '../clock.ts';

/** More than a gateway needs, and little enough that a hostile one cannot fill the memory. */
const mostCookies = 50;
const longestCookie = 4096;

interface Cookie {
  readonly pair: string;
  readonly path: string;
  /** `up` of the clock at which it ends. */
  readonly until: number;
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

  /** @param host The one that is spoken to, in lower case. */
  constructor(host: string, clock: Pick<Clock, 'now'>) {
    this.#host = host;
    this.#clock = clock;
  }

  /** @param path The path of the request that was answered, from which the default path is taken (RFC 6265, 5.1.4). */
  take(setCookie: readonly string[], path: string, secure: boolean): void {
    const { up, wall } = this.#clock.now();
    for (const line of setCookie) {
      const [pair = '', ...parts] = line.split(';');
      const [name, value] = split(pair);
      if (!pair.includes('=') || name === '' || pair.length > longestCookie || !sendable(name + value)) {
        continue;
      }
      const given = attributesOf(parts, wall);
      const domain = given.domain ?? this.#host;
      const cookiePath = given.path ?? defaultPath(path);
      const key = `${name};${domain};${cookiePath}`;
      if (domain !== this.#host && !(this.#host.endsWith(`.${domain}`) && isIP(this.#host) === 0)) {
        continue;
      }
      const lifeMs = given.maxAgeMs ?? given.expiresMs ?? Number.POSITIVE_INFINITY;
      if (lifeMs <= 0) {
        this.#cookies.delete(key);
      } else if (secure || !given.secure) {
        this.#expire(up);
        if (this.#cookies.has(key) || this.#cookies.size < mostCookies) {
          this.#cookies.set(key, { pair: `${name}=${value}`, path: cookiePath, until: up + lifeMs });
        }
      }
    }
  }

  /** The `Cookie` header for a path, or nothing. */
  header(path: string): string | undefined {
    this.#expire(this.#clock.now().up);
    const fitting = [...this.#cookies.values()]
      .filter((cookie) => covers(cookie.path, path))
      .sort((one, other) => other.path.length - one.path.length);
    return fitting.length === 0 ? undefined : fitting.map(({ pair }) => pair).join('; ');
  }

  #expire(up: number): void {
    for (const [key, { until }] of this.#cookies) {
      if (until <= up) {
        this.#cookies.delete(key);
      }
    }
  }
}

interface Attributes {
  /** From now, in milliseconds; the former counts more. */
  maxAgeMs?: number;
  expiresMs?: number;
  domain?: string | undefined;
  path?: string | undefined;
  secure?: boolean;
}

/** Of several attributes of one name the last counts, unless it cannot be read (RFC 6265, 5.2.1 to 5.2.5). */
function attributesOf(parts: readonly string[], wall: number): Attributes {
  const attributes: Attributes = {};
  for (const [name, value] of parts.map(split)) {
    switch (name.toLowerCase()) {
      case 'expires': {
        const date = dateOf(value);
        if (date !== undefined) {
          attributes.expiresMs = date - wall;
        }
        break;
      }
      case 'max-age':
        if (/^-?\d+$/.test(value)) {
          attributes.maxAgeMs = Number(value) * 1000;
        }
        break;
      case 'domain':
        if (value !== '') {
          attributes.domain = value.replace(/^\./, '').toLowerCase() || undefined;
        }
        break;
      case 'path':
        attributes.path = value.startsWith('/') ? value : undefined;
        break;
      case 'secure':
        attributes.secure = true;
        break;
    }
  }
  return attributes;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

/**
 * A date as cookies have it, in any of many forms (RFC 6265, 5.1.1), in epoch milliseconds. Servers that delete a cookie
 * also leave out the time, which the RFC does not allow: then it is midnight.
 */
function dateOf(text: string): number | undefined {
  let time: number[] | undefined;
  let day: number | undefined;
  let month: number | undefined;
  let year: number | undefined;
  for (const token of text.toLowerCase().split(/[\t -/;-@[-`{-~]+/)) {
    const [, ...hms] = /^(\d{1,2}):(\d{1,2}):(\d{1,2})(?!\d)/.exec(token) ?? [];
    const number = /^(\d{1,4})(?!\d)/.exec(token)?.[1] ?? '';
    const named = months.indexOf(token.slice(0, 3));
    if (time === undefined && hms.length > 0) {
      time = hms.map(Number);
    } else if (day === undefined && (number.length === 1 || number.length === 2)) {
      day = Number(number);
    } else if (month === undefined && named >= 0) {
      month = named;
    } else if (year === undefined && number.length >= 2) {
      const given = Number(number);
      year = given < 70 ? given + 2000 : given < 100 ? given + 1900 : given;
    }
  }
  const [hour = 0, minute = 0, second = 0] = time ?? [];
  if (day === undefined || month === undefined || year === undefined || year < 1601) {
    return undefined;
  }
  const date = new Date(Date.UTC(year, month, day, hour, minute, second));
  return date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60 ? date.getTime() : undefined;
}

/** What stands before and after the first `=`; without one, all of it is a name. */
function split(text: string): [string, string] {
  const equals = text.indexOf('=');
  return equals < 0 ? [trim(text), ''] : [trim(text.slice(0, equals)), trim(text.slice(equals + 1))];
}

function trim(text: string): string {
  return text.replace(/^[ \t]+/, '').replace(/[ \t]+$/, '');
}

function defaultPath(path: string): string {
  return path.slice(0, path.lastIndexOf('/')) || '/';
}

function covers(cookiePath: string, path: string): boolean {
  return path === cookiePath || path.startsWith(cookiePath.endsWith('/') ? cookiePath : `${cookiePath}/`);
}

/** Whether it can stand in a header: no control characters. Bytes over ASCII go back as they came. */
function sendable(text: string): boolean {
  return /^[\x20-\x7e\x80-\xff]*$/.test(text);
}
