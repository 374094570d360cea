import { TokensError } from '../errors.ts';
import { jsonOf, type SentObject } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { type Kind, type Reading, readingOf } from './quantity.ts';
import { RowStore } from './rowStore.ts';
import type { Field } from './rowWalker.ts';

/** So many rows are judged at no cost worth saving. */
const fewRows = 64;

/** Cells of a column looked at to tell its kind, again and again while they arrive. */
const kindSample = 500;

/** A column's cells; a row that lacks the field has `undefined` there, which is not the same as null. */
export class Column implements Field {
  readonly field: string;
  readonly number: number;
  readonly quoted: Uint8Array;
  readonly #rows: RowStore;
  /** What the values were judged to be, and how many of them there were then. */
  #judged: { readonly kind: Kind; readonly rows: number } = { kind: 'text', rows: 0 };
  #read: { readonly reading: Reading; readonly rows: number } | undefined;

  constructor(field: string, number: number, rows: RowStore) {
    this.field = field;
    this.number = number;
    this.quoted = new TextEncoder().encode(JSON.stringify(field));
    this.#rows = rows;
  }

  get length(): number {
    return this.#rows.length;
  }

  /**
   * What most of the values are, judged by a sample of them; of many, anew only when they have doubled: while an answer
   * arrives this is asked with every piece of it.
   */
  get kind(): Kind {
    const { length } = this;
    if (length < fewRows || length >= this.#judged.rows * 2) {
      const step = Math.max(1, Math.floor(length / kindSample));
      this.#judged = { kind: readingOf(this, step).kind, rows: length };
    }
    return this.#judged.kind;
  }

  at(row: number): Cell | undefined {
    return row < this.length ? this.#rows.read(row, this.number) : undefined;
  }

  /** How the values are read: judged by all of them. */
  get reading(): Reading {
    const { length } = this;
    if (this.#read?.rows !== length) {
      this.#read = { reading: readingOf(this, 1), rows: length };
    }
    return this.#read.reading;
  }
}

/** More different fields than any view has; every one of them costs memory and time in every place that shows rows. */
const mostColumns = 4096;

/** Cells that rows lack: few fields in each of many rows must not grow into a table of all fields in all rows. */
const mostGaps = 1 << 20;
/** And so many more for every cell that a row has. */
const gapsPerCell = 4;

/** Rows of an answer and the columns that they make, which stand in the order of the server. Rows may be of different shapes. */
export class ResultTable {
  readonly #columns: Column[] = [];
  readonly #byField = new Map<string, Column>();
  readonly rows = new RowStore((name) => this.#byField.get(name));
  #gaps = 0;
  #cells = 0;
  /** A text that stands for no value among numbers. */
  missing: string | undefined;
  /** Places in the body that were no valid JSON and have been mended. */
  mended = 0;

  get rowCount(): number {
    return this.rows.length;
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

  append(row: SentObject): void {
    const keys = [...row.keys()];
    if (keys.length > mostColumns) {
      throw tooManyFields();
    }
    for (const [at, key] of keys.entries()) {
      if (!this.#byField.has(key)) {
        this.#addColumn(keys, at);
      }
    }
    if (this.take(Buffer.from(jsonOf(row)), 0) < 0) {
      throw new TokensError('E_PROTOCOL', 'The answer of the gateway could not be read.');
    }
  }

  /**
   * Appends the row whose brace stands at a place.
   * @returns where it ends; -1 where it has to be read by `readJson` and appended as what that has made of it
   */
  take(bytes: Buffer, from: number): number {
    const end = this.rows.put(bytes, from, this.#columns.length);
    if (end >= 0) {
      this.#cells += this.rows.cells;
      this.#gap(this.#columns.length - this.rows.cells);
    }
    return end;
  }

  /** A cell as it is shown: what stands for no value among numbers is none. */
  shown(column: Column, cell: Cell | undefined): Cell | undefined {
    return cell !== undefined && cell === this.missing && column.kind === 'number' ? null : cell;
  }

  #gap(count: number): void {
    this.#gaps += count;
    if (this.#gaps > mostGaps + gapsPerCell * this.#cells) {
      throw tooManyFields();
    }
  }

  /** A new field stands before the next field of its row that is known already; else it is the last one. */
  #addColumn(keys: readonly string[], at: number): void {
    const field = keys[at] as string;
    if (this.#columns.length === mostColumns) {
      throw tooManyFields();
    }
    this.#gap(this.rowCount);
    const column = new Column(field, this.#columns.length, this.rows);
    this.#byField.set(field, column);
    for (let next = at + 1; next < keys.length; next++) {
      const successor = this.#byField.get(keys[next] as string);
      if (successor !== undefined) {
        this.#columns.splice(this.#columns.indexOf(successor), 0, column);
        return;
      }
    }
    this.#columns.push(column);
  }
}

function tooManyFields(): TokensError {
  return new TokensError('E_TOO_LARGE', 'The rows of the answer have too many different fields.');
}
