import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { SystemClock } from '../../../../../src/core/clock.ts';
import type { JsonObject } from '../../../../../src/core/json.ts';
import type { Answer, AnswerReader } from '../../../../../src/core/protocols/answer.ts';
import { MaskingReader } from '../../../../../src/core/protocols/masking.ts';
import type { Gateway } from '../../../../../src/core/protocols/protocol.ts';
import { dataRequest, type SarusQuery } from '../../../../../src/core/protocols/sarus/request.ts';
import { readerMaker } from '../../../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../../../src/core/results/workerClient.ts';
import { RateLimit } from '../../../../../src/core/tokens/rateLimit.ts';
import { Scheduler } from '../../../../../src/core/tokens/scheduler.ts';
import { SharedClaims } from '../../../../simulate/shared.ts';
import { FakeClock } from '../../../fakeClock.ts';
import { withSandbox } from '../../../sandbox/support.ts';
import { clients, deps, failure, json, MemoryLog } from '../rig.ts';

const workerFile = new URL('../../../../../src/core/results/worker.ts', import.meta.url);
const worker = new WorkerClient(workerFile, new SystemClock());
const makeReader = readerMaker(worker, { maxBytes: 1 << 20 });

describe('protocols: SARUS as it is today', () => {
  const { client, against } = clients({ kind: 'sarus' });

  after(() => worker.dispose());

  const get = (gateway: Gateway, query: SarusQuery) =>
    gateway.getData({ tokens: { user: 'token-12345678' }, query, keepOpen: true, makeReader });
  const listed = (response: ServerResponse, Status: number, Details: string, status = Status): void =>
    json(response, { Errors: [{ Status, Details }] }, status);

  describe('errors', () => {
    it('are read as a list or an object, with Detail or Details, under any status', async () => {
      const bodies = [
        [{ Status: 403, Details: 'No account' }],
        [
          { Status: 403, Detail: 'No account' },
          { Status: 500, Details: 'Other' },
        ],
        { Status: 403, Details: 'No account' },
        { Status: '403', Detail: 'No account' },
      ];
      const { gateway } = await against((_, response, index) =>
        json(response, { Errors: bodies[index >> 1] }, index % 2 === 0 ? 200 : 403),
      );
      for (let index = 0; index < bodies.length * 2; index++) {
        const error = await failure(get(gateway, { endpoint: 'GetValues' }), 'E_HTTP');
        deepEqual([error.details.status, /403: No account$/.test(error.message)], [403, true], error.message);
      }
    });

    it('are told up to their trace, or by it where nothing stands before; the log has all', async () => {
      const log = new MemoryLog();
      const words = ['Bad period Trace: at A.B(token-12345678)', ' Trace: no period', 'Traces of Trace'];
      const { gateway } = await against(
        (_, response, index) => listed(response, 400, words[index] ?? ''),
        {},
        {
          log,
        },
      );
      const said: string[] = [];
      for (let index = 0; index < 3; index++) {
        said.push((await failure(get(gateway, { endpoint: 'GetDatasets' }), 'E_HTTP')).message);
      }
      deepEqual(
        said.map((text) => /400: (.*)$/.exec(text)?.[1]),
        ['Bad period', 'no period', 'Traces of Trace'],
      );
      match(log.lines.join('\n'), /at A\.B\(/);
    });

    for (const [status, words, code] of [
      [401, 'Unknown session token', 'E_EXPIRED'],
      [410, 'Gone', 'E_EXPIRED'],
      [404, 'Token has already expired', 'E_EXPIRED'],
      [404, 'Unknown session token', 'E_EXPIRED'],
      [404, 'No such session token', 'E_EXPIRED'],
      [404, 'Unknown dataset', 'E_HTTP'],
      [404, 'Unknown dataset CRYPTO/TOKENX', 'E_HTTP'],
      [400, 'Unknown dataset CRYPTO/TOKEN', 'E_HTTP'],
      [404, 'Unknown dataset “TOKEN”', 'E_HTTP'],
      [200, 'Token has already expired', 'E_EXPIRED'],
      [400, 'Unknown session token', 'E_EXPIRED'],
      [400, 'Missing token', 'E_HTTP'],
      [400, 'Invalid session token', 'E_EXPIRED'],
      [403, 'Session token not found', 'E_EXPIRED'],
      [403, 'Account closed', 'E_HTTP'],
      [403, 'The subscription has expired. The token may read no dataset', 'E_HTTP'],
      [429, 'Quota used up', 'E_HTTP'],
    ] as const) {
      it(`${status} “${words}” is ${code}`, async () => {
        const { gateway } = await against((_, response) => listed(response, status, words));
        await failure(get(gateway, { endpoint: 'GetUserFavorites' }), code);
      });
    }

    it('are told by what a front calls them', async () => {
      const bodies = [{ error: 'no route' }, { Error: { message: 'no route' } }, { ERRORS: ['no route'] }];
      const { gateway } = await against((_, response, index) => json(response, bodies[index % 3]));
      for (const _ of bodies) {
        match((await failure(get(gateway, { endpoint: 'GetDatasets' }), 'E_HTTP')).message, /no route/);
      }
    });

    it('of single series are warnings, and the rows of the others are there', async () => {
      const refused = { Datasource: 'S', Symbol: 'X', Status: 404, Details: 'Unknown dataset Trace: at X' };
      const results: JsonObject[] = [
        {
          Series: [
            { Metadata: { Bates: ['C'], Datasource: 'S', Symbol: 'A' }, Values: { '2024-01-02': [1] } },
            refused,
          ],
        },
        {
          Metadata: [{ Bates: ['C'] }],
          Columns: [{ Bate: 'C' }, refused],
          Rows: { '2024-01-02': [1, null] },
        },
      ];
      const { gateway } = await against((_, response, index) => json(response, { Result: results[index] }));
      const rows = [
        { Series: 'S/A', Date: '2024-01-02', C: 1 },
        { Date: '2024-01-02', C: 1, X: null },
      ];
      for (const row of rows) {
        const data = await get(gateway, { endpoint: 'GetValues', params: { Series: ['S/A', 'S/X'] } });
        deepEqual([await data.answer.rows(), data.warnings], [[row], ['S/X: Unknown dataset']]);
        equal(data.apiCalls, 1);
      }
    });
  });

  describe('a Status in the Result', () => {
    it('of 204 says that there are no rows, and no more', async () => {
      const { gateway } = await against((_, response) => json(response, { Result: { Status: 204 } }));
      const data = await get(gateway, { endpoint: 'GetValues' });
      deepEqual([await data.answer.rows(), data.warnings, data.totalRows], [[], undefined, 0]);
    });

    it('of 300 or more is a failure, or a warning beside rows', async () => {
      const said = { Status: 403, Detail: 'No permission' };
      const { gateway } = await against((_, response, index) =>
        json(response, {
          Result: [said, { ...said, Rows: {} }, { ...said, Series: [] }, { ...said, List: [{ A: 1 }] }][
            index
          ],
        }),
      );
      for (let index = 0; index < 3; index++) {
        const error = await failure(get(gateway, { endpoint: 'GetValues' }), 'E_HTTP');
        match(error.message, /403: No permission$/);
      }
      const data = await get(gateway, { endpoint: 'GetValues' });
      deepEqual([await data.answer.rows(), data.warnings], [[{ A: 1 }], ['No permission']]);
    });

    it('is none where it stands in rows, whatever they say', async () => {
      const row = { Status: 401, Detail: 'Unknown session token', Errors: [{ Status: 410 }] };
      const { gateway } = await against((_, response) =>
        json(response, { Result: [row, { Series: [row] }] }),
      );
      const data = await get(gateway, { endpoint: 'GetUserFavorites' });
      deepEqual([data.answer.rowCount, data.warnings], [2, undefined]);
    });

    it('decides over each token endpoint', async () => {
      const { gateway } = await against((_, response) =>
        json(response, { Result: { Status: 410, Detail: 'Token has already expired' } }),
      );
      await failure(gateway.keepAlive({ user: 'tok' }), 'E_EXPIRED');
      await failure(gateway.remainingLife?.({ user: 'tok' }) ?? Promise.reject(), 'E_EXPIRED');
      await failure(gateway.signIn({ apiKey: 'key1' }, undefined), 'E_HTTP');
    });
  });

  describe('token endpoints', () => {
    it('renew without a Result, too', async () => {
      const bodies: JsonObject[] = [{ Result: null }, {}, { Result: [] }, { Result: {} }, { Errors: [] }];
      const { gateway } = await against((_, response, index) => json(response, bodies[index]));
      for (const _ of bodies) {
        const { value, reportedMs } = await gateway.keepAlive({ user: 'tok' });
        deepEqual([value, reportedMs], ['tok', undefined]);
      }
    });

    it('lose no token that stands in a list, or beside an error of success', async () => {
      const result = { SessionToken: 'tok1', Remaining: 7 };
      const bodies: JsonObject[] = [
        { Result: [result] },
        { Result: result, Errors: [{ Status: 200, Details: 'OK' }] },
        { Result: result, Errors: { Status: '0', Detail: '' } },
      ];
      const { gateway } = await against((_, response, index) => json(response, bodies[index]));
      for (const _ of bodies) {
        equal((await gateway.signIn({ apiKey: 'key1' }, undefined)).value, 'tok1');
      }
    });

    for (const [status, words, refused] of [
      [400, 'Invalid API key', 'login'],
      [404, 'Unknown user', 'login'],
      [400, 'Authentication failed', 'login'],
      [200, 'Login denied', 'login'],
      [200, 'Wrong email or password', 'login'],
      [422, 'Invalid APIKey', 'login'],
      [423, 'Account locked', 'login'],
      [400, 'Minutes is out of range', undefined],
      [500, 'No password service', undefined],
      [429, 'Too many requests for this API key', undefined],
    ] as const) {
      it(`${status} “${words}” at the sign-in ${refused ? 'is' : 'is not'} against who signs in`, async () => {
        const { gateway } = await against(
          (_, response) => json(response, { Errors: [{ Status: status, Details: words }] }),
          { requestTimeoutSeconds: 0.5 },
        );
        const error = await failure(gateway.signIn({ apiKey: 'key1' }, undefined), 'E_HTTP');
        equal(error.details.refused, refused);
      });
    }

    it('tell the life under each of its names, or it is asked for', async () => {
      const answers: JsonObject[] = [
        { SessionToken: 'tok1', Remaining: 7 },
        { SessionToken: 'tok1', TimeLeftMs: 8 },
        { SessionToken: 'tok1' },
        { SessionTokenExpires: '9' },
      ];
      const { server, gateway } = await against((_, response, index) =>
        json(response, { Result: answers[index] }),
      );
      const lives: unknown[] = [];
      for (let index = 0; index < 3; index++) {
        lives.push((await gateway.signIn({ apiKey: 'key1' }, undefined)).reportedMs);
      }
      deepEqual(lives, [7, 8, 9]);
      deepEqual(
        server.got.map(({ path }) => path.slice(1, 6)),
        ['GetSe', 'GetSe', 'GetSe', 'Query'],
      );
    });

    it('wait out a 429, also without Retry-After and under 200, and never tell it', async () => {
      const clock = new FakeClock();
      const { server, gateway } = await against(
        (_, response, index) => {
          setImmediate(() => clock.advance(1_500));
          if (index === 2) {
            response.setHeader('Retry-After', '1');
          }
          return index < 4
            ? listed(response, 429, 'Too many', index === 1 ? 200 : 429)
            : json(response, { Result: { Remaining: 5 } });
        },
        { clock },
      );
      const tick = setInterval(() => clock.advance(500), 20);
      try {
        equal((await gateway.remainingLife?.({ user: 'tok1' }))?.reportedMs, 5);
      } finally {
        clearInterval(tick);
      }
      ok(server.got.length >= 5);
    });

    it('are asked no more than three times a second, so that the sandbox refuses none of many', async () => {
      await withSandbox({}, async (sandbox) => {
        const clock = deps().clock;
        const claims = new SharedClaims(() => clock.now().up);
        const log = new MemoryLog();
        const windows = ['a', 'b'].map((name) => {
          claims.alive.add(name);
          const scheduler = new Scheduler(clock);
          const limit = new RateLimit({ clock, scheduler, claims: claims.window(name), log });
          return { gateway: client(sandbox.url, {}, { log, turn: limit.turn }), scheduler };
        });
        const [first] = windows;
        const { value } = (await first?.gateway.signIn({ apiKey: 'demo' }, undefined)) ?? { value: '' };
        await Promise.all(
          windows.flatMap(({ gateway }) => [1, 2, 3].map(() => gateway.remainingLife?.({ user: value }))),
        );
        ok(!log.lines.some((line) => line.includes('429')), log.lines.join('\n'));
        for (const { scheduler } of windows) {
          scheduler.dispose();
        }
      });
    });
  });

  describe('requests', () => {
    const query = (params: JsonObject, method?: 'GET') =>
      dataRequest({ endpoint: 'GetValues', params, ...(method && { method }) }, 't');

    it('go by POST where that is documented, parameters and token in the body alone', async () => {
      const { server, gateway } = await against((_, response) => json(response, { Result: [] }));
      const Series = ['EQUITY/Bank/OAKBA;BateIndex=0,3', { Datasource: 'FX', Symbol: 'EURUSD' }];
      const params = { Series, Periods: 5, Sparse: true, FrequencyOptions: { Day: 1 } };
      for (const endpoint of [
        'GetValues',
        'GetValuesRC',
        'GetValuesForDate',
        'GetSelectedDatasets',
        'GetSeriesCorrections',
      ]) {
        await get(gateway, { endpoint, params });
      }
      for (const got of server.got) {
        equal(`${got.method} ${got.url.replace(/^\/\w+/, '')}`, 'POST ');
        deepEqual(JSON.parse(got.body), {
          ...params,
          Series: [
            { Datasource: 'EQUITY', Datacategory: 'Bank', Symbol: 'OAKBA', BateIndex: [0, 3] },
            { Datasource: 'FX', Symbol: 'EURUSD' },
          ],
          SessionToken: 'token-12345678',
        });
      }
      for (const endpoint of ['GetDatasets', 'GetUserDatasources', 'GetAccountDetails', 'SomethingElse']) {
        equal(dataRequest({ endpoint }, 't').method, 'GET');
      }
    });

    it('name a series as it was typed: one that has no source, one with nothing after its semicolon, one alone', () => {
      const params = { Series: ['EURUSD', 'FX/CHFUSD;'] };
      deepEqual(dataRequest({ endpoint: 'GetValues', params }, 't').json, {
        Series: ['EURUSD', { Datasource: 'FX', Symbol: 'CHFUSD' }],
        SessionToken: 't',
      });
      for (const Series of ['FX/EURUSD', ['FX/EURUSD']]) {
        const alone = { endpoint: 'GetValues', method: 'GET', params: { Series } } as const;
        deepEqual(dataRequest(alone, 't').query, [
          ['Series[]', 'FX/EURUSD'],
          ['SessionToken', 't'],
        ]);
      }
    });

    it('repeat lists by GET, and write objects as name=a;name=b', () => {
      const Series = [
        'FX/EURUSD',
        { Datasource: 'EQUITY', Datacategory: 'Bank', Symbol: 'OAKBA', BateIndex: [0, 1] },
      ];
      deepEqual(
        query({ Series, 'Other[]': [1, true], Fill: { a: 1, b: 'x' }, n: 5, none: null }, 'GET').query,
        [
          ['Series[]', 'FX/EURUSD'],
          ['Series[]', 'EQUITY/Bank/OAKBA;BateIndex=0,1'],
          ['Other[]', '1'],
          ['Other[]', 'true'],
          ['Fill', 'a=1;b=x'],
          ['n', '5'],
          ['SessionToken', 't'],
        ],
      );
    });

    it('name the series once more the other way where they are said to be missing, and remember it', async () => {
      const { server, gateway } = await against((got, response) =>
        'Series[]' in JSON.parse(got.body)
          ? json(response, { Result: [{ a: 1 }] })
          : listed(response, 400, 'Missing parameter Series'),
      );
      for (let round = 0; round < 2; round++) {
        const data = await get(gateway, { endpoint: 'GetValuesForDate', params: { Series: ['A/B'] } });
        equal(data.totalRows, 1);
      }
      equal(server.got.length, 3);
    });

    it('give the same rows of the sandbox by GET and by POST', async () => {
      for (const seriesKey of ['Series', 'Series[]'] as const) {
        await withSandbox({ quirks: { seriesKey } }, async (sandbox) => {
          const gateway = client(sandbox.url);
          const { value: user } = await gateway.signIn({ apiKey: 'demo' }, undefined);
          const rows: unknown[] = [];
          for (const method of ['GET', 'POST'] as const) {
            const params = {
              Series: ['EQUITY/OAKBA;BateIndex=3', 'FX/EURUSD'],
              Periods: 3,
              EndDate: '2024-05-31',
            };
            const call = { tokens: { user }, keepOpen: true, makeReader };
            const data = await gateway.getData({
              ...call,
              query: { endpoint: 'GetValuesRC', params, method },
            });
            rows.push(await data.answer.rows());
            equal(data.apiCalls, 2);
          }
          deepEqual(rows[0], rows[1]);
          deepEqual(Object.keys((rows[0] as object[])[0] ?? {}), [
            'Date',
            'OAKBA Close',
            'EURUSD Bid',
            'EURUSD Ask',
          ]);
        });
      }
    });
  });

  it('masks an APIKey and a token in rows of any shape, however the body is cut', async () => {
    const { gateway } = await against((_, response, index) => {
      const body = JSON.stringify({
        Result:
          index % 2 === 0
            ? {
                User: { APIKey: 'k"y1' },
                APIKey: 'k"y1',
                ApiKeys: 'open',
                apiKey: 'k"y1',
                SESSIONTOKEN: 'tok',
                APIKeyed: 'open',
              }
            : [{ a: 1, APIKey: 12345 }, { APIKey: 'k"y1' }, { APIKey: null }],
      });
      const at = Math.floor((index / 40) * body.length);
      response.write(body.slice(0, at));
      setTimeout(() => response.end(body.slice(at)), 1);
    });
    for (let round = 0; round < 40; round++) {
      const data = await get(gateway, { endpoint: 'GetAccountDetails' });
      const text = JSON.stringify(await data.answer.rows());
      ok(!/k\\*"y1|12345|"tok"/.test(text), text);
      equal(text.match(/redacted/g)?.length, round % 2 === 0 ? 4 : 2, text);
      ok(round % 2 === 1 || text.split('open').length === 3, text);
    }
  });

  it('frees the memory of what it hands on, of which the reader has got only a part', async () => {
    const got: string[] = [];
    const reader: AnswerReader = {
      write: (chunk) => void got.push(Buffer.from(chunk).toString()),
      end: async () => ({}) as Answer,
      abort: () => undefined,
    };
    const masking = new MaskingReader(reader, ['APIKey'], () => undefined);
    const chunks = ['{"Result":[{"a":1', '},{"a":2}', ']}'].map((text) => new TextEncoder().encode(text));
    for (const chunk of chunks) {
      await masking.write(chunk);
    }
    await masking.end();
    deepEqual(
      chunks.map(({ length }) => length),
      [0, 0, 0],
    );
    equal(got.join(''), '{"Result":[{"a":1},{"a":2}]}');
  });

  it('reads the charset that the header names', async () => {
    const { gateway } = await against((_, response) => {
      response.setHeader('Content-Type', 'application/json; charset=ISO-8859-1');
      response.end(Buffer.from('{"Result":[{"Name":"Zürich"}]}', 'latin1'));
    });
    deepEqual(await (await get(gateway, { endpoint: 'GetDatasets' })).answer.rows(), [{ Name: 'Zürich' }]);
  });

  it('takes a Result that is empty or absent for no rows, and NA and null as they were sent', async () => {
    const results = [{ Result: [] }, { Result: {} }, {}, { Result: { Metadata: [], Rows: {} } }];
    const { gateway } = await against((_, response, index) =>
      json(response, results[index] ?? { Result: { Rows: { d: ['NA', null, 1] } } }),
    );
    for (const _ of results) {
      deepEqual(await (await get(gateway, { endpoint: 'GetValuesRC' })).answer.rows(), []);
    }
    const data = await get(gateway, { endpoint: 'GetValuesRC' });
    deepEqual(await data.answer.rows(), [{ Date: 'd', v0: 'NA', v1: null, v2: 1 }]);
  });

  it('takes a status of any form for none, and what it stands beside for what it is', async () => {
    for (const Status of [{ toString: 1 }, [], true, 'soon', null, { valueOf: null, toString: null }]) {
      const { gateway } = await against((_, response, index) =>
        json(
          response,
          [
            { Result: { Columns: [{ Bate: 'C', Status }], Rows: { '2024-01-02': [1] }, Status } },
            { Errors: [{ Status, Details: 'No' }] },
          ][Math.min(index, 1)],
        ),
      );
      const { answer, warnings } = await get(gateway, { endpoint: 'GetValuesRC' });
      deepEqual([answer.rowCount, warnings], [1, undefined]);
      await failure(get(gateway, { endpoint: 'GetValuesRC' }), 'E_HTTP');
      await failure(gateway.keepAlive({ user: 'tok' }), 'E_HTTP');
    }
  });

  it('takes the count of all pages as text, too', async () => {
    const { gateway } = await against((_, response) =>
      json(response, { Result: { Metadata: { Datasets: '5000' }, Datasets: [{ Symbol: 'A' }] } }),
    );
    equal((await get(gateway, { endpoint: 'GetDatasets' })).totalRows, 5000);
  });

  it('reckons what an answer cost of the quota, and counts all that its pages have', async () => {
    await withSandbox({}, async (sandbox) => {
      const gateway = client(sandbox.url);
      const { value: user } = await gateway.signIn({ apiKey: 'demo' }, undefined);
      const cost = async (query: SarusQuery) => {
        const data = await gateway.getData({ tokens: { user }, query, keepOpen: true, makeReader });
        return [data.apiCalls, data.totalRows];
      };
      deepEqual(await cost({ endpoint: 'GetUserDatasources' }), [undefined, 2]);
      deepEqual(await cost({ endpoint: 'GetDatasets', params: { Datasource: 'EQUITY' } }), [1, 154]);
      deepEqual(
        await cost({ endpoint: 'GetDatasets', params: { Datasource: 'EQUITY', Rows: 150 } }),
        [2, 154],
      );
      const Series = ['FX/EURUSD', 'FX/CHFUSD', 'FX/NIX'];
      deepEqual(await cost({ endpoint: 'GetDatasetValues', params: { Series, Periods: 2 } }), [2, 4]);
      deepEqual(await cost({ endpoint: 'GetValuesForDate', params: { Series } }), [1, 3]);
    });
  });
});
