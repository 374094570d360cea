import type { Disposable } from '../disposable.ts';
import type { TokensError } from '../errors.ts';
import { Emitter, type Event } from '../event.ts';
import type { Row } from '../protocols/answer.ts';
import type { Summary } from './engine.ts';
import type { Args, Method, Result } from './workerMessages.ts';

/** How far a table has come. */
export interface TableState extends Summary {
  /** Of the body so far, inflated. */
  readonly bytes: number;
  readonly phase: 'arriving' | 'done' | 'failed';
  /** Why a table that was whole is not there any more. */
  readonly lost?: TokensError;
}

/** Where a table is kept. */
export interface TableSource {
  /** The table's number there. */
  readonly table: number;
  /** @throws E_CANCELLED when the table has been let go */
  call<M extends Method>(method: M, args: Args<M>): Promise<Result<M>>;
  /** Lets the table go. */
  drop(): void;
}

/**
 * The handle of a table that may still be arriving. Who holds it takes a share of it, and lets the share go; with
 * the last share go the rows.
 */
export class TableHandle {
  readonly #source: TableSource;
  readonly #changed = new Emitter<TableState>();
  readonly onDidChange: Event<TableState> = this.#changed.event;
  #state: TableState = { fields: [], kinds: [], rowCount: 0, mended: 0, bytes: 0, phase: 'arriving' };
  #shares = 0;

  constructor(source: TableSource) {
    this.#source = source;
  }

  get state(): TableState {
    return this.#state;
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
            this.#source.drop();
            this.#changed.dispose();
          }
        }
      },
    };
  }

  /** @throws what {@link TableState.lost} says; E_CANCELLED when the last share has been let go */
  async call<M extends Method>(method: M, args: Args<M>): Promise<Result<M>> {
    if (this.#state.lost !== undefined) {
      throw this.#state.lost;
    }
    return this.#source.call(method, args);
  }

  /** All rows, in the order of the server, brought here while they arrive, in parts that hold nobody up. */
  async rows(): Promise<Row[]> {
    const all: Row[] = [];
    for (let next = this.call('rows', 0); ; ) {
      const { text, to, isLast } = await next;
      // What was told while the last part was parsed is not told again.
      if (to === all.length && !isLast && this.#state.phase === 'arriving') {
        await this.#news();
      }
      // The worker writes the next part while this one is parsed.
      next = isLast ? next : this.call('rows', to);
      for (const row of JSON.parse(text) as Row[]) {
        all.push(row);
      }
      if (isLast) {
        return all;
      }
      // The next part may be here already: without this, nobody else would come in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Marks what is not as it was in an earlier table of the same request. */
  async compare(earlier: TableHandle): Promise<void> {
    await this.call('compare', earlier.#source.table);
  }

  /** Waits for more rows, for the end, or for a failure. */
  #news(): Promise<void> {
    return new Promise((resolve) => {
      const listening = this.#changed.event(() => {
        listening.dispose();
        resolve();
      });
    });
  }

  /** For its reader. */
  update(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed.fire(this.#state);
  }
}
