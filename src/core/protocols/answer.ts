import type { JsonObject, NumberText } from '../json.ts';

/** A value of a table: nested objects are flattened, a cell of several values is a list, numbers are as they were sent. */
export type Cell = string | NumberText | boolean | null | string[];

/** A row for a program. A number that JavaScript cannot hold exactly is its text (docs/contract.md, `DataResult`). */
export type Row = Record<string, string | number | boolean | null | string[]>;

/** Where the rows of an answer stand. */
export interface RowPath {
  /** The member at the top of the body that holds them, as a list of objects. */
  readonly member: string;
  /** Whether it may be an object as well: the first list of objects in it are the rows, or it is the only row itself. */
  readonly mayWrap: boolean;
  /** The member that tells an error: with it, there need not be rows. */
  readonly error?: string;
  /** A member of that object, and the value by which it says that there are no rows. */
  readonly nothing?: readonly [member: string, value: string];
  /** Members of that object whose lists are no rows. */
  readonly except?: readonly string[];
  /** Rows that are no list there, but an object by keys. */
  readonly keyed?: KeyedRows;
  /**
   * The steps that lead to them from the top of the body, in place of `member`: names, indexes, and `*` for every member or
   * element. A list there has the rows, anything else is one. What else is in the body is then the member `Rest` of the head.
   */
  readonly at?: readonly string[];
  /** A text that means a missing value among numbers. */
  readonly missing?: string | undefined;
}

/**
 * Where an answer has rows that are no list of objects, but lists of values in an object, by a key such as the date
 * (docs/protocols.md 1.3). All members are names of JSON members.
 */
export interface KeyedRows {
  /** The column that the keys get. */
  readonly key: string;
  /** One table: its rows by key; beside them what says which value is which, column by column or series by series. */
  readonly table: { readonly rows: string; readonly columns: string; readonly series: string };
  /** A list of series, each with rows of its own and what is known about it; `column` is the one that says whose a row is. */
  readonly list: {
    readonly series: string;
    readonly rows: string;
    readonly about: string;
    readonly column: string;
  };
  /** What a column's value is called, or the list of what the values of a series are called. */
  readonly valueName: string;
  readonly valueNames: string;
  /** Of a column or a series: its symbol, and the source which that belongs to. */
  readonly symbol: string;
  readonly source: string;
  /** Those of 300 or more say that this series, or one of its values, was refused. */
  readonly statuses: readonly string[];
  /** The member that gets the refused ones of the list, without their rows. */
  readonly refused: string;
}

/** An answer of a data call, read to its end. */
export interface Answer {
  /** The body without its rows: ids, counts, errors. */
  readonly head: JsonObject;
  /** The same as JSON, with its numbers and the order of its members as they were sent. */
  readonly headText?: string;
  /** All fields that any row has, in the order of the server. */
  readonly fields: readonly string[];
  readonly rowCount: number;
  /** Of the body, inflated. */
  readonly bytes: number;
  /** Places in the body that were no valid JSON and have been mended (see `readJson`). */
  readonly mended?: number;
  /** All rows, in the order of the server. They may be elsewhere until asked for: ask once, keep them. */
  rows(): Promise<Row[]>;
  /** Frees the rows, wherever they are. */
  dispose(): void;
}

/**
 * Takes the bytes of a body while they arrive, so that rows can be shown before the end, and no body is ever in memory as a
 * whole. Throws `E_PROTOCOL` for what is no JSON with rows in their place, `E_TOO_LARGE` past a bound.
 */
export interface AnswerReader {
  /** The chunk is the reader's from now on, who may free its memory. A returned promise asks to wait before the next chunk (back pressure). */
  write(chunk: Uint8Array): void | Promise<void>;
  end(): Promise<Answer>;
  /** The body ends before its end. A returned promise resolves when `onScalar` was called for all that has arrived. */
  abort(): void | Promise<void>;
}

/**
 * Makes the reader of one answer. `onScalar` gets the scalar members of the top level of the body as soon as they have been
 * read: a session's id must be known even if the rest of the body never arrives.
 */
export type MakeReader = (rowsAt: RowPath, onScalar: (name: string, value: string) => void) => AnswerReader;
