import * as v from 'valibot';
import { type Checked, json } from '../../checks.ts';
import { type Pairs, segment } from '../../http/encode.ts';
import type { HttpRequest } from '../../http/request.ts';
import { isRecord } from '../../http/text.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { RowPath } from '../answer.ts';
import { findEndpoint } from './endpoints.ts';

/** What a data request names (docs/protocols.md 1.3). */
export const request = {
  endpoint: v.pipe(v.string(), v.nonEmpty()),
  params: v.exactOptional(v.record(v.string(), json)),
  method: v.exactOptional(v.picklist(['GET', 'POST'])),
};

export type SarusQuery = Checked<typeof request>;

/** The parameter that lists datasets, and the name that some endpoints have for it in a JSON body. */
export const seriesNames = ['Series', 'Series[]'] as const;

function isSeries(name: string): boolean {
  return seriesNames.some((one) => one === name);
}

/**
 * A data call. The token comes last, so that no parameter of the caller's can stand after it.
 * @param seriesName how a body calls its list of series, where not as the caller does
 */
export function dataRequest(
  { endpoint, params = {}, method }: SarusQuery,
  token: string,
  seriesName?: string,
): HttpRequest & { readonly json?: JsonObject } {
  const path = `/${segment(endpoint)}`;
  if ((method ?? (findEndpoint(endpoint)?.posts ? 'POST' : 'GET')) === 'GET') {
    return { method: 'GET', path, query: [...pairsOf(params), ['SessionToken', token]] };
  }
  const body = Object.entries(params).map(([name, value]) =>
    isSeries(name)
      ? [name === seriesNames[0] ? (seriesName ?? name) : name, [value].flat().map(seriesObject)]
      : [name, value],
  );
  return { method: 'POST', path, json: { ...Object.fromEntries(body), SessionToken: token } };
}

/** Parameters of a query: a list is repeated, an object is `name=a;name=b`. What is null is left out. */
function pairsOf(params: Readonly<Record<string, Json>>): Pairs {
  return Object.entries(params).flatMap(([name, given]): Pairs => {
    const value = isSeries(name) ? [given].flat() : given;
    if (!Array.isArray(value)) {
      return value === null ? [] : [[name, plainText(value)]];
    }
    const listName = name.endsWith('[]') ? name : `${name}[]`;
    return value.map((one) => [listName, isRecord(one) ? seriesText(one) : plainText(one)]);
  });
}

function plainText(value: Json): string {
  return isRecord(value)
    ? optionsOf(value).join(';')
    : Array.isArray(value)
      ? value.map(plainText).join(',')
      : String(value ?? '');
}

function optionsOf(options: Readonly<Record<string, Json>>): string[] {
  return Object.entries(options).map(([name, option]) => `${name}=${plainText(option)}`);
}

/** A series as a query has it: `Datasource/[Datacategory/]Symbol[;option=value]…`. */
function seriesText({ Datasource, Datacategory, Symbol: symbol, ...options }: Record<string, Json>): string {
  const path = [Datasource, Datacategory, symbol].filter((part) => part !== undefined && part !== null);
  return [...(path.length === 0 ? [] : [path.map(plainText).join('/')]), ...optionsOf(options)].join(';');
}

/** The same as JSON bodies have it. */
function seriesObject(value: Json): Json {
  if (typeof value !== 'string' || !value.includes('/')) {
    return value;
  }
  const [path = '', ...options] = value.split(';');
  const [datasource = '', ...names] = path.split('/');
  return {
    Datasource: datasource,
    ...(names.length > 1 ? { Datacategory: names.slice(0, -1).join('/') } : {}),
    Symbol: names.at(-1) ?? '',
    ...Object.fromEntries(options.filter(Boolean).map(optionOf)),
  };
}

/** Lists of whole numbers, such as `BateIndex=0,1`, are lists; one is one as well. */
function optionOf(option: string): [string, Json] {
  const [, name = option, value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
  return [name, /^\d+(?:,\d+)*$/.test(value) && /index/i.test(name) ? value.split(',').map(Number) : value];
}

export const rowsAt: RowPath = {
  member: 'Result',
  mayWrap: true,
  except: ['Metadata', 'Columns', 'Parameters', 'Corrections', 'Refused'],
  nothing: ['Status', '204'],
  missing: 'NA',
  keyed: {
    key: 'Date',
    table: { rows: 'Rows', columns: 'Columns', series: 'Metadata' },
    list: { series: 'Series', rows: 'Values', about: 'Metadata', column: 'Series' },
    valueName: 'Bate',
    valueNames: 'Bates',
    symbol: 'Symbol',
    source: 'Datasource',
    statuses: ['Status', 'BateStatus'],
    refused: 'Refused',
  },
};

/** Members of any answer whose values are credentials. */
export const secretMembers = ['APIKey', 'SessionToken'];
