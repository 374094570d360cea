import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Answer, AnswerReader, MakeReader, RowPath } from '../protocols/answer.ts';
import { TableDesk } from './desk.ts';
import { LiveTable } from './liveTable.ts';
import { type RowSplitter, splitInto } from './rowSplitter.ts';
import type { TableWorker } from './workerClient.ts';

/** Bodies up to this size are read where they are wanted: a thread would only be in the way. */
const smallBytes = 256 << 10;

/** Chunks go to the worker in parcels of this size; the network's own are small. */
const parcelBytes = 256 << 10;

/** Bytes on their way to the worker at which the network is asked to wait. */
const mostInFlight = 1 << 20;

export interface ReaderOptions {
  /** The most that a body may have, inflated. */
  readonly maxBytes: number;
  /** Hears of the table as soon as its body begins, so that rows can be shown before the end. */
  readonly onTable?: (table: LiveTable) => void;
}

/** Makes the readers of answers; small ones read here, large ones in the worker. */
export function readerMaker(worker: TableWorker, options: ReaderOptions): MakeReader {
  return (rowsAt, onScalar) => new Reader(worker, rowsAt, onScalar, options);
}

class Reader implements AnswerReader {
  readonly #worker: TableWorker;
  readonly #rowsAt: RowPath;
  readonly #onScalar: (name: string, value: string) => void;
  readonly #maxBytes: number;
  readonly #table: LiveTable;
  readonly #share: Disposable;
  readonly #told = new Set<string>();
  #bytes = 0;
  #error: TokensError | undefined;
  #done = false;

  /** While the body is small: its reader, and its bytes in case it turns out large. */
  #small: { splitter: RowSplitter; desk: TableDesk; chunks: Uint8Array[] } | undefined;
  /** When it is large. */
  #large: { table: number; parcel: Uint8Array<ArrayBuffer>; filled: number; inFlight: number } | undefined;
  /** Parcels that have come back. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #wake: (() => void) | undefined;
  #ended: Promise<JsonObject> | undefined;
  #end: { resolve(head: JsonObject): void; reject(error: TokensError): void } | undefined;

  constructor(
    worker: TableWorker,
    rowsAt: RowPath,
    onScalar: (name: string, value: string) => void,
    { maxBytes, onTable }: ReaderOptions,
  ) {
    this.#worker = worker;
    this.#rowsAt = rowsAt;
    this.#onScalar = onScalar;
    this.#maxBytes = maxBytes;
    const desk = new TableDesk();
    const splitter = splitInto(desk.table, rowsAt, (name, value) => this.#tellScalar(name, value));
    this.#small = { splitter, desk, chunks: [] };
    this.#table = new LiveTable(desk);
    this.#share = this.#table.share();
    onTable?.(this.#table);
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#check();
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      throw this.#fail(
        new TokensError('E_TOO_LARGE', 'The answer is larger than the {0} MB that are allowed.', [
          Math.round(this.#maxBytes / 1_000_000),
        ]),
      );
    }
    if (this.#small !== undefined) {
      const { splitter, desk, chunks } = this.#small;
      chunks.push(chunk);
      if (this.#bytes > smallBytes) {
        return this.#guard(() => this.#enlarge(chunks));
      }
      const before = desk.table.rowCount;
      this.#guard(() => splitter.write(chunk));
      if (desk.table.rowCount > before) {
        this.#table.update({ ...desk.summary(), bytes: this.#bytes });
      }
      return undefined;
    }
    return this.#send(chunk);
  }

  async end(): Promise<Answer> {
    this.#check();
    const head = this.#small === undefined ? await this.#endLarge() : this.#endSmall(this.#small);
    this.#done = true;
    const table = this.#table;
    const share = this.#share;
    const { fields, rowCount, mended } = table.state;
    return {
      head,
      fields,
      rowCount,
      bytes: this.#bytes,
      mended,
      rows: () => table.rows(),
      dispose: () => share.dispose(),
    };
  }

  abort(): void {
    // After its end the answer belongs to whoever took it.
    if (!this.#done) {
      this.#fail(cancelled());
    }
  }

  #endSmall({ splitter, desk }: { splitter: RowSplitter; desk: TableDesk }): JsonObject {
    const head = this.#guard(() => splitter.end());
    this.#table.update({ ...desk.summary(), bytes: this.#bytes, phase: 'done' });
    this.#small = undefined;
    return head;
  }

  #endLarge(): Promise<JsonObject> {
    const large = this.#large;
    if (large === undefined) {
      throw cancelled();
    }
    this.#ended ??= new Promise((resolve, reject) => {
      this.#end = { resolve, reject };
      this.#post(large);
      this.#worker.end(large.table);
    });
    return this.#ended;
  }

  /** The body is a large one: the worker gets it from its beginning. */
  #enlarge(chunks: readonly Uint8Array[]): Promise<void> | undefined {
    this.#small = undefined;
    const table = this.#worker.open(this.#rowsAt, {
      scalar: (name, value) => this.#tellScalar(name, value),
      progress: (summary) => this.#table.update({ ...summary, bytes: this.#bytes }),
      taken: (bytes) => this.#taken(bytes),
      ended: (head, summary) => {
        this.#table.update({ ...summary, bytes: this.#bytes, phase: 'done' });
        this.#end?.resolve(head);
      },
      failed: (error) =>
        this.#done ? this.#table.update({ phase: 'failed', lost: error }) : this.#fail(error),
    });
    this.#large = { table, parcel: new Uint8Array(parcelBytes), filled: 0, inFlight: 0 };
    this.#table.moveTo(this.#worker, table);
    let wait: Promise<void> | undefined;
    for (const chunk of chunks) {
      wait = this.#send(chunk);
    }
    return wait;
  }

  /** Copies a chunk into parcels, which come back to be filled again, and frees its own memory. */
  #send(chunk: Uint8Array): Promise<void> | undefined {
    const large = this.#large;
    if (large === undefined) {
      return undefined;
    }
    let from = 0;
    while (from < chunk.length) {
      const part = chunk.subarray(from, from + large.parcel.length - large.filled);
      large.parcel.set(part, large.filled);
      large.filled += part.length;
      from += part.length;
      if (large.filled === large.parcel.length) {
        this.#post(large);
      }
    }
    free(chunk);
    if (large.inFlight > mostInFlight) {
      return new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  #post(large: { table: number; parcel: Uint8Array<ArrayBuffer>; filled: number; inFlight: number }): void {
    if (large.filled > 0) {
      large.inFlight += large.filled;
      this.#worker.chunk(large.table, large.parcel.subarray(0, large.filled));
      large.parcel = this.#spare.pop() ?? new Uint8Array(parcelBytes);
      large.filled = 0;
    }
  }

  #taken(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#large !== undefined) {
      this.#spare.push(new Uint8Array(bytes.buffer));
      this.#large.inFlight -= bytes.length;
      if (this.#large.inFlight < mostInFlight / 2) {
        this.#wake?.();
        this.#wake = undefined;
      }
    }
  }

  #tellScalar(name: string, value: string): void {
    // The worker reads a large body from its beginning, so it finds again what was found here.
    const known = `${name}\u0000${value}`;
    if (!this.#told.has(known)) {
      this.#told.add(known);
      this.#onScalar(name, value);
    }
  }

  #guard<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#fail(
        TokensError.is(error)
          ? error
          : new TokensError('E_PROTOCOL', 'The answer of the gateway could not be read.'),
      );
    }
  }

  #check(): void {
    if (this.#error !== undefined) {
      throw this.#error;
    }
  }

  /** The first failure counts; with it goes all that has been read. */
  #fail(error: TokensError): TokensError {
    if (this.#error !== undefined) {
      return this.#error;
    }
    this.#error = error;
    this.#small = undefined;
    this.#wake?.();
    this.#end?.reject(error);
    this.#table.update({ phase: 'failed' });
    this.#share.dispose();
    this.#large = undefined;
    return error;
  }
}

/** Frees the memory of a chunk now, unless it is a part of something: V8 lets tens of megabytes of such become garbage. */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) {
    buffer.transfer(0);
  }
}
