import { type Answer, craRefusal, json } from './answer.ts';
import { parameter } from './call.ts';
import { type Cell, type Column, idOf, type Row, rowOf, systemOf, systems, type View } from './views.ts';

/** Rows in an answer when nobody says how many. */
const defaultRows = 5_000;
/** The server (SSID) and the plex that the sandbox's systems belong to. */
export const server = 'BBI3';
const plex = 'PLEX1';
const maxSortKeys = 4;

/** A period that is the last complete interval. */
const previous = /\bPREV\b/i;

/**
 * Reads which part of a view the optional parameters of `data` (docs/protocols.md 2b) ask for, or refuses. `row` is what some
 * public clients write for `rows`.
 * @returns makes the answer in its envelope (docs/protocols.md 2) from the data of a moment; `session` is told when it stays
 *   open
 */
export function readSelection(
  query: URLSearchParams,
  view: View,
): (at: number, session: string | undefined) => Answer {
  const start = (wholeNumber(query, 'startRow') ?? 1) - 1;
  if (start < 0) {
    throw craRefusal('startRow must be 1 or more.');
  }
  const count = wholeNumber(query, 'rows') ?? wholeNumber(query, 'row') ?? defaultRows;
  const fits = parseFilter(parameter(query, 'filter'), view.columns);
  const compare = parseSort(parameter(query, 'sort'), view.columns);
  const asked = systems.filter((name) => isAskedFor(query, name));
  return (at, session) => {
    const indexes = [...Array(view.total).keys()].filter((index) => asked.includes(systemOf(index)));
    const all = indexes.map((index) => rowOf(view, index, at)).filter(fits);
    const Rows = all.sort(compare).slice(start, start + count);
    return json({
      ...stateOf(query, asked),
      system: asked[0] ?? '',
      productName: view.product,
      viewName: view.name,
      version: '2.1.00',
      totalRows: all.length,
      numRows: Rows.length,
      session,
      Rows,
    });
  };
}

/** The gateway's `rc`, with a message from 4 up (docs/protocols.md 2c). */
function stateOf(query: URLSearchParams, asked: readonly string[]): { rc: number; message?: string } {
  if (asked.length === 0) {
    return { rc: 8, message: 'No system fits context, server, system and scope.' };
  }
  return previous.test(parameter(query, 'period') ?? '') && parameter(query, 'session') === undefined
    ? { rc: 4, message: 'The last complete interval is sure to be complete in an open session only.' }
    : { rc: 0 };
}

/** The moment that the data is of, in epoch milliseconds: `period` moves it back (docs/protocols.md 2b). */
export function collectionTime(query: URLSearchParams, now: number): number {
  const period = parameter(query, 'period') ?? '=';
  const intervalMs = 15 * 60_000;
  if (previous.test(period)) {
    return Math.floor(now / intervalMs) * intervalMs;
  }
  // In the system's local time.
  const [moment] = /^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d\b/.exec(period) ?? [];
  return Date.parse(moment ?? '') || now;
}

/** Whether the target parameters, with `*` as a wildcard, take in the system. */
export function isAskedFor(query: URLSearchParams, system: string): boolean {
  const matches = (name: string, ...names: readonly string[]): boolean => {
    const pattern = parameter(query, name) ?? '*';
    return pattern.toUpperCase() === 'ALL' || names.some((one) => wildcard(pattern).test(one));
  };
  return (
    matches('context', system, plex, server) &&
    matches('scope', system, plex) &&
    matches('system', system) &&
    matches('server', server)
  );
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = parameter(query, name);
  if (text !== undefined && !/^\d{1,9}$/.test(text)) {
    throw craRefusal(`${name} must be a whole number.`);
  }
  return text === undefined ? undefined : Number(text);
}

/** Reads a filter: `FIELD=VALUE&FIELD=VAL*` (docs/protocols.md 2b); without one every row fits. */
function parseFilter(text: string | undefined, columns: readonly Column[]): (row: Row) => boolean {
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
function parseSort(text: string | undefined, columns: readonly Column[]): (a: Row, b: Row) => number {
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
function wildcard(pattern: string): RegExp {
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
