import type { IncomingHttpHeaders } from 'node:http';
import { as, readBy } from '../../checks.ts';
import { readSetCookie } from '../../http/cookies.ts';
import { jsonOf, NumberText, readJson, type Sent } from '../../json.ts';

/** The place of a value in an answer. */
export type Place =
  | { readonly in: 'json'; readonly path: readonly string[] }
  | { readonly in: 'text' }
  | { readonly in: 'header'; readonly name: string }
  | { readonly in: 'cookie'; readonly name: string };

/** An answer in which places are looked up. */
export interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; undefined where it is none. */
  readonly json: Sent | undefined;
}

type Head = Pick<Seen, 'status' | 'headers'>;

/** An answer of which only the beginning of the text is kept, and as JSON what is beside its rows. */
export function seenInPart({ status, headers }: Head, text: string, rest: unknown): Seen {
  return { status, headers, text, json: jsonIn(JSON.stringify(rest ?? null)) };
}

/** An answer whose body is parsed as JSON only when `json` is read. */
export function seen({ status, headers }: Head, text: string): Seen {
  let json: { readonly value: Sent | undefined } | undefined;
  return {
    status,
    headers,
    text,
    get json() {
      json ??= { value: jsonIn(text) };
      return json.value;
    },
  };
}

function jsonIn(text: string): Sent | undefined {
  try {
    return readJson(text.replace(/^\uFEFF/, '')).value;
  } catch {
    return undefined; // Not JSON, or nested so deeply that it cannot be read.
  }
}

const pointer = /^(?:\/(?:[^~/]|~[01])*)*$/;
const expression = /^\$response\.(?:(body)|header\.([!#$%&'*+.^_`|~0-9A-Za-z-]+)|cookie\.([^\s;=,]+))$/;

/** The steps of a JSON Pointer (RFC 6901); undefined for what is none. */
export function pathOf(text: string): readonly string[] | undefined {
  return pointer.test(text)
    ? text
        .split('/')
        .slice(1)
        .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
    : undefined;
}

/** A JSON Pointer, or a runtime expression `$response…`; undefined for what is neither. */
export function placeOf(text: string): Place | undefined {
  const path = pathOf(text);
  if (path !== undefined) {
    return { in: 'json', path };
  }
  const [, body, header, cookie] = expression.exec(text) ?? [];
  if (body !== undefined) {
    return { in: 'text' };
  }
  if (header !== undefined) {
    return { in: 'header', name: header.toLowerCase() };
  }
  return cookie === undefined ? undefined : { in: 'cookie', name: cookie };
}

/** Both as settings have them. */
export const pointerSchema = readBy(pathOf, as('pointer'));
export const placeSchema = readBy(placeOf, as('place'));

/** A place as it is written in settings. */
export function placeText(place: Place): string {
  return place.in === 'json'
    ? place.path.map((step) => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
    : `$response.${place.in === 'text' ? 'body' : `${place.in}.${place.name}`}`;
}

/** The value at a place; undefined where there is nothing. */
export function valueAt(place: Place, answer: Seen): Sent | undefined {
  switch (place.in) {
    case 'json':
      return answer.json === undefined ? undefined : valueIn(answer.json, place.path);
    case 'text':
      return answer.text.trim();
    case 'header':
      return Object.hasOwn(answer.headers, place.name)
        ? [answer.headers[place.name] ?? []].flat()[0]
        : undefined;
    case 'cookie':
      return cookieIn(answer.headers, place.name)?.value;
  }
}

/** The value at a place as text; undefined where there is no text, number or boolean. */
export function textAt(place: Place, answer: Seen): string | undefined {
  const value = valueAt(place, answer);
  const isText = typeof value === 'string' || typeof value === 'boolean' || value instanceof NumberText;
  return isText ? String(value) : undefined;
}

/** The value at a place as text, lists and objects as JSON; empty where there is nothing. */
export function wordsAt(place: Place, answer: Seen): string {
  const value = valueAt(place, answer);
  return typeof value === 'string' ? value : value === undefined ? '' : jsonOf(value);
}

/**
 * The cookie of a name that an answer sets, and does not delete by an empty value or a life that is over. With `*` at the
 * end of the name: the first one that begins so. Of several with one name the last one counts.
 */
export function cookieIn(headers: IncomingHttpHeaders, name: string) {
  const now = Date.parse(headers.date ?? '') || 0;
  const found = (headers['set-cookie'] ?? [])
    .flatMap((line) => readSetCookie(line) ?? [])
    .filter(
      ({ value, maxAgeMs, expires = Number.POSITIVE_INFINITY }) =>
        value !== '' && (maxAgeMs ?? expires - now) > 0,
    )
    .filter((cookie) => isCalled(cookie.name, name));
  return found.findLast((cookie) => cookie.name === found[0]?.name);
}

/** Whether a cookie has a name, or begins so where `*` is its end. */
export function isCalled(cookie: string, name: string): boolean {
  return name.endsWith('*') ? cookie.startsWith(name.slice(0, -1)) : cookie === name;
}

/** Own members and elements alone: `/list/length` names nothing. */
function valueIn(value: Sent, path: readonly string[]): Sent | undefined {
  let found: Sent | undefined = value;
  for (const step of path) {
    if (found instanceof Map) {
      found = found.get(step);
    } else if (Array.isArray(found) && /^(?:0|[1-9]\d{0,8})$/.test(step)) {
      found = found[Number(step)];
    } else {
      return undefined;
    }
  }
  return found;
}
