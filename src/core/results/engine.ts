import { cancelled } from '../errors.ts';
import { jsonOf, NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { type ArrangedSpan, Arranging } from './arranging.ts';
import { flatten } from './cells.ts';
import { Changes, type Differences, keyFields, keysOf } from './changes.ts';
import { type Dated, datedLines } from './dated.ts';
import { objectWriter, type Writing, writeRows } from './exports.ts';
import { allRows, type Condition, conditionOf, type Labels } from './filter.ts';
import { isExact, type Kind, sizeOf } from './quantity.ts';
import type { RowList } from './rowStore.ts';
import type { Lines, Page, ShownCell, ShownRow, Span, Sums } from './shown.ts';
import { groupsOf, type Statistics, statisticsOf, sumsOf } from './statistics.ts';
import { ResultTable } from './table.ts';

export interface Summary {
  readonly fields: readonly string[];
  readonly kinds: readonly Kind[];
  readonly rowCount: number;
  /** Places in the body that were no valid JSON and have been mended. */
  readonly mended: number;
  /** A text that stands for no value among numbers. */
  readonly missing?: string | undefined;
}

/** The rows that are shown, as they are shown; all in the server's order without an arrangement. */
export interface ExportRequest extends ArrangedSpan, Writing {
  /** What stands above the columns, but in JSON; their fields unless told otherwise. */
  readonly headers?: readonly string[] | null;
}

/** Another table, say of an earlier answer to the same request; null where there is none. */
interface Compared {
  readonly other: TableEngine | null;
}

interface MeetingRequest extends Compared {
  readonly alert: string;
  readonly labels: Labels;
}

interface GroupRequest extends ArrangedSpan {
  readonly by: string;
  /** Fields whose numbers are added up. */
  readonly of: readonly string[];
  /** Groups that are answered, those with the most rows. */
  readonly max: number;
}

/** The numbers of one moment. */
export interface Sample {
  readonly keyFields: readonly string[];
  readonly keys: readonly string[];
  readonly fields: readonly string[];
  /** For each field, the value of each row; NaN where there is none. */
  readonly values: readonly Float64Array[];
}

/** Rows go to a program in parts of about this size, which are parsed in some 3 milliseconds. */
const partBytes = 256 << 10;

/** Longest text of a cell in the grid, and where it is shown for reading. */
const longestCell = 512;
const longestRead = 256 << 10;
/** Most values of a cell. */
const mostValues = 64;

/** One table with what is asked of it: takes and gives only what can be sent between threads. */
export class TableEngine {
  readonly table: ResultTable;
  /** Whether all rows have come. */
  isWhole = false;
  readonly #arranging = new Arranging(this);

  constructor(table = new ResultTable()) {
    this.table = table;
  }

  summary(): Summary {
    const { table } = this;
    return {
      fields: table.fields,
      kinds: table.columns.map((column) => column.kind),
      rowCount: table.rowCount,
      mended: table.mended,
      missing: table.missing,
    };
  }

  /** @param whole whether long values are told, too, in which a person reads: the grid shows their beginnings */
  page({ arrangement, from, to, whole = false }: ArrangedSpan & Span & { readonly whole?: boolean }): Page {
    const alert = conditionOf(this.table, arrangement?.alert ?? '', arrangement?.labels);
    const longest = whole ? longestRead : longestCell;
    const rows = Array.from(this.#arranging.all({ arrangement, from, to }), (row) =>
      this.#row(row, alert, longest),
    );
    const { order, shown } = this.#arranging.arranged(arrangement);
    return { from, fields: this.table.fields, rows, shown, gone: (order?.length ?? shown) - shown };
  }

  /** Rows of the server's order as the text of a JSON list. */
  json(span: Span): string {
    const { table } = this;
    return `[${Array.from(this.#arranging.own(span), objectWriter(table, table.fields)).join(',\n')}]`;
  }

  /** The next rows for a program, as a list that `JSON.parse` makes them of: numbers that JavaScript cannot hold are texts. */
  rows(from: number): RowList {
    const { table } = this;
    const write = objectWriter(table, table.fields, (value) => valueForProgram(flatten(value)));
    return table.rows.list(from, partBytes, write);
  }

  /** What is exported: places in the server's order. Of a selection of nothing but rows that are gone, it is those. */
  startExport(span: ArrangedSpan): Uint32Array {
    const own = this.#arranging.own(span);
    return own.length > 0 || span.to === undefined ? own : this.#arranging.all(span);
  }

  /** Some of these rows, without what stands before the first and after the last. */
  exportPart({ rows, ...how }: Writing & { readonly rows: Uint32Array }): string {
    const [table, first] = this.#homeOf(rows[0] ?? 0);
    if (table === undefined) {
      throw cancelled(); // The comparison has ended meanwhile.
    }
    return writeRows(
      table,
      rows.map((row) => row - first),
      how,
    );
  }

  /**
   * The sizes of the numbers in some rows, by what the rows are known by.
   * @param keys the fields of that; found out where nobody knows yet
   */
  sample({ keys, ...span }: ArrangedSpan & { readonly keys: readonly string[] | null }): Sample {
    const rows = [...this.#arranging.own(span)];
    const keyed = keys ?? keyFields(this.table, this.table);
    const columns = this.table.columns.filter((column) => column.kind === 'number');
    return {
      keyFields: keyed,
      keys: rows.map(keysOf(this.table, keyed)),
      fields: columns.map(({ field }) => field),
      values: columns.map((column) => {
        return Float64Array.from(rows, (row) => sizeOf(column.at(row), column.reading));
      }),
    };
  }

  /** What the numbers in some cells of the arrangement come to. */
  sums({ fields, ...span }: ArrangedSpan & { readonly fields: readonly string[] }): Sums | undefined {
    return sumsOf(this.table, this.#arranging.own(span), fields);
  }

  /** How many rows meet a condition, none where there is none, and what those are called that did not in the other table. */
  meeting({ alert, labels, other }: MeetingRequest): { count: number; begun: readonly string[] } {
    const { isEmpty, holds } = conditionOf(this.table, alert, labels);
    const rows = isEmpty ? [] : [...allRows(this.table.rowCount).filter(holds)];
    if (other === null || rows.length === 0) {
      return { count: rows.length, begun: [] };
    }
    const known = this.#arranging.changes;
    const changes = known?.earlier === other.table ? known : new Changes(other.table, this.table);
    const before = conditionOf(other.table, alert, labels);
    const begun = rows.filter((row) => changes.before(row) < 0 || !before.holds(changes.before(row)));
    const key = keysOf(this.table, changes.keys);
    const nameOf = (row: number) => (changes.keys.length === 0 ? `#${row + 1}` : key(row));
    return { count: rows.length, begun: begun.map(nameOf) };
  }

  /** The numbers of a column by the times in the table, where its rows are moments. */
  dated({ field, max, ...span }: ArrangedSpan & Pick<Dated, 'field' | 'max'>): Lines | undefined {
    return datedLines(this.table, { field, max, rows: this.#arranging.own(span) });
  }

  /** What a column has in some rows; undefined for a field that no row has. */
  statistics({ field, ...span }: ArrangedSpan & { readonly field: string }): Statistics | undefined {
    const column = this.table.column(field);
    return column && statisticsOf(this.table, column, this.#arranging.own(span));
  }

  /** Some rows put together by a field; undefined where no row has it. */
  group({ by, of, max, ...span }: GroupRequest): ReturnType<typeof groupsOf> | undefined {
    const column = this.table.column(by);
    return column && groupsOf(this.table, column, of, this.#arranging.own(span), max);
  }

  #row(index: number, alert: Condition, longest: number): ShownRow {
    const cells = this.#cells(index, longest);
    if (this.#arranging.isGone(index)) {
      return { index: -1, cells };
    }
    const { columns } = this.table;
    const { changes } = this.#arranging;
    const changed = changes?.of(index);
    const before = changes?.before(index) ?? -1;
    const cellBefore = (at: number) =>
      cellOf(changes?.earlier, columns[at]?.field ?? '', before, longestCell);
    return {
      index,
      cells,
      ...(changed && { changed }),
      ...(changed && before >= 0 && { was: changed.map(cellBefore) }),
      ...(!alert.isEmpty &&
        alert.holds(index) && { alert: alert.columns.map((column) => columns.indexOf(column)) }),
    };
  }

  #cells(index: number, longest: number): ShownCell[] {
    const [table, first] = this.#homeOf(index);
    return this.table.columns.map(({ field }) => cellOf(table, field, index - first, longest));
  }

  /** The table that a row is in, this one or the one compared with, and by what its place there is less. */
  #homeOf(row: number): [table: ResultTable | undefined, first: number] {
    const { changes } = this.#arranging;
    return this.#arranging.isGone(row) ? [changes?.earlier, this.table.rowCount] : [this.table, 0];
  }

  /** Marks what is not as it is in another table, which may be a part of one (see {@link Changes}); null ends that. */
  compare({ other, isPart }: Compared & { readonly isPart?: boolean }): Differences | undefined {
    const changes = other === null ? undefined : new Changes(other.table, this.table, isPart);
    this.#arranging.changes = changes;
    return changes?.differences;
  }
}

function valueForProgram(cell: Cell): string {
  return cell instanceof NumberText && !isExact(cell.text) ? JSON.stringify(cell.text) : jsonOf(cell);
}

function cellOf(table: ResultTable | undefined, field: string, row: number, longest: number): ShownCell {
  const column = table?.column(field);
  const cell = column && table?.shown(column, column.at(row));
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
