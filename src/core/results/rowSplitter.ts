import { isUtf8 } from 'node:buffer';
import { TokensError } from '../errors.ts';
import { type JsonObject, plainOf, readJson, type Sent, type SentObject } from '../json.ts';
import type { RowPath } from '../protocols/answer.ts';
import { KeyedRowConverter } from './keyedRows.ts';
import type { ResultTable } from './table.ts';

/** Who hears of what the splitter finds, as soon as it is found. */
export interface SplitterSink {
  /** Takes the row whose brace stands at `from` as its bytes and answers where it ends; -1 if it wants it by {@link rows}. */
  take?(bytes: Buffer, from: number): number;
  /** Whole rows, in order; never none. */
  rows(rows: SentObject[]): void;
  /** A scalar member of the top level of the body. */
  scalar(name: string, value: string): void;
  /** So many places were no valid JSON and have been mended. */
  mended?(count: number): void;
}

/** How much of anything is read before it is called too much. */
export interface SplitterBounds {
  /** Of lists and objects in each other. */
  readonly depth: number;
  /** Of one row. */
  readonly rowBytes: number;
  /** Of everything but the rows. */
  readonly headBytes: number;
}

export const defaultBounds: SplitterBounds = { depth: 64, rowBytes: 4 << 20, headBytes: 4 << 20 };

/** Of the members outside the rows, the first ones are told of, and of those what is no longer than this. */
const mostScalars = 1_000;
const longestScalar = 65_536;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

const plain = 0;
const opens = 1;
const closes = 2;
const quotes = 3;

/** Start of the body; members outside the rows; between two rows; inside a row; after the end. */
type Mode = 'start' | 'head' | 'between' | 'row' | 'tail';

/**
 * Finds the list of rows in a body that arrives in pieces and cuts it into whole rows, so that rows are there before
 * the body has ended and nobody ever holds it whole. It only follows strings, brackets and the names that lead to the
 * list; what a value is, `readJson` decides.
 */
export class RowSplitter {
  readonly #rowsAt: RowPath;
  readonly #sink: SplitterSink;
  readonly #bounds: SplitterBounds;
  readonly #classes = byteClasses();

  #mode: Mode = 'start';
  #inString = false;
  #escaped = false;
  #depth = 0;

  /** How much of a byte-order mark has been seen. */
  #bom = 0;
  #head = new Bytes();
  /** For each open list or object of the head: whether it is an object. */
  readonly #isObject: boolean[] = [];
  /** The names that lead to where the head is being read, by depth. */
  readonly #names: string[] = [];
  #expectName = false;
  #tokenStart = -1;
  #scalars = 0;
  /** A list has begun where rows may be; its first element decides. */
  #candidate = false;
  #found = false;

  /** Depth of the list of rows, below which the depth inside a row is counted. */
  #listDepth = 0;
  #expectRow = false;
  /** The beginning of a row whose end has not arrived. */
  readonly #carry = new Bytes();

  constructor(rowsAt: RowPath, sink: SplitterSink, bounds: SplitterBounds = defaultBounds) {
    this.#rowsAt = rowsAt;
    this.#sink = sink;
    this.#bounds = bounds;
  }

  write(bytes: Uint8Array): void {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (at < chunk.length) {
      switch (this.#mode) {
        case 'start':
          at = this.#start(chunk, at);
          break;
        case 'head':
          at = this.#readHead(chunk, at);
          break;
        case 'between':
        case 'row':
          at = this.#readRows(chunk, at);
          break;
        case 'tail':
          if (!isSpace(chunk[at])) {
            throw broken();
          }
          at++;
      }
    }
  }

  /** The body has ended: everything in it but its rows. */
  end(): JsonObject {
    if (this.#mode === 'start') {
      throw new TokensError('E_PROTOCOL', 'The gateway sent an empty answer.');
    }
    if (this.#mode !== 'tail') {
      throw new TokensError('E_PROTOCOL', 'The answer of the gateway ended in the middle.');
    }
    const head = this.#parse(this.#head.bytes());
    this.#head = new Bytes();
    if (!(head instanceof Map)) {
      throw notAnObject();
    }
    if (!this.#found) {
      const rows = rowsIn(head, this.#rowsAt);
      if (rows.length > 0) {
        this.#sink.rows(rows);
      }
    }
    return plainOf(head) as JsonObject;
  }

  #start(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length - 1 && isSpace(chunk[at])) {
      at++;
    }
    const byte = chunk[at] ?? 0;
    if (this.#bom < 3 && byte === [0xef, 0xbb, 0xbf][this.#bom]) {
      this.#bom++;
    } else if (byte === openBrace) {
      this.#mode = 'head';
      return at;
    } else if (byte === 0x3c) {
      throw new TokensError('E_PROTOCOL', 'The gateway answered with a web page instead of data.');
    } else if (!isSpace(byte)) {
      throw byte === openBracket || byte === quote ? notAnObject() : broken();
    }
    return at + 1;
  }

  #readHead(chunk: Uint8Array, from: number): number {
    const head = this.#head;
    for (let at = from; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.#inString) {
        head.push(byte);
        if (this.#escaped) {
          this.#escaped = false;
        } else if (byte === backslash) {
          this.#escaped = true;
        } else if (byte === quote) {
          this.#inString = false;
          this.#endString();
        }
        continue;
      }
      if (isSpace(byte)) {
        this.#endLiteral();
        continue;
      }
      if (this.#candidate) {
        this.#candidate = false;
        if (byte === openBrace) {
          this.#found = true;
          this.#listDepth = this.#depth;
          this.#mode = 'between';
          this.#expectRow = true;
          return at;
        }
        if (byte === closeBracket && (!this.#rowsAt.mayWrap || this.#depth === 2)) {
          this.#found = true;
        }
      }
      if (head.length >= this.#bounds.headBytes) {
        throw tooLarge();
      }
      if (byte === quote) {
        this.#inString = true;
        this.#tokenStart = head.length;
      } else if (byte === openBrace || byte === openBracket) {
        this.#open(byte === openBrace);
      } else if (byte === closeBrace || byte === closeBracket) {
        this.#endLiteral();
        this.#depth--;
        this.#isObject.pop();
        this.#expectName = false;
        if (this.#depth === 0) {
          head.push(byte);
          this.#mode = 'tail';
          return at + 1;
        }
      } else if (byte === comma) {
        this.#endLiteral();
        this.#expectName = this.#isObject[this.#depth - 1] === true;
      } else if (byte !== 0x3a && this.#tokenStart < 0) {
        this.#tokenStart = head.length;
      }
      head.push(byte);
    }
    if (head.length > this.#bounds.headBytes) {
      throw tooLarge();
    }
    return chunk.length;
  }

  #open(isObject: boolean): void {
    if (!isObject && !this.#found) {
      this.#candidate = this.#rowsMayStartHere();
    }
    this.#depth++;
    if (this.#depth > this.#bounds.depth) {
      throw tooDeep();
    }
    this.#isObject.push(isObject);
    this.#expectName = isObject;
  }

  #rowsMayStartHere(): boolean {
    const { member, mayWrap, except } = this.#rowsAt;
    const mayBeHere =
      this.#depth === 1 ||
      (mayWrap && this.#depth === 2 && this.#isObject[1] === true && !except?.includes(this.#names[2] ?? ''));
    return this.#names[1] === member && mayBeHere;
  }

  #endString(): void {
    const start = this.#tokenStart;
    this.#tokenStart = -1;
    if (this.#expectName) {
      this.#expectName = false;
      if (this.#depth <= 2) {
        this.#names[this.#depth] = String(parse(this.#head.text(start)).value);
      }
    } else if (this.#depth === 1) {
      this.#tellScalar(this.#head.text(start));
    }
  }

  #endLiteral(): void {
    const start = this.#tokenStart;
    if (start >= 0) {
      this.#tokenStart = -1;
      if (this.#depth === 1) {
        this.#tellScalar(this.#head.text(start));
      }
      // The white space that ended it is not kept, so `1 2` must not become `12`.
      this.#head.push(0x20);
    }
  }

  #tellScalar(text: string): void {
    if (text.length > longestScalar || this.#scalars++ >= mostScalars) {
      return;
    }
    const { value } = parse(text);
    if (value !== null) {
      this.#sink.scalar(this.#names[1] ?? '', String(value));
    }
  }

  /** Reads rows up to the end of the chunk or of their list. The hot loop: it sees every byte of the body. */
  #readRows(chunk: Buffer, from: number): number {
    const classes = this.#classes;
    const deepest = this.#bounds.depth;
    const base = this.#listDepth;
    const length = chunk.length;
    let at = from;
    let depth = this.#depth;
    let inString = this.#inString;
    /** Where the row being read starts; -1 while its start is in the carry. */
    let rowStart = this.#mode === 'row' ? -1 : from;

    while (at < length) {
      if (this.#mode === 'between') {
        const byte = chunk[at];
        if (byte === openBrace && this.#expectRow) {
          this.#expectRow = false;
          const end = this.#sink.take?.(chunk, at) ?? -1;
          if (end >= 0) {
            if (end - at > this.#bounds.rowBytes) {
              throw tooLarge();
            }
            at = end;
            continue;
          }
          this.#mode = 'row';
          rowStart = at;
        } else if (byte === comma && !this.#expectRow) {
          this.#expectRow = true;
          at++;
          continue;
        } else if (byte === closeBracket) {
          if (this.#expectRow) {
            this.#mended(1); // A comma after the last row.
          }
          this.#mode = 'head';
          this.#depth = depth;
          this.#inString = false;
          return at;
        } else if (isSpace(byte)) {
          at++;
          continue;
        } else {
          throw this.#expectRow && byte !== comma ? notRows() : broken();
        }
      }
      // Inside a row.
      if (this.#escaped) {
        this.#escaped = false;
        at++;
      }
      while (at < length) {
        if (inString) {
          let byte = 0;
          while (at < length) {
            byte = chunk[at++] as number;
            if (byte === quote) {
              inString = false;
              break;
            }
            if (byte === backslash) {
              at++;
            }
          }
          if (at > length) {
            // The backslash was the last byte: what it escapes comes with the next chunk.
            this.#escaped = true;
            at = length;
          }
          continue;
        }
        const kind = classes[chunk[at++] as number];
        if (kind === plain) {
          continue;
        }
        if (kind === quotes) {
          inString = true;
        } else if (kind === opens) {
          if (++depth > deepest) {
            throw tooDeep();
          }
        } else if (--depth === base) {
          this.#mode = 'between';
          break;
        }
      }
      if (this.#mode === 'row') {
        break;
      }
      if (rowStart < 0) {
        this.#keep(chunk, from, at);
        this.#emit(this.#carry.take());
      } else {
        if (at - rowStart > this.#bounds.rowBytes) {
          throw tooLarge();
        }
        this.#emit(chunk.subarray(rowStart, at));
      }
    }
    this.#depth = depth;
    this.#inString = inString;
    if (this.#mode === 'row') {
      this.#keep(chunk, rowStart < 0 ? from : rowStart, length);
    }
    return length;
  }

  #keep(chunk: Uint8Array, from: number, to: number): void {
    if (this.#carry.length + to - from > this.#bounds.rowBytes) {
      throw tooLarge();
    }
    this.#carry.append(chunk.subarray(from, to));
  }

  #emit(row: Uint8Array): void {
    this.#sink.rows([this.#parse(row) as SentObject]);
  }

  #parse(bytes: Uint8Array): Sent {
    const { value, mended } = parse(decode(bytes));
    this.#mended(isUtf8(bytes) ? mended : mended + 1);
    return value;
  }

  #mended(count: number): void {
    if (count > 0) {
      this.#sink.mended?.(count);
    }
  }
}

/** A splitter whose rows go into a table. */
export function splitInto(
  table: ResultTable,
  rowsAt: RowPath,
  scalar: (name: string, value: string) => void,
): BodyReader {
  const splitter = new RowSplitter(rowsAt, {
    take: (bytes, from) => table.take(bytes, from),
    rows: (rows) => table.append(rows),
    scalar,
    mended: (count) => {
      table.mended += count;
    },
  });
  const { member, keyed, missing } = rowsAt;
  table.missing = missing;
  if (keyed === undefined) {
    return splitter;
  }
  const converter = new KeyedRowConverter(member, keyed, defaultBounds.rowBytes);
  return {
    write: (chunk) => splitter.write(converter.write(chunk)),
    end: () => {
      splitter.write(converter.end());
      return splitter.end();
    },
  };
}

/** Takes the pieces of a body; at its end it gives everything in it but its rows. */
export type BodyReader = Pick<RowSplitter, 'write' | 'end'>;

/** Bytes that grow at their end. */
class Bytes {
  #buffer = new Uint8Array(512);
  length = 0;

  push(byte: number): void {
    if (this.length === this.#buffer.length) {
      this.#grow(this.length + 1);
    }
    this.#buffer[this.length++] = byte;
  }

  append(bytes: Uint8Array): void {
    if (this.length + bytes.length > this.#buffer.length) {
      this.#grow(this.length + bytes.length);
    }
    this.#buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** A view of them, until they grow. */
  bytes(from = 0): Uint8Array {
    return this.#buffer.subarray(from, this.length);
  }

  text(from: number): string {
    return decode(this.bytes(from));
  }

  /** Empties it, and gives a large memory back; answers a view of what was in it, until it grows again. */
  take(): Uint8Array {
    const bytes = this.bytes();
    this.length = 0;
    if (this.#buffer.length > 1 << 20) {
      this.#buffer = new Uint8Array(512);
    }
    return bytes;
  }

  #grow(least: number): void {
    const larger = new Uint8Array(Math.max(least, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.length));
    this.#buffer = larger;
  }
}

function byteClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  classes[openBrace] = opens;
  classes[openBracket] = opens;
  classes[closeBrace] = closes;
  classes[closeBracket] = closes;
  classes[quote] = quotes;
  return classes;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function decode({ buffer, byteOffset, length }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, length).toString('utf8');
}

function parse(text: string): ReturnType<typeof readJson> {
  try {
    return readJson(text);
  } catch {
    throw broken();
  }
}

/** The rows of a body without a list of objects in their place: an object there is the only row. */
function rowsIn(head: SentObject, { member, mayWrap, except, error }: RowPath): SentObject[] {
  const found = head.get(member);
  if (found === undefined || found === null) {
    return [];
  }
  if (mayWrap) {
    return wrappedRows(member, found, except);
  }
  if (found instanceof Map) {
    return found.size > 0 ? [found] : [];
  }
  // Beside an error there need not be rows.
  if (Array.isArray(found) ? found.length > 0 : error === undefined || !head.has(error)) {
    throw notRows();
  }
  return [];
}

/** Plain values are rows of one column, which has the name of their member. */
function wrappedRows(member: string, found: Sent, except: readonly string[] = []): SentObject[] {
  if (Array.isArray(found)) {
    return found.map((value) => (value instanceof Map ? value : new Map([[member, value]])));
  }
  if (!(found instanceof Map)) {
    return [new Map([[member, found]])];
  }
  // Its only list is empty: that list is the rows, and today there are none.
  const lists = [...found].flatMap(([name, value]) =>
    Array.isArray(value) && !except.includes(name) ? [value] : [],
  );
  return found.size === 0 || (lists.length === 1 && lists[0]?.length === 0) ? [] : [found];
}

function broken(): TokensError {
  return new TokensError('E_PROTOCOL', 'The answer of the gateway is not valid JSON.');
}

function notAnObject(): TokensError {
  return new TokensError('E_PROTOCOL', 'The answer of the gateway is not a JSON object.');
}

function notRows(): TokensError {
  return new TokensError('E_PROTOCOL', 'The rows in the answer of the gateway are not a list of objects.');
}

function tooDeep(): TokensError {
  return new TokensError('E_TOO_LARGE', 'The answer of the gateway is nested too deeply.');
}

function tooLarge(): TokensError {
  return new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
}
