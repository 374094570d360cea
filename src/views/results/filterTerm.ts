import type { ShownCell } from './messages.ts';

/** Characters of a value that a filter asks for at most. */
const longest = 512;

/**
 * The condition of a filter that holds for a cell as it is shown, or for all others. Of a long cell, or one that is shown in
 * part, and of one with halves of letters, which no message can carry, it asks for the part that is sure.
 */
export function termFor(field: string, cell: ShownCell | undefined, out: boolean): string {
  const isShownInPart = typeof cell === 'object' && 'cut' in cell;
  const value = isShownInPart ? cell.cut : ([cell].flat().find((one) => typeof one === 'string') ?? '');
  const isCut = isShownInPart || value.length > longest;
  // The cut may be between the last letter and its accent.
  const part = isCut ? value.slice(0, longest).replace(/\P{M}?\p{M}*$/u, '') : value;
  const [sure = ''] = /^[^\p{Cs}]*/u.exec(part) ?? [];
  const isWhole = !isCut && sure === value;
  return `${out ? '-' : ''}${quoted(field)}${isWhole ? '=' : ':'}${quoted(sure)}`;
}

/** A name or value, quoted for a filter. */
export function quoted(text: string): string {
  return /^[^\s":=<>-][^\s":=<>]*$/.test(text) ? text : `"${text.replaceAll('"', '""')}"`;
}
