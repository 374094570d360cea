import { NumberText } from '../json.ts';
import { firstOf, textOf } from './cells.ts';
import { sizeOf } from './order.ts';
import { asNumbers } from './quantity.ts';
import type { Sums } from './shown.ts';
import type { Column, ResultTable } from './table.ts';

/** What a column has in some rows. */
export interface Statistics {
  readonly rows: number;
  /** Rows without a value. */
  readonly empty: number;
  /** Values that differ from each other as they are shown. */
  readonly distinct: number;
  /** The values that are most frequent, with how often they are there. */
  readonly frequent: readonly { readonly text: string; readonly count: number }[];
  /** Values that are numbers, or times in a column of times. */
  readonly sized: number;
  /** The least and the greatest of them, as they were sent. */
  readonly min?: string;
  readonly max?: string;
  /** Of numbers. */
  readonly total?: Total;
}

/** What numbers are together. */
export interface Total {
  /** To the last digit; where values have units, in bytes or seconds and the like, as near as JavaScript's numbers. */
  readonly sum: string;
  readonly mean: number;
}

/** Rows that have the same value in a column. */
interface Group {
  readonly text: string;
  readonly rows: number;
  /** Of each of the other columns; null where the group has no number in it, or the column is none of numbers. */
  readonly totals: readonly (Total | null)[];
}

/** The rows of a table, or those of an arrangement, in its order. */
type Rows = Iterable<number>;

const mostFrequent = 10;

/** Looks at each value of a column once. */
export function statisticsOf(table: ResultTable, column: Column, rows: Rows): Statistics {
  const { reading } = column;
  const isNumber = column.kind === 'number';
  const read = column.scan();
  const counts = new Map<string, number>();
  const sum = new Sum(column);
  let count = 0;
  let min: string | undefined;
  let max: string | undefined;
  for (const row of rows) {
    count++;
    const cell = read(row);
    const text = textOf(table.shown(column, cell));
    counts.set(text, (counts.get(text) ?? 0) + 1);
    if (!Number.isNaN(sum.add(cell))) {
      const own = textOf(firstOf(cell));
      const { compare } = firstOf(cell) instanceof NumberText ? asNumbers : reading;
      min = min === undefined || compare(own, min) < 0 ? own : min;
      max = max === undefined || compare(own, max) > 0 ? own : max;
    }
  }
  const empty = counts.get('') ?? 0;
  counts.delete('');
  const { total } = sum;
  return {
    rows: count,
    empty,
    distinct: counts.size,
    frequent: Array.from(counts, ([text, count]) => ({ text, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, mostFrequent),
    sized: sum.count,
    ...(min === undefined || max === undefined ? {} : { min, max }),
    ...(isNumber && total !== null ? { total } : {}),
  };
}

/** Sums up what columns of numbers have in some rows; undefined where there is no number. */
export function sumsOf(table: ResultTable, rows: Rows, fields: readonly string[]): Sums | undefined {
  const sums = table.columns
    .filter((column) => fields.includes(column.field) && column.kind === 'number')
    .map((column) => new Sum(column));
  const read = table.rows.scan();
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const row of rows) {
    for (const sum of sums) {
      const size = sum.add(read(row, sum.column.number));
      if (!Number.isNaN(size)) {
        min = Math.min(min, size);
        max = Math.max(max, size);
      }
    }
  }
  const count = sums.reduce((all, sum) => all + sum.count, 0);
  const sum = sums.reduce((all, { total }) => all + Number(total?.sum ?? 0), 0);
  return count === 0 ? undefined : { count, sum, min, max };
}

/**
 * Puts rows together by a column, and adds up others.
 * @param most groups that are answered, those with the most rows first
 * @returns also how many more there are
 */
export function groupsOf(
  table: ResultTable,
  by: Column,
  {
    columns,
    rows,
    most,
  }: { readonly columns: readonly Column[]; readonly rows: Rows; readonly most: number },
): { groups: Group[]; others: number } {
  const read = table.rows.scan();
  const groups = new Map<string, { text: string; rows: number; sums: readonly Sum[] }>();
  for (const row of rows) {
    const text = textOf(table.shown(by, read(row, by.number)));
    const group = groups.get(text) ?? { text, rows: 0, sums: columns.map((column) => new Sum(column)) };
    groups.set(text, group);
    group.rows++;
    for (const sum of group.sums) {
      sum.add(read(row, sum.column.number));
    }
  }
  const areNumbers = columns.map((column) => column.kind === 'number');
  return {
    groups: [...groups.values()]
      .sort((a, b) => b.rows - a.rows)
      .slice(0, most)
      .map(({ text, rows, sums }) => {
        return { text, rows, totals: sums.map(({ total }, at) => (areNumbers[at] ? total : null)) };
      }),
    others: Math.max(0, groups.size - most),
  };
}

/** Longer numbers are no measurements, and adding them up to the last digit would take long. */
const longestExact = 40;

const plain = /^([+-]?)(\d*)\.?(\d*)$/;

/** Adds up the numbers of a column: those without a unit as whole numbers of their last digit. */
class Sum {
  readonly column: Column;
  count = 0;
  #whole = 0n;
  /** Digits behind the point in `#whole`. */
  #decimals = 0;
  /** Of what has a unit or an exponent, or is very long. */
  #rounded: number | undefined;

  constructor(column: Column) {
    this.column = column;
  }

  /** Answers the cell's size; NaN where it has none. */
  add(cell: ReturnType<Column['at']>): number {
    const size = sizeOf(cell, this.column.reading);
    if (Number.isNaN(size)) {
      return size;
    }
    this.count++;
    const text = textOf(firstOf(cell)).trim();
    const match = text.length > longestExact ? null : plain.exec(text.replaceAll(',', ''));
    if (match === null) {
      this.#rounded = (this.#rounded ?? 0) + size;
      return size;
    }
    const [, sign, whole = '', fraction = ''] = match;
    if (fraction.length > this.#decimals) {
      this.#whole *= 10n ** BigInt(fraction.length - this.#decimals);
      this.#decimals = fraction.length;
    }
    const own = BigInt((whole + fraction).padEnd(whole.length + this.#decimals, '0'));
    this.#whole += sign === '-' ? -own : own;
    return size;
  }

  get total(): Total | null {
    if (this.count === 0) {
      return null;
    }
    const digits = String(this.#whole < 0n ? -this.#whole : this.#whole).padStart(this.#decimals + 1, '0');
    const point = digits.length - this.#decimals;
    const exact = `${this.#whole < 0n ? '-' : ''}${digits.slice(0, point)}${this.#decimals > 0 ? '.' : ''}${digits.slice(point)}`;
    const sum = this.#rounded === undefined ? exact : String(Number(exact) + this.#rounded);
    return { sum, mean: Number(sum) / this.count };
  }
}
