import { isUtf8 } from 'node:buffer';
import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  isSpace,
  openBrace,
  openBracket,
  quote,
  space,
} from './jsonBytes.ts';

const words = ['null', 'true', 'false'].map((word) => Buffer.from(word));
/** What may stand after a backslash. */
const escaped = Buffer.from('"\\/bfnrt');

/** By byte: 1 for one that in a string stands for itself, and needs no second look. */
const isOrdinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x80 && byte !== quote && byte !== backslash ? 1 : 0,
);

/** Lists and objects in each other that are followed here; what is deeper is counted and bounded elsewhere. */
const mostDepth = 64;

/** Traits of a row: bytes that are not ASCII, escapes, and values that `JSON.parse` would make something else of. */
const notAscii = 0x80;
const hasEscapes = 0x100;
const hasOthers = 0x200;

/** Digits of a number that JavaScript surely keeps. */
const sureDigits = 15;

export interface Field {
  /** Its place in {@link RowWalker.positions}. */
  readonly number: number;
  /** Its name as JSON, the usual way. */
  readonly quoted: Uint8Array;
}

/**
 * Finds where the values of a row stand in its bytes, without making anything of them. It follows strict JSON only;
 * what a row that is none means, `readJson` decides.
 */
export class RowWalker {
  /**
   * By the field's number, where its value begins, counted from the row's brace; 0 where the row lacks the field.
   */
  positions = new Uint32Array(64);
  /** Members of the row. */
  cells = 0;
  #traits = 0;
  /** Where a value begins and ends, and where the wrapping around it ends. */
  #inner = 0;
  #innerEnd = 0;
  #end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** The fields of the last row in its order: the next one mostly has the same. */
  readonly #usual: Field[] = [];
  readonly #find: (name: string) => Field | undefined;

  /** @param find knows the fields by their names */
  constructor(find: (name: string) => Field | undefined) {
    this.#find = find;
  }

  /** Whether every character of the row's strings is one byte, and stands for itself. */
  get isPlain(): boolean {
    return (this.#traits & (notAscii | hasEscapes)) === 0;
  }

  /** Whether `JSON.parse` makes the row's cells of it. */
  get isParsable(): boolean {
    return (this.#traits & hasOthers) === 0;
  }

  /**
   * Walks over the row whose brace stands at `from`, and puts spaces in place of the wrapping of values.
   * @param fields how many there are
   * @returns where it ends; -1 where it is not wholly there, no strict JSON, or has an unknown field or one twice
   */
  walk(bytes: Buffer, from: number, fields: number): number {
    this.#bytes = bytes;
    if (this.positions.length < fields) {
      this.positions = new Uint32Array(fields * 2);
    }
    this.positions.fill(0, 0, fields);
    this.#traits = 0;
    this.cells = 0;
    const end = this.#members(from);
    const isText = end < 0 || (this.#traits & notAscii) === 0 || isUtf8(bytes.subarray(from, end));
    return isText ? end : -1;
  }

  #members(from: number): number {
    const bytes = this.#bytes;
    let at = this.#skipSpace(from + 1);
    if (bytes[at] === closeBrace) {
      return at + 1;
    }
    for (;;) {
      if (bytes[at] !== quote) {
        return -1;
      }
      let field = this.#usual[this.cells];
      if (field !== undefined && this.#matches(field.quoted, at)) {
        at += field.quoted.length;
      } else {
        const end = this.#string(at);
        field = end < 0 ? undefined : this.#find(JSON.parse(bytes.toString('utf8', at, end)) as string);
        if (field === undefined) {
          return -1;
        }
        this.#usual[this.cells] = field;
        at = end;
      }
      at = this.#skipSpace(at);
      if (bytes[at] !== colon || this.positions[field.number] !== 0) {
        return -1;
      }
      at = this.#skipSpace(at + 1);
      if (bytes[at] === openBracket && this.#unwraps(at)) {
        this.positions[field.number] = this.#inner - from;
        for (; at < this.#inner; at++) {
          bytes[at] = space;
        }
        for (at = this.#innerEnd; at < this.#end; at++) {
          bytes[at] = space;
        }
      } else {
        this.positions[field.number] = at - from;
        at = this.#value(at, 0);
        if (at < 0) {
          return -1;
        }
      }
      this.cells++;
      at = this.#skipSpace(at);
      if (bytes[at] === closeBrace) {
        return at + 1;
      }
      if (bytes[at] !== comma) {
        return -1;
      }
      at = this.#skipSpace(at + 1);
    }
  }

  /** Finds the only value of `[{"0": "a"}]`, as CRA has them; false where it is nothing like that. */
  #unwraps(from: number): boolean {
    const bytes = this.#bytes;
    let at = this.#skipSpace(from + 1);
    if (bytes[at] !== openBrace) {
      return false;
    }
    at = this.#skipSpace(at + 1);
    at = bytes[at] === quote ? this.#skipSpace(this.#string(at)) : -1;
    if (at < 0 || bytes[at] !== colon) {
      return false;
    }
    this.#inner = this.#skipSpace(at + 1);
    const first = bytes[this.#inner];
    this.#innerEnd = first === openBrace || first === openBracket ? -1 : this.#value(this.#inner, 0);
    at = this.#skipSpace(this.#innerEnd);
    if (at < 0 || bytes[at] !== closeBrace) {
      return false;
    }
    at = this.#skipSpace(at + 1);
    this.#end = at + 1;
    return bytes[at] === closeBracket;
  }

  #value(at: number, depth: number): number {
    const byte = this.#bytes[at] as number;
    if (byte === quote) {
      return this.#string(at);
    }
    if (byte === openBrace || byte === openBracket) {
      this.#traits |= hasOthers;
      return depth < mostDepth ? this.#nested(at, depth, byte) : -1;
    }
    if (byte === 0x2d || isDigit(byte)) {
      return this.#number(at);
    }
    const word = words.find((one) => one[0] === byte && this.#matches(one, at));
    return word === undefined ? -1 : at + word.length;
  }

  #nested(from: number, depth: number, opening: number): number {
    const bytes = this.#bytes;
    const isObject = opening === openBrace;
    const closing = isObject ? closeBrace : closeBracket;
    let at = this.#skipSpace(from + 1);
    if (bytes[at] === closing) {
      return at + 1;
    }
    for (;;) {
      if (isObject) {
        at = bytes[at] === quote ? this.#skipSpace(this.#string(at)) : -1;
        if (at < 0 || bytes[at] !== colon) {
          return -1;
        }
        at = this.#skipSpace(at + 1);
      }
      at = this.#skipSpace(this.#value(at, depth + 1));
      if (at < 0) {
        return -1;
      }
      if (bytes[at] === closing) {
        return at + 1;
      }
      if (bytes[at] !== comma) {
        return -1;
      }
      at = this.#skipSpace(at + 1);
    }
  }

  #string(from: number): number {
    const bytes = this.#bytes;
    for (let at = from + 1; ; at++) {
      while (isOrdinary[bytes[at] as number] === 1) {
        at++;
      }
      const byte = bytes[at] as number;
      if (byte === quote) {
        return at + 1;
      }
      if (byte === backslash) {
        this.#traits |= hasEscapes;
        at++;
        if (bytes[at] === 0x75) {
          for (let digit = 0; digit < 4; digit++) {
            if (!isHexDigit(bytes[++at] as number)) {
              return -1;
            }
          }
        } else if (!escaped.includes(bytes[at] ?? 0)) {
          return -1;
        }
      } else if (!(byte >= notAscii)) {
        return -1; // A raw control character, or the end of the bytes.
      } else {
        this.#traits |= notAscii;
      }
    }
  }

  /** Whether a digit may follow is for who looks for what comes next. */
  #number(from: number): number {
    const bytes = this.#bytes;
    const digits = bytes[from] === 0x2d ? from + 1 : from;
    let at = bytes[digits] === 0x30 ? digits + 1 : this.#skipDigits(digits);
    if (at === digits) {
      return -1;
    }
    if (bytes[at] === 0x2e) {
      const fraction = at + 1;
      at = this.#skipDigits(fraction);
      if (at === fraction) {
        return -1;
      }
    }
    if (bytes[at] === 0x65 || bytes[at] === 0x45) {
      const power = bytes[at + 1] === 0x2b || bytes[at + 1] === 0x2d ? at + 2 : at + 1;
      at = this.#skipDigits(power);
      if (at === power) {
        return -1;
      }
      this.#traits |= hasOthers;
    }
    if (at - from > sureDigits) {
      this.#traits |= hasOthers;
    }
    return at;
  }

  #matches(wanted: Uint8Array, at: number): boolean {
    const bytes = this.#bytes;
    for (let i = 0; i < wanted.length; i++) {
      if (bytes[at + i] !== wanted[i]) {
        return false;
      }
    }
    return true;
  }

  #skipDigits(from: number): number {
    let at = from;
    while (isDigit(this.#bytes[at] as number)) {
      at++;
    }
    return at;
  }

  /** A place below 0 stays what it is. */
  #skipSpace(from: number): number {
    const bytes = this.#bytes;
    if (from < 0) {
      return from;
    }
    let at = from;
    while (isSpace(bytes[at])) {
      at++;
    }
    return at;
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  return isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
}
