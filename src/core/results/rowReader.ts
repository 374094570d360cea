import type { Cell } from './answer.ts';
import type { Column, RowWriter } from './table.ts';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * Reads the usual row straight from its bytes into the columns of a table, several times as fast as through
 * objects: known fields; values that are plain strings, numbers or words, and the wire's `[{"0": "…"}]`. It
 * takes a strict part of JSON only. Whatever else a row has (escapes, a new field, a mistake), it steps back,
 * and `JSON.parse` has the row.
 */
export class RowReader {
  readonly #writer: RowWriter;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The bytes as text of the same offsets; what is not ASCII in it is read again. */
  #text = '';
  #at = 0;

  constructor(writer: RowWriter) {
    this.#writer = writer;
  }

  /** The next chunk of the body. */
  load(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
  }

  /** Forgets the chunk, so that it can be let go. */
  unload(): void {
    this.#bytes = new Uint8Array(0);
    this.#text = '';
  }

  /** Reads the row whose brace stands at `from`; answers where it ends, or -1 when it is not a usual row. */
  read(from: number): number {
    const row = this.#writer.begin();
    this.#at = from + 1;
    const cells = this.#readMembers(row);
    if (cells < 0) {
      this.#writer.rollback();
      return -1;
    }
    this.#writer.commit(cells);
    return this.#at;
  }

  /** Answers the number of members, or -1. */
  #readMembers(row: number): number {
    const bytes = this.#bytes;
    const columns = this.#writer.columns();
    let count = 0;
    let next = 0;
    for (;;) {
      this.#skipSpace();
      if (bytes[this.#at] !== quote) {
        return -1;
      }
      let column = columns[next];
      if (column !== undefined && this.#matches(column.quoted)) {
        this.#at += column.quoted.length;
      } else {
        column = this.#findColumn();
        if (column === undefined) {
          return -1;
        }
        next = columns.indexOf(column);
      }
      next++;
      if (column.cells.length !== row) {
        return -1;
      }
      this.#skipSpace();
      if (bytes[this.#at++] !== colon) {
        return -1;
      }
      this.#skipSpace();
      const cell = this.#readCell(column, row);
      if (cell === undefined) {
        return -1;
      }
      column.cells.push(cell);
      count++;
      this.#skipSpace();
      const end = bytes[this.#at++];
      if (end === closeBrace) {
        return count;
      }
      if (end !== comma) {
        return -1;
      }
    }
  }

  #matches(quoted: Uint8Array): boolean {
    const bytes = this.#bytes;
    const at = this.#at;
    for (let i = 0; i < quoted.length; i++) {
      if (bytes[at + i] !== quoted[i]) {
        return false;
      }
    }
    return true;
  }

  #findColumn(): Column | undefined {
    const start = this.#at + 1;
    const end = this.#endOfString(start);
    if (end < 0) {
      return undefined;
    }
    this.#at = end + 1;
    return this.#writer.find(this.#slice(start, end));
  }

  #readCell(column: Column, row: number): Cell | undefined {
    const byte = this.#bytes[this.#at];
    if (byte === quote) {
      return this.#readString(column, row);
    }
    if (byte === openBracket) {
      return this.#readList(column, row);
    }
    if (byte === 0x2d || (byte !== undefined && byte >= 0x30 && byte <= 0x39)) {
      return this.#readNumber();
    }
    return this.#readWord();
  }

  #readString(column: Column, row: number): string | undefined {
    const start = this.#at + 1;
    const end = this.#endOfString(start);
    if (end < 0) {
      return undefined;
    }
    this.#at = end + 1;
    // A value that repeats down its column is kept once. Columns that do not repeat are asked only now and then.
    if (row > 0 && (column.repeats || (row & 31) === 0)) {
      const last = column.cells[row - 1];
      column.repeats =
        typeof last === 'string' && last.length === end - start && this.#text.startsWith(last, start);
      if (column.repeats) {
        return last as string;
      }
    }
    return this.#slice(start, end);
  }

  /** `[{"0": "a"}]` is its value; several of these are a list. */
  #readList(column: Column, row: number): Cell | undefined {
    const bytes = this.#bytes;
    let first: string | undefined;
    let all: string[] | undefined;
    this.#at++;
    for (;;) {
      if (bytes[this.#at] !== openBrace || bytes[this.#at + 1] !== quote) {
        return undefined;
      }
      let at = this.#at + 2;
      while ((bytes[at] as number) >= 0x30 && (bytes[at] as number) <= 0x39) {
        at++;
      }
      if (bytes[at] !== quote || bytes[at + 1] !== colon) {
        return undefined;
      }
      this.#at = at + 2;
      this.#skipSpace();
      if (bytes[this.#at] !== quote) {
        return undefined;
      }
      const value = this.#readString(column, row);
      if (value === undefined || bytes[this.#at++] !== closeBrace) {
        return undefined;
      }
      if (first === undefined) {
        first = value;
      } else {
        all ??= [first];
        all.push(value);
      }
      const end = bytes[this.#at++];
      if (end === closeBracket) {
        return all ?? first;
      }
      if (end !== comma) {
        return undefined;
      }
      this.#skipSpace();
    }
  }

  /** Whole numbers and plain fractions. */
  #readNumber(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    if (bytes[at] === 0x2d) {
      at++;
    }
    const leading = bytes[at];
    const digits = at;
    at = this.#skipDigits(at);
    if (at === digits || (leading === 0x30 && at > digits + 1)) {
      return undefined;
    }
    if (bytes[at] === 0x2e) {
      const fraction = at + 1;
      at = this.#skipDigits(fraction);
      if (at === fraction) {
        return undefined;
      }
    }
    const end = bytes[at];
    // Only where it surely ends: an exponent or a garbled number is not for here, nor is the end of the chunk.
    if (end !== comma && end !== closeBrace && !isSpace(end)) {
      return undefined;
    }
    this.#at = at;
    return Number(this.#text.substring(start, at));
  }

  #readWord(): boolean | null | undefined {
    const text = this.#text;
    if (text.startsWith('null', this.#at)) {
      this.#at += 4;
      return null;
    }
    if (text.startsWith('true', this.#at)) {
      this.#at += 4;
      return true;
    }
    if (text.startsWith('false', this.#at)) {
      this.#at += 5;
      return false;
    }
    return undefined;
  }

  /** Where the string that starts at `from` has its closing quote; -1 with escapes, controls or no end. */
  #endOfString(from: number): number {
    const bytes = this.#bytes;
    let at = from;
    for (;;) {
      const byte = bytes[at];
      if (byte === quote) {
        return at;
      }
      if (byte === undefined || byte < 0x20 || byte === 0x5c) {
        return -1;
      }
      at++;
    }
  }

  #slice(start: number, end: number): string {
    const bytes = this.#bytes;
    for (let at = start; at < end; at++) {
      if ((bytes[at] as number) >= 0x80) {
        return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8');
      }
    }
    return this.#text.substring(start, end);
  }

  #skipDigits(from: number): number {
    let at = from;
    while ((this.#bytes[at] as number) >= 0x30 && (this.#bytes[at] as number) <= 0x39) {
      at++;
    }
    return at;
  }

  #skipSpace(): void {
    while (isSpace(this.#bytes[this.#at])) {
      this.#at++;
    }
  }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
