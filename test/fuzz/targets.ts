import { deepEqual, equal, ok } from 'node:assert/strict';
import { createServer, validateHeaderName, validateHeaderValue } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { safeParse } from 'valibot';
import { SystemClock } from '../../src/core/clock.ts';
import { secretPlace } from '../../src/core/connection.ts';
import { TokensError } from '../../src/core/errors.ts';
import { HttpClient } from '../../src/core/http/client.ts';
import { CookieJar } from '../../src/core/http/cookies.ts';
import { type JsonObject, plainOf } from '../../src/core/json.ts';
import type { RowPath } from '../../src/core/protocols/answer.ts';
import type { CraConnection } from '../../src/core/protocols/cra/settings.ts';
import { CraWire } from '../../src/core/protocols/cra/shared.ts';
import { abilitiesOf, identityOf, parseConnection, protocols } from '../../src/core/protocols/kinds.ts';
import type { Gateway } from '../../src/core/protocols/protocol.ts';
import { fillPath, pathTemplate } from '../../src/core/protocols/rest/template.ts';
import { Redactor } from '../../src/core/redact.ts';
import { checkRequest, wireOf } from '../../src/core/requests/request.ts';
import { TableEngine } from '../../src/core/results/engine.ts';
import { RowSplitter } from '../../src/core/results/rowSplitter.ts';
import { infoOf, merge, parseRecord, serialize } from '../../src/core/tokens/record.ts';
import { fromTable, keptState } from '../../src/views/results/messages.ts';
import { connect } from '../connect.ts';
import { connectionOf } from '../connectionOf.ts';
import { SecretSearch } from '../security/canaries.ts';
import { nearly, nearlyObject } from './texts.ts';

/** A parser, and what must hold for whatever it is given. */
export interface Target {
  readonly name: string;
  /** Rejects with the smallest input that breaks a rule. */
  run(parameters: fc.Parameters<unknown>): Promise<void>;
}

/** No input may take longer, in milliseconds. */
const longestMs = 100;

/** An input that is slow is slow each time; a machine that is busy with something else is so for a while. */
const mostTries = 6;
const pauseMs = 50;

/** Runs a check on an input; one that takes too long is tried again, after longer and longer pauses. */
async function timed(check: () => unknown): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const begun = performance.now();
    await check();
    const ms = performance.now() - begun;
    if (ms <= longestMs) {
      break;
    }
    ok(attempt + 1 < mostTries, `took ${ms} ms`);
    await delay(pauseMs * 2 ** attempt);
  }
  equal(Object.keys(Object.prototype).length, 0, 'the prototype of all objects was changed');
  equal(({} as { polluted?: unknown }).polluted, undefined);
}

/** Whatever fails must fail as our own error, which holds no more than it should. */
async function mayFail<T>(work: () => T | Promise<T>, quotes = false): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    ok(error instanceof TokensError, `threw ${String(error)}`);
    ok(error.message.length < 1_000, 'a message of great length');
    ok(quotes || !/[<>\r\n]/.test(error.message), `markup or lines in ${JSON.stringify(error.message)}`);
    return undefined;
  }
}

function target<T>(name: string, input: fc.Arbitrary<T>, check: (value: T) => unknown): Target {
  return {
    name,
    run: async (parameters) => {
      await fc.assert(
        fc.asyncProperty(input, (value) => timed(() => check(value))),
        parameters as fc.Parameters<[T]>,
      );
    },
  };
}

const silent = () => undefined;
const parts = () => ({
  clock: new SystemClock(),
  redactor: new Redactor(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
  maxResponseBytes: () => 1_048_576,
});

const statuses = fc.constantFrom(200, 200, 200, 200, 201, 204, 400, 401, 403, 404, 410, 500);
const types = fc.constantFrom('application/json', 'text/html', 'text/plain; charset=iso-8859-1', '');

interface Served {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly call: number;
}

/** A real client, which asks a server that answers what the fuzzer says. */
function client(
  name: string,
  settings: Record<string, unknown>,
  seeds: readonly string[],
  calls: readonly ((gateway: Gateway) => Promise<unknown>)[],
): Target {
  return {
    name,
    run: async (parameters) => {
      let next: Served = { status: 200, type: '', body: '', call: 0 };
      const server = createServer((request, response) => {
        request.resume();
        response.writeHead(next.status, next.type === '' ? {} : { 'Content-Type': next.type });
        response.end(next.status === 204 ? undefined : next.body);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const gateway = connect(connectionOf({ name: 'fuzzed', service: 'S', url, ...settings }), parts());
      const input = fc.record({
        status: statuses,
        type: types,
        body: nearly(...seeds),
        call: fc.nat(calls.length - 1),
      });
      const check = async (served: Served): Promise<void> => {
        next = served;
        await mayFail(async () => calls[served.call]?.(gateway));
      };
      try {
        await fc.assert(
          fc.asyncProperty(input, (served) => timed(() => check(served))),
          parameters as fc.Parameters<[Served]>,
        );
      } finally {
        gateway.dispose();
        server.closeAllConnections();
        server.close();
      }
    },
  };
}

const craTokens = { user: 'user-token', session: 'session-id', service: 'S' };
const craQuery = { product: 'P', view: 'V' };
const craSeeds = [
  '[{"WEBSERVICEName":"S","STATUS":"Active","HOSTIP":"10.0.0.1","PORT":"80","HOSTCN":"h","TLS":"N","TYPE":"x"}]',
  '{"columns":[{"field":"ASGNAME","displayName":"Job"},{"name":"X","label":"Y"}]}',
  '{"Columns":{"fields":[{"element":"A","heading":"B"}]}}',
  '{"userToken":"abc"}',
  '{"error":"Session limit exceeded","rc":8}',
  '{"error":{"message":"no such session"}}',
  '{}',
  'OK',
  '<html><head><title>HTTP Status 404 – Not Found</title></head><body><h1>HTTP Status 404</h1><p><b>Message</b> no</p></body></html>',
];
const sarusSeeds = [
  '{"ServerDateTime":"2026-01-01T00:00:00Z","TimeStamp":1.5,"ExecutionTime":0.1,"Result":{"Remaining":1800000}}',
  '{"Result":{"SessionToken":"abc","Remaining":"1000","LastActive":"2026-01-01T00:00:00Z"}}',
  '{"Result":{"Status":200,"Detail":"revoked"}}',
  '{"Errors":{"Status":410,"Detail":"expired"}}',
];

/** A description with a place of each kind. */
const described = {
  signIn: { request: 'POST /login', json: { u: '{username}', p: '{password}' } },
  token: '/data/token',
  keep: { refresh: '/refresh', location: '$response.header.Location' },
  life: { seconds: '/ttl' },
  query: { request: 'GET /left', at: '/expires', issued: '/now' },
  renew: { request: 'POST /refresh', form: { r: '{refresh}' } },
  revoke: { request: 'DELETE {+location}' },
  refused: [{ status: [401] }, { at: '/code', is: [-22], like: 'no' }],
  expired: [{ status: [401] }, { at: '/code', is: [-11] }],
};
const restSeeds = [
  '{"data":{"token":"abc"},"refresh":"r-1","ttl":"90","code":0}',
  '{"expires":"2026-01-01T00:10:00Z","now":"2026-01-01T00:00:00.5+01:00"}',
  '{"expires":1767225600123,"now":1767225600}',
  '{"code":-11,"message":"gone"}',
  '[]',
];
const descriptionParts = {
  ...Object.fromEntries(
    Object.entries(described).map(([name, value]) => [
      name,
      nearly(JSON.stringify(value)).map((text) => {
        try {
          return JSON.parse(text) as unknown;
        } catch {
          return text;
        }
      }),
    ]),
  ),
  ask: fc.array(fc.constantFrom('username', 'password', 'token', 'refresh', 'a b'), { maxLength: 3 }),
  headers: fc.dictionary(
    fc.constantFrom('X-A', 'Host', 'x y', 'Accept'),
    nearly('{refresh}', secretPlace, 'a'),
  ),
  send: fc.record({
    in: fc.constantFrom('header', 'query', 'cookie', 'body', 'x'),
    name: nearly('X-T', '/a/b'),
    value: nearly('T {token}'),
  }),
  preset: fc.constantFrom(undefined, 'redfish', 'vault', 'nothing'),
};

const dataSeeds = [
  '{"rc":0,"system":"S","totalRows":2,"session":"x","Rows":[{"ASGNAME":"JOB1","C":[{"0":"12.5"}],"M":[{"0":"a"},{"1":"b"}]},{"ASGNAME":"JOB2","N":null,"B":true,"D":1.5}]}',
  '{"Result":{"Symbols":[{"A":"x","B":1},{"A":"y"}],"Count":2},"TimeStamp":1.5}',
  '{"Result":[{"__proto__":{"polluted":1},"constructor":"x"},{"A":[1,{"b":2}]}]}',
  '{"Result":{"polluted":1}}',
  '{"Rows":[]}',
  '{"Result":{"Metadata":[{"Symbol":"A","Bates":["C"]}],"Columns":[{"Bate":"C"}],"Rows":{"2024-01-02":[1,"NA"],"d":null}}}',
  '{"Result":{"Series":[{"Metadata":{"Bates":["C"]},"Values":{"d":[1.5],"e":[null]}},{"Status":404,"Details":"x"}]}}',
];

/** Reads a body as an answer's small reader does, cut where the fuzzer says. */
function readBody(
  rowsAt: RowPath,
  body: string,
  cuts: readonly number[],
): { desk: TableEngine; head: JsonObject } {
  const desk = new TableEngine();
  const splitter = new RowSplitter(rowsAt, desk.table, silent);
  const bytes = new TextEncoder().encode(body);
  const places = [
    0,
    ...cuts.map((cut) => Math.floor(cut * bytes.length)).sort((a, b) => a - b),
    bytes.length,
  ];
  for (const [index, from] of places.slice(0, -1).entries()) {
    splitter.write(bytes.slice(from, places[index + 1]));
  }
  return { desk, head: plainOf(splitter.end()) as JsonObject };
}

const instant = nearlyObject({ wall: fc.integer(), up: fc.double(), boot: fc.constant('boot') });
const recordSeed = {
  id: 'id',
  value: 'secret value',
  connection: 'c',
  origin: 'https://h',
  kind: 'session',
  service: 'S',
  target: 'P/V',
  view: '["P","V","*","*","*","*"]',
  signIn: '',
  generation: 0,
  turn: 0,
  sent: { wall: 1, up: 1, boot: 'b' },
  leftMs: 1000,
  lifeMs: 1000,
  source: 'estimated',
  openedAt: 1,
  lastUsedAt: 1,
  worked: { wall: 1, up: 1, boot: 'b' },
  keepAlive: 'manual',
  keepAliveSetAt: 0,
  openedBy: 'w',
  usedBy: 'w',
  closing: false,
};

/** How a secret comes into a text, beside other things. */
const disguises: readonly ((secret: string, beside: string) => string)[] = [
  (secret) => secret,
  (secret) => secret.slice(1, 10),
  (secret) => encodeURIComponent(secret),
  (secret, beside) => JSON.stringify({ [secret]: beside, [beside]: secret }),
  (secret, beside) => Buffer.from(`${beside}${secret}${beside}`).toString('base64'),
];

const count = fc.oneof(fc.nat(), fc.double(), fc.constant(-1));
const words = fc.string({ maxLength: 10 });

export const targets: readonly Target[] = [
  client('answers: BMC AMI, views', { kind: 'bmc-cra', dialect: 'views' }, craSeeds, [
    async (gateway) => gateway.services?.(),
    async (gateway) => gateway.columns?.(craTokens, craQuery),
    (gateway) => gateway.keepAlive(craTokens),
    (gateway) => gateway.close(craTokens, { query: craQuery }),
  ]),
  client('answers: BMC AMI, getData', { kind: 'bmc-cra', dialect: 'getData' }, craSeeds, [
    async (gateway) => gateway.services?.(),
    async (gateway) => gateway.columns?.(craTokens, craQuery),
    (gateway) => gateway.keepAlive(craTokens),
    (gateway) => gateway.close(craTokens),
  ]),
  client('answers: SARUS', { kind: 'sarus' }, sarusSeeds, [
    async (gateway) => {
      const life = await gateway.remainingLife?.({ user: 'a token' });
      ok(life?.reportedMs !== undefined && life.reportedMs >= 0 && Number.isFinite(life.reportedMs));
    },
    async (gateway) => {
      const { value, reportedMs } = await gateway.keepAlive({ user: 'a token' });
      ok(/^[\x20-\x7e]+$/.test(value), 'a token that cannot be sent');
      ok(reportedMs === undefined || (reportedMs >= 0 && Number.isFinite(reportedMs)));
    },
    (gateway) => gateway.close({ user: 'a token' }),
  ]),
  client('answers: REST', { kind: 'rest', ...described }, restSeeds, [
    async (gateway) => {
      const {
        value,
        reportedMs = 1,
        more = {},
      } = await gateway.signIn({ username: 'u', password: 'p' }, undefined);
      ok(/^[\x20-\x7e]{1,8192}$/.test(value), 'a token that cannot be sent');
      ok(reportedMs > 0 && reportedMs <= 366 * 86_400_000);
      ok(Object.values(more).every((kept) => kept.length <= 8_192));
    },
    async (gateway) => {
      const life = await gateway.remainingLife?.({ user: 'a token' });
      ok(life?.isUnchanged || (life?.reportedMs ?? -1) >= 0);
    },
    (gateway) => gateway.keepAlive({ user: 'a token', more: { refresh: 'r', location: '/s/1' } }),
    (gateway) => gateway.close({ user: 'a token', more: { location: '/s/1' } }),
  ]),
  target('descriptions', nearlyObject(descriptionParts), async (members) => {
    const settings = { name: 'x', kind: 'rest', url: 'https://host:8443/p', ...(members as object) };
    const parsed = parseConnection(settings);
    if (!parsed.ok) {
      ok(parsed.reason.args?.length, 'the reason names nothing');
      return;
    }
    const { value: connection } = parsed;
    ok(identityOf(connection).startsWith('https://host:8443#'));
    ok(abilitiesOf(connection));
    const wire = await mayFail(() =>
      wireOf({ connection: 'x', request: 'GET /a{?b}' }, connection, new Map()),
    );
    equal(new URL(`https://host:8443/p${wire?.path ?? ''}`).origin, 'https://host:8443');
  }),
  target(
    'addresses',
    fc.tuple(nearly('/a/{x}', '{+x}', '{+x}/b', '/a{?x,y}&z={y}'), words, nearly('https://host/a/b')),
    async ([path, x, y]) => {
      const template = pathTemplate(path);
      const filled = await mayFail(
        () => template && fillPath(template, (name) => (name === 'y' ? y : x), 'https://host/p'),
      );
      const url = new URL(`https://host/p${filled?.path ?? ''}`);
      equal(url.origin, 'https://host');
      ok(filled?.isWhole || url.pathname.startsWith('/p'), url.href);
      ok(!url.href.includes('\n') && !/[?#]/.test(url.hash.slice(1)) && url.hash === '', url.href);
    },
  ),
  target('answers: sign-in', nearly(...craSeeds), async (text) => {
    const connection = connectionOf({ name: 'fuzzed', kind: 'bmc-cra', service: 'S' });
    const deps = { ...parts(), connection: connection as CraConnection, memory: new Map<string, string>() };
    const wire = new CraWire(new HttpClient(deps), deps);
    const answer = { status: 200, headers: {}, sent: deps.clock.now(), text };
    const token = await mayFail(() => wire.userToken(answer));
    ok(token === undefined || /^[\x20-\x7e]{1,8192}$/.test(token));
  }),
  ...Object.entries(protocols).map(([kind, { rowsAt }]) =>
    target(
      `rows: ${kind}`,
      fc.tuple(nearly(...dataSeeds), fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 5 })),
      async ([body, cuts]) => {
        const whole = await mayFail(() => readBody(rowsAt, body, []));
        const pieces = await mayFail(() => readBody(rowsAt, body, cuts));
        equal(whole === undefined, pieces === undefined, 'how it is cut decides whether it can be read');
        if (whole !== undefined && pieces !== undefined) {
          equal(pieces.desk.table.rowCount, whole.desk.table.rowCount);
          deepEqual(pieces.head, whole.head);
          deepEqual(pieces.desk.table.fields, whole.desk.table.fields);
          const all = { from: 0, to: whole.desk.table.rowCount };
          equal(pieces.desk.json(all), whole.desk.json(all));
          equal(pieces.desk.table.mended, whole.desk.table.mended);
        }
      },
    ),
  ),
  target(
    'settings',
    nearlyObject({
      name: fc.string(),
      kind: fc.constantFrom(...Object.keys(protocols)),
      url: fc.oneof(
        fc.webUrl(),
        nearly('https://host:8443/prefix', 'http://[::1]:1', 'https://user:pass@host/?q#h'),
      ),
      service: words,
      dialect: fc.constantFrom('auto', 'getData', 'views'),
      lifeMinutes: fc.double(),
      gatewayUser: words,
      keepAlive: fc.constantFrom('manual', 'auto'),
      maxSessions: count,
      caFile: words,
      certFile: fc.option(words, { nil: undefined }),
      pfxFile: fc.option(words, { nil: undefined }),
      login: fc.constantFrom('password', 'certificate'),
      headers: fc.dictionary(fc.oneof(words, fc.constantFrom('X-A', 'Host', 'x-b')), words, { maxKeys: 2 }),
      rejectUnauthorized: fc.boolean(),
      requestTimeoutSeconds: fc.double(),
    }),
    (input) => {
      const parsed = parseConnection(input);
      if (!parsed.ok) {
        ok(parsed.reason.template.length > 0);
        return;
      }
      const { value } = parsed;
      const url = new URL(value.url);
      ok(url.protocol === 'http:' || url.protocol === 'https:');
      equal(url.username + url.password + url.search + url.hash, '');
      ok(value.name.trim() === value.name && value.name !== '');
      ok(value.lifeMinutes >= 1 && value.lifeMinutes <= 1440);
      ok(Number.isInteger(value.maxSessions) && value.maxSessions >= 1);
      ok(value.requestTimeoutSeconds > 0 && Number.isFinite(value.requestTimeoutSeconds));
      equal(typeof value.rejectUnauthorized, 'boolean');
      for (const [name, text] of Object.entries(value.headers ?? {})) {
        validateHeaderName(name);
        validateHeaderValue(name, text);
      }
      deepEqual(parseConnection(value), parsed, 'what was read reads the same again');
    },
  ),
  target(
    'requests',
    nearlyObject({
      connection: words,
      product: words,
      view: words,
      endpoint: words,
      params: fc.dictionary(words, words),
      rows: count,
      startRow: count,
      filter: words,
      session: words,
      show: fc.boolean(),
    }),
    async (input) => {
      for (const [kind, { describing }] of Object.entries(protocols)) {
        const connection = connectionOf({ name: 'c', kind, ...(describing && { preset: 'redfish' }) });
        // Its maker is told what they wrote.
        await mayFail(() => checkRequest(input, connection), true);
      }
    },
  ),
  target(
    'stored tokens',
    fc.oneof(
      nearly(JSON.stringify(recordSeed)),
      nearlyObject({
        ...Object.fromEntries(Object.entries(recordSeed).map(([name, value]) => [name, fc.constant(value)])),
        sent: instant,
        worked: instant,
        leftMs: fc.double(),
        lifeMs: fc.double(),
      }).map((value) => {
        try {
          return JSON.stringify(value) ?? '';
        } catch {
          return ''; // BigInt: no JSON.
        }
      }),
    ),
    (json) => {
      const parsed = parseRecord('id', json);
      if (!parsed.ok) {
        ok(!parsed.reason.includes('secret'), 'the reason quotes the entry');
        return;
      }
      const { value } = parsed;
      equal(value.id, 'id');
      ok(value.value !== '');
      const again = parseRecord('id', serialize(value));
      deepEqual(again.ok && again.value, value, 'what was read is written the same again');
      deepEqual(merge(value, value), value);
      const info = infoOf(value, new SystemClock().now(), 1_000);
      ok(Number.isFinite(info.expiresAt), `expiresAt ${info.expiresAt}`);
      ok(!JSON.stringify(info).includes(value.value) || value.value.length < 12, 'a value is shown');
    },
  ),
  target(
    'messages of the webview',
    nearlyObject({
      is: fc.constantFrom(
        'ready',
        'page',
        'arrange',
        'detail',
        'copy',
        'columns',
        'do',
        'plot',
        'keep',
        'state',
      ),
      generation: count,
      from: count,
      to: count,
      at: count,
      sort: fc.array(fc.record({ field: words, descending: fc.boolean() })),
      filter: fc.string(),
      fields: fc.array(words),
      headers: fc.boolean(),
      action: fc.constantFrom('watch', 'stop', 'run'),
      field: fc.option(words),
    }),
    (input) => {
      const { success, output } = safeParse(fromTable, input);
      const message = success ? output : undefined;
      safeParse(keptState, input);
      for (const value of message === undefined ? [] : Object.values(message)) {
        ok(typeof value !== 'number' || (Number.isInteger(value) && value >= 0), `a count ${String(value)}`);
      }
      if (message?.is === 'layout') {
        ok(message.layout.sort.length <= 8 && message.layout.filter.length <= 20_000);
      }
    },
  ),
  target(
    'cookies',
    fc.tuple(
      fc.array(
        nearly(
          'a=b; Path=/x; Secure',
          'c=d; Max-Age=0',
          'e=f; Domain=.host; Expires=Tue, 12-Oct-99 01:02:03 GMT',
        ),
        { maxLength: 5 },
      ),
      words,
    ),
    ([lines, path]) => {
      const jar = new CookieJar('host', new SystemClock());
      jar.take(lines, `/${path}`, true);
      const header = jar.header(`/${path}`);
      if (header !== undefined) {
        validateHeaderValue('Cookie', header);
      }
    },
  ),
  target(
    'redaction',
    fc.tuple(
      fc.array(fc.string({ minLength: 8, maxLength: 30 }), { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(fc.nat(), fc.constantFrom(...disguises), fc.string()), {
        minLength: 1,
        maxLength: 4,
      }),
    ),
    ([secrets, told]) => {
      const redactor = new Redactor();
      for (const secret of secrets) {
        redactor.add(secret);
      }
      const text = told
        .map(([at, disguise, beside]) => beside + disguise(secrets[at % secrets.length] as string, beside))
        .join('');
      const clean = redactor.redact(text);
      equal(new SecretSearch(secrets).find(clean), undefined, 'a secret is left');
      ok(!redactor.finds(redactor.redact(clean)), 'what is clean is cleaned again and again');
    },
  ),
];
