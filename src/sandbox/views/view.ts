import { type Cell, hash, type Row, type Subject, systems } from './cells.ts';

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
  readonly columns: readonly Column[];
  /** How many rows it has in all systems together. */
  readonly total: number;
  /** The row of that index as it was at a moment (epoch milliseconds). */
  row(index: number, at: number): Row;
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

/** A view made of its columns alone. */
export function tableView(
  product: string,
  name: string,
  title: string,
  total: number,
  columns: readonly Column[],
): View {
  const seed = [...name].reduce((sum, character) => hash(sum, character.charCodeAt(0), 7), 1);
  return {
    product,
    name,
    title,
    columns,
    total,
    row: (index, at) => {
      const subject: Subject = { index, seed, at, system: systemOf(index) };
      const row: Record<string, Cell> = {};
      for (const { field, cell } of columns) {
        const value = cell(subject);
        if (value !== undefined) {
          row[field] = value;
        }
      }
      return row;
    },
  };
}

/** The system that a row is of: they take turns. */
export function systemOf(index: number): string {
  return systems[index % systems.length] ?? '';
}
