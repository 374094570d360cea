import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { owned } from '../memory.ts';
import type { Answer, AnswerReader, MakeReader, Row, RowPath } from '../protocols/answer.ts';
import type { TableHandle } from './tableHandle.ts';
import type { WorkerClient } from './workerClient.ts';

/** Chunks that are not all read, up to their rows that a program wants, at which the network is asked to wait. */
const maxInFlight = 8;

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
 * @param missing a text that stands for no value among numbers
 * @throws E_PROTOCOL for anything else
 */
export async function tableOf(
  worker: WorkerClient,
  rows: string,
  missing?: string,
): Promise<{ table: TableHandle; share: Disposable }> {
  const options = { maxBytes: Number.POSITIVE_INFINITY, wantsRows: false };
  const rowsAt = { member: 'Rows', mayWrap: false, missing };
  const reader = new Reader(worker, rowsAt, () => undefined, options);
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
  readonly #maxBytes: number;
  readonly table: TableHandle;
  readonly #share: Disposable;
  /** A program's rows, as far as they have come. */
  #rows: Promise<Row[]> | undefined;
  #bytes = 0;
  #error: TokensError | undefined;
  #done = false;
  /** The chunks that are on their way, the first one first. They do not reject. */
  readonly #inFlight = new Set<Promise<void>>();

  constructor(
    worker: WorkerClient,
    rowsAt: RowPath,
    onScalar: (name: string, value: string) => void,
    { maxBytes, onTable, wantsRows = true }: ReaderOptions,
  ) {
    this.#worker = worker;
    this.#maxBytes = maxBytes;
    this.table = worker.open({ rowsAt, wantsRows }, onScalar);
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
    const sent = this.#send(owned(chunk)).then(async () => {
      await this.#rows;
      this.#inFlight.delete(sent);
    });
    this.#inFlight.add(sent);
    const [first] = this.#inFlight;
    return this.#inFlight.size > maxInFlight ? first : undefined;
  }

  async end(): Promise<Answer> {
    this.#check();
    const headText = (await this.#send(null)) ?? '{}';
    this.#check();
    this.#done = true;
    const { fields, rowCount, mended } = this.table.state;
    return {
      head: JSON.parse(headText) as JsonObject,
      headText,
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
    await Promise.all(this.#inFlight);
    this.#fail(cancelled());
    this.#share.dispose();
  }

  /** Has the worker read a piece, or (without one) the end of the body, and takes what comes of it: of the end, the head. */
  async #send(piece: Uint8Array<ArrayBuffer> | null): Promise<string | undefined> {
    try {
      const { rows, summary, head } = await this.#worker.read(this.table.number, piece);
      for (const part of rows) {
        this.#rows = this.#rows?.then((all) => readInto(all, part));
      }
      if (summary !== undefined) {
        this.table.update({ ...summary, bytes: this.#bytes, ...(head && { phase: 'done' }) });
      }
      return head;
    } catch (error) {
      // The body cannot be read, or the worker has the table no more.
      this.#fail(error as TokensError);
      return undefined;
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

/** Adds some rows to those that were read. They hold nobody up: between two parts others come in. */
async function readInto(rows: Row[], bytes: Uint8Array<ArrayBuffer>): Promise<Row[]> {
  if (rows.length > 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const row of JSON.parse(Buffer.from(bytes.buffer, 0, bytes.length).toString()) as Row[]) {
    rows.push(row);
  }
  bytes.buffer.transfer(0); // Tens of megabytes of such would lie as garbage.
  return rows;
}
