import * as v from 'valibot';
import { decode, encodePairs } from '../../http/encode.ts';
import {
  paramsOf,
  type Relaying,
  type ScriptRequest,
  stepsOf,
  unsuffixed,
  without,
  withoutNames,
} from '../relayed.ts';
import { type CraQuery, optional } from './request.ts';
import { sessionNames } from './sessionWatch.ts';

/** Requests that give out a token or end one. */
const tokenVerbs = new Set(['logon', 'login', 'logoff', 'logout', 'keepalive', 'close']);

/** The data of a view, in the words of either dialect. */
const viewData =
  /^\/cra\/servicegateway\/services(?:\/(?!products\/)([^/]+))?\/products\/([^/]+)\/views\/([^/]+)\/data$/i;
const classicData = /^\/cra\/servicegateway\/services\/([^/]+)\/getdata$/i;
const ofService = /^\/cra\/servicegateway\/services\/(?!products\/)([^/]+)\/./i;

/** The names of parameters with a session or a user token, in lower case. */
const tokenNames = [...sessionNames, 'usertoken'];

/** A script's request: one for data is a data query, so that it runs in a session of its view. */
export function relay(whole: ScriptRequest): Relaying<CraQuery> | undefined {
  const steps = stepsOf(whole.path);
  const isVerb = (step: string, at: number) =>
    tokenVerbs.has(unsuffixed(step)) && !/^(?:products|views)$/.test(steps[at - 1] ?? '');
  const params = paramsOf(whole);
  const first = (wanted: string) => params.find(([name]) => name === wanted)?.[1];
  if (steps.some(isVerb) || (steps.length <= 3 && params.some(([name]) => /^close$/i.test(name)))) {
    return undefined;
  }
  const headers = Object.entries(whole.headers).filter(([name]) => !tokenNames.includes(name));
  const request = { ...withoutNames(whole, tokenNames), headers: Object.fromEntries(headers) };
  const path = plain(whole.path);
  const [, service, ...names] = (viewData.exec(path) ?? []).map((part) => part && decode(part));
  const [, classic] = classicData.exec(path) ?? [];
  const [product, view] = classic === undefined ? names : [first('product'), first('view')];
  if (!product || !view || !/^(?:GET|HEAD|POST)$/.test(whole.method)) {
    const [, named] = ofService.exec(path) ?? [];
    const query = without(request.query, ['close']);
    // A definition leaves open the session that it is read in, which nobody here would know of.
    const closes = /\/definition$/i.test(path)
      ? { query: query === '' ? 'close=Y' : `${query}&close=Y` }
      : {};
    return { request: { ...request, ...closes }, service: named && decode(named) };
  }
  const own = [...tokenNames, 'close', ...(classic === undefined ? [] : ['product', 'view'])];
  const members = new Map<string, unknown>();
  // Of several with a name, all but the first go out beside it.
  const others = params.filter(([name, text]) => {
    const value = members.has(name) ? undefined : memberOf(name, text);
    value !== undefined && members.set(name, value);
    return value === undefined && !own.includes(name.toLowerCase());
  });
  const { 'content-type': _, ...left } = request.headers;
  return {
    request: { ...request, query: encodePairs(others), headers: left, body: undefined },
    query: { ...Object.fromEntries(members), product, view },
    service: classic === undefined ? service : decode(classic),
    keepOpen: !/^(?:y|yes|true)$/i.test(first('close') ?? ''),
  };
}

/** A parameter as a query has that member; undefined for one that a query cannot have. */
function memberOf(name: string, text: string): unknown {
  const member = new Map(Object.entries<v.GenericSchema>(optional)).get(name);
  const isCount = /^(?:rows|startRow)$/.test(name) && /^\d{1,9}$/.test(text);
  const value = name === 'refresh' && /^[YN]$/.test(text) ? text === 'Y' : isCount ? Number(text) : text;
  return member !== undefined && v.is(member, value) ? value : undefined;
}

/** A path with its letters as they are, and without parameters: servers read it alike. */
function plain(path: string): string {
  return path.replace(/%[4-7][\da-f]/gi, decodeURIComponent).replace(/;[^/]*|\/+$/g, '');
}
