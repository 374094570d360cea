import { readSetCookie } from '../../http/cookies.ts';
import type { Sent } from '../../json.ts';
import type { Describing, Found, FoundLife, SignInWay } from '../protocol.ts';
import { givenNames, maxSteps, parseRequest } from './description.ts';
import { toldMs, type Unit } from './life.ts';
import { type Place, placeOf, placeText, type Seen, seen } from './place.ts';
import { namesIn } from './template.ts';

/** Most places of an answer that are shown. */
const maxPlaces = 500;

/** Common headers that have nothing to do with tokens. */
const usualHeaders =
  /^(?:date|server|connection|keep-alive|vary|via|etag|expires|pragma|set-cookie|transfer-encoding|(?:content|access-control|strict-transport|cache|x-content|x-frame|x-xss|referrer|permissions)-?.*)$/;

/** Ways to sign in, each with a text to begin with. */
const ways: readonly SignInWay[] = [
  {
    label: { template: 'JSON in the body' },
    example: '{"username": "{username}", "password": "{password}"}',
    settings: (line, text) => signIn(line, text, { json: JSON.parse(text) as unknown }),
  },
  {
    label: { template: 'A form in the body' },
    example: 'grant_type=password&username={username}&password={password}',
    settings: (line, text) => signIn(line, text, { form: Object.fromEntries(new URLSearchParams(text)) }),
  },
  {
    label: { template: 'Basic authorization' },
    settings: (line) => signIn(line, '{username}{password}', { basic: true }),
  },
  {
    label: { template: 'A header' },
    example: 'X-Api-Key: {apiKey}',
    settings: (line, text) => {
      const [, name = '', value = ''] = /^([^:]+):\s*(.*)$/.exec(text) ?? [];
      return signIn(line, text, { headers: { [name]: value } });
    },
  },
  {
    label: { template: 'In the address alone' },
    settings: (line) => signIn(line, '', {}),
  },
];

/** The settings of a request that signs in, with the names in its path and its text, which are asked for. */
function signIn(line: string, text: string, member: object) {
  const inText = [...text.matchAll(/\{([A-Za-z]\w{0,31})\}/g)].map(([, name = '']) => name);
  const names = [...namesIn(parseRequest(line)?.path ?? []), ...inText];
  const ask = names.filter((name) => !givenNames.includes(name));
  return { ask: [...new Set(ask)], signIn: { request: line, ...member } };
}

export const describing: Describing = {
  ways,
  start: (line, isSignIn = false) => ({
    ...(isSignIn ? signIn(line, '', {}) : { signIn: { request: line } }),
    token: '',
  }),
  addRequest: (settings, line) => ({ ...settings, signIn: [settings.signIn, { request: line }].flat() }),
  sends: ({ place, name }) => {
    const at = placeOf(place)?.in;
    const cookie = {
      label: { template: 'In the cookie {0}', args: [name] },
      settings: () => ({ in: 'cookie', name }),
    };
    return [
      ...(at === 'cookie' ? [cookie] : []),
      {
        label: { template: 'Authorization: Bearer' },
        settings: () => ({ in: 'header', name: 'Authorization', value: 'Bearer {token}' }),
      },
      {
        label: { template: 'In a header of its own' },
        name: at === 'header' ? name : 'X-Auth-Token',
        settings: (called) => ({ in: 'header', name: called }),
      },
      {
        label: { template: 'In the query of the address' },
        detail: {
          template: 'What is in a query is seen in addresses, and in the logs of servers and proxies.',
        },
        name: 'token',
        settings: (called) => ({ in: 'query', name: called }),
      },
    ];
  },
  withTrial: (settings, { token: { place: token }, send }, line) => {
    const steps = [settings.signIn].flat();
    const signIn = [...steps.slice(0, -1), { ...Object(steps.at(-1)), token }, { request: line }];
    return signIn.length > maxSteps ? undefined : { ...settings, signIn, token, send };
  },
  finish: (settings, { token, send, life, isSliding, query, renew, revoke, refused }) => ({
    ...settings,
    token: token.place,
    send,
    life: {
      ...(typeof life === 'number' ? { minutes: life } : life),
      ...(isSliding ? { sliding: true } : {}),
    },
    ...(renew === '' ? {} : { renew: { request: renew } }),
    ...(query === undefined ? {} : { query: { request: query.line, ...query.life } }),
    ...(revoke === '' ? {} : { revoke: { request: revoke } }),
    ...(refused.trim() === '' ? {} : { refused: refusal(refused.trim()) }),
  }),
  dataRequest: (line, rows) => {
    const name = /([^/{?]+)(?:[{?].*)?$/.exec(line)?.[1] ?? line;
    return { name, settings: { requests: { [name]: { request: line, rows } } } };
  },
  found: (body) => foundIn(seen({ status: 200, headers: {} }, body)),
};

function refusal(text: string) {
  return /^[1-5]\d\d$/.test(text) ? { status: [Number(text)] } : { like: text };
}

/** All values of an answer: its headers, its cookies, and its body as a tree. */
export function foundIn(answer: Seen): Found[] {
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !usualHeaders.test(name))
    .map(([name, value]) => {
      const text = [value ?? ''].flat().join(', ');
      return leaf({ in: 'header', name }, name, 0, text, answer);
    });
  const cookies = (answer.headers['set-cookie'] ?? []).flatMap((line) => {
    const { name, value } = readSetCookie(line) ?? { name: '', value: '' };
    const found = leaf({ in: 'cookie', name }, name, 0, value, answer);
    const ms = toldMs({ cookie: name }, answer, '');
    return value === '' ? [] : [{ ...found, lives: isLife(ms) ? [{ life: { cookie: name }, ms }] : [] }];
  });
  const text = answer.text.trim();
  const body =
    answer.json === undefined
      ? text === ''
        ? []
        : [leaf({ in: 'text' }, '', 0, text, answer)]
      : [...inJson(answer.json, [], answer)];
  return [...headers, ...cookies, ...body].slice(0, maxPlaces);
}

function* inJson(value: Sent, path: readonly string[], answer: Seen): Generator<Found> {
  const at: Place = { in: 'json', path };
  const name = path.at(-1) ?? '';
  const depth = Math.max(path.length - 1, 0);
  if (!Array.isArray(value) && !(value instanceof Map)) {
    yield leaf(at, name, depth, String(value ?? 'null'), answer);
    return;
  }
  const isRows = Array.isArray(value) && value.every((one) => one instanceof Map);
  yield {
    place: placeText(at),
    name,
    depth,
    ...(isRows ? { rows: value.length } : {}),
    isLikelyToken: false,
    isSecret: false,
    lives: [],
  };
  // Rows are alike, so only the first one is shown.
  const members = Array.isArray(value)
    ? value.slice(0, 1).map((one, at) => [String(at), one] as const)
    : [...value];
  for (const [step, member] of members) {
    yield* inJson(member, [...path, step], answer);
  }
}

function leaf(at: Place, name: string, depth: number, text: string, answer: Seen): Found {
  const place = placeText(at);
  const lives = livesOf(at, text, answer, place);
  const isOpaque = /^[\x21-\x7e]{8,8000}$/.test(text) && lives.every(({ life }) => 'jwt' in life);
  const isCalledSo = /token|session|sid|auth|ticket|jwt/i.test(name);
  const isLikelyToken = isOpaque && (isCalledSo || (text.length >= 20 && !/^https?:|^\//.test(text)));
  const isSecret = isLikelyToken || at.in === 'cookie' || /pass|secret|key/i.test(name);
  return { place, name, depth, text, isLikelyToken, isSecret, lives };
}

/** The lives that a value can be read as, in several units or as the instant of the end. */
function livesOf(at: Place, text: string, answer: Seen, place: string): FoundLife[] {
  const units: Unit[] = [{ at }, { seconds: at }, { minutes: at }, { milliseconds: at }];
  const asToken: Unit[] = /^ey[\w-]+\.[\w-]+\./.test(text) ? [{ jwt: true }] : [];
  const lives = [...units, ...asToken].flatMap((unit): FoundLife[] => {
    const ms = toldMs(unit, answer, text);
    const [member = ''] = Object.keys(unit);
    return isLife(ms) ? [{ life: { [member]: member === 'jwt' || place }, ms }] : [];
  });
  // A number that is an instant in the future is hardly anything else.
  const [first] = lives;
  return first !== undefined && 'at' in first.life ? [first] : lives;
}

/** From ten seconds to a year: other values are no lives. */
function isLife(ms: number | undefined): ms is number {
  return ms !== undefined && ms >= 10_000 && ms < 365 * 86_400_000;
}
