import { textOf } from './cells.ts';
import { sizeOf } from './quantity.ts';
import type { Lines } from './shown.ts';
import type { Column, ResultTable } from './table.ts';

/** Rows that are looked at: of more, an even sample. */
const maxRows = 100_000;

/** What is drawn of a table whose rows are moments. */
export interface Dated {
  readonly field: string;
  readonly max: number;
  readonly rows: Uint32Array;
}

/**
 * The column of times where rows are moments: the first one, or the second after that which says whose a row is.
 * Undefined where there is none, or all rows are of one moment.
 */
function timesOf(table: ResultTable): { times: Column; whose?: Column } | undefined {
  const [first, second] = table.columns;
  const isTime = (column: Column | undefined) =>
    column !== undefined &&
    column.kind === 'time' &&
    textOf(column.at(0)) !== textOf(column.at(table.rowCount - 1));
  if (first !== undefined && isTime(first)) {
    return { times: first };
  }
  return first?.field === 'Series' && second !== undefined && isTime(second)
    ? { times: second, whose: first }
    : undefined;
}

/**
 * The numbers of a column by the times in the table itself: a line for each of those whose rows they are, or else for each
 * column of that name, as `OAKBA Close` and `ELMBA Close` are.
 */
export function datedLines(table: ResultTable, { field, max, rows }: Dated): Lines | undefined {
  const found = timesOf(table);
  const chosen = table.column(field);
  if (found === undefined || chosen === undefined) {
    return undefined;
  }
  const { times, whose } = found;
  const columns = whose === undefined ? alike(table, chosen) : [chosen];
  const lines = new Map<string, Map<number, number | null>>();
  const moments = new Set<number>();
  for (let at = 0; at < rows.length; at += Math.max(1, Math.ceil(rows.length / maxRows))) {
    const row = rows[at] as number;
    const time = sizeOf(times.at(row), times.reading) * 1000;
    for (const column of Number.isNaN(time) ? [] : columns) {
      const key = whose === undefined ? column.field : textOf(whose.at(row));
      const line = lines.get(key) ?? new Map<number, number | null>();
      const value = sizeOf(column.at(row), column.reading);
      lines.set(key, line.set(time, Number.isNaN(value) ? null : value));
      moments.add(time);
    }
  }
  const sorted = [...moments].sort((a, b) => a - b);
  return {
    times: sorted,
    series: [...lines].slice(0, max).map(([key, values]) => ({
      key,
      values: sorted.map((time) => values.get(time) ?? null),
    })),
    others: Math.max(0, lines.size - max),
  };
}

/** The columns of numbers whose names end as that of a column does, itself first. */
function alike(table: ResultTable, chosen: Column): Column[] {
  const end = / \S+$/.exec(chosen.field)?.[0];
  return [
    chosen,
    ...table.columns.filter(
      (column) =>
        column !== chosen && end !== undefined && column.field.endsWith(end) && column.kind === 'number',
    ),
  ];
}
