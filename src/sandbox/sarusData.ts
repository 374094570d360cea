import type { SarusParams, SeriesAsk } from './sarusCall.ts';
import {
  bateValue,
  type Dataset,
  type Datasource,
  datasources,
  datesOf,
  findDataset,
  frequencies,
} from './sarusMarket.ts';

/** What a data endpoint answers: `Result`, whole or as its JSON in chunks; and what it costs in API calls. */
type SarusResult = { readonly cost: number } & (
  | { readonly value: unknown }
  | { readonly chunks: Iterable<Buffer> }
);

/** A data endpoint of the sandbox's SARUS server. */
export interface SarusEndpoint {
  /** Whether it takes POST beside GET. */
  readonly posts?: true;
  /** Whether it answers a token that it does not know with 404, as the favourites do. */
  readonly tokenIs404?: true;
  /** `Result`, from the parameters and the time (epoch milliseconds); a string is what is wrong with them. */
  result(params: SarusParams, at: number): SarusResult | string;
}

/** The account's own page; the key on it is a secret. */
const accountDetails = {
  UserName: 'demo',
  Email: 'demo@example.com',
  APIKey: 'demo',
  Company: 'Sandbox Ltd',
  Address: { Street: '1 Test Street', City: 'Example', Country: 'US' },
};

const getAllDatasources: SarusEndpoint = { result: () => free(datasources.map(datasourceOf)) };
const getAccountDetails: SarusEndpoint = { result: () => free(accountDetails) };
const getValues: SarusEndpoint = { posts: true, result: values };
const getValuesRC: SarusEndpoint = { posts: true, result: rowsAndColumns };

/** The data endpoints, and the older names of some (docs/protocols.md 1.3). */
export const sarusEndpoints: Readonly<Record<string, SarusEndpoint>> = {
  GetDatasource: { result: datasource },
  GetAllDatasources: getAllDatasources,
  GetUserDatasources: getAllDatasources,
  GetUserFavorites: { tokenIs404: true, result: () => free([]) },
  GetAccountDetails: getAccountDetails,
  GetMyAccountDetails: getAccountDetails,
  GetDatasets: { result: datasets },
  GetSelectedDatasets: { posts: true, result: selectedDatasets },
  GetValues: getValues,
  GetDatasetValues: getValues,
  GetValuesRC: getValuesRC,
  GetDatasetValuesRC: getValuesRC,
  GetValuesForDate: { posts: true, result: valuesForDate },
  GetSeriesCorrections: { posts: true, result: corrections },
};

const noSeries = 'Missing parameter Series';

function free(value: unknown): SarusResult {
  return { cost: 0, value };
}

/** One API call for each so many datasets that were begun. */
function priced(count: number, each: number): number {
  return Math.max(1, Math.ceil(count / each));
}

function datasourceOf(source: Datasource): object {
  return {
    Datasource: source.name,
    Description: source.description,
    Datasets: source.datasets.length,
    Frequency: source.frequency,
    Bates: source.bates,
    Access: { Granted: true, Until: null },
  };
}

function datasource(params: SarusParams): SarusResult | string {
  const source = datasources.find(({ name }) => name === params.get('Datasource'));
  return source === undefined ? 'Unknown or missing parameter Datasource' : free(datasourceOf(source));
}

function datasetOf(source: Datasource, { symbol, name, category, start }: Dataset): object {
  return {
    Datasource: source.name,
    Datacategory: category,
    Symbol: symbol,
    Name: name,
    Frequency: source.frequency,
    Bates: source.bates,
    StartDate: start,
  };
}

/** Filtered, in order, and by pages. */
function datasets(params: SarusParams): SarusResult | string {
  const source = datasources.find(({ name }) => name === params.get('Datasource'));
  const page = Number(params.get('Page') ?? 1);
  const rows = Number(params.get('Rows') ?? 100);
  if (source === undefined) {
    return 'Unknown or missing parameter Datasource';
  }
  if (!(Number.isInteger(page) && page > 0 && Number.isInteger(rows) && rows > 0 && rows <= 10_000)) {
    return 'Page and Rows must be whole numbers above 0';
  }
  const filter = (params.get('Filter') ?? '').toLowerCase();
  const category = params.get('CategoryFilter') ?? '';
  const found = source.datasets.filter(
    (one) =>
      `${one.symbol} ${one.name}`.toLowerCase().includes(filter) &&
      (category === '' || one.category === category),
  );
  if (/^desc/i.test(params.get('SortOrder') ?? '')) {
    found.reverse();
  }
  const shown = found.slice((page - 1) * rows, page * rows);
  const Metadata = {
    Datasets: found.length,
    PagesCount: Math.ceil(found.length / rows),
    Page: page,
    Rows: rows,
  };
  return {
    cost: priced(shown.length, 100),
    value: { Metadata, Datasets: shown.map((one) => datasetOf(source, one)) },
  };
}

function selectedDatasets(params: SarusParams): SarusResult | string {
  const asked = params.series();
  if (asked === undefined) {
    return noSeries;
  }
  const Datasets = asked.map((ask) => {
    const found = findDataset(ask.datasource, ask.symbol);
    return found === undefined ? refusedSeries(ask) : datasetOf(...found);
  });
  return { cost: priced(asked.length, 100), value: { Metadata: { Datasets: asked.length }, Datasets } };
}

/** What stands in the place of a series that there is not; the others are delivered. */
function refusedSeries({ datasource, symbol }: SeriesAsk): object {
  return {
    Datasource: datasource,
    Symbol: symbol,
    Status: 404,
    Details: `Unknown dataset ${datasource}/${symbol}`,
  };
}

/** A series that is delivered. */
interface Series {
  readonly source: Datasource;
  readonly dataset: Dataset;
  /** Places of its values among the bates of its datasource. */
  readonly bates: readonly number[];
}

function seriesOf(ask: SeriesAsk): Series | undefined {
  const found = findDataset(ask.datasource, ask.symbol);
  if (found === undefined) {
    return undefined;
  }
  const [source, dataset] = found;
  const all = source.bates.map((_, index) => index);
  return { source, dataset, bates: ask.bates?.filter((index) => index in source.bates) ?? all };
}

/** The dates that some series have together, by the parameters; a string is what is wrong with those. */
function dates(
  series: readonly Series[],
  option: (name: string) => string | undefined,
  at: number,
): string[] | string {
  const today = new Date(at).toISOString().slice(0, 10);
  const earliest = series.map(({ dataset }) => dataset.start).sort()[0] ?? today;
  const day = (name: string, usual: string): string => {
    const text = option(name) ?? usual;
    return text === 'Earliest' ? earliest : text === 'Latest' ? today : text;
  };
  const [from, to] = [day('StartDate', 'Earliest'), day('EndDate', 'Latest')];
  const native = series.some(({ source }) => source.frequency === 'd') ? 'd' : 'm';
  const frequency = option('Frequency') ?? native;
  const periods = option('Periods');
  if (![from, to].every((text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text)))) {
    return 'StartDate and EndDate must be YYYY-MM-DD, Earliest or Latest';
  }
  if (!Object.hasOwn(frequencies, frequency)) {
    return `Frequency must be one of ${Object.keys(frequencies).join(', ')}`;
  }
  if (periods !== undefined && !/^[1-9]\d*$/.test(periods)) {
    return 'Periods must be a whole number above 0';
  }
  const all = datesOf(
    native === 'm' && frequency === 'd' ? 'm' : frequency,
    from < earliest ? earliest : from,
    to,
  );
  return periods === undefined ? all : all.slice(-Number(periods));
}

/** The values of one series on a day, as JSON. */
function cells({ source, dataset, bates }: Series, date: string, option: SarusParams['get']): string[] {
  const rounding = option('Rounding');
  const missing = option('NAValue');
  return bates.map((bate) => {
    const value = bateValue(source, dataset, bate, date);
    if (value === undefined) {
      return missing === undefined || missing === 'null' ? 'null' : JSON.stringify(missing);
    }
    return rounding === undefined ? String(value) : value.toFixed(Math.min(Number(rounding) || 0, 20));
  });
}

/** §6.1: a list of series, each with its own values by date. */
function values(params: SarusParams, at: number): SarusResult | string {
  const asked = params.series();
  if (asked === undefined) {
    return noSeries;
  }
  const parts: (() => string)[] = [];
  for (const ask of asked) {
    const series = seriesOf(ask);
    const option: SarusParams['get'] = (name) => ask.options.get(name) ?? params.get(name);
    const days = series === undefined ? [] : dates([series], option, at);
    if (typeof days === 'string') {
      return days;
    }
    parts.push(() =>
      series === undefined ? JSON.stringify(refusedSeries(ask)) : oneSeries(series, days, option),
    );
  }
  return { cost: parts.length, chunks: listed('{"Series":[', parts, ']}') };
}

function oneSeries(series: Series, days: readonly string[], option: SarusParams['get']): string {
  const { source, dataset, bates } = series;
  const Metadata = { ...datasetOf(source, dataset), Bates: bates.map((bate) => source.bates[bate]) };
  const head = {
    ...(option('ReturnMetadata') === 'false' ? {} : { Metadata }),
    Datasource: source.name,
    Symbol: dataset.symbol,
    BateStatus: bates.map(() => 200),
    Corrections: [],
  };
  const rows = days.map((date) => `"${date}":[${cells(series, date, option)}]`);
  return `${JSON.stringify(head).slice(0, -1)},"Values":{${rows}}}`;
}

/** §6.2: one table of all series, its rows by date. A series that there is not keeps a column without values. */
function rowsAndColumns(params: SarusParams, at: number): SarusResult | string {
  const asked = params.series();
  if (asked === undefined) {
    return noSeries;
  }
  const all = asked.map((ask) => ({ ask, series: seriesOf(ask) }));
  const found = all.flatMap(({ series }) => series ?? []);
  const days = dates(found, (name) => params.get(name), at);
  if (typeof days === 'string') {
    return days;
  }
  const head = {
    Parameters: { Frequency: params.get('Frequency') ?? null },
    Metadata: found.map(({ source, dataset, bates }) => ({
      ...datasetOf(source, dataset),
      Bates: bates.map((bate) => source.bates[bate]),
    })),
    Columns: all.flatMap(({ ask, series }) =>
      series === undefined
        ? [refusedSeries(ask)]
        : series.bates.map((bate) => ({
            Datasource: series.source.name,
            Symbol: series.dataset.symbol,
            Bate: series.source.bates[bate],
          })),
    ),
    Corrections: [],
  };
  const rows = days.map((date) => () => {
    const row = all.flatMap(({ series }) =>
      series === undefined ? ['null'] : cells(series, date, (name) => params.get(name)),
    );
    return `"${date}":[${row}]`;
  });
  return {
    cost: asked.length,
    chunks: listed(`${JSON.stringify(head).slice(0, -1)},"Rows":{`, rows, '}}'),
  };
}

/** §6.3: the values of many series on one day. */
function valuesForDate(params: SarusParams, at: number): SarusResult | string {
  const asked = params.series();
  const date = params.get('Date') ?? new Date(at).toISOString().slice(0, 10);
  if (asked === undefined) {
    return noSeries;
  }
  const Values = asked.map((ask) => {
    const series = seriesOf(ask);
    if (series === undefined) {
      return refusedSeries(ask);
    }
    const { source, dataset, bates } = series;
    const named = bates.map((bate) => [source.bates[bate], bateValue(source, dataset, bate, date) ?? null]);
    return { Datasource: source.name, Symbol: dataset.symbol, Date: date, ...Object.fromEntries(named) };
  });
  return { cost: priced(asked.length, 10), value: { Metadata: { Date: date }, Values } };
}

/** What has been corrected: each series once, long ago. */
function corrections(params: SarusParams): SarusResult | string {
  const asked = params.series();
  return asked === undefined
    ? noSeries
    : {
        cost: priced(asked.length, 10),
        value: asked.map(({ datasource, symbol }) => ({
          Datasource: datasource,
          Symbol: symbol,
          Date: '2001-09-11',
        })),
      };
}

/** JSON in chunks of some size, the parts made only when they are sent. */
function* listed(before: string, parts: readonly (() => string)[], after: string): Generator<Buffer> {
  let text = before;
  for (const [index, part] of parts.entries()) {
    text += (index === 0 ? '' : ',') + part();
    if (text.length > 1 << 16) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(text + after);
}
