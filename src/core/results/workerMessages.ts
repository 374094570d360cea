import type { ErrorCode } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import type { RowPath } from '../protocols/answer.ts';
import type { Summary, TableDesk } from './desk.ts';

/** What a table can be asked, by the names of {@link TableDesk}'s methods. */
export const questions = [
  'arrange',
  'page',
  'detail',
  'copy',
  'json',
  'startExport',
  'exportPart',
  'endExport',
  'sample',
  'summary',
] as const;
export type Question = (typeof questions)[number];
export type Given<Q extends Question> = Parameters<TableDesk[Q]>[0];
export type Told<Q extends Question> = ReturnType<TableDesk[Q]>;

/** A `TokensError` as it goes between threads. */
export interface SentError {
  readonly code: ErrorCode;
  readonly template: string;
  readonly args: readonly (string | number)[];
}

/** From the window to the thread that keeps the tables. A table is known by its number. */
export type ToWorker =
  | { readonly op: 'open'; readonly table: number; readonly rowsAt: RowPath }
  | { readonly op: 'chunk'; readonly table: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly op: 'end'; readonly table: number }
  | { readonly op: 'drop'; readonly table: number }
  | {
      readonly op: 'compare';
      readonly table: number;
      readonly ask: number;
      /** The number of the earlier table, or its rows as JSON where it is not kept in the worker. */
      readonly earlier: number | string;
    }
  | {
      readonly op: 'ask';
      readonly table: number;
      readonly ask: number;
      readonly question: Question;
      readonly given: unknown;
    };

/** And back. */
export type FromWorker =
  | { readonly op: 'scalar'; readonly table: number; readonly name: string; readonly value: string }
  | { readonly op: 'progress'; readonly table: number; readonly summary: Summary }
  /** Its memory comes back, to be filled again: else it would be garbage by the hundreds of megabytes. */
  | { readonly op: 'taken'; readonly table: number; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly op: 'ended'; readonly table: number; readonly head: JsonObject; readonly summary: Summary }
  | { readonly op: 'failed'; readonly table: number; readonly error: SentError }
  | { readonly op: 'told'; readonly ask: number; readonly told: unknown }
  | { readonly op: 'refused'; readonly ask: number; readonly error: SentError };
