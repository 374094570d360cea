import { jsonOf, type Sent } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';

/**
 * A value of the wire as a cell: `[{"0": "a"}]` is `a`, several of these are a list, a list of plain values
 * stays one, and whatever else is nested is shown as its JSON.
 */
export function flatten(value: Sent): Cell {
  if (value instanceof Map) {
    return jsonOf(value);
  }
  if (!Array.isArray(value)) {
    return value;
  }
  const texts: string[] = [];
  let only: Cell = null;
  let wrapped = value.length > 0;
  for (const element of value) {
    let inner = element;
    if (inner instanceof Map) {
      if (inner.size !== 1) {
        return jsonOf(value);
      }
      [inner = null] = inner.values();
    } else {
      wrapped = false;
    }
    if (inner instanceof Map || Array.isArray(inner)) {
      return jsonOf(value);
    }
    only = inner;
    texts.push(inner === null ? '' : String(inner));
  }
  return wrapped && texts.length === 1 ? only : texts;
}

/** Of several values, the first one counts. */
export function firstOf(cell: Cell | undefined): Exclude<Cell, string[]> | undefined {
  return Array.isArray(cell) ? cell[0] : cell;
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
