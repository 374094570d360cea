import type { Call } from './call.ts';

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
  get(name: string): string | undefined;
  /** The series asked for; undefined where the request has none, or none under a name that is understood. */
  series(): readonly SeriesAsk[] | undefined;
}

/**
 * Reads the parameters. By POST, lists may stand under `Series` or `Series[]`, or under one name only, as releases
 * differ. Undefined for a body that is no JSON object.
 */
export function sarusParams(call: Call, seriesKey: string | undefined): SarusParams | undefined {
  if (call.method === 'GET') {
    const all = [...call.query.getAll('Series[]'), ...call.query.getAll('Series')];
    return {
      get: (name) => call.query.get(name) ?? undefined,
      series: () => (all.length === 0 ? undefined : all.map(fromText)),
    };
  }
  const body = objectIn(call);
  const keys = seriesKey === undefined ? ['Series', 'Series[]'] : [seriesKey];
  return (
    body && {
      get: (name) => textOf(body[name] ?? call.query.get(name)),
      series: () => {
        const list = keys.map((key) => body[key]).find(Array.isArray);
        return list?.map((one: unknown) => (typeof one === 'string' ? fromText(one) : fromObject(one)));
      },
    }
  );
}

function objectIn(call: Call): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(call.body);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject && /^application\/json\b/i.test(call.contentType)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined || value === null
    ? undefined
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

/** `Datasource/[Datacategory/]Symbol[;option=value]…`. */
function fromText(text: string): SeriesAsk {
  const [path = '', ...pairs] = text.split(';');
  const names = path.split('/');
  const options = new Map(pairs.map((pair) => [pair.replace(/=.*/s, ''), pair.replace(/^[^=]*=?/, '')]));
  const bates = options.get('BateIndex')?.split(',').map(Number);
  return { datasource: names[0] ?? '', symbol: names.at(-1) ?? '', bates, options };
}

function fromObject(value: unknown): SeriesAsk {
  const { Datasource, Symbol: symbol, BateIndex, ...more } = (value ?? {}) as Record<string, unknown>;
  const bates = BateIndex === undefined ? undefined : [BateIndex].flat().map(Number);
  const options = new Map(Object.entries(more).map(([name, option]) => [name, textOf(option) ?? '']));
  return { datasource: textOf(Datasource) ?? '', symbol: textOf(symbol) ?? '', bates, options };
}
