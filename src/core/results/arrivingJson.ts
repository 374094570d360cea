import { TokensError } from '../errors.ts';
import { readJson } from '../json.ts';
import { closeBrace, closeBracket, colon, comma, endOfValue, isSpace, quote } from './jsonBytes.ts';

/** Reads what arrives in pieces: whoever runs the steps goes on with them when there is more. */
export type Steps<T = void> = Generator<undefined, T, undefined>;

/**
 * JSON while it arrives. It is followed only as far as strings, brackets and names go, so that the ends of values are
 * found also where `readJson` has something to mend.
 */
export class ArrivingJson {
  /**
   * What has arrived and is not all read yet, and behind it a zero: who walks over it need not look whether it ends,
   * and V8 reads bytes twice as fast where no place beyond them is ever asked for.
   */
  bytes = Buffer.alloc(1);
  /** Where it ends, and up to where it is read. */
  end = 0;
  at = 0;
  #kept = '';
  #keptTo = 0;
  #isKept = false;
  #text: string | undefined;

  /** How much has arrived and is not read yet. */
  get unread(): number {
    return this.end - this.at;
  }

  /** The bytes as text, a character for each. */
  get text(): string {
    this.#text ??= this.bytes.toString('latin1', 0, this.end);
    return this.#text;
  }

  /** Adds what has arrived; it is copied. Places in the bytes change with this. */
  feed(chunk: Uint8Array): void {
    this.#keep();
    const { unread } = this;
    const length = unread + chunk.length;
    const target =
      length < this.bytes.length ? this.bytes : Buffer.alloc(Math.max(length + 1, 2 * this.bytes.length));
    this.bytes.copy(target, 0, this.at, this.end);
    target.set(chunk, unread);
    target[length] = 0;
    this.bytes = target;
    this.end = length;
    this.at = 0;
    this.#keptTo = 0;
    this.#text = undefined;
  }

  /** From here on what is read is not kept; `instead` is. */
  leaveOut(instead: string): void {
    this.#keep();
    this.#kept += instead;
    this.#isKept = false;
  }

  /** From here on what is read is kept, after `before`. */
  keepOn(before = ''): void {
    this.#kept += before;
    this.#isKept = true;
    this.#keptTo = this.at;
  }

  /** What was read while it was kept, a character for each byte. */
  get kept(): string {
    this.#keep();
    return this.#kept;
  }

  /** The next byte that is no white space; -1 where it has not arrived. */
  peek(): number {
    while (isSpace(this.bytes[this.at])) {
      this.at++;
    }
    return this.at < this.end ? (this.bytes[this.at] as number) : -1;
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

  /** The one after that; neither is read. */
  *second(): Steps<number> {
    for (;;) {
      let at = this.at + 1;
      while (isSpace(this.bytes[at])) {
        at++;
      }
      if (at < this.end) {
        return this.bytes[at] as number;
      }
      yield;
    }
  }

  /** Reads the object that begins here, whose members are read by `each`. */
  *object(each: (name: string) => Steps<unknown>): Steps {
    this.at++;
    for (let name = yield* this.name(); name !== undefined; name = yield* this.name()) {
      yield* each(name);
    }
  }

  /**
   * Reads the list that begins here, whose elements are read by `each`; those that are missing are passed over.
   * @param quick reads an element that has all arrived, for speed: where it ends, -1 for what `each` is to read
   * @returns how many elements are missing, as before a comma at the end
   */
  *list(each: (index: number) => Steps<unknown>, quick = () => -1): Steps<number> {
    let [index, missing, isNext] = [0, 0, true];
    this.at++;
    for (let byte = yield* this.next(); byte !== closeBracket; byte = yield* this.next()) {
      if (byte === comma) {
        this.at++;
        index++;
        missing += isNext ? 1 : 0;
        isNext = true;
        continue;
      }
      if (byte === closeBrace || byte === colon || !isNext) {
        throw broken();
      }
      const end = quick();
      if (end >= 0) {
        this.at = end;
      } else {
        yield* each(index);
      }
      isNext = false;
    }
    this.at++;
    return missing + (isNext && index > 0 ? 1 : 0);
  }

  /** Reads the name of the next member and the colon after it; undefined for the brace that ends the object. */
  *name(): Steps<string | undefined> {
    let byte = yield* this.next();
    while (byte === comma) {
      this.at++;
      byte = yield* this.next();
    }
    if (byte === closeBrace) {
      this.at++;
      return undefined;
    }
    const name = byte === quote ? parsed(yield* this.value(0)) : undefined;
    if (typeof name !== 'string' || (yield* this.next()) !== colon) {
      throw broken();
    }
    this.at++;
    return name;
  }

  /** Reads a value, as it stands; empty where it is missing. It may have so many levels of lists and objects. */
  *value(levels: number): Steps<string> {
    yield* this.next();
    for (;;) {
      const end = endOfValue(this.bytes, this.at, levels, this.end);
      if (end >= 0) {
        const value = this.bytes.toString('latin1', this.at, end);
        this.at = end;
        return value;
      }
      yield;
    }
  }

  #keep(): void {
    if (this.#isKept) {
      this.#kept += this.bytes.toString('latin1', this.#keptTo, this.at);
      this.#keptTo = this.at;
    }
  }
}

/**
 * A piece of the body as it was sent, and how many places of it had to be mended.
 * @throws E_PROTOCOL where it is no JSON
 */
export function readPiece(bytes: Buffer): ReturnType<typeof readJson> {
  try {
    return readJson(bytes.toString('utf8'));
  } catch {
    throw broken();
  }
}

/** A piece of the body, a character for each byte, as a value; undefined for what is none. */
export function parsed(raw: string): unknown {
  try {
    return JSON.parse(Buffer.from(raw, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}

export function broken(): TokensError {
  return new TokensError('E_PROTOCOL', 'The answer of the gateway is not valid JSON.');
}
