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

/** Rows come from one thread to the other in pieces of about this size, which are parsed in 2 or 3 milliseconds. */
const pieceCharacters = 128 << 10;

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

  /** All rows, in the order of the server, brought here in pieces that hold nobody up. */
  async rows(): Promise<Row[]> {
    const { rowCount } = this.#state;
    const all: Row[] = [];
    let size = 64;
    let next = this.call('json', { from: 0, to: size, forProgram: true });
    for (let from = 0; from < rowCount; ) {
      const text = await next;
      const to = from + size;
      size = Math.min(8192, Math.max(16, Math.round((size * pieceCharacters) / Math.max(text.length, 1))));
      const following = this.call('json', { from: to, to: to + size, forProgram: true });
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
  async compare(earlier: TableHandle): Promise<void> {
    await this.call('compare', earlier.#source.table);
  }

  /** For its reader. */
  update(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed.fire(this.#state);
  }
}
