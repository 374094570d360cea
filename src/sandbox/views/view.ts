import { type Cell, type Row, type Subject, seedOf, systems } from './cells.ts';

/** One column of a view, and how its cell is made; a cell of `undefined` is left out of its row. */
export interface Column {
  /** The field's name on the wire. */
  readonly field: string;
  /** What people read above the column. */
  readonly label: string;
  /** Whether people see it only when they ask for it. */
  readonly hidden?: true;
  readonly cell: (subject: Subject) => Cell | undefined;
}

/** A view of a product: what `data` and `getData` answer from. */
export interface View {
  readonly product: string;
  readonly name: string;
  readonly title: string;
  /** How many rows it has in all systems together. */
  readonly total: number;
  readonly columns: readonly Column[];
}

export function column(field: string, label: string, cell: Column['cell']): Column {
  return { field, label, cell };
}

/** The same column, hidden at first. */
export function hidden(one: Column): Column {
  return { ...one, hidden: true };
}

/** How sorts name a column: `A` for the first one, `AA` after `Z`. */
export function idOf(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : idOf(Math.floor(index / 26) - 1) + letter;
}

export function tableView(
  ...[product, name, title, total, columns]: [string, string, string, number, readonly Column[]]
): View {
  return { product, name, title, total, columns };
}

/** The row of that index as it was at a moment (epoch milliseconds). */
export function rowOf({ name, columns }: View, index: number, at: number): Row {
  const subject = { index, seed: seedOf(name), at, system: systemOf(index) };
  const cells = columns.map(({ field, cell }) => [field, cell(subject)]);
  return Object.fromEntries(cells.filter(([, cell]) => cell !== undefined));
}

/** The system that a row is of: they take turns. */
export function systemOf(index: number): string {
  return systems[index % systems.length] ?? '';
}
