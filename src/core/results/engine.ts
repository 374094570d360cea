import { jsonOf, NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { Changes, keyFields, keyOf } from './changes.ts';
import { type Dated, datedLines, type Lines } from './dated.ts';
import {
  type Copying,
  copied,
  type Delimiter,
  type ExportFormat,
  objectWriter,
  writeRows,
} from './exports.ts';
import { allRows, filterRows } from './filter.ts';
import { type SortBy, sizeOf, sortRows } from './order.ts';
import { isExact, type Kind } from './quantity.ts';
import type { RowList } from './rowStore.ts';
import type { Detail, Page, ShownCell, ShownRow, Span, Sums } from './shown.ts';
import { groupsOf, type Statistics, statisticsOf, sumsOf } from './statistics.ts';
import { type Column, ResultTable } from './table.ts';

/** What is shown of a table, and in which order. */
export interface Arrangement {
  readonly sort: readonly SortBy[];
  readonly filter: string;
  /** Labels of fields, so that a filter can name a column as it is seen. */
  readonly labels: readonly (readonly [field: string, label: string])[];
}

/** The same of rows as they are arranged; in the server's order without. */
export interface ArrangedSpan extends Span {
  readonly arrangement?: Arrangement | undefined;
}

export type Selection = ArrangedSpan & Copying;

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
  /** The rows that are shown, as they are shown; all in the server's order without. */
  readonly arrangement?: Arrangement;
}

export interface SampleRequest {
  readonly arrangement?: Arrangement;
  /** The fields that rows are known by; found out where nobody knows yet. */
  readonly keys: readonly string[] | null;
  /** Rows looked at. */
  readonly most: number;
}

export interface GroupRequest extends ArrangedSpan {
  readonly by: string;
  /** Fields whose numbers are added up. */
  readonly of: readonly string[];
  /** Groups that are answered, those with the most rows. */
  readonly most: number;
}

export interface DatedRequest extends Omit<Dated, 'rows'> {
  readonly arrangement?: Arrangement;
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

/** Rows go to a program in parts of about this size, which are parsed in some 3 milliseconds. */
const partBytes = 256 << 10;

/** Longest text of a cell in the grid; row detail shows more. */
const longestCell = 512;
const longestDetail = 256 << 10;
/** Most values of a cell in the grid. */
const mostValues = 64;

/** One table with what is asked of it: takes and gives only what can be sent between threads. */
export class TableEngine {
  readonly table: ResultTable;
  /** Whether all rows have come. */
  isWhole = false;
  /** What was arranged last: a person looks at many pages of the same. */
  #last: { readonly key: string; readonly order: Uint32Array; readonly rowCount: number } | undefined;
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

  page(span: ArrangedSpan): Page {
    const rows: ShownRow[] = [];
    for (const index of this.#indices(span)) {
      const cells = this.table.columns.map((column) => this.#shown(column, index, longestCell));
      const changed = this.#changes?.of(index);
      rows.push(changed === undefined ? { index, cells } : { index, cells, changed });
    }
    const shown = this.#order(span.arrangement)?.length ?? this.table.rowCount;
    return { from: span.from, fields: this.table.fields, rows, shown };
  }

  /** Everything of one row of the arrangement. */
  detail({
    arrangement,
    at,
  }: {
    readonly arrangement?: Arrangement;
    readonly at: number;
  }): Detail | undefined {
    const order = this.#order(arrangement);
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

  /** A selection as text for the clipboard; undefined when it is too much. */
  copy({ from, to, arrangement, ...how }: Selection): string | undefined {
    return copied(this.table, this.#indices({ from, to, arrangement }), how);
  }

  /** Rows of the server's order as the text of a JSON list, in which what is nested is no text. */
  json(span: Span): string {
    const { table } = this;
    const write = objectWriter(table, table.fields, (cell, row, column) =>
      typeof cell === 'string' && table.isNested(row, column) ? cell : jsonOf(cell),
    );
    return `[${Array.from(this.#indices(span), write).join(',\n')}]`;
  }

  /** The next rows for a program, as a list that `JSON.parse` makes them of: numbers that JavaScript cannot hold are texts. */
  rows(from: number): RowList {
    const { table } = this;
    return table.list(from, partBytes, objectWriter(table, table.fields, valueForProgram));
  }

  /**
   * Fixes what is exported: all rows that there are. Answers its number, how many rows it has, and what its columns
   * are.
   */
  startExport(request: ExportRequest): { id: number; rowCount: number; kinds: (Kind | undefined)[] } {
    const order = request.arrangement && this.#arrange(request.arrangement);
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
  sample({ keys, most, ...arranged }: SampleRequest): Sample {
    const rows = [...this.#indices({ ...arranged, from: 0, to: most })];
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

  /** What the numbers in some cells of the arrangement come to. */
  sums({ fields, ...span }: ArrangedSpan & { readonly fields: readonly string[] }): Sums | undefined {
    return sumsOf(this.table, this.#indices(span), fields);
  }

  /** The numbers of a column by the times in the table, where its rows are moments. */
  dated({ arrangement, field, max }: DatedRequest): Lines | undefined {
    return datedLines(this.table, { field, max, rows: this.#order(arrangement) });
  }

  /** What a column has in some rows; undefined for a field that no row has. */
  statistics({ field, ...span }: ArrangedSpan & { readonly field: string }): Statistics | undefined {
    const column = this.table.column(field);
    return column && statisticsOf(this.table, column, this.#indices(span));
  }

  /** Some rows put together by a field; undefined where no row has it. */
  group({ by, of, most, ...span }: GroupRequest): ReturnType<typeof groupsOf> | undefined {
    const column = this.table.column(by);
    const columns = of.flatMap((field) => this.table.column(field) ?? []);
    return column && groupsOf(this.table, column, { columns, rows: this.#indices(span), most });
  }

  /** Where rows of an arrangement stand in the server's order. */
  *#indices({ arrangement, from, to }: ArrangedSpan): Generator<number> {
    const order = this.#order(arrangement);
    const end = Math.min(to, order?.length ?? this.table.rowCount);
    for (let at = Math.max(0, from); at < end; at++) {
      yield order?.[at] ?? at;
    }
  }

  #shown(column: Column, row: number, longest: number): ShownCell {
    return shown(this.table.shown(column, column.at(row)), longest);
  }

  /** Marks what is not as it was in another table: of an earlier answer to the same request. */
  compare(earlier: TableEngine): void {
    this.#changes = new Changes(earlier.table, this.table);
  }

  /**
   * The rows of an arrangement; undefined where it is the server's. Rows that arrive are put in their places when there
   * are twice as many as before, and when they are all there: each time costs as much as sorting them all.
   */
  #order(arrangement: Arrangement | undefined): Uint32Array | undefined {
    if (arrangement === undefined || !isArranged(arrangement)) {
      return undefined;
    }
    const { rowCount } = this.table;
    const key = JSON.stringify(arrangement);
    const last = this.#last;
    if (
      last?.key === key &&
      (rowCount === last.rowCount || (!this.isWhole && rowCount < 2 * last.rowCount))
    ) {
      return last.order;
    }
    const order = this.#arrange(arrangement) ?? allRows(rowCount);
    this.#last = { key, order, rowCount };
    return order;
  }

  #arrange(arrangement: Arrangement): Uint32Array | undefined {
    const { sort, filter, labels } = arrangement;
    if (!isArranged(arrangement)) {
      return undefined;
    }
    const kept =
      filter.trim() === '' ? allRows(this.table.rowCount) : filterRows(this.table, filter, new Map(labels));
    return sortRows(this.table, kept, sort);
  }
}

/** Whether rows are shown in any other way than as the server sent them. */
export function isArranged({ sort, filter }: Arrangement): boolean {
  return sort.length > 0 || filter.trim() !== '';
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
