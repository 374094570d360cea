import { jsonOf, NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { textOf } from './cells.ts';
import { type Dated, datedLines, type Lines } from './dated.ts';
import { type Delimiter, delimited, type ExportFormat, writeRows } from './exports.ts';
import { allRows, filterRows } from './filter.ts';
import { type SortBy, sizeOf, sortRows } from './order.ts';
import { isExact, type Kind } from './quantity.ts';
import { type Column, ResultTable } from './table.ts';

/** What is shown of a table, and in which order. */
export interface Arrangement {
  readonly sort: readonly SortBy[];
  readonly filter: string;
  /** Labels of fields, so that a filter can name a column as it is seen. */
  readonly labels: readonly (readonly [field: string, label: string])[];
}

/** Rows of the arrangement, from the first one to before the last one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A cell as it is shown: its text or texts, or why it has none; a long text is cut, and says how long it is. */
export type ShownCell =
  | string
  | readonly string[]
  | { readonly none: 'null' | 'missing' }
  | { readonly cut: string; readonly length: number };

export interface ShownRow {
  /** Its place in the server's order. */
  readonly index: number;
  /** In the order of the table's fields. */
  readonly cells: readonly ShownCell[];
  /** Places in `cells` of those that are not what they were in the table compared with; -1 for a row that is new. */
  readonly changed?: readonly number[];
}

export interface Page {
  readonly from: number;
  readonly fields: readonly string[];
  readonly rows: readonly ShownRow[];
}

export interface Selection extends Span {
  readonly fields: readonly string[];
  readonly headers: readonly string[] | null;
  /** Characters at which it is too much. */
  readonly most: number;
}

export interface Detail {
  readonly index: number;
  readonly fields: readonly { readonly field: string; readonly value: ShownCell }[];
}

export interface Summary {
  readonly fields: readonly string[];
  readonly kinds: readonly Kind[];
  readonly rowCount: number;
  /** Places in the body that were no valid JSON and have been mended. */
  readonly mended: number;
}

export interface ExportRequest {
  readonly fields: readonly string[];
  readonly format: ExportFormat;
  /** Of CSV; a comma unless told otherwise. */
  readonly delimiter?: Delimiter;
  /** All rows in the server's order, not only those that are shown, as they are shown. */
  readonly all: boolean;
}

/** The numbers of one moment. */
export interface Sample {
  readonly keyFields: readonly string[];
  /** What each row is known by. */
  readonly keys: readonly string[];
  readonly fields: readonly string[];
  /** For each field, the value of each row; NaN where there is none. */
  readonly values: readonly Float64Array[];
}

/** Longest text of a cell in the grid; row detail shows more. */
const longestCell = 512;
const longestDetail = 256 << 10;
/** Most values of a cell in the grid. */
const mostValues = 64;

/** One table with what is asked of it: takes and gives only what can be sent between threads. */
export class TableEngine {
  readonly table: ResultTable;
  #arrangement: Arrangement = { sort: [], filter: '', labels: [] };
  /** Rows in the arranged order; undefined while that is the server's. */
  #rows: Uint32Array | undefined;
  /** How many rows the table had when it was arranged. */
  #arranged = 0;
  #changes: Changes | undefined;
  readonly #exports = new Map<
    number,
    ExportRequest & { readonly order: Uint32Array | undefined; readonly rowCount: number }
  >();
  #lastExport = 0;

  constructor(table = new ResultTable()) {
    this.table = table;
  }

  summary(): Summary {
    const { table } = this;
    return {
      fields: table.fields,
      kinds: table.columns.map((column) => table.kindOf(column)),
      rowCount: table.rowCount,
      mended: table.mended,
    };
  }

  /** Sorts and filters the rows that are there; answers how many are left. Rows that come later are not among them. */
  arrange(arrangement: Arrangement): number {
    this.#arrangement = arrangement;
    this.#rows = this.#order();
    this.#arranged = this.table.rowCount;
    return this.#rows?.length ?? this.table.rowCount;
  }

  page({ from, to }: Span): Page {
    const rows: ShownRow[] = [];
    const order = this.#rows;
    const end = Math.min(to, order?.length ?? this.table.rowCount);
    for (let at = Math.max(0, from); at < end; at++) {
      const index = order?.[at] ?? at;
      const cells = this.table.columns.map((column) => this.#shown(column, index, longestCell));
      const changed = this.#changes?.of(index);
      rows.push(changed === undefined ? { index, cells } : { index, cells, changed });
    }
    return { from, fields: this.table.fields, rows };
  }

  /** Everything of one row of the arrangement. */
  detail(at: number): Detail | undefined {
    const order = this.#rows;
    const index = order === undefined ? at : order[at];
    if (index === undefined || index >= this.table.rowCount) {
      return undefined;
    }
    return {
      index,
      fields: this.table.columns.map((column) => ({
        field: column.field,
        value: this.#shown(column, index, longestDetail),
      })),
    };
  }

  /**
   * A selection as text for the clipboard, as spreadsheets paste it. Answers nothing when it is too much.
   */
  copy({ from, to, fields, headers, most }: Selection): string | undefined {
    const order = this.#rows;
    const columns = fields.map((field) => this.table.column(field));
    const end = Math.min(to, order?.length ?? this.table.rowCount);
    const lines: string[] = headers === null ? [] : [headers.map(pasted).join('\t')];
    let length = 0;
    for (let at = Math.max(0, from); at < end; at++) {
      const index = order?.[at] ?? at;
      const line = columns
        .map((column) => pasted(textOf(column && this.table.shown(column, column.at(index)))))
        .join('\t');
      length += line.length;
      if (length > most) {
        return undefined;
      }
      lines.push(line);
    }
    return lines.join('\n');
  }

  /** Rows of the server's order as the text of a JSON list; for a program, with numbers that JavaScript can hold. */
  json({ from, to, forProgram }: Span & { readonly forProgram?: true }): string {
    const rows: number[] = [];
    for (let index = from; index < Math.min(to, this.table.rowCount); index++) {
      rows.push(index);
    }
    const write = forProgram ? valueForProgram : jsonOf;
    return `[${writeRows(this.table, rows, this.table.fields, 'json', ',', write)}]`;
  }

  /**
   * Fixes what is exported: the rows as they are arranged now, or all in the server's order. Answers its number,
   * how many rows it has, and what its columns are; a person may sort on while it is written.
   */
  startExport(request: ExportRequest): { id: number; rowCount: number; kinds: (Kind | undefined)[] } {
    // All rows are exported, also those that have come since they were arranged.
    const isOld = this.#arranged !== this.table.rowCount;
    const order = request.all ? undefined : isOld ? this.#order() : this.#rows;
    const id = ++this.#lastExport;
    this.#exports.set(id, { ...request, order, rowCount: this.table.rowCount });
    const columns = request.fields.map((field) => this.table.column(field));
    const kinds = columns.map((column) => column && this.table.kindOf(column));
    return { id, rowCount: order?.length ?? this.table.rowCount, kinds };
  }

  /** Some rows of an export, without what stands before the first and after the last. */
  exportPart({ id, from, to }: Span & { readonly id: number }): string {
    const exported = this.#exports.get(id);
    if (exported === undefined) {
      return '';
    }
    const { order, rowCount, fields, format, delimiter } = exported;
    const rows: number[] = [];
    const end = Math.min(to, order?.length ?? rowCount);
    for (let at = from; at < end; at++) {
      rows.push(order?.[at] ?? at);
    }
    return writeRows(this.table, rows, fields, format, delimiter);
  }

  endExport(id: number): void {
    this.#exports.delete(id);
  }

  /** The sizes of the numbers in the first rows as they are arranged, by what the rows are known by. */
  sample({ keys, most }: { readonly keys: readonly string[] | null; readonly most: number }): Sample {
    const order = this.#rows;
    const rows: number[] = [];
    const count = Math.min(most, order?.length ?? this.table.rowCount);
    for (let at = 0; at < count; at++) {
      rows.push(order?.[at] ?? at);
    }
    const keyed = keys ?? keyFields(this.table, this.table);
    const columns = this.table.columns.filter((column) => this.table.kindOf(column) === 'number');
    return {
      keyFields: keyed,
      keys: rows.map((row) => keyOf(this.table, row, keyed)),
      fields: columns.map(({ field }) => field),
      values: columns.map((column) => {
        return Float64Array.from(rows, (row) => sizeOf(column.at(row), column.reading));
      }),
    };
  }

  /** The numbers of a column by the times in the table, where its rows are moments. */
  dated({ field, max }: Omit<Dated, 'rows'>): Lines | undefined {
    return datedLines(this.table, { field, max, rows: this.#rows });
  }

  #shown(column: Column, row: number, longest: number): ShownCell {
    return shown(this.table.shown(column, column.at(row)), longest);
  }

  /** Marks what is not as it was in another table: of an earlier answer to the same request. */
  compare(earlier: TableEngine): void {
    this.#changes = new Changes(earlier.table, this.table);
  }

  #order(): Uint32Array | undefined {
    const { sort, filter, labels } = this.#arrangement;
    if (sort.length === 0 && filter.trim() === '') {
      return undefined;
    }
    const kept =
      filter.trim() === '' ? allRows(this.table.rowCount) : filterRows(this.table, filter, new Map(labels));
    return sortRows(this.table, kept, sort);
  }
}

/** The differences between two tables of the same request, found when a row is asked for. */
class Changes {
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

  of(row: number): readonly number[] | undefined {
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

function valueForProgram(cell: Cell): string {
  return cell instanceof NumberText && !isExact(cell.text) ? JSON.stringify(cell.text) : jsonOf(cell);
}

function shown(cell: Cell | undefined, longest: number): ShownCell {
  if (cell === undefined) {
    return { none: 'missing' };
  }
  if (cell === null) {
    return { none: 'null' };
  }
  if (Array.isArray(cell)) {
    const total = cell.reduce((sum, text) => sum + text.length, 0);
    return total > longest || cell.length > mostValues
      ? { cut: cell.slice(0, mostValues).join(', ').slice(0, longest), length: total }
      : cell;
  }
  const text = String(cell);
  return text.length > longest ? { cut: text.slice(0, longest), length: text.length } : text;
}

function pasted(text: string): string {
  return delimited(text, '\t');
}
