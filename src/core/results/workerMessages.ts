import type { TokensError } from '../errors.ts';
import type { RowPath } from '../protocols/answer.ts';
import type { Summary, TableEngine } from './engine.ts';

/** What a table can be asked, by the names of {@link TableEngine}'s methods. */
export type Method = Exclude<keyof TableEngine, 'table' | 'isWhole' | 'summary' | 'rows'>;
/** Of another table, its number. */
export type Args<M extends Method> = Numbered<Parameters<TableEngine[M]>[0]>;
type Numbered<T> = { [K in keyof T]: TableEngine extends T[K] ? number | null : T[K] };
export type Result<M extends Method> = ReturnType<TableEngine[M]>;

/** A `TokensError` as it goes between threads. */
export type SentError = Pick<TokensError, 'code' | 'template' | 'args'>;

/** Where the rows of a table stand in its body, and whether a program waits for them (see `ReaderOptions`). */
export interface Opening {
  readonly rowsAt: RowPath;
  readonly wantsRows: boolean;
}

/** From the window to the thread that keeps the tables. A table is known by its number. Each call is answered. */
export interface ToWorker {
  readonly call: number;
  readonly table: number;
  /** Beside what a table can be asked: to make it, to read a piece of its body or (`null`) the end, to let it go. */
  readonly method: Method | 'open' | 'read' | 'drop';
  readonly args: unknown;
}

/** And back: what a call has come to, or a scalar member of the top level of a body that is being read. */
export type FromWorker =
  | { readonly call: number; readonly result?: unknown; readonly error?: SentError }
  | { readonly table: number; readonly scalar: Scalar };

export type Scalar = readonly [name: string, value: string];

/** What has come of a piece of the body, or of its end. */
export interface News {
  /** The next rows for a program, where one wants them (see {@link TableEngine.rows}). */
  readonly rows: readonly Uint8Array<ArrayBuffer>[];
  /** How far the table has come; not told each time. */
  readonly summary?: Summary;
  /** Of the end: everything but the rows, as JSON. */
  readonly head?: string | undefined;
}
