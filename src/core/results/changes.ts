import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { textOf } from './cells.ts';
import { allRows } from './filter.ts';
import type { Kind } from './quantity.ts';
import type { Column, ResultTable } from './table.ts';

/** Columns of a kind that are tried. */
const maxTried = 8;

/** The share of the rows that are known by a number, where that is a name. */
const nearlyAll = 0.9;

/** How many rows are not as in the table compared with. */
export interface Differences {
  /** Rows that are in this table alone. */
  readonly added: number;
  /** Rows that have another value. */
  readonly changed: number;
  /** Rows that are in the other table alone. */
  readonly gone: number;
}

/** The differences of a table from another one, whose rows are found by what they are known by. */
export class Changes {
  readonly earlier: ResultTable;
  /** The fields that rows are known by. */
  readonly keys: readonly string[];
  readonly #now: ResultTable;
  /** The columns, each with that of the same field in the other table and its place, and the columns that only that one has. */
  readonly #pairs: readonly (readonly [Column, Column | undefined, number])[];
  readonly #lost: readonly Column[];
  /** For each row of one table its place in the other one; -1 where it is not there. */
  readonly #before: Int32Array;
  readonly #after: Int32Array;
  readonly differences: Differences;

  /**
   * Both tables have come to their end.
   * @param isPart whether the other one may have been exported without some columns: those are not compared
   */
  constructor(earlier: ResultTable, now: ResultTable, isPart = false) {
    this.earlier = earlier;
    this.#now = now;
    this.#pairs = now.columns
      .map((column, at) => [column, earlier.column(column.field), at] as const)
      .filter(([, other]) => other !== undefined || !isPart);
    this.#lost = earlier.columns.filter(({ field }) => now.column(field) === undefined);
    this.keys = keyFields(earlier, now);
    const places = new Map<string, number>();
    const [keyBefore, keyNow] = [keysOf(earlier, this.keys), keysOf(now, this.keys)];
    for (let row = 0; row < earlier.rowCount; row++) {
      places.set(keyBefore(row), row);
    }
    this.#before = new Int32Array(now.rowCount);
    this.#after = new Int32Array(earlier.rowCount).fill(-1);
    let [added, changed] = [0, 0];
    for (let row = 0; row < now.rowCount; row++) {
      const before = places.get(keyNow(row)) ?? -1;
      this.#before[row] = before;
      if (before < 0) {
        added++;
      } else {
        this.#after[before] = row;
        changed += this.#isOther(row) ? 1 : 0;
      }
    }
    const gone = this.#after.filter((after) => after < 0).length;
    this.differences = { added, changed, gone };
  }

  /**
   * The columns, by their places, in which a row is not as it was; -1 for a row that is new. None where it has lost a value of
   * a column that there is no more.
   */
  of(row: number): number[] | undefined {
    const before = this.#before[row] ?? -1;
    if (before < 0) {
      return [-1];
    }
    const changed = this.#pairs.flatMap(([column, other, at]) =>
      same(column.at(row), other?.at(before)) ? [] : at,
    );
    const isLost = this.#lost.some((column) => column.at(before) !== undefined);
    return changed.length > 0 || isLost ? changed : undefined;
  }

  /** The row as it was; -1 for a row that is new. */
  before(row: number): number {
    return this.#before[row] ?? -1;
  }

  /** The rows that are new or have another value, of some. */
  only(rows: Uint32Array): Uint32Array {
    return rows.filter((row) => this.before(row) < 0 || this.#isOther(row));
  }

  /**
   * Adds rows that are gone, each after the one that it followed. They are numbered from this table's row count on.
   * @param order rows of this table, as they are arranged
   * @param earlier rows of the other one, arranged in the same way
   */
  withGone(order: Uint32Array, earlier: Uint32Array): Uint32Array {
    const { rowCount } = this.#now;
    const isShown = new Uint8Array(rowCount);
    for (const row of order) {
      isShown[row] = 1;
    }
    const gone = new Map<number, number[]>();
    let last = -1;
    for (const row of earlier) {
      const after = this.#after[row] as number;
      if (after < 0) {
        const others = gone.get(last) ?? [];
        others.push(rowCount + row);
        gone.set(last, others);
      } else if (isShown[after] === 1) {
        last = after;
      }
    }
    function* all(): Generator<number> {
      yield* gone.get(-1) ?? [];
      for (const row of order) {
        yield row;
        yield* gone.get(row) ?? [];
      }
    }
    return Uint32Array.from(all());
  }

  /** Whether a row that was there has another value. */
  #isOther(row: number): boolean {
    const isSame = this.#now.rows.isSame(row, this.earlier.rows, this.before(row));
    return !isSame && this.of(row) !== undefined;
  }
}

/**
 * The fields that tell a row from the others: the first texts that are different in all rows, alone, or two or three
 * together. Numbers are rather measurements: one is a name where nearly all rows of the other table have it, too. Without
 * any, a row is told by its place.
 */
export function keyFields(earlier: ResultTable, now: ResultTable): readonly string[] {
  const shared = now.columns.filter((column) => earlier.column(column.field) !== undefined);
  const fieldsOf = (kind: Kind) =>
    shared.flatMap((column) => (column.kind === kind ? column.field : [])).slice(0, maxTried);
  const texts = fieldsOf('text');
  const several = [2, 3].flatMap((count) => (texts.length < count ? [] : [texts.slice(0, count)]));
  const isKeyOfBoth = (fields: readonly string[]) => isKey(earlier, fields) && isKey(now, fields);
  const found = [...texts.map((field) => [field]), ...several].find(isKeyOfBoth);
  if (found !== undefined || earlier === now) {
    return found ?? [];
  }
  const least = Math.min(earlier.rowCount, now.rowCount) * nearlyAll;
  const numbers = fieldsOf('number').flatMap((field) => [[field], [...texts.slice(0, 1), field]]);
  return numbers.find((fields) => isKeyOfBoth(fields) && commonKeys(earlier, now, fields) >= least) ?? [];
}

/** How many rows of two tables are known by the same. */
function commonKeys(earlier: ResultTable, now: ResultTable, fields: readonly string[]): number {
  const keys = new Set(Array.from(allRows(earlier.rowCount), keysOf(earlier, fields)));
  return Array.from(allRows(now.rowCount), keysOf(now, fields)).filter((key) => keys.has(key)).length;
}

function isKey(table: ResultTable, fields: readonly string[]): boolean {
  const seen = new Set<string>();
  const key = keysOf(table, fields);
  for (let row = 0; row < table.rowCount; row++) {
    if (seen.size === seen.add(key(row)).size) {
      return false;
    }
  }
  return true;
}

/** Makes a reader of what rows are known by from one answer to the next. */
export function keysOf(table: ResultTable, fields: readonly string[]): (row: number) => string {
  const columns = fields.map((field) => table.column(field));
  return columns.length === 0
    ? String
    : (row) => columns.map((column) => textOf(column?.at(row))).join(' · ');
}

function same(a: Cell | undefined, b: Cell | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, at) => value === b[at]);
  }
  return a instanceof NumberText && b instanceof NumberText ? a.text === b.text : a === b;
}
