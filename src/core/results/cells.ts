import { jsonOf, type Sent } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';

/** `[{"0": "a"}]` is `a`, and several of these are a list; anything else is what it is. */
export function unwrapped(value: Sent): Sent {
  if (!Array.isArray(value) || value.length === 0) {
    return value;
  }
  const values = value.map(innerOf);
  if (values.some((one, at) => one === value[at] || isNested(one))) {
    return value;
  }
  return values.length === 1 ? (values[0] as Sent) : values;
}

/** A value without its wrapping as a cell: a list of plain values is one of texts, whatever else is nested is its JSON. */
export function flatten(value: Sent): Cell {
  if (!Array.isArray(value)) {
    return value instanceof Map ? jsonOf(value) : value;
  }
  const values = value.map(innerOf);
  return values.some(isNested) ? jsonOf(value) : values.map((one) => (one === null ? '' : String(one)));
}

/** The only member of an object. */
function innerOf(value: Sent): Sent {
  const [inner = value, ...others] = value instanceof Map ? value.values() : [];
  return others.length === 0 ? inner : value;
}

function isNested(value: Sent): boolean {
  return value instanceof Map || Array.isArray(value);
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
