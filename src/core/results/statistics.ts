import type { Cell } from '../protocols/answer.ts';
import { firstOf, textOf } from './cells.ts';
import { type Reading, sizeOf } from './quantity.ts';
import type { Sums, Total } from './shown.ts';
import type { Column, ResultTable } from './table.ts';

export interface Statistics {
  readonly rows: number;
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

export interface Group {
  readonly text: string;
  readonly rows: number;
  /** Of each of the other columns; null where the group has no number in it, or the column is none of numbers, or not there. */
  readonly totals: readonly (Total | null)[];
}

/** The rows of a table, or those of an arrangement, in its order. */
type Rows = Iterable<number>;

const maxFrequent = 10;

/** Looks at each value of a column once. */
export function statisticsOf(table: ResultTable, column: Column, rows: Rows): Statistics {
  const { reading } = column;
  const counts = new Map<string, number>();
  const sum = new Sum();
  let count = 0;
  for (const row of rows) {
    count++;
    const cell = column.at(row);
    const text = textOf(table.shown(column, cell));
    counts.set(text, (counts.get(text) ?? 0) + 1);
    sum.add(cell, reading);
  }
  const empty = counts.get('') ?? 0;
  counts.delete('');
  const { total, min, max } = sum;
  return {
    rows: count,
    empty,
    distinct: counts.size,
    frequent: Array.from(counts, ([text, count]) => ({ text, count }))
      .sort((a, b) => b.count - a.count)
      .slice(0, maxFrequent),
    sized: sum.count,
    ...(sum.count > 0 && { min, max }),
    ...(column.kind === 'number' && total !== null && { total }),
  };
}

/** Sums up what columns of numbers have in some rows; undefined where there is no number. */
export function sumsOf(table: ResultTable, rows: Rows, fields: readonly string[]): Sums | undefined {
  const columns = table.columns.filter(({ field, kind }) => fields.includes(field) && kind === 'number');
  const all = new Sum();
  for (const row of rows) {
    for (const column of columns) {
      all.add(column.at(row), column.reading);
    }
  }
  const { count, min, max, total } = all;
  return total === null ? undefined : { count, min, max, sum: total.sum, mean: String(total.mean) };
}

/**
 * Puts rows together by a column, and adds up the numbers of others.
 * @param max groups that are answered, those with the most rows first
 * @returns also how many more there are
 */
export function groupsOf(
  table: ResultTable,
  by: Column,
  others: readonly string[],
  rows: Rows,
  max: number,
): { groups: Group[]; others: number } {
  const columns = others.map((field) =>
    table.columns.find((one) => one.field === field && one.kind === 'number'),
  );
  const groups = new Map<string, { text: string; rows: number; sums: readonly Sum[] }>();
  for (const row of rows) {
    const text = textOf(table.shown(by, by.at(row)));
    const group = groups.get(text) ?? { text, rows: 0, sums: columns.map(() => new Sum()) };
    groups.set(text, group);
    group.rows++;
    for (const [at, column] of columns.entries()) {
      if (column !== undefined) {
        group.sums[at]?.add(column.at(row), column.reading);
      }
    }
  }
  return {
    groups: [...groups.values()]
      .sort((a, b) => b.rows - a.rows)
      .slice(0, max)
      .map(({ text, rows, sums }) => ({ text, rows, totals: sums.map(({ total }) => total) })),
    others: Math.max(0, groups.size - max),
  };
}

/** Longer numbers are no measurements, and adding them up to the last digit would take long. */
const longestExact = 40;

const plain = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?[0-3]?\d))?$/i;

/** Adds up numbers: those without a unit as whole numbers of their last digit. */
class Sum {
  count = 0;
  /** The least and the greatest value, as they were sent. */
  min = '';
  max = '';
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #whole = 0n;
  /** Digits behind the point in `#whole`. */
  #decimals = 0;
  /** Of what has a unit, or is very long or large. */
  #rounded: number | undefined;

  /** A cell without a number, or without a time in a column of times, is passed over. */
  add(cell: Cell | undefined, reading: Reading): void {
    const value = firstOf(cell);
    const size = sizeOf(value, reading);
    if (Number.isNaN(size)) {
      return;
    }
    const own = textOf(value);
    if (this.count === 0 || size < this.#min || (size === this.#min && reading.compare(own, this.min) < 0)) {
      this.min = own;
      this.#min = size;
    }
    if (this.count === 0 || size > this.#max || (size === this.#max && reading.compare(own, this.max) > 0)) {
      this.max = own;
      this.#max = size;
    }
    this.count++;
    const text = own.trim();
    const match = text.length > longestExact ? null : plain.exec(text.replaceAll(',', ''));
    if (match === null) {
      this.#rounded = (this.#rounded ?? 0) + size;
      return;
    }
    const [, sign, whole = '', fraction = '', power = '0'] = match;
    const decimals = fraction.length - Number(power);
    if (decimals > this.#decimals) {
      this.#whole *= 10n ** BigInt(decimals - this.#decimals);
      this.#decimals = decimals;
    }
    const digits = BigInt(whole + fraction + '0'.repeat(this.#decimals - decimals));
    this.#whole += sign === '-' ? -digits : digits;
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
