import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import { TableHandle, type TableSource } from './tableHandle.ts';
import type { Args, FromWorker, Method, News, Opening, Result, Scalar, ToWorker } from './workerMessages.ts';

/** A row is garbage as soon as its bytes are in the table; V8 would let six times as much of it lie. In megabytes. */
const garbageMb = 8;

/** How long a worker without tables is kept: the next answer of a watch comes soon. */
const idleMs = 30_000;

/** The host's side of the worker that keeps the tables. It is started when a table is about to come. */
export class WorkerClient implements TableSource, Disposable {
  readonly #file: string | URL;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'error'> | undefined;
  readonly #tables = new Map<number, TableHandle>();
  readonly #waiting = new Map<number, Pick<PromiseWithResolvers<unknown>, 'resolve' | 'reject'>>();
  #worker: Worker | undefined;
  #idle: Disposable | undefined;
  #lastTable = 0;
  #lastCall = 0;

  constructor(file: string | URL, clock: Clock, log?: Pick<Log, 'error'>) {
    this.#file = file;
    this.#clock = clock;
    this.#log = log;
  }

  /** Starts the worker, so that it is there when a table comes. */
  start(): void {
    this.#worker ??= this.#start();
    this.#stopWhenIdle();
  }

  /**
   * Starts a table.
   * @param onScalar hears of the scalar members of the top level of the body
   */
  open(opening: Opening, onScalar: (...scalar: Scalar) => void): TableHandle {
    const table = new TableHandle(++this.#lastTable, this, onScalar);
    this.#idle?.dispose();
    this.#tables.set(table.number, table);
    this.#post(table.number, 'open', opening);
    return table;
  }

  /**
   * Has a table read a piece of its body, whose memory moves to the thread, so it must be the piece's alone; or the end.
   * @throws as {@link call}, and what is wrong with the body: the rows before stay until the table is let go
   */
  read(table: number, piece: Uint8Array<ArrayBuffer> | null): Promise<News> {
    return this.#ask(table, 'read', piece, piece === null ? [] : [piece.buffer]);
  }

  /** @throws E_CANCELLED when the table has been let go, and why it was lost if it was lost meanwhile */
  call<M extends Method>(table: number, method: M, args: Args<M>): Promise<Result<M>> {
    return this.#ask(table, method, args);
  }

  drop(table: number): void {
    if (this.#tables.delete(table)) {
      this.#post(table, 'drop');
      this.#stopWhenIdle();
    }
  }

  dispose(): void {
    this.#idle?.dispose();
    const worker = this.#worker;
    if (worker !== undefined) {
      this.#lose(gone());
      void worker.terminate();
    }
  }

  /** With the thread goes all of its memory; what is only let go stays until V8 has need of it. */
  #stopWhenIdle(): void {
    this.#idle?.dispose();
    if (this.#tables.size === 0) {
      this.#idle = this.#clock.setTimeout(() => this.dispose(), idleMs);
    }
  }

  async #ask<T>(table: number, method: ToWorker['method'], args: unknown, given?: ArrayBuffer[]): Promise<T> {
    if (!this.#tables.has(table)) {
      throw gone();
    }
    const call = this.#post(table, method, args, given);
    const answered = Promise.withResolvers<unknown>();
    this.#waiting.set(call, answered);
    return answered.promise as Promise<T>;
  }

  /** @param given memory that moves to the thread */
  #post(table: number, method: ToWorker['method'], args?: unknown, given: ArrayBuffer[] = []): number {
    const message: ToWorker = { call: ++this.#lastCall, table, method, args };
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, given);
    return message.call;
  }

  #start(): Worker {
    const worker = new Worker(this.#file, {
      name: 'session-tokens-tables',
      resourceLimits: { maxYoungGenerationSizeMb: garbageMb },
    });
    // A table must not keep the window's process alive.
    worker.unref();
    worker.on('message', (message: FromWorker) => this.#take(message));
    worker.on('error', (reason: unknown) => this.#died(worker, reason));
    worker.on('exit', (code) => this.#died(worker, new Error(`exit code ${code}`)));
    return worker;
  }

  #take(message: FromWorker): void {
    if ('scalar' in message) {
      this.#tables.get(message.table)?.onScalar(...message.scalar);
      return;
    }
    const { call, result, error } = message;
    const waiting = this.#waiting.get(call);
    this.#waiting.delete(call);
    if (error === undefined) {
      waiting?.resolve(result);
    } else {
      waiting?.reject(new TokensError(error.code, error.template, error.args));
    }
  }

  /** The thread ran out of memory, or into a mistake of ours. The next table has a new one. */
  #died(worker: Worker, reason: unknown): void {
    if (this.#worker !== worker) {
      return; // It was stopped.
    }
    const detail = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    this.#log?.error(`The thread of results has ended: ${detail}`);
    const isFull = reason instanceof Error && 'code' in reason && reason.code === 'ERR_WORKER_OUT_OF_MEMORY';
    this.#lose(
      isFull
        ? new TokensError(
            'E_TOO_LARGE',
            'There is not enough memory for the results that are open: close some, or ask for fewer rows.',
          )
        : new TokensError('E_PROTOCOL', 'Results were lost by a mistake of Session Tokens; get them again.'),
    );
  }

  /** Whoever has a table, or waits for the thread, hears why it is no more. */
  #lose(error: TokensError): void {
    this.#worker = undefined;
    const tables = [...this.#tables.values()];
    const waiting = [...this.#waiting.values()];
    this.#tables.clear();
    this.#waiting.clear();
    for (const table of tables) {
      table.update({ phase: 'failed', lost: error });
    }
    for (const { reject } of waiting) {
      reject(error);
    }
  }
}

function gone(): TokensError {
  return new TokensError('E_CANCELLED', 'This result is not kept any more.');
}
