/* What is shown of a table, as it goes from the thread that keeps it to the screen. */

/** How cells are written for other programs to paste: `text` is as spreadsheets do. */
export const copyForms = ['text', 'markdown', 'csv', 'json'] as const;
export type CopyForm = (typeof copyForms)[number];

/** Rows from the first one to before the last one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface SortBy {
  readonly field: string;
  readonly descending: boolean;
}

/** What may make rows stand otherwise than as the server sent them. */
export interface Rearranged {
  readonly sort: readonly SortBy[];
  readonly filter: string;
  /** Only rows that are new or have another value than in the table compared with, where there is one. */
  readonly onlyChanged?: boolean;
}

/** Whether they do. */
export function isArranged({ sort, filter, onlyChanged = false }: Rearranged): boolean {
  return sort.length > 0 || filter.trim() !== '' || onlyChanged;
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

export interface Total {
  /** To the last digit; where values have units, in bytes or seconds and the like, as near as JavaScript's numbers. */
  readonly sum: string;
  readonly mean: number;
}

/** What the numbers in some cells come to: texts, since no message to the screen can carry what is infinite. */
export interface Sums extends Record<keyof Total, string> {
  readonly count: number;
  /** The least and the greatest of them, as they were sent. */
  readonly min: string;
  readonly max: string;
}

/** The numbers of one column over time, one line for each key. */
export interface Lines {
  /** Epoch milliseconds. */
  readonly times: readonly number[];
  /** One value for each time; null where there was none. */
  readonly series: readonly { key: string; values: (number | null)[] }[];
  /** Keys beside those that are drawn. */
  readonly others: number;
}
