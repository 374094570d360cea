import { type Call, jsonFields } from './call.ts';

/** A series as a request names it (docs/protocols.md 1.3). */
export interface SeriesAsk {
  readonly datasource: string;
  readonly symbol: string;
  /** Which of its bates, counted from 0; undefined: all. */
  readonly bates?: readonly number[] | undefined;
  /** Options of this series alone; they go before the request's. */
  readonly options: ReadonlyMap<string, string>;
}

/** The parameters of a request, whichever way they came: by GET in the query, by POST as JSON in the body. */
export interface SarusParams {
  readonly get: (name: string) => string | undefined;
  readonly series: readonly SeriesAsk[];
}

/** An error of SARUS: its message is what stands under `Errors`. */
export class SarusRefusal extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** Reads the parameters. Lists may stand under `Series` or `Series[]`. Refuses a body that is no JSON object. */
export function sarusParams(call: Call): SarusParams {
  if (call.method === 'GET') {
    const all = [...call.query.getAll('Series[]'), ...call.query.getAll('Series')];
    return { get: (name) => call.query.get(name) ?? undefined, series: all.map(seriesAsk) };
  }
  const body = jsonFields(call);
  if (body === undefined) {
    throw new SarusRefusal(400, 'The body must be a JSON object');
  }
  const list = [body.Series, body['Series[]']].find(Array.isArray);
  return {
    get: (name) => textOf(body[name] ?? call.query.get(name)),
    series: (list ?? []).map(seriesAsk),
  };
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null
    ? undefined
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

/** A series as an object, or as `Datasource/[Datacategory/]Symbol[;option=value]…`. */
function seriesAsk(value: unknown): SeriesAsk {
  const {
    Datasource,
    Symbol: symbol,
    BateIndex,
    ...more
  } = typeof value === 'string' ? split(value) : Object(value);
  const bates = BateIndex === undefined ? undefined : [BateIndex].flat().map(Number);
  const options = new Map(Object.entries(more).map(([name, option]) => [name, textOf(option) ?? '']));
  return { datasource: textOf(Datasource) ?? '', symbol: textOf(symbol) ?? '', bates, options };
}

function split(text: string): Record<string, unknown> {
  const [path = '', ...pairs] = text.split(';');
  const names = path.split('/');
  const options = pairs.map((pair) => [pair.replace(/=.*/s, ''), pair.replace(/^[^=]*=?/, '')]);
  const { BateIndex, ...more } = Object.fromEntries(options);
  return { Datasource: names[0], Symbol: names.at(-1), BateIndex: BateIndex?.split(','), ...more };
}
