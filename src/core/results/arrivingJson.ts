import { isUtf8 } from 'node:buffer';
import { TokensError } from '../errors.ts';
import { readJson, type Sent, type SentObject } from '../json.ts';
import { closeBrace, closeBracket, colon, comma, endOfValue, isSpace, quote } from './jsonBytes.ts';

/** Most bytes of a row or another value, and of everything but the rows. */
export const maxPart = 4 << 20;

/** What stands around a value, and the memory that it takes beside its own bytes. */
const aroundValue = 5;

/** Elements of a list that are null, and the end of what has arrived, where another one may be. */
const nulls = /^\s*(?:null\s*,\s*)*/;
const cut = /^(?:n(?:u(?:l(?:l\s*)?)?)?)?$/;

/** Reads what arrives in pieces: whoever runs the steps goes on with them when there is more. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

/** JSON while it arrives: objects and lists member by member, as far as whoever reads it wants, and all else by `readJson`. */
export class ArrivingJson {
  /**
   * What has arrived and is not all read yet, and behind it a zero: who walks over it need not look whether it ends,
   * and V8 reads bytes twice as fast where no place beyond them is ever asked for.
   */
  bytes = Buffer.alloc(1);
  /** Up to where it is read. */
  at = 0;
  /** About how many bytes the values had that were read and kept. */
  kept = 0;
  #memory = this.bytes;
  readonly #told: { mended: number };

  /** @param told hears how many places had to be mended */
  constructor(told: { mended: number }) {
    this.#told = told;
  }

  /** How much has arrived and is not read yet. */
  get unread(): number {
    return this.bytes.length - 1 - this.at;
  }

  /** Adds what has arrived; it is copied. Places in the bytes change with this. */
  feed(chunk: Uint8Array): void {
    const { unread } = this;
    const length = unread + chunk.length;
    const memory = length < this.#memory.length ? this.#memory : Buffer.alloc(2 * length);
    this.bytes.copy(memory, 0, this.at);
    memory.set(chunk, unread);
    memory[length] = 0;
    this.#memory = memory;
    this.bytes = memory.subarray(0, length + 1);
    this.at = 0;
  }

  /** The next byte that is no white space; -1 where it has not arrived. */
  peek(): number {
    while (isSpace(this.bytes[this.at])) {
      this.at++;
    }
    return this.unread > 0 ? (this.bytes[this.at] as number) : -1;
  }

  /** The same, which it waits for. */
  *next(): Steps<number> {
    for (;;) {
      const byte = this.peek();
      if (byte >= 0) {
        return byte;
      }
      yield;
    }
  }

  /** The first byte of the list's first element that is not null; nothing is read. */
  *firstElement(): Steps<number> {
    // All that has arrived may be much, and most lists are told by their first bytes.
    for (let [passed, most] = [1, 64]; ; most *= 2) {
      const text = this.bytes.subarray(this.at + passed, -1).toString('latin1', 0, most);
      const [skipped = ''] = nulls.exec(text) ?? [];
      passed += skipped.length;
      if (!cut.test(text.slice(skipped.length))) {
        return this.bytes[this.at + passed] as number;
      }
      if (text.length < most) {
        yield;
      }
    }
  }

  /** Reads the object that begins here, with what `each` makes of its members; none where that is undefined. */
  *object(each: (name: string) => Steps<Sent | undefined>): Steps<SentObject> {
    const object: SentObject = new Map();
    this.at++;
    for (let name = yield* this.name(0); name !== undefined; name = yield* this.name(1)) {
      const value = yield* each(name);
      if (value !== undefined) {
        this.#told.mended += object.has(name) ? 1 : 0;
        this.kept += name.length + aroundValue;
        object.set(name, value);
      }
    }
    return object;
  }

  /** Reads the list that begins here, with what `each` makes of its elements; none where that is undefined. */
  *list(each: (index: number) => Steps<Sent | undefined>): Steps<Sent[]> {
    const list: Sent[] = [];
    let [index, isNext] = [0, true];
    this.at++;
    for (let byte = yield* this.next(); byte !== closeBracket; byte = yield* this.next()) {
      if (byte === comma) {
        this.at++;
        index++;
        this.#told.mended += isNext ? 1 : 0;
        isNext = true;
        continue;
      }
      if (byte === closeBrace || byte === colon || !isNext) {
        throw broken();
      }
      const value = yield* each(index);
      isNext = false;
      if (value !== undefined) {
        this.kept += aroundValue;
        list.push(value);
      }
    }
    this.at++;
    this.#told.mended += isNext && index > 0 ? 1 : 0;
    return list;
  }

  /**
   * Reads the name of the next member and the colon after it; undefined for the brace that ends the object.
   * @param commas how many have to stand before it; more are mended
   */
  *name(commas: number): Steps<string | undefined> {
    let found = 0;
    let byte = yield* this.next();
    for (; byte === comma; byte = yield* this.next()) {
      this.at++;
      found++;
    }
    const isEnd = byte === closeBrace;
    this.#told.mended += Math.max(0, isEnd ? found : found - commas);
    if (isEnd) {
      this.at++;
      return undefined;
    }
    const name = byte === quote && found >= commas ? this.parse(yield* this.raw(0)) : undefined;
    if (typeof name !== 'string' || (yield* this.next()) !== colon) {
      throw broken();
    }
    this.at++;
    return name;
  }

  /** Reads a value; null where it is missing. It may have so many levels of lists and objects. */
  *value(levels: number): Steps<Sent> {
    const raw = yield* this.raw(levels);
    this.kept += raw.length;
    return this.parse(raw);
  }

  /**
   * The same as it stands, a character for each byte; empty where it is missing.
   * @throws E_TOO_LARGE past a bound
   */
  *raw(levels: number): Steps<string> {
    yield* this.next();
    for (;;) {
      const end = endOfValue(this.bytes, this.at, levels);
      if (end - this.at > maxPart) {
        throw tooLarge();
      }
      if (end >= 0) {
        const value = this.bytes.toString('latin1', this.at, end);
        this.at = end;
        return value;
      }
      yield;
    }
  }

  /**
   * A piece of JSON, a character for each byte, as a value.
   * @throws E_PROTOCOL where it is no JSON
   */
  parse(raw: string): Sent {
    const bytes = Buffer.from(raw, 'latin1');
    this.#told.mended += bytes.length === 0 || !isUtf8(bytes) ? 1 : 0;
    try {
      const { value, mended } = readJson(bytes.toString('utf8') || 'null');
      this.#told.mended += mended;
      return value;
    } catch {
      throw broken();
    }
  }
}

export function tooLarge(): TokensError {
  return new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
}

export function broken(): TokensError {
  return new TokensError('E_PROTOCOL', 'The answer of the gateway is not valid JSON.');
}
