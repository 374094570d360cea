import * as v from 'valibot';
import { copyForms, type Page, type Sums } from '../../core/results/shown.ts';

export { isArranged, type Page, type ShownCell, type ShownRow, type Sums } from '../../core/results/shown.ts';

/*
 * What a result's tab and its webview say to each other. Both sides import this file and check every message
 * with it: the shapes break at compile time, and what does not fit them is dropped at run time. Only answers of the
 * table are taken as they come: they were checked where the body was read, and are shown as text.
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
]);
export type Question = v.InferOutput<typeof question>;

export interface Answers {
  readonly page: Page;
  readonly sums: Sums | undefined;
}

const copying = { form: v.picklist(copyForms), headers: v.boolean() };

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
    ...copying,
  }),
  /** The answer to `focus`: the table has the keyboard focus, on the column of that field. */
  v.object({ is: v.literal('focused'), field: v.optional(name) }),
  /** Ends the watch. */
  v.object({ is: v.literal('stop') }),
  /** The column to draw; null when the plot is closed. */
  v.object({ is: v.literal('plot'), field: v.nullable(name) }),
]);
export type FromTable = v.InferOutput<typeof fromTable>;

const state = v.object({
  is: v.literal('state'),
  /** Grows when data, or labels to filter by, change: rows that were shown are outdated. */
  revision: count,
  title: v.string(),
  fields: v.array(name),
  /** In the order of the fields; equal to the field where the view's definition has none. */
  labels: v.array(v.string()),
  /** The fields that the view's definition hides at first. */
  hidden: v.array(name),
  kinds: v.array(v.picklist(['number', 'time', 'text'])),
  rowCount: count,
  /** How many rows only the table compared with has, where there is one. */
  gone: v.optional(count),
  phase: v.picklist(['arriving', 'done', 'failed']),
  /** Parts of the status line, in the person's language. */
  status: v.array(v.object({ text: v.string(), title: v.string(), alert: v.boolean() })),
  /** When the data were got, as epoch milliseconds, for their age. */
  gotAt: v.number(),
  watching: v.boolean(),
});
export type TableStateMessage = v.InferOutput<typeof state>;

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
  rows: v.string(),
});
export type KeptState = v.InferOutput<typeof keptState>;

const series = v.object({
  key: v.string(),
  /** One value for each time; null where there was none. */
  values: v.array(v.nullable(v.number())),
});

/** The commands that the webview carries out, by the ends of their ids. */
const tableCommands = [
  'filter',
  'toggleNames',
  'sortAscending',
  'sortDescending',
  'unsort',
  'hideColumn',
  'showAllColumns',
  'pinColumn',
  'fitColumn',
  'filterByValue',
  'filterOutValue',
  'rowDetail',
] as const;
export type TableCommand = (typeof tableCommands)[number];

/** From the tab. */
export const toTable = v.variant('is', [
  /** The first message: the layout. */
  v.object({ is: v.literal('start'), layout }),
  state,
  /** An answer of the table, whose data were checked when they were read. */
  v.object({ is: v.literal('answer'), ask: count, answer: v.unknown() }),
  v.object({ is: v.literal('keep'), state: keptState }),
  /** Asks for `focused` when the table has the keyboard focus. */
  v.object({ is: v.literal('focus') }),
  /** A text to be shown for a moment, and read by screen readers. */
  v.object({ is: v.literal('note'), text: v.string() }),
  /** Asks for the selection, to copy it. */
  v.object({ is: v.literal('copy'), ...copying }),
  v.object({
    is: v.literal('view'),
    ask: v.picklist(tableCommands),
    field: v.optional(name),
  }),
  v.object({
    is: v.literal('plot'),
    field: name,
    times: v.array(v.number()),
    series: v.array(series),
    others: count,
  }),
]);
export type ToTable = v.InferOutput<typeof toTable>;

/** Reads a message; undefined for one that does not fit. */
export function readMessage<const S extends v.GenericSchema>(
  schema: S,
  message: unknown,
): v.InferOutput<S> | undefined {
  const parsed = v.safeParse(schema, message);
  return parsed.success ? parsed.output : undefined;
}
