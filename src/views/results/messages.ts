import * as v from 'valibot';
import type { Kind } from '../../core/results/quantity.ts';
import { type CopyForm, copyForms, type Lines, type Page, type Sums } from '../../core/results/shown.ts';

export {
  isArranged,
  type Lines,
  type Page,
  type ShownCell,
  type ShownRow,
  type Sums,
} from '../../core/results/shown.ts';

/*
 * What a result's tab and its webview say to each other. The tab checks every message of the webview, and what VS Code has
 * kept for it. What the tab says is taken as it comes: it is our own, and shown as text.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.string();

const sortBy = v.object({ field: name, descending: v.boolean() });

/** Columns that rows are sorted by at most. */
export const mostSorts = 8;

const columnLook = v.object({
  field: name,
  width: v.optional(v.number()),
  hidden: v.optional(v.boolean()),
  pinned: v.optional(v.boolean()),
});
export type ColumnLook = v.InferOutput<typeof columnLook>;

/** The layout of a view: how a person has arranged its table. */
export const layout = v.object({
  columns: v.optional(v.array(columnLook), []),
  /** The fields in a person's order; empty while it is the server's. */
  order: v.optional(v.array(name), []),
  /** Whether columns are named by their fields instead of their labels. */
  byField: v.optional(v.boolean(), false),
  sort: v.optional(v.pipe(v.array(sortBy), v.maxLength(mostSorts)), []),
  filter: v.optional(v.pipe(v.string(), v.maxLength(20_000)), ''),
  /** Whether rows are left out that are as they were in the table compared with. */
  onlyChanged: v.optional(v.boolean(), false),
  /** A filter: what it finds is marked, and told in a watch; empty where there is none. */
  alert: v.optional(v.pipe(v.string(), v.maxLength(20_000)), ''),
});
export type Layout = v.InferOutput<typeof layout>;

/** Rows asked for at once are bounded: the webview shows a few dozen, and one with all of its values. */
const maxRows = 500;

/** The webview's questions to the table. */
const question = v.variant('method', [
  v.pipe(
    v.object({ method: v.literal('page'), from: count, to: count, whole: v.boolean() }),
    v.check(({ from, to, whole }) => to - from <= (whole ? 1 : maxRows)),
  ),
  v.object({ method: v.literal('sums'), from: count, to: count, fields: v.array(name) }),
  v.object({ method: v.literal('plot'), field: name }),
]);
export type Question = v.InferOutput<typeof question>;

export interface Answers {
  readonly page: Page;
  readonly sums: Sums | undefined;
  readonly plot: Lines | undefined;
}

/** From the webview. */
export const fromTable = v.variant('is', [
  v.object({ is: v.literal('ready') }),
  /** Asks the table, as it is arranged now; the answer has the same number. */
  v.object({ is: v.literal('ask'), ask: count, question }),
  v.object({ is: v.literal('layout'), layout }),
  v.object({
    is: v.literal('copy'),
    from: count,
    to: count,
    fields: v.array(name),
    form: v.picklist(copyForms),
    headers: v.boolean(),
  }),
  /** The answer to `focus`: the table has the keyboard focus, on the column of that field. */
  v.object({ is: v.literal('focused'), field: v.optional(name) }),
  /** Ends the watch. */
  v.object({ is: v.literal('stop') }),
]);
export type FromTable = v.InferOutput<typeof fromTable>;

/** A column of the data. */
export interface ColumnData {
  readonly field: string;
  /** Equal to the field where the view's definition has none. */
  readonly label: string;
  readonly kind: Kind;
  /** Whether the view's definition hides it at first. */
  readonly hidden: boolean;
}

export interface TableStateMessage {
  readonly is: 'state';
  /** Another one when data, or labels to filter by, have changed: rows that were shown are outdated. */
  readonly revision: string;
  readonly title: string;
  readonly columns: readonly ColumnData[];
  readonly rowCount: number;
  /** How many rows only the table compared with has, where there is one. */
  readonly gone?: number | undefined;
  readonly phase: 'arriving' | 'done' | 'failed';
  /** Parts of the status line, in the person's language. */
  readonly status: readonly { readonly text: string; readonly title?: string; readonly alert?: boolean }[];
  /** When the data were got, as epoch milliseconds, for their age. */
  readonly gotAt: number;
  readonly watching: boolean;
}

const labels = v.array(v.tuple([name, v.string()]));

/** How the rows of an answer are grouped before they are shown. */
const grouping = v.object({
  /** The field whose values make the groups. */
  by: name,
  /** Fields whose numbers are summed. */
  of: v.array(name),
  /** The filter of the rows that count, and labels that it may use. */
  filter: v.string(),
  labels,
});
export type Grouping = v.InferOutput<typeof grouping>;

/** What VS Code keeps over a reload: the request, and as much of the data as is reasonable. */
export const keptState = v.object({
  version: v.literal(1),
  request: v.record(v.string(), v.unknown()),
  title: v.string(),
  gotAt: v.number(),
  totalRows: count,
  bytes: count,
  labels,
  groupings: v.optional(v.array(grouping), []),
  hidden: v.optional(v.array(name), []),
  /** The members beside the rows, as JSON. */
  head: v.optional(v.string()),
  /** A text that stands for no value among numbers. */
  missing: v.optional(v.string()),
  rows: v.string(),
});
export type KeptState = v.InferOutput<typeof keptState>;

/** The commands that the webview carries out, by the ends of their ids. */
export type TableCommand =
  | ('filter' | 'filterByValue' | 'filterOutValue' | 'rowDetail' | 'toggleNames' | 'plot')
  | ('sortAscending' | 'sortDescending' | 'unsort')
  | ('hideColumn' | 'showAllColumns' | 'pinColumn' | 'fitColumn');

/** From the tab. */
export type ToTable =
  /** The first message, and told again when a command has changed it: the layout. */
  | { readonly is: 'start'; readonly layout: Layout }
  | TableStateMessage
  | { readonly is: 'answer'; readonly ask: number; readonly answer: unknown }
  | { readonly is: 'keep'; readonly state: KeptState }
  /** Asks for `focused` when the table has the keyboard focus. */
  | { readonly is: 'focus' }
  /** A text to be shown for a moment, and read by screen readers. */
  | { readonly is: 'note'; readonly text: string }
  /** Asks for the selection, to copy it. */
  | { readonly is: 'copy'; readonly form: CopyForm; readonly headers: boolean }
  | { readonly is: 'view'; readonly ask: TableCommand; readonly field?: string | undefined };
