import type { Disposable } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter, type Event } from '../event.ts';
import type { Row } from '../protocols/answer.ts';
import { deskOf, type Summary, type TableDesk } from './desk.ts';
import type { TableWorker } from './workerClient.ts';
import type { Given, Question, Told } from './workerMessages.ts';

/** How far a table has come. */
export interface TableState extends Summary {
  /** Of the body so far, inflated. */
  readonly bytes: number;
  readonly phase: 'arriving' | 'done' | 'failed';
  /** Why a table that was whole is not there any more. */
  readonly lost?: TokensError;
}

/** Rows come from one thread to the other in pieces of about this size, which are parsed in 2 or 3 milliseconds. */
const pieceCharacters = 128 << 10;

/**
 * The handle of a table that may still be arriving, wherever it is kept: a small one in this thread, a large
 * one in the worker. Who holds it takes a share of it, and lets the share go; with the last share go the rows.
 */
export class LiveTable {
  readonly #changed = new Emitter<TableState>();
  readonly onDidChange: Event<TableState> = this.#changed.event;
  #state: TableState = { fields: [], kinds: [], rowCount: 0, mended: 0, bytes: 0, phase: 'arriving' };
  #desk: TableDesk | undefined;
  #remote: { worker: TableWorker; table: number } | undefined;
  #shares = 0;

  constructor(desk: TableDesk) {
    this.#desk = desk;
  }

  /**
   * A table made of rows that are here already, as a JSON list of objects.
   * @throws SyntaxError for anything else
   */
  static of(rows: string, bytes: number): LiveTable {
    const desk = deskOf(rows);
    const table = new LiveTable(desk);
    table.update({ ...desk.summary(), bytes, phase: 'done' });
    return table;
  }

  get state(): TableState {
    return this.#state;
  }

  get inWorker(): boolean {
    return this.#remote !== undefined;
  }

  share(): Disposable {
    this.#shares++;
    let held = true;
    return {
      dispose: () => {
        if (held) {
          held = false;
          this.#shares--;
          if (this.#shares === 0) {
            this.#letGo();
          }
        }
      },
    };
  }

  /** @throws what {@link TableState.lost} says; E_CANCELLED when the last share has been let go */
  async ask<Q extends Question>(question: Q, given: Given<Q>): Promise<Told<Q>> {
    if (this.#state.lost !== undefined) {
      throw this.#state.lost;
    }
    if (this.#remote !== undefined) {
      return this.#remote.worker.ask(this.#remote.table, question, given);
    }
    if (this.#desk === undefined) {
      throw new TokensError('E_CANCELLED', 'This result is not kept any more.');
    }
    return (this.#desk[question] as (given: Given<Q>) => Told<Q>).call(this.#desk, given);
  }

  /** All rows, in the order of the server, brought here in pieces that hold nobody up. */
  async rows(): Promise<Row[]> {
    const { rowCount } = this.#state;
    const all: Row[] = [];
    let size = 64;
    let next = this.ask('json', { from: 0, to: size, forProgram: true });
    for (let from = 0; from < rowCount; ) {
      const text = await next;
      const to = from + size;
      size = Math.min(8192, Math.max(16, Math.round((size * pieceCharacters) / Math.max(text.length, 1))));
      const following = this.ask('json', { from: to, to: to + size, forProgram: true });
      next = following;
      const rows = JSON.parse(text) as Row[];
      for (const row of rows) {
        all.push(row);
      }
      from = to;
      if (from < rowCount) {
        // The worker may have the next piece ready already: without this, nobody else would come in between.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    await next;
    return all;
  }

  /** Marks what is not as it was in an earlier table of the same request. */
  async compare(earlier: LiveTable): Promise<void> {
    if (this.#remote === undefined) {
      if (this.#desk !== undefined && earlier.#desk !== undefined) {
        this.#desk.compare(earlier.#desk);
      } else if (this.#desk !== undefined) {
        const all = { from: 0, to: earlier.state.rowCount };
        this.#desk.compare(deskOf(await earlier.ask('json', all)));
      }
      return;
    }
    const { worker, table } = this.#remote;
    if (earlier.#remote !== undefined) {
      await worker.compare(table, earlier.#remote.table);
    } else {
      await worker.compare(table, await earlier.ask('json', { from: 0, to: earlier.state.rowCount }));
    }
  }

  /** For its reader: the rows are kept in the worker from now on. */
  moveTo(worker: TableWorker, table: number): void {
    this.#remote = { worker, table };
    this.#desk = undefined;
  }

  /** For its reader. */
  update(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed.fire(this.#state);
  }

  #letGo(): void {
    this.#remote?.worker.drop(this.#remote.table);
    this.#remote = undefined;
    this.#desk = undefined;
    this.#changed.dispose();
  }
}
