import type { Changes } from './changes.ts';
import { allRows, filterRows, type Labels } from './filter.ts';
import { sortRows } from './order.ts';
import { isArranged, type Rearranged, type Span } from './shown.ts';
import type { ResultTable } from './table.ts';

/** What is shown of a table, and in which order. */
export interface Arrangement extends Rearranged {
  /** Labels of fields, so that a filter can name a column as it is seen. */
  readonly labels: Labels;
  /** A filter: what it finds is marked. */
  readonly alert?: string;
}

/** The same of rows as they are arranged, in the server's order without; all of them unless told otherwise. */
export interface ArrangedSpan extends Partial<Span> {
  readonly arrangement?: Arrangement | undefined;
}

interface RowOrder {
  readonly key: string;
  readonly changes?: Changes | undefined;
  /** Places in the server's order; undefined where they are all of it. Those of the table compared with stand behind its own. */
  readonly order: Uint32Array | undefined;
  /** Of the table, when they were arranged. */
  readonly rowCount: number;
  /** How many of the rows are its own. */
  readonly shown: number;
}

/** Arranges the rows of a table, and among them those that only the table compared with has, where there is one. */
export class Arranging {
  readonly #source: { readonly table: ResultTable; readonly isWhole: boolean };
  /** The differences from the table compared with. */
  changes: Changes | undefined;
  /** What was arranged last: a person looks at many pages of the same. */
  #last: RowOrder | undefined;

  constructor(source: { readonly table: ResultTable; readonly isWhole: boolean }) {
    this.#source = source;
  }

  /** Where rows of an arrangement stand in the server's order, without those that are gone. */
  own(span: ArrangedSpan): Uint32Array {
    return this.all(span).filter((row) => !this.isGone(row));
  }

  /** The same with those that are gone, which stand behind the table's own. */
  all({ arrangement, from = 0, to = Number.POSITIVE_INFINITY }: ArrangedSpan): Uint32Array {
    const { order, rowCount } = this.arranged(arrangement);
    return order?.slice(from, to) ?? allRows(Math.min(to, rowCount), from);
  }

  isGone(row: number): boolean {
    return row >= this.#source.table.rowCount;
  }

  /**
   * The rows of an arrangement. Rows that arrive are put in their places when there are twice as many as before, and when
   * they are all there: each time costs as much as sorting them all.
   */
  arranged(arrangement: Arrangement | undefined): RowOrder {
    const { table, isWhole } = this.#source;
    const { rowCount } = table;
    const { changes } = this;
    const hasGone = changes !== undefined && changes.differences.gone > 0;
    if (arrangement === undefined || !(hasGone || isArranged(arrangement))) {
      return { key: '', order: undefined, rowCount, shown: rowCount };
    }
    const key = JSON.stringify({ ...arrangement, alert: '' });
    const last = this.#last;
    const isSame = last?.key === key && last.changes === changes;
    if (isSame && (rowCount === last.rowCount || (!isWhole && rowCount < 2 * last.rowCount))) {
      return last;
    }
    const own = arrangedRows(table, arrangement, changes);
    const order = hasGone ? changes.withGone(own, arrangedRows(changes.earlier, arrangement)) : own;
    this.#last = { key, changes, order, rowCount, shown: own.length };
    return this.#last;
  }
}

/** The rows of a table in the order of an arrangement. */
function arrangedRows(
  table: ResultTable,
  { sort, filter, labels, onlyChanged }: Arrangement,
  changes?: Changes,
): Uint32Array {
  const rows = filter.trim() === '' ? allRows(table.rowCount) : filterRows(table, filter, labels);
  return sortRows(table, onlyChanged && changes !== undefined ? changes.only(rows) : rows, sort);
}
