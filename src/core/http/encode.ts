import { TokensError } from '../errors.ts';

/** Names and values of a query or a form, in the order in which they are sent. */
export type Pairs = readonly (readonly [string, string])[];

/**
 * Percent-encodes everything but letters, digits and `-._~*`: that reads the same in a path, a query and a form, where `+`
 * would not. The star stays, because the gateways' own examples send it so.
 */
export function encode(text: string): string {
  return text.replace(/[^\w.~*-]/gu, (one) => {
    const code = one.charCodeAt(0);
    const byte = isByte.test(one) ? code - loneHalf : /[!'()]/.test(one) ? code : undefined;
    // Any other unpaired surrogate has no UTF-8.
    return byte === undefined
      ? encodeURIComponent(one.toWellFormed())
      : `%${byte.toString(16).toUpperCase()}`;
  });
}

/** Unpaired surrogates that stand for bytes which are no UTF-8, so that these are sent as they came. */
const isByte = /^[\udc80-\udcff]$/;
const loneHalf = 0xdc00;

/** A part of a path, decoded as far as it can be: {@link encode} gives the same bytes. */
export function decode(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      const bytes = [...Buffer.from(run.replaceAll('%', ''), 'hex')];
      return String.fromCharCode(...bytes.map((byte) => (byte < 0x80 ? byte : loneHalf + byte)));
    }
  });
}

/** Both for `application/x-www-form-urlencoded` bodies and for queries. */
export function encodePairs(pairs: Pairs): string {
  return pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`).join('&');
}

/** The pairs of a query or a form. */
export function decodePairs(text: string): [string, string][] {
  return text.split('&').flatMap((pair): [string, string][] => {
    const [name = '', value = ''] = pair.replaceAll('+', ' ').split(/=(.*)/s).map(decode);
    return pair === '' ? [] : [[name, value]];
  });
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
