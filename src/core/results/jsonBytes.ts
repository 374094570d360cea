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
