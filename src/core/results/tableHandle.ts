import type { Disposable } from '../disposable.ts';
import type { TokensError } from '../errors.ts';
import { Emitter, type Event } from '../event.ts';
import type { Summary } from './engine.ts';
import type { Args, Method, Result } from './workerMessages.ts';

export interface TableState extends Summary {
  /** Of the body so far, inflated. */
  readonly bytes: number;
  readonly phase: 'arriving' | 'done' | 'failed';
  /** Why a table that was whole is not there any more. */
  readonly lost?: TokensError;
}

/** Where tables are kept, each by its number there. */
export interface TableSource {
  /** @throws E_CANCELLED when the table has been let go */
  call<M extends Method>(table: number, method: M, args: Args<M>): Promise<Result<M>>;
  /** Lets a table go. */
  drop(table: number): void;
}

/**
 * The handle of a table that may still be arriving. Who holds it takes a share of it, and lets the share go; with
 * the last share go the rows.
 */
export class TableHandle {
  readonly number: number;
  readonly onScalar: (name: string, value: string) => void;
  readonly #source: TableSource;
  readonly #changed = new Emitter<TableState>();
  readonly onDidChange: Event<TableState> = this.#changed.event;
  #state: TableState = { fields: [], kinds: [], rowCount: 0, mended: 0, bytes: 0, phase: 'arriving' };
  #shares = 0;

  constructor(number: number, source: TableSource, onScalar: TableHandle['onScalar'] = () => undefined) {
    this.number = number;
    this.#source = source;
    this.onScalar = onScalar;
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
            this.#source.drop(this.number);
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
    return this.#source.call(this.number, method, args);
  }

  /** For its reader, and for who keeps it. */
  update(change: Partial<TableState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed.fire(this.#state);
  }
}
