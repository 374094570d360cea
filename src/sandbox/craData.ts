import { type Answer, craRefusal, json } from './answer.ts';
import { parameter } from './call.ts';
import { systems } from './views/cells.ts';
import { parseFilter, parseSort, wildcard } from './views/select.ts';
import { rowOf, systemOf, type View } from './views/view.ts';

/** Rows in an answer when nobody says how many. */
const defaultRows = 5_000;
/** The server (SSID) and the plex that the sandbox's systems belong to. */
export const server = 'BBI3';
const plex = 'PLEX1';

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
