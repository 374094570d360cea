/* What is shown of a table, as it goes from the thread that keeps it to the screen. */

/** How cells are written for other programs to paste: `text` is as spreadsheets do. */
export const copyForms = ['text', 'markdown', 'csv', 'json'] as const;
export type CopyForm = (typeof copyForms)[number];

/** Rows from the first one to before the last one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A cell as it is shown: its text or texts, or why it has none; a long text is cut, and says how long it is. */
export type ShownCell =
  | string
  | string[]
  | { readonly none: 'null' | 'missing' }
  | { readonly cut: string; readonly length: number };

export interface ShownRow {
  /** Its place in the server's order; -1 for a row that is in the table compared with alone. */
  readonly index: number;
  /** In the order of the table's fields. */
  readonly cells: readonly ShownCell[];
  /** Places in `cells` of those that are not what they were in the table compared with; -1 for a row that is new. */
  readonly changed?: readonly number[];
  /** What stood in each of those. */
  readonly was?: readonly ShownCell[];
  /** Of a row that meets the condition of the alert: the places of the cells that it names. */
  readonly alert?: readonly number[];
}

export interface Page {
  readonly from: number;
  readonly fields: readonly string[];
  readonly rows: ShownRow[];
  /** How many rows the arrangement leaves. */
  readonly shown: number;
  /** And of the table compared with: they stand among the others. */
  readonly gone: number;
}

/** Everything of one row. */
export interface Detail {
  /** As that of a {@link ShownRow}. */
  readonly index: number;
  readonly fields: readonly { readonly field: string; readonly value: ShownCell }[];
}

/** What the numbers in some cells come to. */
export interface Sums {
  /** How many cells have a number. */
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}
