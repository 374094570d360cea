import { Changes, type Differences } from './changes.ts';
import { allRows, filterRows, type Labels } from './filter.ts';
import { type SortBy, sortRows } from './order.ts';
import type { Span } from './shown.ts';
import type { ResultTable } from './table.ts';

/** What is shown of a table, and in which order. */
export interface Arrangement {
  readonly sort: readonly SortBy[];
  readonly filter: string;
  /** Labels of fields, so that a filter can name a column as it is seen. */
  readonly labels: Labels;
  /** Only rows that are new or have another value than in the table compared with, where there is one. */
  readonly onlyChanged?: boolean;
  /** A filter: what it finds is marked. */
  readonly alert?: string;
}

/** The same of rows as they are arranged; in the server's order without. */
export interface ArrangedSpan extends Span {
  readonly arrangement?: Arrangement | undefined;
}

/** Whether rows are shown in any other way than as the server sent them. */
export function isArranged({ sort, filter, onlyChanged = false }: Arrangement): boolean {
  return sort.length > 0 || filter.trim() !== '' || onlyChanged;
}

interface Arranged {
  readonly key: string;
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
  #last: Arranged | undefined;

  constructor(source: { readonly table: ResultTable; readonly isWhole: boolean }) {
    this.#source = source;
  }

  /** Compares with another table; undefined ends that. */
  compare(other: ResultTable | undefined): Differences | undefined {
    this.changes = other && new Changes(other, this.#source.table);
    this.#last = undefined;
    return this.changes?.differences;
  }

  /** Where rows of an arrangement stand in the server's order, without those that are gone. */
  *indices({ arrangement, from, to }: ArrangedSpan): Generator<number> {
    for (const row of this.all({ arrangement, from, to })) {
      if (!this.isGone(row)) {
        yield row;
      }
    }
  }

  /** The same with those that are gone, which stand behind the table's own. */
  *all({ arrangement, from, to }: ArrangedSpan): Generator<number> {
    const { order, rowCount } = this.arranged(arrangement);
    const end = Math.min(to, order?.length ?? rowCount);
    for (let at = Math.max(0, from); at < end; at++) {
      yield order?.[at] ?? at;
    }
  }

  isGone(row: number): boolean {
    return row >= this.#source.table.rowCount;
  }

  /**
   * The rows of an arrangement. Rows that arrive are put in their places when there are twice as many as before, and when
   * they are all there: each time costs as much as sorting them all.
   */
  arranged(arrangement: Arrangement | undefined): Arranged {
    const { table, isWhole } = this.#source;
    const { rowCount } = table;
    const { changes } = this;
    const hasGone = changes !== undefined && changes.differences.gone > 0;
    if (arrangement === undefined || !(hasGone || isArranged(arrangement))) {
      return { key: '', order: undefined, rowCount, shown: rowCount };
    }
    const key = JSON.stringify({ ...arrangement, alert: '' });
    const last = this.#last;
    if (last?.key === key && (rowCount === last.rowCount || (!isWhole && rowCount < 2 * last.rowCount))) {
      return last;
    }
    const own = arrangedRows(table, arrangement, changes);
    const order = hasGone ? changes.withGone(own, arrangedRows(changes.earlier, arrangement)) : own;
    this.#last = { key, order, rowCount, shown: own.length };
    return this.#last;
  }
}

/** The rows of a table in the order of an arrangement. */
export function arrangedRows(
  table: ResultTable,
  { sort, filter, labels, onlyChanged }: Arrangement,
  changes?: Changes,
): Uint32Array {
  const rows = filter.trim() === '' ? allRows(table.rowCount) : filterRows(table, filter, labels);
  return sortRows(table, onlyChanged && changes !== undefined ? changes.only(rows) : rows, sort);
}
