import type { Pairs } from '../../http/encode.ts';
import {
  decoded,
  isForm,
  type Relaying,
  type ScriptRequest,
  stepsOf,
  textOf,
  unsuffixed,
  without,
  withoutFields,
} from '../relayed.ts';
import type { CraQuery } from './request.ts';
import { sessionNames } from './sessionWatch.ts';

/** Requests that give out a token or end one. */
const tokenVerbs = new Set(['logon', 'login', 'logoff', 'logout', 'keepalive', 'close']);

/** The data of a view, in the words of either dialect. */
const viewData =
  /^\/cra\/servicegateway\/services(?:\/(?!products\/)([^/]+))?\/products\/([^/]+)\/views\/([^/]+)\/data$/i;
const classicData = /^\/cra\/servicegateway\/services\/([^/]+)\/getdata$/i;
const ofService = /^\/cra\/servicegateway\/services\/(?!products\/)([^/]+)\/./i;

const texts = ['context', 'server', 'system', 'scope', 'period', 'filter', 'sort'] as const;
const numbers = { startRow: 1, rows: 0 } as const;
const known = [...texts, ...Object.keys(numbers), 'refresh'];
/** The names of parameters with a session or a user token, in lower case. */
const tokenNames = [...sessionNames, 'usertoken'];

/** A script's request: one for data is a data query, so that it runs in a session of its view. */
export function relay(whole: ScriptRequest): Relaying<CraQuery> | undefined {
  const steps = stepsOf(whole.path);
  const isVerb = (step: string, at: number) =>
    tokenVerbs.has(unsuffixed(step)) && !/^(?:products|views)$/.test(steps[at - 1] ?? '');
  const params = new URLSearchParams([whole.query, isForm(whole) ? textOf(whole) : ''].join('&'));
  if (steps.some(isVerb) || (steps.length <= 3 && [...params.keys()].some((name) => /^close$/i.test(name)))) {
    return undefined;
  }
  const headers = Object.entries(whole.headers).filter(([name]) => !tokenNames.includes(name));
  const request = {
    ...withoutFields(whole, tokenNames),
    query: without(whole.query, tokenNames),
    headers: Object.fromEntries(headers),
  };
  const path = plain(whole.path);
  const [, service, ...names] = (viewData.exec(path) ?? []).map((part) => part && decodedStep(part));
  const [, classic] = classicData.exec(path) ?? [];
  const [product, view] = classic === undefined ? names : [params.get('product'), params.get('view')];
  if (!product || !view || !/^(?:GET|HEAD|POST)$/.test(whole.method)) {
    const [, named] = ofService.exec(path) ?? [];
    const query = without(request.query, ['close']);
    // A definition leaves open the session that it is read in, which nobody here would know of.
    const closes = /\/definition$/i.test(path)
      ? { query: query === '' ? 'close=Y' : `${query}&close=Y` }
      : {};
    return { request: { ...request, ...closes }, service: named && decodedStep(named) };
  }
  const own = [...tokenNames, 'close', ...(classic === undefined ? [] : ['product', 'view'])];
  const members = new Map<string, string>();
  // Of several with a name, all but the first go out beside it.
  const others = [...params].filter(([name, value]) => {
    const isMember = isKnown(name, value) && !members.has(name);
    isMember && members.set(name, value);
    return !isMember && !own.includes(name.toLowerCase());
  });
  const { 'content-type': _, ...left } = request.headers;
  return {
    request: { ...request, query: new URLSearchParams(others).toString(), headers: left, body: undefined },
    query: queryOf(product, view, members),
    service: classic === undefined ? service : decodedStep(classic),
    keepOpen: !/^(?:y|yes|true)$/i.test(params.get('close') ?? ''),
  };
}

/** The parameters of a script's data request that are no members of the query. */
export function othersOf(relayed: { readonly request: ScriptRequest } | undefined): Pairs {
  return [...new URLSearchParams(relayed?.request.query)];
}

function queryOf(product: string, view: string, given: ReadonlyMap<string, string>): CraQuery {
  const members = [...given].map(([name, value]) => [
    name,
    name === 'refresh' ? value === 'Y' : name in numbers ? Number(value) : value,
  ]);
  return { product, view, ...Object.fromEntries(members) };
}

function isKnown(name: string, value: string): boolean {
  const least = name === 'rows' || name === 'startRow' ? numbers[name] : undefined;
  return least === undefined
    ? known.includes(name) && (name !== 'refresh' || /^[YN]$/.test(value))
    : /^\d{1,9}$/.test(value) && Number(value) >= least;
}

/** A path with its letters as they are, and without parameters: servers read it alike. */
function plain(path: string): string {
  return path.replace(/%[4-7][\da-f]/gi, decodeURIComponent).replace(/;[^/]*|\/+$/g, '');
}

function decodedStep(step: string): string {
  return decoded(step.replaceAll('+', '%2B'));
}
