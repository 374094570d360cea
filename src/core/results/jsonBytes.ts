import { TokensError } from '../errors.ts';

/** The bytes that give JSON its structure. */
export const quote = 0x22;
export const apostrophe = 0x27;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBracket = 0x5b;
export const backslash = 0x5c;
export const closeBracket = 0x5d;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;

/** White space in place of what is not wanted. */
export const space = 0x20;

/** Whether a byte is white space in JSON; none is not. Most bytes are greater. */
export function isSpace(byte = space + 1): boolean {
  return byte <= space && (byte === space || byte === 0x0a || byte === 0x0d || byte === 0x09);
}

/** By byte: 1 for one that ends a word, or a text in single quotes. */
const endsWord = tableOf('{}[]":, \n\r\t');
const endsQuoted = tableOf('{}[]"\'');

function tableOf(bytes: string): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (bytes.includes(String.fromCharCode(byte)) ? 1 : 0));
}

/**
 * Where the value at a place ends, also where `readJson` has something to mend in it; -1 where it has not all arrived.
 * @param levels how many lists and objects there may be in each other
 * @throws E_TOO_LARGE for more
 */
export function endOfValue(bytes: Uint8Array, from: number, levels: number): number {
  const first = bytes[from];
  if (first === quote) {
    return endOfString(bytes, from);
  }
  if (first !== openBrace && first !== openBracket) {
    return endOfWord(bytes, from);
  }
  let depth = 0;
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === quote) {
      at = endOfString(bytes, at) - 1;
      if (at < 0) {
        return -1;
      }
    } else if (byte === openBrace || byte === openBracket) {
      if (++depth > levels) {
        throw new TokensError('E_TOO_LARGE', 'The answer of the gateway is nested too deeply.');
      }
    } else if ((byte === closeBrace || byte === closeBracket) && --depth === 0) {
      return at + 1;
    }
  }
  return -1;
}

function endOfString(bytes: Uint8Array, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    if (bytes[at] === quote) {
      return at + 1;
    }
    if (bytes[at] === backslash) {
      at++;
    }
  }
  return -1;
}

/** A number, `true` and the like, and what gateways write in their places: also text in single quotes. */
function endOfWord(bytes: Uint8Array, from: number): number {
  const isQuoted = bytes[from] === apostrophe;
  const ends = isQuoted ? endsQuoted : endsWord;
  for (let at = isQuoted ? from + 1 : from; at < bytes.length; at++) {
    if (ends[bytes[at] as number] === 1) {
      return bytes[at] === apostrophe && isQuoted ? at + 1 : at;
    }
  }
  return -1;
}
