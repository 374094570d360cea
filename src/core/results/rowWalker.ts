import { isUtf8 } from 'node:buffer';
import {
  backslash,
  closeBrace,
  closeBracket,
  colon,
  comma,
  endOfValue,
  isSpace,
  openBrace,
  openBracket,
  quote,
  space,
} from './jsonBytes.ts';

/** By byte: 1 for one that in a string stands for itself, 2 where it is not ASCII, and 0 for any other. */
const ordinary = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte < space || byte === quote || byte === backslash ? 0 : byte < 0x80 ? 1 : 2,
);

/** A word, or a number of which JavaScript keeps all digits. */
const usualValue = /^(?=.{1,15}$)(?:null|true|false|-?(?:0|[1-9]\d*)(?:\.\d+)?)$/;

/** Lists and objects in each other that are followed here; what is deeper is counted and bounded elsewhere. */
const mostDepth = 64;

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
  /** Whether `JSON.parse` makes the row's cells of it. */
  isParsable = true;
  /** Where a value begins and ends, and where the wrapping around it ends. */
  #inner = 0;
  #innerEnd = 0;
  #end = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** Whether the row need not be looked at for bytes that are no UTF-8. */
  #isAscii = true;
  /** The fields of the last row in its order: the next one mostly has the same. */
  readonly #usual: Field[] = [];
  readonly #find: (name: string) => Field | undefined;

  /** @param find knows the fields by their names */
  constructor(find: (name: string) => Field | undefined) {
    this.#find = find;
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
    this.isParsable = true;
    this.#isAscii = true;
    this.cells = 0;
    const end = this.#members(from);
    return end < 0 || this.#isAscii || isUtf8(bytes.subarray(from, end)) ? end : -1;
  }

  #members(from: number): number {
    const bytes = this.#bytes;
    let at = this.#past(from + 1, closeBrace);
    if (at >= 0) {
      return at;
    }
    for (at = from; ; ) {
      const name = this.#skipSpace(at + 1);
      let field = this.#usual[this.cells];
      if (field !== undefined && this.#matches(field.quoted, name)) {
        at = name + field.quoted.length;
      } else {
        at = this.#string(name);
        field = at < 0 ? undefined : this.#find(JSON.parse(bytes.toString('utf8', name, at)) as string);
        if (field === undefined) {
          return -1;
        }
        this.#usual[this.cells] = field;
      }
      at = this.#skipSpace(this.#past(at, colon));
      if (at < 0 || this.positions[field.number] !== 0) {
        return -1;
      }
      if (bytes[at] === openBracket && this.#unwraps(at)) {
        this.positions[field.number] = this.#inner - from;
        this.#blank(at, this.#inner);
        this.#blank(this.#innerEnd, this.#end);
        at = this.#end;
      } else {
        this.positions[field.number] = at - from;
        at = this.#value(at);
      }
      this.cells++;
      at = this.#skipSpace(at);
      if (bytes[at] === closeBrace) {
        return at + 1;
      }
      if (bytes[at] !== comma) {
        return -1;
      }
    }
  }

  /** Finds the only value of `[{"0": "a"}]`, as CRA has them; false where it is nothing like that. */
  #unwraps(from: number): boolean {
    const name = this.#skipSpace(this.#past(from + 1, openBrace));
    this.#inner = this.#skipSpace(this.#past(this.#string(name), colon));
    const first = this.#bytes[this.#inner];
    this.#innerEnd = first === openBrace || first === openBracket ? -1 : this.#value(this.#inner);
    this.#end = this.#past(this.#past(this.#innerEnd, closeBrace), closeBracket);
    return this.#end >= 0;
  }

  #blank(from: number, to: number): void {
    for (let at = from; at < to; at++) {
      this.#bytes[at] = space;
    }
  }

  #string(from: number): number {
    return this.#bytes[from] === quote ? this.#value(from) : -1;
  }

  /** Where a value ends; -1 where it has not all arrived, or is no strict JSON. */
  #value(from: number): number {
    const bytes = this.#bytes;
    if (from < 0) {
      return -1;
    }
    if (bytes[from] === quote) {
      let at = from + 1;
      while (ordinary[bytes[at] as number] === 1) {
        at++;
      }
      while ((ordinary[bytes[at] as number] as number) > 0) {
        this.#isAscii = false;
        at++;
      }
      if (bytes[at] === quote) {
        return at + 1;
      }
    }
    try {
      const end = endOfValue(bytes, from, mostDepth);
      const text = bytes.toString('latin1', from, end);
      if (!usualValue.test(text)) {
        this.#isAscii = false; // It may be anything.
        JSON.parse(text);
        this.isParsable &&= bytes[from] === quote;
      }
      return end;
    } catch {
      return -1;
    }
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

  /** The place behind a byte that has to stand next; -1 where it does not, or the place is below 0. */
  #past(from: number, byte: number): number {
    const at = this.#skipSpace(from);
    return this.#bytes[at] === byte ? at + 1 : -1;
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
