import { craRefusal } from '../answer.ts';
import type { Cell, Row } from './cells.ts';
import { type Column, idOf } from './view.ts';

const maxSortKeys = 4;

type Test = (row: Row) => boolean;

const comparisons: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '!=': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/**
 * Reads a filter: `FIELD=VALUE&FIELD=VAL*` (docs/protocols.md 2b). Beyond what is documented, terms may be joined by
 * `AND` as well and have the ops `<> != < <= > >=`.
 */
export function parseFilter(text: string, columns: readonly Column[]): Test {
  const tests = text.split(/\s+and\s+|&/i).map((term) => {
    const match = /^\s*([A-Za-z0-9$_#@]+)\s*(<>|!=|<=|>=|=|<|>)\s*(['"]?)(.*?)\3\s*$/.exec(term);
    const field = match?.[1];
    const operator = match?.[2];
    const compare = operator === undefined ? undefined : comparisons[operator];
    if (field === undefined || compare === undefined) {
      throw craRefusal(`The filter cannot be read: ${term}.`);
    }
    return test(fieldOf(field, columns), compare, match?.[4] ?? '');
  });
  return (row) => tests.every((one) => one(row));
}

function test(field: string, compare: (order: number) => boolean, value: string): Test {
  if (value.includes('*')) {
    const pattern = wildcard(value);
    return (row) => compare(pattern.test(textOf(row[field])) ? 0 : 1);
  }
  return (row) => row[field] !== undefined && compare(order(textOf(row[field]), value));
}

/**
 * Reads a sort: `A.D&B.A`, up to four ids of columns (docs/protocols.md 2b). Beyond what is documented, fields may be
 * named, with commas between them, and the order may be left out.
 */
export function parseSort(text: string, columns: readonly Column[]): (a: Row, b: Row) => number {
  const keys = text.split(/[,&]/).map((part) => {
    const match = /^\s*([A-Za-z0-9$_#@]+)(?:[\s:.]+(A|ASC|D|DESC))?\s*$/i.exec(part);
    if (match?.[1] === undefined) {
      throw craRefusal(`The sort cannot be read: ${part}.`);
    }
    return { field: fieldOf(match[1], columns), sign: /^d/i.test(match[2] ?? '') ? -1 : 1 };
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
