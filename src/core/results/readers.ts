import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { Answer, AnswerReader, MakeReader, Row, RowPath } from '../protocols/answer.ts';
import type { TableHandle } from './tableHandle.ts';
import { received, type WorkerClient } from './workerClient.ts';

/** So much goes to the worker at once; the chunks of the network are smaller, and each message costs both threads time. */
const parcelBytes = 256 << 10;

/** Bytes on their way to the worker, or from there and not yet read, at which the network is asked to wait. */
const maxInFlight = 1 << 20;

export interface ReaderOptions {
  /** The most that a body may have, inflated. */
  readonly maxBytes: number;
  /** Hears of the table as soon as its body begins, so that rows can be shown before the end. */
  readonly onTable?: (table: TableHandle) => void;
  /** Whether the answer is to have its rows for a program: then they are brought here while they arrive; default yes. */
  readonly wantsRows?: boolean;
}

/** Makes the readers of answers, whose rows go into tables of the worker, which is started now. */
export function readerMaker(worker: WorkerClient, options: ReaderOptions): MakeReader {
  worker.start();
  return (rowsAt, onScalar) => new Reader(worker, rowsAt, onScalar, options);
}

/**
 * A table made of rows that are here already, as a JSON list of objects. Its first share is the caller's.
 * @throws E_PROTOCOL for anything else
 */
export async function tableOf(
  worker: WorkerClient,
  rows: string,
): Promise<{ table: TableHandle; share: Disposable }> {
  const options = { maxBytes: Number.POSITIVE_INFINITY, wantsRows: false };
  const reader = new Reader(worker, { member: 'Rows', mayWrap: false }, () => undefined, options);
  try {
    await reader.write(Buffer.from(`{"Rows":${rows}}`));
    return { table: reader.table, share: await reader.end() };
  } catch (error) {
    await reader.abort();
    throw error;
  }
}

class Reader implements AnswerReader {
  readonly #worker: WorkerClient;
  readonly #onScalar: (name: string, value: string) => void;
  readonly #maxBytes: number;
  readonly table: TableHandle;
  readonly #share: Disposable;
  /** A program's rows, as far as they have come. */
  #rows: Promise<Row[]> | undefined;
  /** Bytes of rows that have come and are not read yet. */
  #unread = 0;
  #bytes = 0;
  #error: TokensError | undefined;
  #done = false;
  /** Chunks that go to the worker next, and how long they are. */
  #parcel: Uint8Array<ArrayBuffer>[] = [];
  #filled = 0;
  #inFlight = 0;
  /** Called when little enough is on its way, or nothing more will come back. */
  readonly #waiting: (() => void)[] = [];

  constructor(
    worker: WorkerClient,
    rowsAt: RowPath,
    onScalar: (name: string, value: string) => void,
    { maxBytes, onTable, wantsRows = true }: ReaderOptions,
  ) {
    this.#worker = worker;
    this.#onScalar = onScalar;
    this.#maxBytes = maxBytes;
    this.table = worker.open({ rowsAt, wantsRows });
    this.#share = this.table.share();
    onTable?.(this.table);
    this.#rows = wantsRows ? Promise.resolve([]) : undefined;
  }

  /** The memory of a chunk goes to the worker, unless it is a part of something: then that of a copy does. */
  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#check();
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      throw this.#fail(
        new TokensError('E_TOO_LARGE', 'The answer is larger than the {0} MB that are allowed.', [
          Number((this.#maxBytes / 1_048_576).toPrecision(6)),
        ]),
      );
    }
    const isWhole = chunk.buffer instanceof ArrayBuffer && chunk.buffer.byteLength === chunk.byteLength;
    this.#parcel.push(isWhole ? (chunk as Uint8Array<ArrayBuffer>) : Uint8Array.from(chunk));
    this.#filled += chunk.length;
    if (this.#filled >= parcelBytes) {
      this.#post();
    }
    this.#postFirst();
    return Math.max(this.#inFlight, this.#unread) > maxInFlight ? this.#woken() : undefined;
  }

  async end(): Promise<Answer> {
    this.#check();
    this.#post();
    const head = (await this.#send(null)) ?? {};
    this.#check();
    this.#done = true;
    const { fields, rowCount, mended } = this.table.state;
    return {
      head,
      fields,
      rowCount,
      bytes: this.#bytes,
      mended,
      rows: async () => {
        if (this.#rows === undefined) {
          throw new Error('These rows were not wanted, or have been let go.');
        }
        return this.#rows;
      },
      dispose: () => {
        this.#rows = undefined;
        this.#share.dispose();
      },
    };
  }

  async abort(): Promise<void> {
    // After its end the answer belongs to whoever took it.
    if (this.#done) {
      return;
    }
    this.#post();
    while (this.#inFlight > 0) {
      await this.#woken();
    }
    this.#fail(cancelled());
    this.#share.dispose();
  }

  #woken(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The first rows are waited for; of a large body only whole parcels go, since each costs both threads memory. */
  #postFirst(): void {
    if (this.#inFlight === 0 && this.#bytes <= parcelBytes) {
      this.#post();
    }
  }

  #post(): void {
    if (this.#filled > 0) {
      const [parcel, length] = [this.#parcel, this.#filled];
      this.#inFlight += length;
      this.#parcel = [];
      this.#filled = 0;
      void this.#send(parcel).then(() => {
        this.#inFlight -= length;
        this.#postFirst();
        this.#goOn();
      });
    }
  }

  /** Has the worker read a parcel, or (without one) the end of the body, and takes what comes of it: of the end, the head. */
  async #send(parcel: Uint8Array<ArrayBuffer>[] | null): Promise<JsonObject | undefined> {
    try {
      const { scalars, rows, summary, head, error } = await this.#worker.read(this.table.number, parcel);
      for (const scalar of scalars) {
        this.#onScalar(...scalar);
      }
      if (error !== undefined) {
        throw received(error);
      }
      for (const part of rows) {
        this.#unread += part.length;
        this.#rows = this.#rows?.then((all) => this.#read(all, part));
      }
      if (summary !== undefined) {
        this.table.update({ ...summary, bytes: this.#bytes, ...(head && { phase: 'done' }) });
      }
      return head;
    } catch (error) {
      // The worker has the table no more, or has never got it.
      this.#fail(error as TokensError);
      this.#parcel = [];
      this.#filled = 0;
      this.#unread = 0;
      this.#goOn();
      return undefined;
    }
  }

  /** Adds some rows to those that were read. They hold nobody up: between two parts others come in. */
  async #read(rows: Row[], bytes: Uint8Array<ArrayBuffer>): Promise<Row[]> {
    if (rows.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    this.#unread -= bytes.length;
    this.#goOn();
    for (const row of JSON.parse(Buffer.from(bytes.buffer, 0, bytes.length).toString()) as Row[]) {
      rows.push(row);
    }
    bytes.buffer.transfer(0); // Tens of megabytes of such would lie as garbage.
    return rows;
  }

  #goOn(): void {
    if (Math.max(this.#inFlight, this.#unread) < maxInFlight / 2) {
      for (const wake of this.#waiting.splice(0)) {
        wake();
      }
    }
  }

  #check(): void {
    const error = this.#error ?? this.table.state.lost;
    if (error !== undefined) {
      throw error;
    }
  }

  /** The first failure counts. The table is let go by `abort`, when its scalars have been told. */
  #fail(error: TokensError): TokensError {
    if (this.#error === undefined) {
      this.#error = error;
      this.table.update({ phase: 'failed' });
    }
    return this.#error;
  }
}
