import { hash } from './views/cells.ts';

/** A data endpoint of the sandbox's SARUS server. */
interface SarusEndpoint {
  /** `Result`, from the endpoint's own parameters and the time (epoch milliseconds); a string is what is wrong. */
  result(query: URLSearchParams, at: number): SarusResult | string;
}

/** A value, or, for large ones, its JSON in chunks. */
type SarusResult = { readonly value: unknown } | { readonly chunks: Iterable<Buffer> };

/**
 * The data endpoints: a list of objects, an object holding such a list beside scalars, a single object, and a
 * large one: every shape that a `Result` is assumed to have (docs/protocols.md 1).
 */
export function sarusEndpoints(): ReadonlyMap<string, SarusEndpoint> {
  return new Map<string, SarusEndpoint>([
    [
      'GetLastClose',
      { result: (query, at) => ({ value: symbols(query).map((symbol) => lastClose(symbol, at)) }) },
    ],
    ['GetSnapshot', { result: (query, at) => ({ value: snapshot(symbols(query), at) }) }],
    ['GetInstrument', { result: (query) => ({ value: instrument(symbols(query)[0] ?? '') }) }],
    ['GetHistory', { result: history }],
  ]);
}

const usualSymbols: readonly string[] = ['ALFA', 'BETA', 'DELT', 'GAMA', 'KAPA', 'OMEG', 'SIGM', 'ZETA'];
const dayMs = 86_400_000;
/** Rows of `GetHistory` at most. */
const mostRows = 200_000;

/** `Symbols=A,B` or `Symbol=A`; without either a usual set. */
function symbols(query: URLSearchParams): readonly string[] {
  const asked = query.get('Symbols') ?? query.get('Symbol') ?? '';
  const list = asked.split(',').filter((symbol) => symbol !== '');
  return list.length > 0 ? list : usualSymbols;
}

function seedOf(symbol: string): number {
  return [...symbol].reduce((sum, character) => hash(sum, character.charCodeAt(0), 3), 5);
}

/** A price that moves by the minute. */
function price(symbol: string, at: number): number {
  const seed = seedOf(symbol);
  const minutes = at / 60_000;
  const swing = Math.sin(minutes / 7 + seed) + 0.3 * Math.sin(minutes * 1.7 + seed / 3);
  return cents(20 + (seed % 400) + 3 * swing);
}

function lastClose(symbol: string, at: number): object {
  const midnight = Math.floor(at / dayMs) * dayMs;
  return {
    Symbol: symbol,
    Date: new Date(midnight - dayMs).toISOString().slice(0, 10),
    Last: price(symbol, midnight),
    Volume: 10_000 + (hash(seedOf(symbol), midnight / dayMs, 1) % 5_000_000),
    Currency: 'USD',
  };
}

function snapshot(list: readonly string[], at: number): object {
  return {
    Market: 'OPEN',
    AsOf: new Date(at).toISOString(),
    Quotes: list.map((symbol) => {
      const last = price(symbol, at);
      return { Symbol: symbol, Last: last, Bid: cents(last - 0.01), Ask: cents(last + 0.01), Delayed: false };
    }),
  };
}

function instrument(symbol: string): object {
  return {
    Symbol: symbol,
    Name: `${symbol} Holdings`,
    Exchange: 'XSBX',
    Currency: 'USD',
    LotSize: 100,
    Listed: '1999-04-12',
    Delisted: null,
  };
}

/** `Rows` daily records of one symbol, newest first; 30 when nobody says how many. */
function history(query: URLSearchParams, at: number): SarusResult | string {
  const asked = query.get('Rows') ?? '30';
  if (!/^\d{1,6}$/.test(asked) || Number(asked) > mostRows) {
    return `Rows must be a whole number, ${mostRows} at most`;
  }
  const symbol = symbols(query)[0] ?? '';
  return { chunks: historyChunks(symbol, Number(asked), at) };
}

function* historyChunks(symbol: string, rows: number, at: number): Generator<Buffer> {
  const seed = seedOf(symbol);
  const head = { Symbol: symbol, Currency: 'USD', Count: rows };
  let text = `${JSON.stringify(head).slice(0, -1)},"History":[`;
  for (let index = 0; index < rows; index += 1) {
    const close = cents(20 + (hash(seed, index, 2) % 40_000) / 100);
    const date = new Date(at - (index % 20_000) * dayMs).toISOString().slice(0, 10);
    text +=
      `${index === 0 ? '' : ','}{"Record":${index + 1},"Date":"${date}","Open":${cents(close - 1)},"High":${cents(close + 2)},` +
      `"Low":${cents(close - 2)},"Close":${close},"Volume":${hash(seed, index, 4) % 5_000_000}}`;
    if (index % 1_000 === 999) {
      yield Buffer.from(text);
      text = '';
    }
  }
  yield Buffer.from(`${text}]}`);
}

/** Rounded to two decimals. */
function cents(value: number): number {
  return Number(value.toFixed(2));
}
