import type { Cell, Json } from './answer.ts';

/**
 * A value of the wire as a cell: `[{"0": "a"}]` is `a`, several of these are a list, a list of plain values
 * stays one, and whatever else is nested is shown as its JSON.
 */
export function flatten(value: Json): Cell {
  if (value === null || typeof value !== 'object') {
    return value;
  }
  if (!Array.isArray(value)) {
    return JSON.stringify(value);
  }
  const texts: string[] = [];
  let only: Cell = null;
  let wrapped = value.length > 0;
  for (const element of value) {
    let inner = element;
    if (inner !== null && typeof inner === 'object' && !Array.isArray(inner)) {
      const keys = Object.keys(inner);
      if (keys.length !== 1) {
        return JSON.stringify(value);
      }
      inner = inner[keys[0] as string] ?? null;
    } else {
      wrapped = false;
    }
    if (inner !== null && typeof inner === 'object') {
      return JSON.stringify(value);
    }
    only = inner;
    texts.push(inner === null ? '' : String(inner));
  }
  return wrapped && texts.length === 1 ? only : texts;
}

/** A cell in one line of text; what is missing or null has none. */
export function textOf(cell: Cell | undefined): string {
  if (typeof cell === 'string') {
    return cell;
  }
  if (cell === null || cell === undefined) {
    return '';
  }
  return Array.isArray(cell) ? cell.join(', ') : String(cell);
}
