import * as v from 'valibot';
import { as, type Checked, nameCharacters, readBy, reason, reasonOf } from '../../checks.ts';
import { headerName, type Parsed } from '../../connection.ts';
import type { Message } from '../../errors.ts';
import { isRecord } from '../../http/text.ts';
import type { Json } from '../../json.ts';
import { isNameField } from '../../redact.ts';
import type { Preset } from '../protocol.ts';
import { toldIn, type Unit, unit, unitNames } from './life.ts';
import { pathOf, placeSchema, pointerSchema } from './place.ts';
import presets from './presets.json' with { type: 'json' };
import { namesIn, namesInText, pathTemplate } from './template.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

const text = v.string();
const memberName = v.pipe(text, v.regex(/^[A-Za-z]\w{0,31}$/, as('name')));
/** An object by names. A list is refused, which `v.record` would take. */
const record = <T>(name: v.GenericSchema<string>, one: v.GenericSchema<unknown, T>) =>
  v.lazy(
    (input): v.GenericSchema<unknown, Record<string, T>> =>
      Array.isArray(input) ? v.never(as('object')) : v.record(name, one),
  );
const headers = record(headerName, v.pipe(text, v.regex(/^[\x20-\x7e]*$/, as('headerValue'))));
/** Most names that a description keeps with a token. */
const maxKept = 16;
/** Most requests of a sign-in. */
export const maxSteps = 3;

/** Method and path. */
const line = readBy((written) => {
  const [, word, rest = ''] = /^([A-Z]+) (.*)$/s.exec(written) ?? [];
  const method = methods.find((one) => one === word);
  const path = pathTemplate(rest);
  return method && path && { method, path };
}, as('request'));
const sent = {
  headers: v.optional(headers, {}),
  form: v.optional(record(text, text)),
  json: v.optional(v.custom<Json>((value) => value !== undefined)),
  /** Whether it goes with the token. */
  send: v.optional(v.boolean(), true),
};
/** With the login by Basic authorization. */
const basic = { basic: v.optional(v.boolean(), false) };
const read = { token: v.optional(placeSchema), keep: v.optional(record(memberName, placeSchema), {}) };
const rows = { rows: v.optional(pointerSchema) };

/** A request of a description. */
export type RestRequest = v.InferOutput<typeof line> &
  Checked<typeof sent & typeof basic & typeof read & typeof rows & typeof unit>;

/** A request, with the members that one of its kind may have; others are errors, as they would be ignored. */
const requestWith = (entries: v.ObjectEntries) =>
  v.pipe(
    v.strictObject({ ...entries, ...sent, request: line }),
    v.forward(
      v.check(({ form, json }) => form === undefined || json === undefined, as('both')),
      ['form'],
    ),
    v.transform(({ request, ...rest }) => ({ basic: false, keep: {}, ...request, ...rest }) as RestRequest),
  );
const dataRequest = requestWith({ ...read, ...rows, ...unit });
const signInRequest = requestWith({ ...basic, ...read, ...unit });
const told = v.optional(placeSchema);
/** A list, or the only one that would be in it. */
const oneOrList = <T>(one: v.GenericSchema<unknown, T>) =>
  v.lazy((input) =>
    Array.isArray(input)
      ? v.array(one)
      : v.pipe(
          one,
          v.transform((only) => [only]),
        ),
  );

const status = v.pipe(
  v.number(as('status')),
  v.check((code) => Number.isInteger(code) && code >= 100 && code < 600, as('status')),
);
const criterion = v.pipe(
  v.strictObject({
    status: v.optional(v.array(status)),
    /** What is looked at; absent: the whole body as text. */
    at: v.optional(placeSchema),
    is: v.optional(v.array(v.union([text, v.number(), v.boolean(), v.null()], as('string')))),
    /** A part of the text there, as it is. */
    like: v.optional(v.pipe(text, v.nonEmpty())),
  }),
  v.check((one) => Object.values(one).some((of) => of !== undefined), as('empty')),
);
const criteria = oneOrList(criterion);
const byStatus = (...status: number[]) => [{ status }];

/** The members of a description, as in the settings of a connection or in a preset. */
const members = {
  ask: v.optional(v.array(memberName), ['username', 'password']),
  inputs: v.optional(record(memberName, text), {}),
  headers: v.optional(headers, {}),
  signIn: v.pipe(oneOrList(signInRequest), v.minLength(1, as('many')), v.maxLength(maxSteps, as('many'))),
  token: placeSchema,
  keep: read.keep,
  send: v.optional(
    v.strictObject({
      in: v.picklist(['header', 'cookie', 'query', 'body']),
      name: v.pipe(text, v.nonEmpty()),
      value: v.optional(v.pipe(text, v.includes('{token}', as('token'))), '{token}'),
    }),
    { in: 'header', name: 'Authorization', value: 'Bearer {token}' },
  ),
  life: v.optional(v.strictObject({ ...unit, sliding: v.optional(v.boolean(), false) }), {}),
  query: v.optional(requestWith({ ...unit, minutes: told, seconds: told, milliseconds: told })),
  renew: v.optional(signInRequest),
  revoke: v.optional(requestWith(basic)),
  refused: v.optional(criteria, byStatus(401, 403)),
  expired: v.optional(criteria, byStatus(401)),
  limit: v.optional(criteria, byStatus(429)),
  requests: v.optional(record(text, dataRequest), {}),
  rows: v.optional(pointerSchema, ''),
};
const schema = v.object(members);

export type Description = v.InferOutput<typeof schema>;

export const memberNames = Object.keys(members) as readonly (keyof typeof members)[];

/** A preset, with the members that describe its API. */
type DescribedApi = Omit<Preset, 'settings' | 'inputs'> & {
  readonly description: Readonly<Record<string, unknown>> & Partial<Pick<Preset, 'inputs'>>;
};

/** The presets that there are, by their names in the settings. */
export const presetsByName = presets as Readonly<Record<string, DescribedApi>>;

/**
 * Reads what describes an API: the members of a connection, beside those of the preset that it may name. The former win,
 * one by one; of `inputs` each single one. The reason names the member.
 */
export function parseDescription(input: Readonly<Record<string, unknown>>): Parsed<Description, Message> {
  const { preset, url } = input;
  const names = Object.keys(presetsByName);
  if (preset !== undefined && (typeof preset !== 'string' || !names.includes(preset))) {
    return { ok: false, reason: reason('choice', 'preset', names.join(', ')) };
  }
  const base = preset === undefined ? {} : (presetsByName[preset]?.description ?? {});
  const own = Object.fromEntries(
    memberNames.flatMap((name) => (input[name] === undefined ? [] : [[name, input[name]]])),
  );
  const inputs =
    isRecord(base.inputs) && isRecord(own.inputs) ? { inputs: { ...base.inputs, ...own.inputs } } : {};
  const parsed = v.safeParse(schema, { ...base, ...own, ...inputs });
  const inAddress = namedIn(url, 'url');
  if (inAddress !== undefined || !parsed.success) {
    return { ok: false, reason: inAddress ?? reasonOf(parsed.issues?.[0]) };
  }
  const problem = contradiction(parsed.output);
  return problem === undefined ? { ok: true, value: parsed.output } : { ok: false, reason: problem };
}

/**
 * Reads a request that somebody types: method and path.
 * @throws nothing; undefined for a line that is none
 */
export function parseRequest(line: string): RestRequest | undefined {
  const parsed = v.safeParse(dataRequest, { request: line });
  return parsed.success ? parsed.output : undefined;
}

/** Names that every template may use. */
export const givenNames: readonly string[] = ['token', 'lifeSeconds', 'lifeMinutes'];

/** The names of all that is kept with a token, whichever answer it is from. */
export function keptNames({ keep: usual, signIn, renew, requests }: Description): ReadonlySet<string> {
  const own = [...signIn, renew, ...Object.values(requests)].map((one) => one?.keep ?? {});
  return new Set([usual, ...own].flatMap(Object.keys));
}

/** Whether a request changes nothing at the server. */
export function isSafe({ method }: Pick<RestRequest, 'method'>): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** All names that templates can use. */
export function knownNames(description: Description): ReadonlySet<string> {
  const { ask, inputs } = description;
  return new Set([...givenNames, ...ask, ...Object.keys(inputs), ...keptNames(description)]);
}

/** The names that go by Basic authorization: the user, and what is asked for next. */
export function basicNames(ask: readonly string[]): readonly string[] {
  const from = Math.max(ask.findIndex(isNameField), 0);
  return [...ask.slice(from), ...ask.slice(0, from)].slice(0, 2);
}

/** The names in a request that are known. */
export function namesOf(one: RestRequest, isKnown: (name: string) => boolean): string[] {
  return [
    ...namesIn(one.path).filter(isKnown),
    ...textsIn([one.headers, one.form, one.json]).flatMap((text) => namesInText(text, isKnown)),
  ];
}

/** All texts in what a request has besides its path: names are filled in there. */
export function textsIn(value: unknown): string[] {
  return typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];
}

/** Whether a token is renewed by something that is kept with it, such as a refresh token, and not by itself. */
export function isByKept(description: Description): boolean {
  const { renew, send } = description;
  const kept = keptNames(description);
  const isItsPlace = (name: string) => send.in === 'header' && name.toLowerCase() === send.name.toLowerCase();
  if (renew?.send && !Object.keys(renew.headers).some(isItsPlace)) {
    const texts = textsIn([renew.form, renew.json]);
    return texts.some((text) => namesInText(text, (name) => kept.has(name)).length > 0);
  }
  return renew !== undefined && namesOf(renew, (name) => kept.has(name)).length > 0;
}

/** What is wrong with a description as a whole, though each member is right. */
function contradiction(description: Description): Message | undefined {
  const { ask, inputs, signIn, send, query, renew, revoke, requests, life } = description;
  const kept = keptNames(description);
  const all = [...givenNames, ...Object.keys(inputs), ...kept, ...ask];
  const known = knownNames(description);
  // What is asked for goes with the sign-in, the renewal and the revocation, and never with requests for data.
  const isAsked = (name: string) => ask.includes(name);
  const steps: [string, RestRequest | undefined][] = [
    ...signIn.map((one, at): [string, RestRequest] => [signIn.length > 1 ? `signIn.${at}` : 'signIn', one]),
    ...Object.entries({ query, renew, revoke }),
  ];
  const units: [string, Unit | undefined][] = [
    ['life', life],
    ...steps,
    ...Object.entries(requests).map(([name, one]): [string, Unit] => [`requests.${name}`, one]),
  ];
  const isName = send.in === 'header' ? v.is(headerName, send.name) : nameCharacters.test(send.name);
  const problems = [
    ...all.map((name, at) => all.indexOf(name) !== at && reason('twice', name)),
    kept.size > maxKept && reason('many', 'keep'),
    ...steps.flatMap(([member, one]) =>
      namesIn(one?.path ?? []).map(
        (name) => !known.has(name) && reason('unnamed', `${member}.request`, name),
      ),
    ),
    ...(query ? namesOf(query, isAsked) : []).map((name) => reason('unnamed', 'query', name)),
    ...namesInText(send.value, isAsked).map((name) => reason('unnamed', 'send.value', name)),
    send.in === 'body' && pathOf(send.name) === undefined && reason('pointer', 'send.name'),
    send.in === 'query' && namedIn(send.name, 'send.name'),
    (send.in === 'header' || send.in === 'cookie') && !isName && reason('header', 'send.name'),
    ...units.flatMap(([member, one]) => {
      const [first, second] = unitNames.filter((name) => one?.[name] !== undefined);
      const isEarly = first !== undefined && signIn.slice(0, -1).some((step) => step === one);
      return [
        second !== undefined && reason('both', `${member}.${first}`, second),
        isEarly && reason('unknown', `${member}.${first}`),
        // `issued` only means something beside a life that an answer tells.
        one?.issued !== undefined && !toldIn(one) && reason('unknown', `${member}.issued`),
      ];
    }),
  ];
  return problems.find((one) => one !== false && one !== undefined) || undefined;
}

/** What is wrong with a text where there are no templates. */
function namedIn(text: unknown, member: string): Message | undefined {
  const [, name] = /\{([^}]*)/.exec(typeof text === 'string' ? text : '') ?? [];
  return name === undefined ? undefined : reason('unnamed', member, name);
}
