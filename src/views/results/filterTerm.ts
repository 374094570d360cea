import type { ShownCell } from './messages.ts';

/**
 * The condition of a filter that holds for a cell as it is shown, or for all others. Of a cell that is shown in part, and
 * of one with halves of letters, which no message can carry, it asks for the part that is sure.
 */
export function termFor(field: string, cell: ShownCell | undefined, out: boolean): string {
  const value = typeof cell === 'string' ? cell : Array.isArray(cell) ? (cell[0] ?? '') : '';
  const isCut = typeof cell === 'object' && 'cut' in cell;
  // What follows the last letter may be an accent of it.
  const part = isCut ? cell.cut.replace(/\P{M}?\p{M}*$/u, '') : value;
  const [sure = ''] = /^[^\p{Cs}]*/u.exec(part) ?? [];
  const isWhole = !isCut && sure === value;
  return `${out ? '-' : ''}${quoted(field)}${isWhole ? '=' : ':'}${quoted(sure)}`;
}

/** A name or value as a filter reads it. */
export function quoted(text: string): string {
  return /^[^\s":=<>-][^\s":=<>]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
