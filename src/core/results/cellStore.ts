import { TokensError } from '../errors.ts';
import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';

/** How the bytes of a value are to be read. */
const kinds = { ascii: 0, utf8: 1, utf16: 2, number: 3, list: 4 } as const;
export type BytesKind = keyof typeof kinds;
/** It stands in the lowest bits of a prefix; above them, the length. */
const kindBits = 3;
const kindMask = (1 << kindBits) - 1;

/** At the first addresses stands what needs no bytes. */
export const missing = 0;
const isNull = 1;
const isFalse = 2;
const isTrue = 3;
const firstAddress = 4;

/** Small tables begin with little. */
const firstChunkBytes = 1 << 10;
/** An address has four bytes: a chunk, and a place in it. */
const placeBits = 18;
const chunkBytes = 1 << placeBits;
const mostChunks = 1 << (32 - placeBits);
/** Before a value stands its length with its kind, seven bits in a byte. */
const longestPrefix = 5;

/** Up to so many bytes a loop is quicker than asking for a copy. */
const shortBytes = 32;

/**
 * The values of a table as bytes, in the order in which they came. As strings they would take several times as much
 * memory, and the collector of garbage would have millions of them to look at.
 */
export class CellStore {
  readonly #chunks: Buffer[] = [];
  /** The last of them, and where the next value goes in it. */
  #chunk: Buffer = Buffer.alloc(firstChunkBytes);
  #at = firstAddress;
  /** Of the value that was looked up last. */
  #kind = 0;
  #bytes = this.#chunk;
  #from = 0;
  #to = 0;

  constructor() {
    this.#chunks.push(this.#chunk);
  }

  /** Where the store ends now: what comes after it can be taken back. */
  get end(): number {
    return (this.#chunks.length - 1) * chunkBytes + this.#at;
  }

  /** Takes back what was put after `end` was read. */
  cut(end: number): void {
    this.#chunks.length = (end >>> placeBits) + 1;
    this.#chunk = this.#chunks.at(-1) as Buffer;
    this.#at = placeOf(end);
  }

  /** Puts a value and answers its address: `like`, if just this stands there already. */
  put(cell: Cell | undefined, like = missing): number {
    switch (cell) {
      case undefined:
        return missing;
      case null:
        return isNull;
      case false:
        return isFalse;
      case true:
        return isTrue;
    }
    if (cell instanceof NumberText) {
      return this.#putWhole('number', Buffer.from(cell.text), like);
    }
    if (typeof cell === 'object') {
      return this.#putWhole('list', Buffer.from(JSON.stringify(cell)), like);
    }
    // UTF-8 has no place for half a pair of surrogates.
    const bytes = Buffer.from(cell, cell.isWellFormed() ? 'utf8' : 'utf16le');
    return this.#putWhole(
      bytes.length === cell.length ? 'ascii' : cell.isWellFormed() ? 'utf8' : 'utf16',
      bytes,
      like,
    );
  }

  /** Puts a value as it stands in a body, and answers its address. */
  putBytes(kind: BytesKind, bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (this.#at + length + longestPrefix > this.#chunk.length) {
      this.#makeRoom(length + longestPrefix);
    }
    const address = this.end;
    const chunk = this.#chunk;
    let at = this.#at;
    let prefix = (length << kindBits) | kinds[kind];
    while (prefix >= 0x80) {
      chunk[at++] = prefix | 0x80;
      prefix >>>= 7;
    }
    chunk[at++] = prefix;
    if (length <= shortBytes) {
      for (let next = from; next < to; next++) {
        chunk[at++] = bytes[next] as number;
      }
    } else {
      chunk.set(bytes.subarray(from, to), at);
      at += length;
    }
    this.#at = at;
    if (at > chunkBytes) {
      this.#beginChunk(Buffer.alloc(firstChunkBytes));
    }
    return address;
  }

  /** Whether at an address stands just this. */
  holds(address: number, kind: BytesKind, bytes: Uint8Array, from: number, to: number): boolean {
    if (address < firstAddress) {
      return false;
    }
    this.#find(address);
    if (this.#kind !== kinds[kind] || this.#to - this.#from !== to - from) {
      return false;
    }
    const own = this.#bytes;
    for (let mine = this.#from, other = from; other < to; mine++, other++) {
      if (own[mine] !== bytes[other]) {
        return false;
      }
    }
    return true;
  }

  get(address: number): Cell | undefined {
    if (address < firstAddress) {
      return address === missing ? undefined : address === isNull ? null : address === isTrue;
    }
    this.#find(address);
    switch (this.#kind) {
      case kinds.ascii:
        return this.#text('latin1');
      case kinds.utf16:
        return this.#text('utf16le');
      case kinds.number:
        return new NumberText(this.#text('latin1'));
      case kinds.list:
        return JSON.parse(this.#text('utf8')) as string[];
      default:
        return this.#text('utf8');
    }
  }

  /**
   * Makes a reader for values in about the order in which they were put: it reads several times as fast, since the
   * text of a chunk is made at once.
   */
  scan(): (address: number) => Cell | undefined {
    let index = -1;
    let text = '';
    return (address) => {
      const next = address >>> placeBits;
      const at = placeOf(address);
      const prefix = this.#chunks[next]?.[at] ?? 0;
      // Short and plain, as most are. What repeats is read where it stood first, which is behind.
      if (address < firstAddress || prefix >= 0x80 || (prefix & kindMask) !== kinds.ascii || next < index) {
        return this.get(address);
      }
      if (next > index) {
        index = next;
        text = this.#chunks[next]?.toString('latin1') ?? '';
      }
      return text.substring(at + 1, at + 1 + (prefix >>> kindBits));
    };
  }

  #putWhole(kind: BytesKind, bytes: Uint8Array, like: number): number {
    const { length } = bytes;
    return this.holds(like, kind, bytes, 0, length) ? like : this.putBytes(kind, bytes, 0, length);
  }

  #find(address: number): void {
    const bytes = this.#chunks[address >>> placeBits] as Buffer;
    let at = placeOf(address);
    let prefix = bytes[at++] as number;
    for (let shift = 7, last = prefix; last >= 0x80; shift += 7) {
      last = bytes[at++] as number;
      prefix = (prefix & ~(0x80 << (shift - 7))) | (last << shift);
    }
    this.#kind = prefix & kindMask;
    this.#bytes = bytes;
    this.#from = at;
    this.#to = at + (prefix >>> kindBits);
  }

  #text(encoding: 'latin1' | 'utf8' | 'utf16le'): string {
    return this.#bytes.toString(encoding, this.#from, this.#to);
  }

  /** The last chunk grows until it is a whole one; then there is another. What is larger has one to itself. */
  #makeRoom(length: number): void {
    const grown = Math.max(this.#chunk.length * 2, this.#at + length);
    if (grown <= chunkBytes) {
      const chunk = Buffer.alloc(grown);
      this.#chunk.copy(chunk);
      this.#chunks.pop();
      const at = this.#at;
      this.#beginChunk(chunk);
      this.#at = at;
    } else {
      this.#beginChunk(Buffer.alloc(Math.max(chunkBytes, length)));
    }
  }

  #beginChunk(chunk: Buffer): void {
    if (this.#chunks.length === mostChunks) {
      throw new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
    }
    this.#chunks.push(chunk);
    this.#chunk = chunk;
    this.#at = 0;
  }
}

function placeOf(address: number): number {
  return address & (chunkBytes - 1);
}
