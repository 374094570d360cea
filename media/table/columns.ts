import * as v from 'valibot';

export const columnLook = v.object({
  field: v.string(),
  width: v.optional(v.number()),
  hidden: v.optional(v.boolean()),
  pinned: v.optional(v.boolean()),
});
export type ColumnLook = v.InferOutput<typeof columnLook>;

export type Kind = 'number' | 'time' | 'text';

/** A column as it is seen. */
export interface SeenColumn {
  readonly field: string;
  readonly label: string;
  readonly kind: Kind;
  /** Its place in the cells of a row. */
  readonly cell: number;
  width: number;
  pinned: boolean;
}

/** What is known of the columns of the data, in the order of the server. */
interface ColumnData {
  readonly fields: readonly string[];
  readonly labels: readonly string[];
  readonly kinds: readonly Kind[];
  /** The fields that the view's definition hides at first. */
  readonly hidden: readonly string[];
}

/** The width of a text in pixels, as a cell's or, in its own font, as a header's. */
export type Measure = (text: string, isHeader: boolean) => number;

/** In pixels, until there are rows to measure. */
const widthUnmeasured = 100;
const minWidth = 48;
const maxFirstWidth = 360;

/** Which columns are seen, in which order and how wide; what a person has set outlives new data. */
export class Columns {
  #looks: ColumnLook[];
  /** The order that a person gave; empty while it is the server's. */
  #order: string[];
  #all: SeenColumn[] = [];
  #seen: SeenColumn[] = [];
  /** Hidden by the view's definition, unless the person has decided otherwise. */
  #hiddenAtFirst: ReadonlySet<string> = new Set();
  readonly #measure: Measure;

  constructor(looks: readonly ColumnLook[], order: readonly string[], measure: Measure) {
    this.#looks = [...looks];
    this.#order = [...order];
    this.#measure = measure;
  }

  /** Those that are not hidden; pinned ones first. */
  get seen(): readonly SeenColumn[] {
    return this.#seen;
  }

  get all(): readonly SeenColumn[] {
    return this.#all;
  }

  get pinnedCount(): number {
    const first = this.#seen.findIndex(({ pinned }) => !pinned);
    return first < 0 ? this.#seen.length : first;
  }

  get hiddenCount(): number {
    return this.#all.length - this.#seen.length;
  }

  get looks(): ColumnLook[] {
    return this.#looks;
  }

  get order(): string[] {
    return this.#order;
  }

  #isHidden(field: string): boolean {
    return this.#look(field)?.hidden ?? this.#hiddenAtFirst.has(field);
  }

  /** Takes the columns of the data; a field not seen before stands where the server has it. */
  update({ fields, labels, kinds, hidden }: ColumnData): void {
    this.#hiddenAtFirst = new Set(hidden);
    const known = new Map(this.#all.map((column) => [column.field, column]));
    this.#all = fields.map((field, cell) => {
      const before = known.get(field);
      return {
        field,
        label: labels[cell] ?? field,
        kind: kinds[cell] ?? 'text',
        cell,
        width: before?.width ?? this.#look(field)?.width ?? widthUnmeasured,
        pinned: this.#look(field)?.pinned ?? false,
      };
    });
    this.#arrange();
  }

  /** Widths for the columns that a person has given none, by what stands in them. */
  fitAll(textsOf: (column: SeenColumn) => readonly string[], byField: boolean): void {
    for (const column of this.#all) {
      if (this.#look(column.field)?.width === undefined) {
        column.width = Math.min(this.#widthFor(column, textsOf(column), byField), maxFirstWidth);
      }
    }
  }

  fit(column: SeenColumn, texts: readonly string[], byField: boolean): void {
    this.resize(column, this.#widthFor(column, texts, byField));
  }

  resize(column: SeenColumn, width: number): void {
    column.width = Math.round(Math.max(width, minWidth));
    this.#edit(column.field, { width: column.width });
  }

  hide(field: string): void {
    if (this.#seen.length > 1) {
      this.#edit(field, { hidden: true });
      this.#arrange();
    }
  }

  showAll(): void {
    for (const { field } of this.#all) {
      if (this.#isHidden(field)) {
        this.#edit(field, { hidden: false });
      }
    }
    this.#arrange();
  }

  togglePin(field: string): void {
    const column = this.#all.find((one) => one.field === field);
    if (column !== undefined) {
      column.pinned = !column.pinned;
      this.#edit(field, { pinned: column.pinned });
      this.#arrange();
    }
  }

  /** Moves a column before or after another one; beside a pinned one it is pinned too. */
  move(field: string, beside: string, after: boolean): void {
    const column = this.#all.find((one) => one.field === field);
    const other = this.#all.find((one) => one.field === beside);
    if (column === undefined || other === undefined || column === other) {
      return;
    }
    const order = this.#ordered().map((one) => one.field);
    order.splice(order.indexOf(field), 1);
    order.splice(order.indexOf(beside) + (after ? 1 : 0), 0, field);
    this.#order = order;
    column.pinned = other.pinned;
    this.#edit(field, { pinned: column.pinned });
    this.#arrange();
  }

  #widthFor(column: SeenColumn, texts: readonly string[], byField: boolean): number {
    const title = byField ? column.field : column.label;
    // Room for the sort arrow and the padding.
    let width = this.#measure(title, true) + 38;
    for (const text of texts) {
      width = Math.max(width, this.#measure(text.slice(0, 200), false) + 20);
    }
    return Math.max(Math.ceil(width), minWidth);
  }

  #look(field: string): ColumnLook | undefined {
    return this.#looks.find((look) => look.field === field);
  }

  #edit(field: string, change: Omit<ColumnLook, 'field'>): void {
    const at = this.#looks.findIndex((look) => look.field === field);
    if (at < 0) {
      this.#looks.push({ field, ...change });
    } else {
      this.#looks[at] = { ...this.#looks[at], field, ...change };
    }
  }

  /** All columns in their order; a field that the person has not seen follows the one it follows on the server. */
  #ordered(): SeenColumn[] {
    const byField = new Map(this.#all.map((column) => [column.field, column]));
    const ordered = this.#order.flatMap((field) => byField.get(field) ?? []);
    let before: SeenColumn | undefined;
    for (const column of this.#all) {
      if (!ordered.includes(column)) {
        ordered.splice(before === undefined ? 0 : ordered.indexOf(before) + 1, 0, column);
      }
      before = column;
    }
    return ordered;
  }

  #arrange(): void {
    const seen = this.#ordered().filter(({ field }) => !this.#isHidden(field));
    this.#seen = [...seen.filter(({ pinned }) => pinned), ...seen.filter(({ pinned }) => !pinned)];
  }
}
