import { Worker } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { RowPath } from '../protocols/answer.ts';
import type { Args, FromWorker, Method, News, Result, SentError, ToWorker } from './workerMessages.ts';

/** A row is garbage as soon as its bytes are in the table; V8 would let six times as much of it lie. In megabytes. */
const garbageMb = 8;

/** How long a worker without tables is kept: the next answer of a watch comes soon. */
const idleMs = 30_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: TokensError): void;
}

/** The host's side of the worker that keeps the tables. It is started when a table is about to come. */
export class WorkerClient implements Disposable {
  readonly #file: string | URL;
  readonly #clock: Clock;
  readonly #log: Pick<Log, 'error'> | undefined;
  readonly #listeners = new Map<number, (news: News) => void>();
  readonly #waiting = new Map<number, Waiting>();
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

  /** Starts a table that hears its bytes; answers its number. `wantsRows`: see `ReaderOptions`. */
  open(rowsAt: RowPath, wantsRows: boolean, listener: (news: News) => void): number {
    const table = ++this.#lastTable;
    this.#idle?.dispose();
    this.#listeners.set(table, listener);
    this.#post({ op: 'open', table, rowsAt, wantsRows });
    return table;
  }

  /** Gives bytes away: their memory moves to the thread, so it must be theirs alone. */
  chunk(table: number, bytes: Uint8Array<ArrayBuffer>): void {
    this.#post({ op: 'chunk', table, bytes }, [bytes.buffer]);
  }

  end(table: number): void {
    this.#post({ op: 'end', table });
  }

  /** @throws E_CANCELLED when the table has been let go, and why it was lost if it was lost meanwhile */
  call<M extends Method>(table: number, method: M, args: Args<M>): Promise<Result<M>> {
    return new Promise((resolve, reject) => {
      if (!this.#listeners.has(table)) {
        reject(gone());
        return;
      }
      const call = ++this.#lastCall;
      this.#waiting.set(call, { resolve: resolve as (result: unknown) => void, reject });
      this.#post({ op: 'call', table, call, method, args });
    });
  }

  /** Lets a table go. */
  drop(table: number): void {
    if (this.#listeners.delete(table)) {
      this.#post({ op: 'drop', table });
      this.#stopWhenIdle();
    }
  }

  dispose(): void {
    this.#stop();
  }

  /** With the thread goes all of its memory; what is only let go stays until V8 has need of it. */
  #stopWhenIdle(): void {
    this.#idle?.dispose();
    if (this.#listeners.size === 0) {
      this.#idle = this.#clock.setTimeout(() => this.#stop(), idleMs);
    }
  }

  #post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker ??= this.#start();
    this.#worker.postMessage(message, transfer);
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
    if (message.op !== 'result' && message.op !== 'refused') {
      this.#listeners.get(message.table)?.(message);
      return;
    }
    const waiting = this.#waiting.get(message.call);
    this.#waiting.delete(message.call);
    if (message.op === 'result') {
      waiting?.resolve(message.result);
    } else {
      waiting?.reject(received(message.error));
    }
  }

  #stop(): void {
    this.#idle?.dispose();
    const worker = this.#worker;
    if (worker !== undefined) {
      this.#lose(gone());
      void worker.terminate();
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

  /** Whoever waits for the thread hears why it is no more. */
  #lose(error: TokensError): void {
    this.#worker = undefined;
    const listeners = [...this.#listeners.values()];
    const waiting = [...this.#waiting.values()];
    this.#listeners.clear();
    this.#waiting.clear();
    for (const listener of listeners) {
      listener({ op: 'failed', error, scalars: [] });
    }
    for (const one of waiting) {
      one.reject(error);
    }
  }
}

/** An error of the worker as this side throws it. */
export function received({ code, template, args }: SentError): TokensError {
  return new TokensError(code, template, args);
}

function gone(): TokensError {
  return new TokensError('E_CANCELLED', 'This result is not kept any more.');
}
