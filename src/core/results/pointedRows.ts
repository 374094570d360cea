import { TokensError } from '../errors.ts';
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
} from './jsonBytes.ts';

/** Bounds of what is not in a row: lists and objects in each other, and bytes. */
const deepest = 64;
const restBytes = 4 << 20;

/** The letter that `null` begins with: in the place of rows it says that there are none. */
const beginsNull = 0x6e;

/** An open list or object outside of rows. */
interface Frame {
  readonly isObject: boolean;
  /** How many steps lead to it; -1: it is beside the way. */
  readonly steps: number;
  /** Whether its elements are the rows. */
  readonly hasRows: boolean;
  /** The number of the element, or the name of the member, that is being read. */
  at: number | string;
  expectsName: boolean;
}

/**
 * Brings rows that a pointer leads to (`RowPath.at`) to where all rows stand: `{"Rows": […], "Rest": …}`. It follows strings,
 * brackets and names while the body arrives, and keeps only what is beside the rows. What is no object becomes the member
 * `value` of its row.
 */
export class PointedRowConverter {
  readonly #path: readonly string[];
  readonly #frames: Frame[] = [];
  readonly #rest: Uint8Array[] = [];
  #restSize = 0;
  #out: Uint8Array[] = [];
  #begun = false;
  #rows = 0;
  /** What is being read: between values, or within a string, a bare word, a row, or one that may turn out to be empty. */
  #mode: 'between' | 'string' | 'word' | 'row' | 'opening' = 'between';
  #escaped = false;
  /** Of a row: open lists and objects in it, whether a string is, and what closes it after its own end. */
  #depth = 0;
  #inString = false;
  #isBare = false;
  #end = '';
  /** The name of a member, as far as it has arrived. */
  #name: Uint8Array[] | undefined;

  constructor(path: readonly string[]) {
    this.#path = path;
  }

  write(chunk: Uint8Array): Uint8Array {
    for (let at = 0; at < chunk.length; ) {
      at = this.#step(chunk, at);
    }
    return this.#taken();
  }

  /** The rest; nothing of it where the body has ended in the middle, so that whoever reads on finds that. */
  end(): Uint8Array {
    if (this.#mode === 'row' && this.#isBare && this.#depth === 0) {
      this.#endRow(); // A bare word ends with the body.
    }
    const isOver = this.#frames.length === 0 && (this.#mode === 'between' || this.#mode === 'word');
    if (this.#begun && isOver) {
      this.#out.push(bytesOf('],"Rest":'), ...this.#rest, bytesOf('}'));
    }
    return this.#taken();
  }

  #taken(): Uint8Array {
    const out = Buffer.concat(this.#out);
    this.#out = [];
    return Uint8Array.from(out); // With memory of its own.
  }

  #step(chunk: Uint8Array, at: number): number {
    switch (this.#mode) {
      case 'row':
        return this.#inRow(chunk, at);
      case 'opening':
        return this.#opening(chunk, at);
      case 'string':
        return this.#inText(chunk, at);
      case 'word':
        return this.#inWord(chunk, at);
      case 'between':
        return this.#between(chunk, at);
    }
  }

  #between(chunk: Uint8Array, at: number): number {
    const byte = chunk[at] ?? 0;
    const frame = this.#frames.at(-1);
    if (isSpace(byte) || (!this.#begun && [0xef, 0xbb, 0xbf].includes(byte))) {
      return at + 1;
    }
    this.#begin();
    if (byte === comma) {
      if (frame !== undefined) {
        frame.expectsName = frame.isObject;
        frame.at = typeof frame.at === 'number' ? frame.at + 1 : frame.at;
      }
      if (!frame?.hasRows) {
        this.#keep(chunk.subarray(at, at + 1));
      }
    } else if (byte === closeBrace || byte === closeBracket) {
      this.#frames.pop();
      this.#keep(chunk.subarray(at, at + 1));
    } else if (byte === colon) {
      this.#keep(chunk.subarray(at, at + 1));
    } else if (frame?.expectsName) {
      this.#name = [];
      return this.#beginText(chunk, at);
    } else {
      return this.#beginValue(chunk, at, byte, frame);
    }
    return at + 1;
  }

  #beginValue(chunk: Uint8Array, at: number, byte: number, frame: Frame | undefined): number {
    const path = this.#path;
    const isOnWay = frame !== undefined && frame.steps >= 0 && frame.steps < path.length;
    const step = isOnWay ? path[frame.steps] : undefined;
    const leads = step === '*' || (step !== undefined && step === String(frame?.at));
    const steps = frame === undefined ? 0 : leads ? frame.steps + 1 : -1;
    const isTarget = steps === path.length && !frame?.hasRows;
    if (frame?.hasRows || (isTarget && byte !== openBracket && byte !== beginsNull)) {
      if (!frame?.hasRows) {
        this.#keep(bytesOf('null '));
        if (byte === openBrace) {
          this.#mode = 'opening';
          return at + 1;
        }
      }
      return this.#beginRow(byte, at);
    }
    if (byte === openBrace || byte === openBracket) {
      if (this.#frames.length >= deepest) {
        throw new TokensError('E_TOO_LARGE', 'The answer of the gateway is nested too deeply.');
      }
      const isObject = byte === openBrace;
      this.#frames.push({ isObject, steps, hasRows: isTarget, at: isObject ? '' : 0, expectsName: isObject });
      this.#keep(chunk.subarray(at, at + 1));
      return at + 1;
    }
    return this.#beginText(chunk, at);
  }

  #beginText(chunk: Uint8Array, at: number): number {
    const isString = chunk[at] === quote;
    this.#mode = isString ? 'string' : 'word';
    this.#keep(chunk.subarray(at, at + 1));
    this.#name?.push(chunk.slice(at, at + 1));
    return at + 1;
  }

  #inText(chunk: Uint8Array, from: number): number {
    let at = from;
    for (; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#escaped) {
        this.#escaped = false;
      } else if (byte === backslash) {
        this.#escaped = true;
      } else if (byte === quote) {
        at++;
        this.#mode = 'between';
        break;
      }
    }
    this.#keep(chunk.subarray(from, at));
    this.#name?.push(chunk.slice(from, at));
    if (this.#mode === 'between') {
      this.#endName();
    }
    return at;
  }

  #inWord(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length && !endsWord(chunk[at])) {
      at++;
    }
    this.#keep(chunk.subarray(from, at));
    if (at < chunk.length) {
      // The white space that ended it is not kept, so `1 2` must not become `12`.
      this.#keep(bytesOf(' '));
      this.#mode = 'between';
      this.#name = undefined;
    }
    return at;
  }

  #endName(): void {
    const frame = this.#frames.at(-1);
    if (this.#name !== undefined && frame !== undefined) {
      frame.at = textOf(Buffer.concat(this.#name).toString());
      frame.expectsName = false;
    }
    this.#name = undefined;
  }

  #beginRow(byte: number, at: number): number {
    const isObject = byte === openBrace;
    this.#out.push(bytesOf(`${this.#rows++ > 0 ? ',' : ''}${isObject ? '' : '{"value":'}`));
    this.#end = isObject ? '' : '}';
    this.#depth = 0;
    this.#isBare = byte !== quote && byte !== openBrace && byte !== openBracket;
    this.#mode = 'row';
    return at;
  }

  /** An object in the place of the rows is one, unless it is empty. */
  #opening(chunk: Uint8Array, at: number): number {
    if (isSpace(chunk[at])) {
      return at + 1;
    }
    if (chunk[at] === closeBrace) {
      this.#mode = 'between';
      return at + 1;
    }
    this.#beginRow(openBrace, at);
    this.#out.push(bytesOf('{'));
    this.#depth = 1;
    return at;
  }

  #inRow(chunk: Uint8Array, from: number): number {
    let at = from;
    let isOver = false;
    while (at < chunk.length && !isOver) {
      const byte = chunk[at] ?? 0;
      if (this.#isBare && endsWord(byte)) {
        isOver = true;
        break;
      }
      at++;
      if (this.#escaped) {
        this.#escaped = false;
      } else if (this.#inString) {
        this.#escaped = byte === backslash;
        this.#inString = byte !== quote;
        isOver = !this.#inString && this.#depth === 0;
      } else if (byte === quote) {
        this.#inString = true;
      } else if (byte === openBrace || byte === openBracket) {
        this.#depth++;
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#depth--;
        isOver = this.#depth === 0;
      }
    }
    this.#out.push(chunk.subarray(from, at));
    if (isOver) {
      this.#endRow();
    }
    return at;
  }

  #endRow(): void {
    this.#out.push(bytesOf(this.#end));
    this.#mode = 'between';
  }

  #begin(): void {
    if (!this.#begun) {
      this.#begun = true;
      this.#out.push(bytesOf('{"Rows":['));
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#restSize += bytes.length;
    if (this.#restSize > restBytes) {
      throw new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
    }
    this.#rest.push(bytes.slice());
  }
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

function endsWord(byte: number | undefined): boolean {
  return isSpace(byte) || byte === comma || byte === colon || byte === closeBrace || byte === closeBracket;
}

function textOf(name: string): string {
  try {
    return String(JSON.parse(name));
  } catch {
    return name.slice(1, -1); // With a raw control character in it.
  }
}
