import { asSent, seenFields } from '../../src/views/results/layout.ts';
import {
  type ColumnLook,
  type Layout,
  mostSorts,
  type TableStateMessage,
} from '../../src/views/results/messages.ts';

export interface SeenColumn {
  readonly field: string;
  readonly label: string;
  readonly kind: TableStateMessage['kinds'][number];
  /** Its place in the cells of a row. */
  readonly cell: number;
  readonly width: number;
  readonly pinned: boolean;
}

/** What is known of the columns of the data, in the order of the server. */
type ColumnData = Pick<TableStateMessage, 'fields' | 'labels' | 'kinds' | 'hidden'>;

/** The width of a text in pixels, as a cell's or, in its own font, as a header's. */
export type Measure = (text: string, isHeader: boolean) => number;

export type Direction = 'ascending' | 'descending' | 'none';

/** In pixels, until there are rows to measure. */
const widthUnmeasured = 100;
const minWidth = 48;
const maxFirstWidth = 360;

/** Which columns are seen, in which order and how wide; what a person has set outlives new data. */
export class Columns {
  /** Those that are not hidden; pinned ones first. */
  seen: readonly SeenColumn[] = [];
  /** All of them, in the order of the server. */
  all: readonly SeenColumn[] = [];
  #data: ColumnData = { fields: [], labels: [], kinds: [], hidden: [] };
  #layout: Layout = asSent;
  /** By what stands in them. */
  readonly #widths = new Map<string, number>();
  readonly #measure: Measure;

  constructor(measure: Measure) {
    this.#measure = measure;
  }

  /** How a person has arranged the table. */
  get layout(): Layout {
    return this.#layout;
  }

  set layout(layout: Layout) {
    this.#layout = layout;
    this.#arrange();
  }

  get pinnedCount(): number {
    return this.seen.filter(({ pinned }) => pinned).length;
  }

  get hiddenCount(): number {
    return this.all.length - this.seen.length;
  }

  /** Takes the columns of the data. */
  update(data: ColumnData): void {
    this.#data = data;
    this.#arrange();
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
    const { sort } = this.#layout;
    const at = sort.findIndex((one) => one.field === field);
    const next = direction ?? (at < 0 ? 'ascending' : sort[at]?.descending ? 'none' : 'descending');
    const others = add ? sort.filter((one) => one.field !== field) : [];
    const step = { field, descending: next === 'descending' };
    return next === 'none'
      ? others
      : others.toSpliced(add && at >= 0 ? at : others.length, 0, step).slice(0, mostSorts);
  }

  titleOf({ field, label }: SeenColumn): string {
    return this.#layout.byField ? field : label;
  }

  /** Widths for the columns that a person has given none, by what stands in them. */
  fitAll(textsOf: (column: SeenColumn) => readonly string[]): void {
    for (const column of this.all) {
      this.#widths.set(column.field, Math.min(this.#widthFor(column, textsOf(column)), maxFirstWidth));
    }
    this.#arrange();
  }

  fit(column: SeenColumn, texts: readonly string[]): void {
    this.resize(column.field, this.#widthFor(column, texts));
  }

  resize(field: string, width: number): void {
    this.#edit(field, { width: Math.round(Math.max(width, minWidth)) });
  }

  hide(field: string): void {
    if (this.seen.length > 1) {
      this.#edit(field, { hidden: true });
    }
  }

  showAll(): void {
    const seen = new Set(this.seen.map(({ field }) => field));
    for (const { field } of this.all) {
      if (!seen.has(field)) {
        this.#edit(field, { hidden: false });
      }
    }
  }

  togglePin(field: string): void {
    this.#edit(field, { pinned: !this.#isPinned(field) });
  }

  /** Moves a column before or after another one; beside a pinned one it is pinned too. */
  move(field: string, beside: string, after: boolean): void {
    const { fields } = this.#data;
    if (field === beside || !fields.includes(field) || !fields.includes(beside)) {
      return;
    }
    // Those that are hidden keep their places, too, and those that only other answers have.
    const { order: known } = this.#layout;
    const order = seenFields({ columns: [], order: known }, [...new Set([...fields, ...known])], []);
    order.splice(order.indexOf(field), 1);
    order.splice(order.indexOf(beside) + (after ? 1 : 0), 0, field);
    this.#layout = { ...this.#layout, order };
    this.#edit(field, { pinned: this.#isPinned(beside) });
  }

  #isPinned(field: string): boolean {
    return this.#layout.columns.some((look) => look.field === field && look.pinned);
  }

  #widthFor(column: SeenColumn, texts: readonly string[]): number {
    // Room for the sort arrow and the padding.
    let width = this.#measure(this.titleOf(column), true) + 38;
    for (const text of texts) {
      width = Math.max(width, this.#measure(text.slice(0, 200), false) + 20);
    }
    return Math.max(Math.ceil(width), minWidth);
  }

  #edit(field: string, change: Partial<ColumnLook>): void {
    const { columns } = this.#layout;
    const look = { ...columns.find((one) => one.field === field), ...change, field };
    this.layout = { ...this.#layout, columns: [...columns.filter((one) => one.field !== field), look] };
  }

  #arrange(): void {
    const { fields, labels, kinds, hidden } = this.#data;
    const looks = new Map<string, ColumnLook>(this.#layout.columns.map((look) => [look.field, look]));
    this.all = fields.map((field, cell) => {
      const { width, pinned = false } = looks.get(field) ?? {};
      return {
        field,
        label: labels[cell] ?? field,
        kind: kinds[cell] ?? 'text',
        cell,
        width: width ?? this.#widths.get(field) ?? widthUnmeasured,
        pinned,
      };
    });
    const byField = new Map(this.all.map((column) => [column.field, column]));
    this.seen = seenFields(this.#layout, fields, hidden).flatMap((field) => byField.get(field) ?? []);
  }
}
