import { craRefusal } from '../answer.ts';
import type { Cell, Row } from './cells.ts';
import { type Column, idOf } from './view.ts';

const maxSortKeys = 4;

/** Reads a filter: `FIELD=VALUE&FIELD=VAL*` (docs/protocols.md 2b). */
export function parseFilter(text: string, columns: readonly Column[]): (row: Row) => boolean {
  const tests = text.split('&').map((term) => {
    const [, name, value = ''] = /^\s*([\w$#@]+)\s*=\s*(.*?)\s*$/.exec(term) ?? [];
    if (name === undefined) {
      throw craRefusal(`The filter cannot be read: ${term}.`);
    }
    const field = fieldOf(name, columns);
    const pattern = wildcard(value);
    return (row: Row) => pattern.test(textOf(row[field]));
  });
  return (row) => tests.every((test) => test(row));
}

/** Reads a sort: `A.D&B.A`, up to four ids of columns (docs/protocols.md 2b), or their fields. */
export function parseSort(text: string, columns: readonly Column[]): (a: Row, b: Row) => number {
  const keys = text.split('&').map((part) => {
    const [, name, direction] = /^\s*([\w$#@]+)\.([AD])\s*$/i.exec(part) ?? [];
    if (name === undefined) {
      throw craRefusal(`The sort cannot be read: ${part}.`);
    }
    return { field: fieldOf(name, columns), sign: /d/i.test(direction ?? '') ? -1 : 1 };
  });
  if (keys.length > maxSortKeys) {
    throw craRefusal(`A sort has no more than ${maxSortKeys} columns.`);
  }
  return (a, b) => {
    for (const { field, sign } of keys) {
      const difference = sign * order(textOf(a[field]), textOf(b[field]));
      if (difference !== 0) {
        return difference;
      }
    }
    return 0;
  };
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
function textOf(cell: Cell | undefined): string {
  if (cell === undefined || typeof cell === 'string') {
    return cell ?? '';
  }
  return Object.values(cell[0] ?? {})[0] ?? '';
}

const units: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

/** Numbers, with their units, by size; everything else by code point. */
function order(a: string, b: string): number {
  const x = numberOf(a);
  const y = numberOf(b);
  if (x !== undefined && y !== undefined) {
    return x - y;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function numberOf(text: string): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)(Ki|Mi|Gi)?$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (units[match[2] ?? ''] ?? 1);
}
