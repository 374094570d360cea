import { asSent, seenFields } from '../../src/views/results/layout.ts';
import {
  type ColumnData,
  type ColumnLook,
  type Layout,
  mostSorts,
} from '../../src/views/results/messages.ts';

export interface SeenColumn extends ColumnData {
  /** Its place in the cells of a row. */
  readonly cell: number;
  readonly width: number;
  readonly pinned: boolean;
}

/** The width of a text in pixels, as a cell's or, in its own font, as a header's. */
export type Measure = (text: string, isHeader: boolean) => number;

export type Direction = 'ascending' | 'descending' | 'none';

/** In pixels, until there are rows to measure. */
const widthUnmeasured = 100;
const minWidth = 48;
const maxFirstWidth = 360;

/**
 * Which columns are seen, in which order and how wide; what a person has set outlives new data. What changes that answers
 * what becomes other in the layout.
 */
export class Columns {
  /** Those that are not hidden; pinned ones first. */
  seen: readonly SeenColumn[] = [];
  /** All of them, in the order of the server. */
  all: readonly SeenColumn[] = [];
  /** How a person has arranged the table. */
  layout: Layout = asSent;
  #data: readonly ColumnData[] = [];
  /** By what stands in them. */
  readonly #widths = new Map<string, number>();
  readonly #measure: Measure;

  constructor(measure: Measure) {
    this.#measure = measure;
  }

  get pinnedCount(): number {
    return this.seen.filter(({ pinned }) => pinned).length;
  }

  get hiddenCount(): number {
    return this.all.length - this.seen.length;
  }

  /** Takes another layout, or what has changed otherwise. */
  arrange(layout = this.layout): void {
    this.layout = layout;
    const looks = new Map<string, ColumnLook>(this.layout.columns.map((look) => [look.field, look]));
    this.all = this.#data.map((column, cell) => {
      const { width, pinned = false } = looks.get(column.field) ?? {};
      return { ...column, cell, width: width ?? this.#widths.get(column.field) ?? widthUnmeasured, pinned };
    });
    const byField = new Map(this.all.map((column) => [column.field, column]));
    const hidden = this.#data.filter((column) => column.hidden).map(({ field }) => field);
    this.seen = seenFields(this.layout, [...byField.keys()], hidden).flatMap(
      (field) => byField.get(field) ?? [],
    );
  }

  /** Takes the columns of the data, in the order of the server. */
  update(data: readonly ColumnData[]): void {
    this.#data = data;
    this.arrange();
  }

  /** The column of a field, else the one at a place of those that are seen, else any: the last may have been hidden. */
  meant(field: string | undefined, at: number): SeenColumn | undefined {
    const named = this.all.find((one) => one.field === field);
    return named ?? this.seen[at] ?? this.seen[0] ?? this.all[0];
  }

  /**
   * What to sort by when a column is added, or is the only one: up, down, and back to the server's order. Columns past the
   * most that there may be are left out.
   */
  sortBy(field: string, add: boolean, direction?: Direction): Layout['sort'] {
    const { sort } = this.layout;
    const at = sort.findIndex((one) => one.field === field);
    const next = direction ?? (at < 0 ? 'ascending' : sort[at]?.descending ? 'none' : 'descending');
    const others = add ? sort.filter((one) => one.field !== field) : [];
    const step = { field, descending: next === 'descending' };
    return next === 'none'
      ? others
      : others.toSpliced(add && at >= 0 ? at : others.length, 0, step).slice(0, mostSorts);
  }

  titleOf({ field, label }: SeenColumn): string {
    return this.layout.byField ? field : label;
  }

  /** Widths for the columns that a person has given none, by what stands in them. */
  fitAll(textsOf: (column: SeenColumn) => readonly string[]): void {
    for (const column of this.all) {
      this.#widths.set(column.field, Math.min(this.#widthFor(column, textsOf(column)), maxFirstWidth));
    }
    this.arrange();
  }

  fit(column: SeenColumn, texts: readonly string[]): Partial<Layout> {
    return this.resize(column.field, this.#widthFor(column, texts));
  }

  resize(field: string, width: number): Partial<Layout> {
    return this.#edit([field], { width: Math.round(Math.max(width, minWidth)) });
  }

  hide(field: string): Partial<Layout> {
    return this.#edit(this.seen.length > 1 ? [field] : [], { hidden: true });
  }

  showAll(): Partial<Layout> {
    const hidden = this.all.filter((column) => !this.seen.includes(column));
    return this.#edit(
      hidden.map(({ field }) => field),
      { hidden: false },
    );
  }

  togglePin({ field, pinned }: SeenColumn): Partial<Layout> {
    return this.#edit([field], { pinned: !pinned });
  }

  /** Moves a column before or after another one; beside a pinned one it is pinned too. */
  move(field: string, beside: SeenColumn, after: boolean): Partial<Layout> {
    // Those that are hidden keep their places, too, and those that only other answers have.
    const { order: known } = this.layout;
    const all = new Set([...this.all.map((column) => column.field), ...known]);
    const order = seenFields({ columns: [], order: known }, [...all], []).filter((one) => one !== field);
    order.splice(order.indexOf(beside.field) + (after ? 1 : 0), 0, field);
    return field === beside.field ? {} : { order, ...this.#edit([field], { pinned: beside.pinned }) };
  }

  #widthFor(column: SeenColumn, texts: readonly string[]): number {
    // Room for the sort arrow and the padding.
    let width = this.#measure(this.titleOf(column), true) + 38;
    for (const text of texts) {
      width = Math.max(width, this.#measure(text.slice(0, 200), false) + 20);
    }
    return Math.max(Math.ceil(width), minWidth);
  }

  #edit(fields: readonly string[], change: Omit<ColumnLook, 'field'>): Partial<Layout> {
    const { columns } = this.layout;
    const others = columns.filter(({ field }) => !fields.includes(field));
    const looks = fields.map((field) => ({
      ...columns.find((one) => one.field === field),
      ...change,
      field,
    }));
    return { columns: [...others, ...looks] };
  }
}
