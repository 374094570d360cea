import { sizeOf } from './order.ts';
import type { Sums } from './shown.ts';
import type { ResultTable } from './table.ts';

/** Sums up what columns of numbers have in some rows; undefined where there is no number. */
export function sumsOf(
  table: ResultTable,
  rows: readonly number[],
  fields: readonly string[],
): Sums | undefined {
  let [count, sum, min, max] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const field of fields) {
    const column = table.column(field);
    if (column === undefined || table.kindOf(column) !== 'number') {
      continue;
    }
    for (const row of rows) {
      const size = sizeOf(column.at(row), column.reading);
      if (!Number.isNaN(size)) {
        count++;
        sum += size;
        min = Math.min(min, size);
        max = Math.max(max, size);
      }
    }
  }
  return count === 0 ? undefined : { count, sum, min, max };
}
