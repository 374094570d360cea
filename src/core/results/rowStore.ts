import { TokensError } from '../errors.ts';
import { NumberText, readJson, type Sent } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { AddressList } from './addressList.ts';
import { flatten, unwrapped } from './cells.ts';
import { endOfValue, openBrace, openBracket, quote } from './jsonBytes.ts';
import { type Field, RowWalker } from './rowWalker.ts';

/** An address has four bytes: a chunk, and a place in it. */
const placeBits = 18;
const chunkBytes = 1 << placeBits;
const mostChunks = 1 << (32 - placeBits);

/*
 * A row stands in a chunk as two bytes, how many positions follow and whether it is plain; four bytes, how long its JSON
 * is and whether `JSON.parse` makes its cells of that; the positions, three bytes each, by the numbers of the
 * fields; and its JSON as it was sent, but with spaces in place of the wrapping of values.
 */
const headBytes = 6;
const plainBit = 0x8000;
const parsableBit = 0x80000000;
const positionBytes = 3;
/** More bytes of a row than positions can tell. */
const mostRowBytes = 1 << 24;

/** Some rows of a table, one after the other. */
export interface RowList {
  /** A list of JSON; its memory is its own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The row after the last of them. */
  readonly to: number;
}

/** What stands before, between and after the rows of a list. */
const [listStart, listNext, listEnd] = [Buffer.from('['), Buffer.from(','), Buffer.from(']')] as const;

/** To make all of a chunk text takes as long as to read about so many texts of it one by one. */
const manyReads = 64;

/**
 * The rows of a table as the bytes that were sent, with where each value stands in them. As strings they would take
 * several times as much memory, and the collector of garbage would have millions of them to look at.
 */
export class RowStore {
  readonly #rows = new AddressList();
  readonly #chunks: Buffer[] = [Buffer.alloc(chunkBytes)];
  #at = 0;
  readonly #walker: RowWalker;
  /** Where the last row begins in the last chunk, and whether rows have been equal of late. */
  #lastAt = 0;
  #repeats = false;
  /** The chunk that was read last, as text if it was made, and how many texts of it were read without. */
  #textOf = -1;
  #text = '';
  #reads = 0;
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
    const address = this.#rows.at(row);
    const index = address >>> placeBits;
    const chunk = this.#chunks[index] as Buffer;
    const place = address & (chunkBytes - 1);
    const at = placeOfValue(chunk, place, field);
    if (at < 0) {
      return undefined;
    }
    return chunk[at] === quote && isPlain(chunk, place) && this.#hasText(index, at)
      ? this.#text.substring(at + 1, this.#text.indexOf('"', at + 1))
      : this.#value(chunk, at);
  }

  /** Whether a chunk is there as text up to a place; who goes on reading it gets that. */
  #hasText(index: number, at: number): boolean {
    if (index !== this.#textOf) {
      this.#textOf = index;
      this.#text = '';
      this.#reads = 0;
    }
    if (at >= this.#text.length && ++this.#reads === manyReads) {
      const isLast = index === this.#chunks.length - 1;
      this.#text = (this.#chunks[index] as Buffer).toString('latin1', 0, isLast ? this.#at : undefined);
      this.#reads = 0;
    }
    return at < this.#text.length;
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
    return { bytes: new Uint8Array(Buffer.concat([...parts, listEnd])), to: row };
  }

  /** Whether a row stands as the same bytes as one of another store. */
  isSame(row: number, other: RowStore, otherRow: number): boolean {
    return this.#json(row).json.equals(other.#json(otherRow).json);
  }

  #json(row: number): { json: Buffer; isParsable: boolean } {
    const address = this.#rows.at(row);
    const chunk = this.#chunks[address >>> placeBits] as Buffer;
    const place = address & (chunkBytes - 1);
    const from = place + headBytes + (chunk.readUInt16LE(place) & ~plainBit) * positionBytes;
    const length = chunk.readUInt32LE(place + 2);
    const json = chunk.subarray(from, from + (length & ~parsableBit));
    return { json, isParsable: length >= parsableBit };
  }

  #value(chunk: Buffer, at: number): Sent {
    const end = endOfValue(chunk, at, Number.POSITIVE_INFINITY);
    switch (chunk[at]) {
      case quote: {
        const text = chunk.toString('utf8', at + 1, end - 1);
        return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
      }
      case openBracket:
      case openBrace:
        return unwrapped(readJson(chunk.toString('utf8', at, end)).value);
      case 0x6e:
        return null;
      case 0x74:
        return true;
      case 0x66:
        return false;
      default:
        return new NumberText(chunk.toString('latin1', at, end));
    }
  }

  #add(bytes: Buffer, rowFrom: number, rowTo: number, fields: number): void {
    const { positions, isPlain, isParsable } = this.#walker;
    if (rowTo - rowFrom >= mostRowBytes) {
      throw tooLarge();
    }
    const length = rowTo - rowFrom;
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
    chunk.writeUInt16LE(isPlain ? fields | plainBit : fields, from);
    chunk.writeUInt32LE(isParsable ? length + parsableBit : length, from + 2);
    this.cells = this.#walker.cells;
    // Rows that do not repeat are compared only now and then.
    if (this.#repeats || (this.length & 31) === 0) {
      this.#repeats =
        at - from === from - this.#lastAt && chunk.compare(chunk, this.#lastAt, from, from, at) === 0;
      if (this.#repeats) {
        this.#rows.push(this.#rows.at(this.length - 1));
        return;
      }
    }
    this.#lastAt = from;
    this.#at = at;
    this.#rows.push((this.#chunks.length - 1) * chunkBytes + from);
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
  const fields = (chunk[row] as number) | (((chunk[row + 1] as number) & 0x7f) << 8);
  if (field >= fields) {
    return -1;
  }
  const at = row + headBytes + field * positionBytes;
  const position =
    (chunk[at] as number) | ((chunk[at + 1] as number) << 8) | ((chunk[at + 2] as number) << 16);
  return position === 0 ? -1 : row + headBytes + fields * positionBytes + position;
}

function isPlain(chunk: Buffer, row: number): boolean {
  return ((chunk[row + 1] as number) & 0x80) !== 0;
}

export function tooLarge(): TokensError {
  return new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
}
