import { hash, seedOf, wave } from './views.ts';

/** A collection of datasets with the same kinds of values. */
export interface Datasource {
  readonly name: string;
  readonly description: string;
  /** The value columns of each of its datasets. */
  readonly bates: readonly string[];
}

/** A collection of time series that belong together: the bates of one symbol. */
export interface Dataset {
  readonly source: Datasource;
  readonly symbol: string;
  readonly name: string;
  readonly category: string;
  /** The first day with a value. */
  readonly start: string;
}

const dayMs = 86_400_000;
/** First and last words of company names; each pair is a dataset, so that lists have more than one page. */
const firstWords = 'Alder Birch Cedar Elm Fir Hazel Juniper Larch Maple Oak Pine Rowan Spruce Willow';
const lastWords = 'Bank Chemicals Energy Foods Insurance Logistics Motors Pharma Shipping Steel Telecom';
const currencies = 'AUD CAD CHF CNY DKK EUR GBP JPY NOK NZD SEK TRY';

const equity: Datasource = {
  name: 'EQUITY',
  description: 'Share prices',
  bates: ['Open', 'High', 'Low', 'Close', 'Volume'],
};
const fx: Datasource = {
  name: 'FX',
  description: 'Exchange rates against the US dollar',
  bates: ['Bid', 'Ask'],
};

/** What the account of the sandbox may read: values for each weekday. */
export const datasources: readonly Datasource[] = [equity, fx];
export const datasets: readonly Dataset[] = [
  ...firstWords.split(' ').flatMap((first, at) =>
    lastWords.split(' ').map((last) => ({
      source: equity,
      symbol: `${first.slice(0, 3)}${last.slice(0, 2)}`.toUpperCase(),
      name: `${first} ${last}`,
      category: last,
      start: `${1990 + (at % 9)}-01-02`,
    })),
  ),
  ...currencies.split(' ').map((one) => ({
    source: fx,
    symbol: `${one}USD`,
    name: `${one} in US dollars`,
    category: 'Spot',
    start: '1999-01-04',
  })),
];

/** Which period a day belongs to, for each `Frequency`. */
export const frequencies: Readonly<Record<string, (day: Date) => string>> = {
  d: (day) => day.toISOString(),
  // Weeks begin on Mondays; the epoch was a Thursday.
  w: (day) => String(Math.floor((day.getTime() / dayMs + 3) / 7)),
  m: months(1),
  q: months(3),
  hy: months(6),
  y: months(12),
};

function months(count: number): (day: Date) => string {
  return (day) => `${day.getUTCFullYear()}-${Math.floor(day.getUTCMonth() / count)}`;
}

/** The last weekday of each period from one day to another, both included (`YYYY-MM-DD`). */
export function datesOf(frequency: string, from: string, to: string): string[] {
  const lastOfPeriod = new Map<string | undefined, string>();
  for (let at = Date.parse(from); at <= Date.parse(to); at += dayMs) {
    const day = new Date(at);
    if (day.getUTCDay() % 6 !== 0) {
      lastOfPeriod.set(frequencies[frequency]?.(day), day.toISOString().slice(0, 10));
    }
  }
  return [...lastOfPeriod.values()];
}

/** The value of a bate on a day, the same whenever it is asked for; undefined where there was none. */
export function bateValue({ source, name, start }: Dataset, bate: string, date: string): number | undefined {
  const seed = seedOf(name);
  const day = Date.parse(date) / dayMs;
  if (date < start || hash(seed, day, 9) % 97 === 0) {
    return undefined; // Before its first day, or a holiday.
  }
  if (bate === 'Volume') {
    return 10_000 + (hash(seed, day, 4) % 5_000_000);
  }
  const isRate = source === fx;
  const base = isRate ? 0.4 + (seed % 150) / 100 : 20 + (seed % 180);
  const spreads: Readonly<Record<string, number>> = { High: 0.015, Low: -0.015, Open: 0.005, Ask: 0.0004 };
  const ofDay = (hash(seed, day, 1) % 1_000) / 50_000;
  // A scale on which it changes within a year as the values of a view do within minutes.
  const ofYear = wave({ index: 0, seed, at: day * 1_000, system: '' }, 1, 0.6 * base, 1.5 * base);
  const value = ofYear * (1 + ofDay + (spreads[bate] ?? 0));
  return Number(value.toFixed(isRate ? 5 : 2));
}
