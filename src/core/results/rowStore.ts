import { readJson, type Sent } from '../json.ts';
import { owned } from '../memory.ts';
import type { Cell } from '../protocols/answer.ts';
import { AddressList } from './addressList.ts';
import { maxPart, tooLarge } from './arrivingJson.ts';
import { flatten, unwrapped } from './cells.ts';
import { endOfValue, quote } from './jsonBytes.ts';
import { type Field, RowWalker } from './rowWalker.ts';

/** An address has four bytes: a chunk, and a place in it. */
const placeBits = 16;
const chunkBytes = 1 << placeBits;
const mostChunks = 1 << (32 - placeBits);

/*
 * A row stands in a chunk as two bytes, how many positions follow; four bytes, how long its JSON
 * is and whether `JSON.parse` makes its cells of that; the positions, three bytes each, by the numbers of the
 * fields; and its JSON as it was sent, but with spaces in place of the wrapping of values.
 */
const headBytes = 6;
const parsableBit = 0x80000000;
const positionBytes = 3;

/** Some rows of a table, one after the other. */
export interface RowList {
  /** A list of JSON; its memory is its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The row after the last of them. */
  readonly to: number;
}

/** What stands before, between and after the rows of a list. */
const [listStart, listNext, listEnd] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')] as const;

/** A string whose every character is one byte, and stands for itself. */
const isPlain = /^[^\\\u0080-\u00ff]*$/;

/**
 * The rows of a table as the bytes that were sent, with where each value stands in them. As strings they would take
 * several times as much memory, and the collector of garbage would have millions of them to look at.
 */
export class RowStore {
  readonly #rows = new AddressList();
  readonly #chunks: Buffer[] = [Buffer.alloc(chunkBytes)];
  #at = 0;
  readonly #walker: RowWalker;
  /** Where the last row begins in the last chunk: rows that are equal are kept once. */
  #lastAt = 0;
  /** The chunk that was read last, also as text where it was read more than once: who goes on with it gets that. */
  #readLast: Buffer | undefined;
  #text = '';
  /** Members of the row that was put last. */
  cells = 0;

  /** @param find knows the fields by their names */
  constructor(find: (name: string) => Field | undefined) {
    this.#walker = new RowWalker(find);
  }

  get length(): number {
    return this.#rows.length;
  }

  /**
   * Puts the row whose brace stands at `from`.
   * @param fields how many there are
   * @returns where it ends; -1 where it is not a usual row (see {@link RowWalker.walk})
   */
  put(bytes: Buffer, from: number, fields: number): number {
    const end = this.#walker.walk(bytes, from, fields);
    if (end >= 0) {
      this.#add(bytes, from, end, fields);
    }
    return end;
  }

  /** Reads a cell; undefined where the row lacks the field. */
  read(row: number, field: number): Cell | undefined {
    const value = this.sent(row, field);
    return value === undefined ? undefined : flatten(value);
  }

  /** The same as the value that was sent, without its wrapping. */
  sent(row: number, field: number): Sent | undefined {
    const [chunk, place] = this.#find(row);
    const at = placeOfValue(chunk, place, field);
    if (at < 0) {
      return undefined;
    }
    this.#text = this.#readLast === chunk ? this.#text || chunk.toString('latin1') : '';
    this.#readLast = chunk;
    if (chunk[at] === quote && this.#text !== '') {
      const text = this.#text.substring(at + 1, this.#text.indexOf('"', at + 1));
      if (isPlain.test(text)) {
        return text;
      }
    }
    const end = endOfValue(chunk, at, Number.POSITIVE_INFINITY);
    return unwrapped(readJson(chunk.toString('utf8', at, end)).value);
  }

  /**
   * Rows from one on, as a list of JSON of about so many bytes at most, but never of none.
   * @param write makes the JSON of those rows of which `JSON.parse` would not make the cells
   */
  list(from: number, max: number, write: (row: number) => string): RowList {
    const parts: Uint8Array[] = [];
    let [row, length] = [from, 0];
    for (; row < this.length && length < max; row++) {
      const { json, isParsable } = this.#json(row);
      const made = isParsable ? json : Buffer.from(write(row));
      parts.push(row === from ? listStart : listNext, made);
      length += made.length + 1;
    }
    return { bytes: owned(Buffer.concat([...parts, listEnd])), to: row };
  }

  /** Whether a row stands as the same bytes as one of another store. */
  isSame(row: number, other: RowStore, otherRow: number): boolean {
    return this.#json(row).json.equals(other.#json(otherRow).json);
  }

  #json(row: number): { json: Buffer; isParsable: boolean } {
    const [chunk, place] = this.#find(row);
    const from = place + headBytes + chunk.readUInt16LE(place) * positionBytes;
    const length = chunk.readUInt32LE(place + 2);
    const json = chunk.subarray(from, from + (length & ~parsableBit));
    return { json, isParsable: length >= parsableBit };
  }

  #find(row: number): [chunk: Buffer, place: number] {
    const address = this.#rows.at(row);
    return [this.#chunks[address >>> placeBits] as Buffer, address & (chunkBytes - 1)];
  }

  #add(bytes: Buffer, rowFrom: number, rowTo: number, fields: number): void {
    const { positions, isParsable } = this.#walker;
    const length = rowTo - rowFrom;
    if (length > maxPart) {
      throw tooLarge();
    }
    const head = headBytes + fields * positionBytes;
    const chunk = this.#room(head + length);
    const from = this.#at;
    let at = from + headBytes;
    for (let field = 0; field < fields; field++) {
      const position = positions[field] as number;
      chunk[at++] = position;
      chunk[at++] = position >>> 8;
      chunk[at++] = position >>> 16;
    }
    at += bytes.copy(chunk, at, rowFrom, rowTo);
    chunk.writeUInt16LE(fields, from);
    chunk.writeUInt32LE(isParsable ? length + parsableBit : length, from + 2);
    this.cells = this.#walker.cells;
    this.#readLast = undefined;
    if (at - from !== from - this.#lastAt || chunk.compare(chunk, this.#lastAt, from, from, at) !== 0) {
      this.#lastAt = from;
      this.#at = at;
    }
    this.#rows.push((this.#chunks.length - 1) * chunkBytes + this.#lastAt);
  }

  /** The last chunk, or another one where that has no room; what is larger than a chunk has one to itself. */
  #room(length: number): Buffer {
    const chunk = this.#chunks.at(-1) as Buffer;
    if (this.#at + length <= chunk.length) {
      return chunk;
    }
    if (this.#chunks.length === mostChunks) {
      throw tooLarge();
    }
    const next = Buffer.alloc(Math.max(chunkBytes, length));
    this.#chunks.push(next);
    this.#at = 0;
    this.#lastAt = 0;
    return next;
  }
}

/** Below 0 where the row lacks the field. */
function placeOfValue(chunk: Buffer, row: number, field: number): number {
  const fields = chunk.readUInt16LE(row);
  const at = row + headBytes;
  const position = field < fields ? chunk.readUIntLE(at + field * positionBytes, positionBytes) : 0;
  return position === 0 ? -1 : at + fields * positionBytes + position;
}
