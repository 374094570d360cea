import { type Answer, craRefusal, json } from './answer.ts';
import { parameter } from './call.ts';
import { type Row, systems } from './views/cells.ts';
import { parseFilter, parseSort, wildcard } from './views/select.ts';
import { systemOf, type View } from './views/view.ts';

/** Rows in an answer when nobody says how many. */
const defaultRows = 5_000;
/** The server (SSID) and the plex that the sandbox's systems belong to. */
export const server = 'BBI3';
const plex = 'PLEX1';

/** A period that is the last complete interval. */
const previous = /\bPREV\b/i;

/** A part of a view: what the optional parameters of `data` (docs/protocols.md 2b) ask for. */
interface Selection {
  readonly systems: ReadonlySet<string>;
  readonly start: number;
  readonly count: number;
  readonly filter?: (row: Row) => boolean;
  readonly compare?: (a: Row, b: Row) => number;
  /** The gateway's `rc`, with a message from 4 up (docs/protocols.md 2c). */
  readonly state: { readonly rc: number; readonly message?: string };
}

/** Reads the selection, or refuses. `row` is what some public clients write for `rows`. */
export function readSelection(query: URLSearchParams, view: View): Selection {
  const start = wholeNumber(query, 'startRow') ?? 1;
  if (start < 1) {
    throw craRefusal('startRow must be 1 or more.');
  }
  const filter = parameter(query, 'filter');
  const sort = parameter(query, 'sort');
  const asked = systems.filter((name) => isAskedFor(query, name));
  return {
    systems: new Set(asked),
    state: stateOf(query, asked),
    start: start - 1,
    count: wholeNumber(query, 'rows') ?? wholeNumber(query, 'row') ?? defaultRows,
    ...(filter === undefined ? {} : { filter: parseFilter(filter, view.columns) }),
    ...(sort === undefined ? {} : { compare: parseSort(sort, view.columns) }),
  };
}

function stateOf(query: URLSearchParams, asked: readonly string[]): Selection['state'] {
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
  const moment = /^(\d{4})\/(\d\d)\/(\d\d) (\d\d):(\d\d):(\d\d)\b/.exec(period);
  if (moment !== null) {
    const [year, month, day, hour, minute, second] = moment.slice(1).map(Number);
    return new Date(year ?? 0, (month ?? 1) - 1, day, hour, minute, second).getTime();
  }
  return now;
}

/** The rows asked for, in the envelope of docs/protocols.md 2. `session` is told when it stays open. */
export function dataAnswer(
  view: View,
  selection: Selection,
  at: number,
  session: string | undefined,
): Answer {
  const all = selectRows(view, selection, at);
  const rows = all.slice(selection.start, selection.start + selection.count);
  return json({
    ...selection.state,
    system: [...selection.systems][0] ?? '',
    productName: view.product,
    viewName: view.name,
    version: '2.1.00',
    totalRows: all.length,
    numRows: rows.length,
    session,
    Rows: rows,
  });
}

function selectRows(view: View, { systems: asked, filter, compare }: Selection, at: number): Row[] {
  const rows: Row[] = [];
  for (let index = 0; index < view.total; index += 1) {
    if (asked.has(systemOf(index))) {
      const row = view.row(index, at);
      if (filter?.(row) ?? true) {
        rows.push(row);
      }
    }
  }
  return compare === undefined ? rows : rows.sort(compare);
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
  if (text === undefined) {
    return undefined;
  }
  if (!/^\d{1,9}$/.test(text)) {
    throw craRefusal(`${name} must be a whole number.`);
  }
  return Number(text);
}
