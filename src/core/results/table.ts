import { TokensError } from '../errors.ts';
import { NumberText, readJson, type SentObject } from '../json.ts';
import type { Cell, JsonObject } from '../protocols/answer.ts';
import { AddressList } from './addressList.ts';
import { type BytesKind, CellStore, missing } from './cellStore.ts';
import { firstOf, flatten, textOf } from './cells.ts';
import { Judge, type Kind, type Reading } from './quantity.ts';

/** So many rows are judged at no cost worth saving. */
const fewRows = 64;

/** A column's cells; a row that lacks the field has `undefined` there, which is not the same as null. */
export class Column {
  readonly field: string;
  /** The field's name as it stands in the body, between its quotes. */
  readonly quoted: Uint8Array;
  /** What the values were judged to be, and how many of them there were then. */
  judged: { readonly kind: Kind; readonly rows: number } | undefined;
  readonly #store: CellStore;
  readonly #addresses: AddressList;
  /** Whether the last cells were equal. */
  #repeats = true;
  #read: { readonly reading: Reading; readonly rows: number } | undefined;

  /** Has as many rows without the field before its first one. */
  constructor(field: string, rows: number, store: CellStore) {
    this.field = field;
    this.quoted = new TextEncoder().encode(JSON.stringify(field));
    this.#store = store;
    this.#addresses = new AddressList(rows, missing);
  }

  get length(): number {
    return this.#addresses.length;
  }

  at(row: number): Cell | undefined {
    return row < this.length ? this.#store.get(this.#addresses.at(row)) : undefined;
  }

  /** The same, by a reader of the table (see {@link ResultTable.scan}). */
  scan(row: number, read: (address: number) => Cell | undefined): Cell | undefined {
    return row < this.length ? read(this.#addresses.at(row)) : undefined;
  }

  /** How the values are read: judged by all of them, unless a sample has shown already that they are text. */
  get reading(): Reading {
    const { length } = this;
    if (this.#read?.rows !== length) {
      const { reading, isOpen } = this.judge(sampleSize);
      const isSure = !isOpen && (reading.kind === 'text' || this.#isAll(reading));
      this.#read = { reading: isSure ? reading : this.judge(length).reading, rows: length };
    }
    return this.#read.reading;
  }

  /** Whether no value speaks against a reading: words may stand in every column. */
  #isAll(reading: Reading): boolean {
    for (let row = 0; row < this.length; row++) {
      const value = firstOf(this.at(row));
      const isOther =
        value instanceof NumberText
          ? reading.kind !== 'number'
          : typeof value === 'string' && Number.isNaN(reading.size(value)) && /\d/.test(value);
      if (isOther) {
        return false;
      }
    }
    return true;
  }

  /** Judges a sample of about so many values. */
  judge(size: number): Judge {
    const judge = new Judge();
    const step = Math.max(1, Math.floor(this.length / size));
    for (let at = 0; at < this.length; at += step) {
      const value = firstOf(this.at(at));
      judge.add(textOf(value), value instanceof NumberText);
    }
    return judge;
  }

  push(cell: Cell | undefined): void {
    this.#addresses.push(this.#store.put(cell, this.#addresses.last));
  }

  /** Pushes a value as it stands in a body. One that repeats down its column is kept once. */
  pushBytes(kind: BytesKind, bytes: Uint8Array, from: number, to: number): void {
    // Columns that do not repeat are asked only now and then.
    if (this.#repeats || (this.length & 31) === 0) {
      const { last } = this.#addresses;
      this.#repeats = this.#store.holds(last, kind, bytes, from, to);
      if (this.#repeats) {
        this.#addresses.push(last);
        return;
      }
    }
    this.#addresses.push(this.#store.putBytes(kind, bytes, from, to));
  }

  /** Takes back the cells from a row on. */
  cut(rows: number): void {
    this.#addresses.cut(rows);
  }
}

/** More different fields than any view has; every one of them costs memory and time in every place that shows rows. */
const mostColumns = 4096;

/** Cells that rows lack: few fields in each of many rows must not grow into a table of all fields in all rows. */
const mostGaps = 1 << 20;
/** And so many more for every cell that a row has. */
const gapsPerCell = 4;

/** Cells of a column looked at to tell its kind. */
const sampleSize = 2000;

/**
 * Rows kept by column: 200,000 rows of 20 columns cost about as much as their body. Rows of different shapes are
 * fine; columns stand in the order of the server.
 */
export class ResultTable {
  readonly #store = new CellStore();
  #columns: Column[] = [];
  readonly #byField = new Map<string, Column>();
  #rowCount = 0;
  #gaps = 0;
  #cells = 0;
  /** Places in the body that were no valid JSON and have been mended. */
  mended = 0;

  get rowCount(): number {
    return this.#rowCount;
  }

  get columns(): readonly Column[] {
    return this.#columns;
  }

  get fields(): string[] {
    return this.#columns.map(({ field }) => field);
  }

  column(field: string): Column | undefined {
    return this.#byField.get(field);
  }

  append(batch: readonly (SentObject | JsonObject)[]): void {
    for (const row of batch) {
      this.#appendRow(row instanceof Map ? row : (readJson(JSON.stringify(row)).value as SentObject));
    }
  }

  /** Appends a row through its cells, for who has read them without making an object of them. */
  get writer(): RowWriter {
    let begun = this.#store.end;
    return {
      columns: () => this.#columns,
      find: (field) => this.#byField.get(field),
      begin: () => {
        begun = this.#store.end;
        return this.#rowCount;
      },
      commit: (cells) => {
        const index = this.#rowCount++;
        this.#cells += cells;
        if (cells < this.#columns.length) {
          this.#fillUp(index);
        }
      },
      rollback: () => {
        for (const column of this.#columns) {
          column.cut(this.#rowCount);
        }
        this.#store.cut(begun);
      },
    };
  }

  /** The cell of a row; `undefined` where the row lacks the field. */
  cell(row: number, field: string): Cell | undefined {
    return this.#byField.get(field)?.at(row);
  }

  /** Makes a reader of many cells in the server's order, for {@link Column.scan}. */
  scan(): (address: number) => Cell | undefined {
    return this.#store.scan();
  }

  /**
   * What most of the column's values are, judged by a sample of them; of many, anew only when they have doubled:
   * while an answer arrives this is asked with every piece of it.
   */
  kindOf(column: Column): Kind {
    const { length, judged } = column;
    if (judged === undefined || length < fewRows || length >= judged.rows * 2) {
      column.judged = { kind: column.judge(sampleSize).reading.kind, rows: length };
    }
    return column.judged?.kind ?? 'text';
  }

  #appendRow(row: SentObject): void {
    const index = this.#rowCount++;
    const keys = [...row.keys()];
    if (keys.length > mostColumns) {
      throw tooManyFields();
    }
    this.#cells += keys.length;
    for (let at = 0; at < keys.length; at++) {
      const key = keys[at] as string;
      // Rows mostly have the same fields in the same order: then no look-up is needed.
      let column = this.#columns[at];
      if (column?.field !== key) {
        column = this.#byField.get(key) ?? this.#addColumn(keys, at, index);
      }
      column.push(flatten(row.get(key) ?? null));
    }
    if (keys.length < this.#columns.length) {
      this.#fillUp(index);
    }
  }

  #fillUp(index: number): void {
    for (const column of this.#columns) {
      if (column.length === index) {
        column.push(undefined);
        this.#gap(1);
      }
    }
  }

  #gap(count: number): void {
    this.#gaps += count;
    if (this.#gaps > mostGaps + gapsPerCell * this.#cells) {
      throw tooManyFields();
    }
  }

  /** A new field stands before the next field of its row that is known already; else it is the last one. */
  #addColumn(keys: readonly string[], at: number, rows: number): Column {
    const field = keys[at] as string;
    if (this.#columns.length === mostColumns) {
      throw tooManyFields();
    }
    this.#gap(rows);
    const column = new Column(field, rows, this.#store);
    this.#byField.set(field, column);
    for (let next = at + 1; next < keys.length; next++) {
      const successor = this.#byField.get(keys[next] as string);
      if (successor !== undefined) {
        this.#columns.splice(this.#columns.indexOf(successor), 0, column);
        return column;
      }
    }
    this.#columns.push(column);
    return column;
  }
}

function tooManyFields(): TokensError {
  return new TokensError('E_TOO_LARGE', 'The rows of the answer have too many different fields.');
}

/** The way into a table for a reader that makes no objects. A row is begun, and then committed or rolled back. */
export interface RowWriter {
  columns(): readonly Column[];
  find(field: string): Column | undefined;
  /** The index of the row that is begun. */
  begin(): number;
  /** The row is whole; `cells` of it were pushed. */
  commit(cells: number): void;
  rollback(): void;
}
