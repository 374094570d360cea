// biome-ignore-all lint/suspicious/noTemplateCurlyInString: so snippets write what is typed over.
import presets from '../../src/core/protocols/rest/presets.json' with { type: 'json' };
import type { JsonSchema } from './manifest.ts';

/*
 * The members that describe an API, as a JSON schema for people who write settings: with a hover for each, and examples to
 * begin with. What the extension takes is checked by the kind's own parser (src/core/protocols/rest/description.ts).
 */

const text: JsonSchema = { type: 'string' };
const name: JsonSchema = { pattern: '^[A-Za-z][A-Za-z0-9_]{0,31}$' };
const pointer: JsonSchema = { type: 'string', pattern: '^(/([^~/]|~[01])*)*$' };
const place: JsonSchema = {
  type: 'string',
  pattern: '^(/([^~/]|~[01])*)*$|^\\$response\\.(body$|(header|cookie)\\.[^\\s;=,]+$)',
};
const amount: JsonSchema = { type: ['number', 'string'], exclusiveMinimum: 0 };
const texts: JsonSchema = { type: 'object', additionalProperties: text };
const places: JsonSchema = { type: 'object', propertyNames: name, additionalProperties: place };

/** A schema with its hover. */
function told(key: string, schema: JsonSchema): JsonSchema {
  return { ...schema, markdownDescription: `%connections.${key}%` };
}

/** The same with bodies to begin with. */
function begun(key: string, schema: JsonSchema, ...bodies: readonly unknown[]): JsonSchema {
  return told(key, { ...schema, defaultSnippets: bodies.map((body) => ({ body })) });
}

function object(
  properties: Readonly<Record<string, JsonSchema>>,
  ...required: readonly string[]
): JsonSchema {
  return {
    type: 'object',
    additionalProperties: false,
    properties,
    ...(required.length === 0 ? {} : { required }),
  };
}

const lives = {
  minutes: told('life.amount', amount),
  seconds: told('life.amount', amount),
  milliseconds: told('life.amount', amount),
  at: told('life.at', place),
  issued: told('life.issued', place),
  jwt: told('life.jwt', { const: true }),
  cookie: told('life.cookie', text),
};

/** What every request says. */
const sent = {
  request: told('request.request', {
    type: 'string',
    pattern: '^(GET|HEAD|POST|PUT|PATCH|DELETE) (/|\\{\\+)',
  }),
  headers: told('request.headers', texts),
  form: told('request.form', texts),
  json: told('request.json', {}),
  send: told('request.send', { type: 'boolean', default: true }),
};
const basic = { basic: told('request.basic', { type: 'boolean' }) };
const read = { token: told('token', place), keep: told('keep', places) };
/** Each kind of request with what it may say besides, as the parser takes it. */
const signIn = object({ ...sent, ...basic, ...read, ...lives }, 'request');
const query = object({ ...sent, ...lives }, 'request');
const revoke = object({ ...sent, ...basic }, 'request');
const data = object({ ...sent, ...read, ...lives, rows: told('rows', pointer) }, 'request');

const criterion = object({
  status: told('criterion.status', {
    type: 'array',
    items: { type: 'integer', minimum: 100, maximum: 599 },
  }),
  at: told('criterion.at', place),
  is: told('criterion.is', { type: 'array', items: { type: ['string', 'number', 'boolean', 'null'] } }),
  like: told('criterion.like', text),
});
const criteria = orList(criterion);

/** One of a schema, or a list of them, which is looked into less closely. */
function orList(schema: JsonSchema, most?: number): JsonSchema {
  const list = most === undefined ? {} : { maxItems: most };
  return { ...schema, type: ['object', 'array'], minItems: 1, ...list, items: { type: 'object' } };
}

const json = { request: 'POST /${1:login}', json: { username: '{username}', password: '{password}' } };
const form = {
  request: 'POST /${1:oauth2/token}',
  form: { grant_type: 'password', username: '{username}', password: '{password}' },
};
const ofNumber = { status: [403], at: '/${1:code}', is: ['^${2:5}'] };

/** The members that describe, by name. */
export const described: Readonly<Record<string, JsonSchema>> = {
  preset: told('preset', {
    type: 'string',
    enum: Object.keys(presets),
    enumDescriptions: Object.values(presets).map(({ title }) => title),
  }),
  ask: begun('ask', { type: 'array', items: { ...text, ...name }, uniqueItems: true }, ['${1:apiKey}']),
  inputs: begun('inputs', { ...texts, propertyNames: name }, { '${1:domain}': '${2:local}' }),
  signIn: begun('signIn', orList(signIn, 3), json, form, { request: 'POST /${1:session}', basic: true }),
  token: told('token', {
    ...place,
    examples: ['/token', '$response.header.X-Auth-Token', '$response.cookie.SID', '$response.body'],
  }),
  keep: begun('keep', places, { refreshToken: '/${1:refresh_token}' }),
  send: begun(
    'send',
    object(
      {
        in: told('send.in', { type: 'string', enum: ['header', 'cookie', 'query', 'body'] }),
        name: told('send.name', { type: 'string', minLength: 1 }),
        value: told('send.value', { type: 'string', pattern: '\\{token\\}' }),
      },
      'in',
      'name',
    ),
    { in: 'header', name: '${1:X-Auth-Token}' },
    { in: 'cookie', name: '${1:SID}' },
  ),
  life: begun(
    'life',
    object({
      ...lives,
      sliding: told('life.sliding', { type: 'boolean', default: false }),
    }),
    { minutes: '^${1:30}', sliding: true },
    { seconds: '/${1:expires_in}' },
    { at: '/${1:expires}' },
    { jwt: true },
  ),
  query: begun('query', query, { request: 'GET /${1:session}', seconds: '/${2:remaining}' }),
  renew: begun(
    'renew',
    signIn,
    { request: 'GET /${1:session}' },
    {
      request: 'POST /${1:oauth2/token}',
      form: { grant_type: 'refresh_token', refresh_token: '{refreshToken}' },
      send: false,
    },
  ),
  revoke: begun('revoke', revoke, { request: 'DELETE /${1:session}' }, { request: 'POST /${1:logout}' }),
  refused: begun('refused', criteria, { status: [400] }, { like: '${1:Fails.}' }),
  expired: begun('expired', criteria, { status: [401, 403] }, ofNumber),
  limit: begun('limit', criteria, { status: [503], like: '${1:SessionLimitExceeded}' }),
  requests: begun(
    'requests',
    { type: 'object', additionalProperties: data },
    {
      '${1:Items}': { request: 'GET /${2:items}{?${3:site}}' },
    },
  ),
  rows: begun('rows', pointer, '/${1:items}'),
};

/** Connections to begin with: by a preset, and described by hand. */
export const snippets: readonly { readonly body: object }[] = [
  {
    body: {
      name: '${1:name}',
      kind: 'rest',
      preset: `\${2|${Object.keys(presets).join()}|}`,
      url: '${3:https://host}',
    },
  },
  {
    body: {
      name: '${1:name}',
      kind: 'rest',
      url: '${2:https://host}',
      signIn: { request: 'POST /${3:login}', json: { username: '{username}', password: '{password}' } },
      token: '/${4:token}',
      send: { in: 'header', name: '${5:X-Auth-Token}' },
      life: { minutes: '^${6:30}', sliding: true },
      revoke: { request: 'POST /${7:logout}' },
      requests: { '${8:Items}': { request: 'GET /${9:items}' } },
    },
  },
];
