import * as v from 'valibot';

/*
 * What a result's tab and its webview say to each other. Both sides import this file and check every message
 * with it: the shapes break at compile time, and what does not fit them is dropped at run time.
 */

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const name = v.string();

const sortBy = v.object({ field: name, descending: v.boolean() });

/** What a person has set of a column. */
const columnLook = v.object({
  field: name,
  width: v.optional(v.number()),
  hidden: v.optional(v.boolean()),
  pinned: v.optional(v.boolean()),
});
export type ColumnLook = v.InferOutput<typeof columnLook>;

/** How a person has arranged a view. */
export const layout = v.object({
  columns: v.array(columnLook),
  /** The fields in a person's order; empty while it is the server's. */
  order: v.array(name),
  /** Whether columns are named by their fields instead of their labels. */
  byField: v.boolean(),
  sort: v.pipe(v.array(sortBy), v.maxLength(8)),
  filter: v.pipe(v.string(), v.maxLength(20_000)),
});
export type Layout = v.InferOutput<typeof layout>;

/** Rows asked for at once are bounded: the webview shows a few dozen. */
export const mostRowsAtOnce = 500;

/** From the webview. */
export const fromTable = v.variant('is', [
  /** The webview stands and can be told things. */
  v.object({ is: v.literal('ready') }),
  /** Asks for rows as they are arranged now. */
  v.object({ is: v.literal('page'), generation: count, from: count, to: count }),
  /** A person has arranged the table otherwise. */
  v.object({ is: v.literal('layout'), layout }),
  v.object({ is: v.literal('detail'), at: count }),
  v.object({
    is: v.literal('copy'),
    from: count,
    to: count,
    fields: v.array(name),
    headers: v.boolean(),
  }),
  /** It has the keyboard focus, as was asked. */
  v.object({ is: v.literal('focused') }),
  /** Ends the watch. */
  v.object({ is: v.literal('stop') }),
  /** The column to draw; null when the plot is closed. */
  v.object({ is: v.literal('plot'), field: v.nullable(name) }),
]);
export type FromTable = v.InferOutput<typeof fromTable>;

const shownCell = v.union([
  v.string(),
  v.array(v.string()),
  v.object({ none: v.picklist(['null', 'missing']) }),
  v.object({ cut: v.string(), length: count }),
]);
export type SeenCell = v.InferOutput<typeof shownCell>;

const row = v.object({
  index: count,
  cells: v.array(shownCell),
  changed: v.optional(v.array(v.pipe(v.number(), v.integer()))),
});
export type SeenRow = v.InferOutput<typeof row>;

const state = v.object({
  is: v.literal('state'),
  /** Grows with other data, or labels to filter by: rows that were shown are not true any more. */
  revision: count,
  title: v.string(),
  fields: v.array(name),
  /** In the order of the fields; equal to the field where the view's definition has none. */
  labels: v.array(v.string()),
  /** The fields that the view's definition hides at first. */
  hidden: v.array(name),
  kinds: v.array(v.picklist(['number', 'time', 'text'])),
  /** All rows. */
  rowCount: count,
  phase: v.picklist(['arriving', 'done', 'failed']),
  /** Parts of the status line, in the person's language. */
  status: v.array(v.object({ text: v.string(), title: v.string(), alert: v.boolean() })),
  /** When the data were got, as epoch milliseconds, for their age. */
  gotAt: v.number(),
  watching: v.boolean(),
});
export type TableStateMessage = v.InferOutput<typeof state>;

/** What is kept by the workbench over a reload: the request, and as much of the data as is reasonable. */
export const keptState = v.object({
  version: v.literal(1),
  request: v.record(v.string(), v.unknown()),
  title: v.string(),
  gotAt: v.number(),
  totalRows: count,
  bytes: count,
  labels: v.array(v.tuple([name, v.string()])),
  hidden: v.optional(v.array(name), []),
  rows: v.string(),
});
export type KeptState = v.InferOutput<typeof keptState>;

const series = v.object({
  key: v.string(),
  /** One value for each time; null where there was none. */
  values: v.array(v.nullable(v.number())),
});

/** From the tab. */
export const toTable = v.variant('is', [
  /** Before anything else: how the table is arranged. */
  v.object({ is: v.literal('start'), layout }),
  state,
  v.object({
    is: v.literal('page'),
    /** That of the question. */
    generation: count,
    from: count,
    rows: v.array(row),
    /** Rows that the filter leaves. */
    shown: count,
  }),
  v.object({
    is: v.literal('detail'),
    at: count,
    index: count,
    fields: v.array(v.object({ field: name, label: v.string(), value: shownCell })),
  }),
  v.object({ is: v.literal('keep'), state: keptState }),
  /** Asks to hear when the table has the keyboard focus. */
  v.object({ is: v.literal('focus') }),
  /** Something to be read out and shown for a moment. */
  v.object({ is: v.literal('note'), text: v.string() }),
  /** What a command or a menu asks of the view. */
  v.object({
    is: v.literal('view'),
    ask: v.picklist([
      'focusFilter',
      'toggleNames',
      'sortAscending',
      'sortDescending',
      'unsort',
      'hide',
      'showAll',
      'pin',
      'fit',
      'copy',
      'copyWithHeaders',
      'detail',
      'filterByValue',
      'filterOutValue',
    ]),
    field: v.optional(name),
  }),
  v.object({
    is: v.literal('plot'),
    field: name,
    label: v.string(),
    fields: v.array(v.object({ field: name, label: v.string() })),
    times: v.array(v.number()),
    series: v.array(series),
    /** How many keys there are beside those drawn. */
    others: count,
  }),
]);
export type ToTable = v.InferOutput<typeof toTable>;

/** Reads a message; what is not one of ours is nothing. */
export function readMessage<const S extends v.GenericSchema>(
  schema: S,
  message: unknown,
): v.InferOutput<S> | undefined {
  const parsed = v.safeParse(schema, message);
  return parsed.success ? parsed.output : undefined;
}
