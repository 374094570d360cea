import { seenFields } from '../../src/views/results/layout.ts';
import type { ColumnLook, Layout, TableStateMessage } from '../../src/views/results/messages.ts';

/** A column as it is seen. */
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

/** How a person has arranged the columns. */
type ColumnLayout = Pick<Layout, 'columns' | 'order' | 'byField'>;

/** The width of a text in pixels, as a cell's or, in its own font, as a header's. */
export type Measure = (text: string, isHeader: boolean) => number;

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
  byField = false;
  #data: ColumnData = { fields: [], labels: [], kinds: [], hidden: [] };
  #looks = new Map<string, ColumnLook>();
  #order: readonly string[] = [];
  /** By what stands in them. */
  readonly #widths = new Map<string, number>();
  readonly #measure: Measure;

  constructor(measure: Measure) {
    this.#measure = measure;
  }

  get layout(): ColumnLayout {
    return { columns: [...this.#looks.values()], order: [...this.#order], byField: this.byField };
  }

  set layout({ columns, order, byField }: ColumnLayout) {
    this.#looks = new Map(columns.map((look) => [look.field, look]));
    this.#order = order;
    this.byField = byField;
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

  titleOf({ field, label }: SeenColumn): string {
    return this.byField ? field : label;
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
    this.#edit(field, { pinned: this.#looks.get(field)?.pinned !== true });
  }

  /** Moves a column before or after another one; beside a pinned one it is pinned too. */
  move(field: string, beside: string, after: boolean): void {
    const { fields } = this.#data;
    if (field === beside || !fields.includes(field) || !fields.includes(beside)) {
      return;
    }
    // Hidden ones keep their places, too.
    const order = seenFields({ columns: [], order: [...this.#order] }, fields, []);
    order.splice(order.indexOf(field), 1);
    order.splice(order.indexOf(beside) + (after ? 1 : 0), 0, field);
    this.#order = order;
    this.#edit(field, { pinned: this.#looks.get(beside)?.pinned === true });
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
    this.#looks.set(field, { ...this.#looks.get(field), ...change, field });
    this.#arrange();
  }

  #arrange(): void {
    const { fields, labels, kinds, hidden } = this.#data;
    this.all = fields.map((field, cell) => {
      const { width, pinned = false } = this.#looks.get(field) ?? {};
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
    this.seen = seenFields(this.layout, fields, hidden).flatMap((field) => byField.get(field) ?? []);
  }
}
