import { type Call, jsonFields } from './call.ts';
import {
  bateValue,
  type Dataset,
  type Datasource,
  datasets,
  datasources,
  datesOf,
  frequencies,
} from './sarusMarket.ts';

/** A series as a request names it (docs/protocols.md 1.3). */
interface SeriesAsk {
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

/** A data endpoint of the sandbox's SARUS server. */
export interface SarusEndpoint {
  /** Whether it is about series; then it must name some, and takes POST beside GET. */
  readonly ofSeries?: true;
  /** Whether it answers a token that it does not know with 404, as the favourites do. */
  readonly tokenIs404?: true;
  /** `at` is the time in epoch milliseconds. Rejects parameters that make no sense with a SarusRefusal. */
  result(params: SarusParams, at: number): unknown;
}

/** The account's own page; the key on it is a secret. */
const account = {
  UserName: 'demo',
  Email: 'demo@example.com',
  APIKey: 'demo',
  Company: 'Sandbox Ltd',
  Address: { Street: '1 Test Street', City: 'Example', Country: 'US' },
};

/** The data endpoints (docs/protocols.md 1.3). */
const endpoints = {
  GetDatasource: { result: (params) => datasourceOf(datasourceIn(params)) },
  GetAllDatasources: { result: () => datasources.map(datasourceOf) },
  GetUserFavorites: { tokenIs404: true, result: () => [] },
  GetAccountDetails: { result: () => account },
  GetDatasets: { result: pageOfDatasets },
  GetSelectedDatasets: { ofSeries: true, result: selectedDatasets },
  GetValues: { ofSeries: true, result: values },
  GetValuesRC: { ofSeries: true, result: rowsAndColumns },
  GetValuesForDate: { ofSeries: true, result: valuesForDate },
  GetSeriesCorrections: { ofSeries: true, result: corrections },
} satisfies Record<string, SarusEndpoint>;

/** The data endpoints with the older names of some. */
export const sarusEndpoints: Readonly<Record<string, SarusEndpoint>> = {
  ...endpoints,
  GetUserDatasources: endpoints.GetAllDatasources,
  GetMyAccountDetails: endpoints.GetAccountDetails,
  GetDatasetValues: endpoints.GetValues,
  GetDatasetValuesRC: endpoints.GetValuesRC,
};

function datasourceOf(source: Datasource): object {
  return {
    Datasource: source.name,
    Description: source.description,
    Datasets: datasets.filter((one) => one.source === source).length,
    Frequency: 'd',
    Bates: source.bates,
    Access: { Granted: true, Until: null },
  };
}

function datasourceIn(params: SarusParams): Datasource {
  const source = datasources.find(({ name }) => name === params.get('Datasource'));
  if (source === undefined) {
    throw new SarusRefusal(400, 'Unknown or missing parameter Datasource');
  }
  return source;
}

function namesOf({ source, symbol }: Dataset) {
  return { Datasource: source.name, Symbol: symbol };
}

function datasetOf(dataset: Dataset, bates: readonly string[] = dataset.source.bates): object {
  return {
    Datasource: dataset.source.name,
    Datacategory: dataset.category,
    Symbol: dataset.symbol,
    Name: dataset.name,
    Frequency: 'd',
    Bates: bates,
    StartDate: dataset.start,
  };
}

/** Filtered, in order, and by pages. */
function pageOfDatasets(params: SarusParams): object {
  const source = datasourceIn(params);
  const [Page, Rows] = [Number(params.get('Page') ?? 1), Number(params.get('Rows') ?? 100)];
  if (!(Number.isInteger(Page) && Page > 0 && Number.isInteger(Rows) && Rows > 0 && Rows <= 10_000)) {
    throw new SarusRefusal(400, 'Page and Rows must be whole numbers above 0');
  }
  const filter = (params.get('Filter') ?? '').toLowerCase();
  const category = params.get('CategoryFilter') ?? '';
  const found = datasets.filter(
    (one) =>
      one.source === source &&
      `${one.symbol} ${one.name}`.toLowerCase().includes(filter) &&
      (category === '' || one.category === category),
  );
  if (/^desc/i.test(params.get('SortOrder') ?? '')) {
    found.reverse();
  }
  const Metadata = { Datasets: found.length, PagesCount: Math.ceil(found.length / Rows), Page, Rows };
  const shown = found.slice((Page - 1) * Rows, Page * Rows);
  return { Metadata, Datasets: shown.map((dataset) => datasetOf(dataset)) };
}

/** A series that is delivered. */
interface Series extends Pick<SeriesAsk, 'options'> {
  readonly dataset: Dataset;
  /** Its values' names: those asked for of the bates of its datasource. */
  readonly bates: readonly string[];
}

/** The series that is asked for, or the refusal in its place if it is unknown. */
function seriesOf({ datasource, symbol, bates, options }: SeriesAsk): Series | { readonly refused: object } {
  const dataset = datasets.find((one) => one.source.name === datasource && one.symbol === symbol);
  if (dataset === undefined) {
    const Details = `Unknown dataset ${datasource}/${symbol}`;
    return { refused: { Datasource: datasource, Symbol: symbol, Status: 404, Details } };
  }
  const known = dataset.source.bates;
  return { dataset, bates: bates?.flatMap((index) => known[index] ?? []) ?? known, options };
}

/** What is made of each series, or its refusal. */
function answersFor(asks: readonly SeriesAsk[], make: (series: Series) => object): object[] {
  return asks.map(seriesOf).map((one) => ('refused' in one ? one.refused : make(one)));
}

function selectedDatasets({ series }: SarusParams): object {
  const Datasets = answersFor(series, ({ dataset }) => datasetOf(dataset));
  return { Metadata: { Datasets: series.length }, Datasets };
}

type Option = SarusParams['get'];

/** The dates that some series have together, by the parameters. */
function dates(series: readonly Series[], option: Option, at: number): string[] {
  const today = dayOf(at);
  const earliest = series.map(({ dataset }) => dataset.start).sort()[0] ?? today;
  const [from, to] = [option('StartDate') ?? 'Earliest', option('EndDate') ?? 'Latest'].map((text) =>
    text === 'Earliest' ? earliest : text === 'Latest' ? today : text,
  ) as [string, string];
  const frequency = option('Frequency') ?? 'd';
  const periods = option('Periods');
  if (![from, to].every((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)))) {
    throw new SarusRefusal(400, 'StartDate and EndDate must be YYYY-MM-DD, Earliest or Latest');
  }
  if (!Object.hasOwn(frequencies, frequency)) {
    throw new SarusRefusal(400, `Frequency must be one of ${Object.keys(frequencies).join(', ')}`);
  }
  if (periods !== undefined && !/^[1-9]\d*$/.test(periods)) {
    throw new SarusRefusal(400, 'Periods must be a whole number above 0');
  }
  const all = datesOf(frequency, from < earliest ? earliest : from, to);
  return periods === undefined ? all : all.slice(-Number(periods));
}

/** The values of one series on a day. */
function cells({ dataset, bates }: Series, date: string, option: Option): unknown[] {
  const rounding = option('Rounding');
  const missing = option('NAValue') ?? 'null';
  return bates.map((bate) => {
    const value = bateValue(dataset, bate, date);
    if (value === undefined) {
      return missing === 'null' ? null : missing;
    }
    return rounding === undefined ? value : Number(value.toFixed(Math.min(Number(rounding) || 0, 20)));
  });
}

/** §6.1: a list of series, each with its own values by date. */
function values({ get, series }: SarusParams, at: number): object {
  const Series = answersFor(series, (one) => {
    const option: Option = (name) => one.options.get(name) ?? get(name);
    const days = dates([one], option, at);
    return {
      ...(option('ReturnMetadata') === 'false' ? {} : { Metadata: datasetOf(one.dataset, one.bates) }),
      ...namesOf(one.dataset),
      BateStatus: one.bates.map(() => 200),
      Corrections: [],
      Values: Object.fromEntries(days.map((date) => [date, cells(one, date, option)])),
    };
  });
  return { Series };
}

/** §6.2: one table of all series, its rows by date. A series that there is not keeps a column without values. */
function rowsAndColumns({ get, series }: SarusParams, at: number): object {
  const all = series.map(seriesOf);
  const found = all.filter((one) => 'dataset' in one);
  const row = (date: string): unknown[] =>
    all.flatMap((one) => ('refused' in one ? [null] : cells(one, date, get)));
  return {
    Parameters: { Frequency: get('Frequency') ?? null },
    Metadata: found.map(({ dataset, bates }) => datasetOf(dataset, bates)),
    Columns: all.flatMap((one) =>
      'refused' in one ? [one.refused] : one.bates.map((Bate) => ({ ...namesOf(one.dataset), Bate })),
    ),
    Corrections: [],
    Rows: Object.fromEntries(dates(found, get, at).map((date) => [date, row(date)])),
  };
}

/** §6.3: the values of many series on one day. */
function valuesForDate({ get, series }: SarusParams, at: number): object {
  const day = get('Date') ?? dayOf(at);
  const Values = answersFor(series, ({ dataset, bates }) => {
    const named = bates.map((bate) => [bate, bateValue(dataset, bate, day) ?? null]);
    return { ...namesOf(dataset), Date: day, ...Object.fromEntries(named) };
  });
  return { Metadata: { Date: day }, Values };
}

/** Corrections: one for each series. */
function corrections({ series }: SarusParams): object {
  return series.map(({ datasource, symbol }) => ({
    Datasource: datasource,
    Symbol: symbol,
    Date: '2001-09-11',
  }));
}

function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
