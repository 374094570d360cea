import { TokensError } from '../errors.ts';

/** Names and values of a query or a form, in the order in which they are sent. */
export type Pairs = readonly (readonly [string, string])[];

/**
 * Percent-encodes everything but letters, digits and `-._~*`: that reads the same in a path, a query and a form, where `+`
 * would not. The star stays, because the gateways' own examples send it so.
 */
export function encode(text: string): string {
  // An unpaired surrogate has no UTF-8.
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Both for `application/x-www-form-urlencoded` bodies and for queries. */
export function encodePairs(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** An address or a path with pairs added to its query. */
export function withQuery(address: string, pairs: Pairs): string {
  return pairs.length === 0 ? address : `${address}${address.includes('?') ? '&' : '?'}${encodePairs(pairs)}`;
}

/**
 * One part of a path, encoded. Only `.` and `..` are refused: URL parsers resolve them even when encoded.
 * @throws E_CONFIG
 */
export function segment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new TokensError('E_CONFIG', 'The name “{0}” cannot stand in an address.', [name]);
  }
  return encode(name);
}

/**
 * The credentials of Basic authorization (RFC 7617): in UTF-8 if the challenge says so; else in Latin-1, as Tomcat reads
 * them, unless a character is not in Latin-1.
 * @param challenge `WWW-Authenticate`, which may hold several
 */
export function basicCredentials(user: string, password: string, challenge = ''): string {
  const pair = `${user}:${password}`.normalize('NFC');
  const isLatin = /^[\0-\xff]*$/.test(pair) && basicCharset(challenge) !== 'utf-8';
  return Buffer.from(pair, isLatin ? 'latin1' : 'utf8').toString('base64');
}

/** The `charset` of the Basic challenge, in lower case. */
function basicCharset(challenge: string): string | undefined {
  let scheme = '';
  for (const [, name = '', value] of challenge.matchAll(
    /([\w-]+)(?:\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",]+))?/g,
  )) {
    if (value === undefined) {
      scheme = name.toLowerCase();
    } else if (scheme === 'basic' && name.toLowerCase() === 'charset') {
      return value.replaceAll('"', '').toLowerCase();
    }
  }
  return undefined;
}
