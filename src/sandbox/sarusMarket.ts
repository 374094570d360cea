import { hash } from './views/cells.ts';

/** A collection of datasets, and what its values are. */
export interface Datasource {
  readonly name: string;
  readonly description: string;
  /** The value columns of each of its datasets. */
  readonly bates: readonly string[];
  /** How often there is a value. */
  readonly frequency: 'd' | 'm';
  readonly datasets: readonly Dataset[];
}

/** A collection of time series that belong together: the bates of one symbol. */
export interface Dataset {
  readonly symbol: string;
  readonly name: string;
  readonly category: string;
  /** The first day with a value. */
  readonly start: string;
  /** Keeps two datasets from moving alike. */
  readonly seed: number;
}

function dataset(symbol: string, name: string, category: string, start: string): Dataset {
  const seed = [...name].reduce((sum, one) => hash(sum, one.charCodeAt(0), 3), 5);
  return { symbol, name, category, start, seed };
}

const dayMs = 86_400_000;
/** First and last words of company names; each pair is a dataset, so that lists have more than one page. */
const firstWords = 'Alder Birch Cedar Elm Fir Hazel Juniper Larch Maple Oak Pine Rowan Spruce Willow'.split(
  ' ',
);
const lastWords =
  'Bank Chemicals Energy Foods Insurance Logistics Motors Pharma Shipping Steel Telecom'.split(' ');
const currencies = 'AUD CAD CHF CNY DKK EUR GBP JPY NOK NZD SEK TRY'.split(' ');
const indicators = [
  'Consumer Prices',
  'Industrial Production',
  'Policy Rate',
  'Retail Sales',
  'Unemployment',
];
const countries = ['DE', 'ES', 'FR', 'JP', 'TR', 'US'];

/** What the account of the sandbox may read. */
export const datasources: readonly Datasource[] = [
  {
    name: 'EQUITY',
    description: 'Share prices',
    bates: ['Open', 'High', 'Low', 'Close', 'Volume'],
    frequency: 'd',
    datasets: firstWords.flatMap((first, at) =>
      lastWords.map((last) => {
        const symbol = `${first.slice(0, 3)}${last.slice(0, 2)}`.toUpperCase();
        return dataset(symbol, `${first} ${last}`, last, `${1990 + (at % 9)}-01-02`);
      }),
    ),
  },
  {
    name: 'FX',
    description: 'Exchange rates against the US dollar',
    bates: ['Bid', 'Ask'],
    frequency: 'd',
    datasets: currencies.map((one) => dataset(`${one}USD`, `${one} in US dollars`, 'Spot', '1999-01-04')),
  },
  {
    name: 'ECON',
    description: 'Economic indicators',
    bates: ['Value'],
    frequency: 'm',
    datasets: countries.flatMap((country) =>
      indicators.map((name) =>
        dataset(`${country}${name.replace(/[^A-Z]/g, '')}`, `${name}, ${country}`, country, '1985-01-31'),
      ),
    ),
  },
];

export function findDataset(datasource: string, symbol: string): [Datasource, Dataset] | undefined {
  const source = datasources.find(({ name }) => name === datasource);
  const dataset = source?.datasets.find((one) => one.symbol === symbol);
  return source && dataset && [source, dataset];
}

/** Days between two values at least, as `Frequency` names them. */
export const frequencies: Readonly<Record<string, (day: Date) => string>> = {
  d: (day) => day.toISOString(),
  // Weeks begin on Mondays; the epoch was a Thursday.
  w: (day) => String(Math.floor((day.getTime() / dayMs + 3) / 7)),
  m: (day) => `${day.getUTCFullYear()}-${day.getUTCMonth()}`,
  q: (day) => `${day.getUTCFullYear()}-${Math.floor(day.getUTCMonth() / 3)}`,
  hy: (day) => `${day.getUTCFullYear()}-${Math.floor(day.getUTCMonth() / 6)}`,
  y: (day) => String(day.getUTCFullYear()),
};

/** The last weekday of each period from one day to another, both included (`YYYY-MM-DD`). */
export function datesOf(frequency: string, from: string, to: string): string[] {
  const period = frequencies[frequency] ?? frequencies.d;
  const dates: string[] = [];
  let before: string | undefined;
  for (let at = Date.parse(from); at <= Date.parse(to); at += dayMs) {
    const day = new Date(at);
    if (day.getUTCDay() % 6 !== 0) {
      const now = period?.(day);
      dates.splice(now === before ? -1 : dates.length, 1, day.toISOString().slice(0, 10));
      before = now;
    }
  }
  return dates;
}

/** The value of a bate on a day, the same whenever it is asked for; undefined where there was none. */
export function bateValue(
  source: Datasource,
  { seed, start }: Dataset,
  bate: number,
  date: string,
): number | undefined {
  const day = Date.parse(date) / dayMs;
  if (date < start || hash(seed, day, 9) % 97 === 0) {
    return undefined; // Before its time, or a holiday.
  }
  const name = source.bates[bate];
  if (name === 'Volume') {
    return 10_000 + (hash(seed, day, 4) % 5_000_000);
  }
  const base = source.name === 'FX' ? 0.4 + (seed % 150) / 100 : 20 + (seed % 180);
  const years = day / 365.25;
  const cycle = 0.25 * Math.sin(years / 1.7 + seed) + 0.12 * Math.sin(years * 3.1 + seed / 7);
  const noise = (salt: number): number => (hash(seed, day, salt) % 1_000) / 1_000;
  const level = base * (1 + cycle + 0.02 * noise(1));
  const spread = {
    High: 0.01 * noise(2) + 0.01,
    Low: -0.01 * noise(3) - 0.01,
    Open: 0.01 * noise(5),
    Ask: 0.0004,
  };
  const value = level * (1 + (spread[name as keyof typeof spread] ?? 0));
  return Number(value.toFixed(source.name === 'FX' ? 5 : 2));
}
