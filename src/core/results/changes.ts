import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { textOf } from './cells.ts';
import type { ResultTable } from './table.ts';

/** The differences between two tables of the same request, found when a row is asked for. */
export class Changes {
  readonly #earlier: ResultTable;
  readonly #now: ResultTable;
  readonly #keys: readonly string[];
  readonly #rows: ReadonlyMap<string, number>;

  constructor(earlier: ResultTable, now: ResultTable) {
    this.#earlier = earlier;
    this.#now = now;
    this.#keys = keyFields(earlier, now);
    const rows = new Map<string, number>();
    for (let row = 0; row < earlier.rowCount; row++) {
      rows.set(keyOf(earlier, row, this.#keys), row);
    }
    this.#rows = rows;
  }

  of(row: number): number[] | undefined {
    const before = this.#rows.get(keyOf(this.#now, row, this.#keys));
    if (before === undefined) {
      return [-1];
    }
    const changed: number[] = [];
    for (const [at, column] of this.#now.columns.entries()) {
      if (!same(column.at(row), this.#earlier.cell(before, column.field))) {
        changed.push(at);
      }
    }
    return changed.length === 0 ? undefined : changed;
  }
}

/** Most columns that make a key together. */
const mostKeys = 3;

/**
 * The fields that tell a row from the others: the first texts that are different in all rows, alone or
 * together. Without any, a row is told by its place.
 */
export function keyFields(earlier: ResultTable, now: ResultTable): string[] {
  const candidates = now.columns.filter(
    (column) => now.kindOf(column) === 'text' && earlier.column(column.field) !== undefined,
  );
  for (const { field } of candidates.slice(0, 8)) {
    if (isKey(earlier, [field]) && isKey(now, [field])) {
      return [field];
    }
  }
  for (let count = 2; count <= Math.min(mostKeys, candidates.length); count++) {
    const fields = candidates.slice(0, count).map(({ field }) => field);
    if (isKey(earlier, fields) && isKey(now, fields)) {
      return fields;
    }
  }
  return [];
}

function isKey(table: ResultTable, fields: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let row = 0; row < table.rowCount; row++) {
    const key = keyOf(table, row, fields);
    if (seen.has(key)) {
      return false;
    }
    seen.add(key);
  }
  return true;
}

/** What a row is known by from one answer to the next. */
export function keyOf(table: ResultTable, row: number, fields: readonly string[]): string {
  if (fields.length === 0) {
    return String(row);
  }
  return fields.map((field) => textOf(table.cell(row, field))).join(' · ');
}

function same(a: Cell | undefined, b: Cell | undefined): boolean {
  if (Array.isArray(a) && Array.isArray(b)) {
    return a.length === b.length && a.every((value, at) => value === b[at]);
  }
  return a instanceof NumberText && b instanceof NumberText ? a.text === b.text : a === b;
}
