import type { ErrorCode } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { RowPath } from '../protocols/answer.ts';
import type { Summary, TableEngine } from './engine.ts';

/** What a table can be asked, by the names of {@link TableEngine}'s methods. */
export type Method = Exclude<keyof TableEngine, 'table' | 'isWhole' | 'summary' | 'rows'>;
/** Of a comparison: the number of the other table. */
export type Args<M extends Method> = M extends 'compare' ? number | null : Parameters<TableEngine[M]>[0];
export type Result<M extends Method> = ReturnType<TableEngine[M]>;

/** A `TokensError` as it goes between threads. */
export interface SentError {
  readonly code: ErrorCode;
  readonly template: string;
  readonly args: readonly (string | number)[];
}

/** From the window to the thread that keeps the tables. A table is known by its number. */
export type ToWorker =
  | { readonly op: 'open'; readonly table: number; readonly rowsAt: RowPath; readonly wantsRows: boolean }
  | { readonly op: 'chunk'; readonly table: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly op: 'end'; readonly table: number }
  | { readonly op: 'drop'; readonly table: number }
  | {
      readonly op: 'call';
      readonly table: number;
      readonly call: number;
      readonly method: Method;
      readonly args: unknown;
    };

/** What the reader of one table hears when a piece of its body, or its end, has been read. */
export type News = { readonly scalars: readonly Scalar[] } & (
  | (Brought & {
      readonly op: 'read';
      /** How far the table has come; not told with each piece. */
      readonly summary?: Summary;
      /** Memory of the piece comes back, to be filled again: else it would be garbage by the hundreds of megabytes. */
      readonly bytes: Uint8Array<ArrayBuffer>;
    })
  | (Brought & { readonly op: 'ended'; readonly summary: Summary; readonly head: JsonObject })
  /** It could not be read, or is lost with the thread: then also after its end. */
  | { readonly op: 'failed'; readonly error: SentError }
);

/** A scalar member of the top level of the body. */
export type Scalar = readonly [name: string, value: string];

interface Brought {
  /** The next rows for a program, where one wants them (see {@link TableEngine.rows}). */
  readonly rows: readonly Uint8Array<ArrayBuffer>[];
}

/** And back. */
export type FromWorker =
  | (News & { readonly table: number })
  | { readonly op: 'result'; readonly call: number; readonly result: unknown }
  | { readonly op: 'refused'; readonly call: number; readonly error: SentError };
