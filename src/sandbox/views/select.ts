import { craRefusal } from '../answer.ts';
import type { Cell, Row } from './cells.ts';
import { type Column, idOf } from './view.ts';

const maxSortKeys = 4;

/** Reads a filter: `FIELD=VALUE&FIELD=VAL*` (docs/protocols.md 2b); without one every row fits. */
export function parseFilter(text: string | undefined, columns: readonly Column[]): (row: Row) => boolean {
  const tests = text?.split('&').map((term) => {
    const [, name, value = ''] = /^\s*([\w$#@]+)\s*=\s*(.*?)\s*$/.exec(term) ?? [];
    if (name === undefined) {
      throw craRefusal(`The filter cannot be read: ${term}.`);
    }
    const field = fieldOf(name, columns);
    const pattern = wildcard(value);
    return (row: Row) => pattern.test(textOf(row[field]));
  });
  return (row) => tests?.every((test) => test(row)) ?? true;
}

/** Reads a sort: `A.D&B.A`, up to four ids of columns (docs/protocols.md 2b), or their fields; without one nothing moves. */
export function parseSort(text: string | undefined, columns: readonly Column[]): (a: Row, b: Row) => number {
  const keys = (text?.split('&') ?? []).map((part) => {
    const [, name, direction] = /^\s*([\w$#@]+)\.([AD])\s*$/i.exec(part) ?? [];
    if (name === undefined) {
      throw craRefusal(`The sort cannot be read: ${part}.`);
    }
    return { field: fieldOf(name, columns), sign: /d/i.test(direction ?? '') ? -1 : 1 };
  });
  if (keys.length > maxSortKeys) {
    throw craRefusal(`A sort has no more than ${maxSortKeys} columns.`);
  }
  return (a, b) =>
    keys.reduce((found, { field, sign }) => found || sign * order(textOf(a[field]), textOf(b[field])), 0);
}

/** A pattern in which `*` stands for anything, as a test of the whole text, without regard to case. */
export function wildcard(pattern: string): RegExp {
  const source = pattern
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*');
  return new RegExp(`^${source}$`, 'i');
}

function fieldOf(name: string, columns: readonly Column[]): string {
  const found =
    columns.find(({ field }) => field.toUpperCase() === name.toUpperCase()) ??
    columns.find((_, index) => idOf(index) === name.toUpperCase());
  if (found === undefined) {
    throw craRefusal(`The view has no field ${name}.`);
  }
  return found.field;
}

/** The first element of a cell: what filters and sorts look at. */
function textOf(cell: Cell = ''): string {
  return typeof cell === 'string' ? cell : (Object.values(cell[0] ?? {})[0] ?? '');
}

const units: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Numbers, with their units, by size; everything else by code point. */
function order(a: string, b: string): number {
  return numberOf(a) - numberOf(b) || (a < b ? -1 : Number(a > b));
}

/** NaN where a text is no number. */
function numberOf(text: string): number {
  const [, digits, unit = ''] = /^(-?\d+(?:\.\d+)?)(Ki|Mi|Gi)?$/.exec(text) ?? [];
  return Number(digits) * (units[unit] ?? 1);
}
