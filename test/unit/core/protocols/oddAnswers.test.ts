import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { DataAnswer, DataCall, Gateway } from '../../../../src/core/protocols/protocol.ts';
import { readerMaker } from '../../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';
import { refusesSession } from '../../../../src/core/tokens/refusal.ts';
import { connect } from '../../../connect.ts';
import { closeServers, connection, deps, failure, type Got, json, serve } from './rig.ts';

const workerFile = new URL('../../../../src/core/results/worker.ts', import.meta.url);
const login = { username: 'user', password: 'pass word' };
const key = { apiKey: 'key-1' };
const emptyErrors = [
  null,
  '',
  ' \n',
  false,
  0,
  'null',
  'false',
  '0',
  {},
  [],
  [{}],
  { code: 0, message: '' },
  [null],
];

describe('protocols: odd answers', () => {
  let gateway: Gateway;
  const worker = new WorkerClient(workerFile, new SystemClock());

  afterEach(async () => {
    gateway.dispose();
    await closeServers();
  });
  after(() => worker.dispose());

  async function open(
    kind: 'getData' | 'views' | 'sarus',
    answer: (got: Got, response: ServerResponse, index: number) => void,
  ) {
    const server = await serve(answer);
    const settings = kind === 'sarus' ? { kind, lifeMinutes: 45 } : { dialect: kind };
    gateway = connect(connection(server.url, settings), deps());
    return server;
  }

  const get = (query: DataCall['query'], tokens: Partial<DataCall['tokens']> = {}): Promise<DataAnswer> =>
    gateway.getData({
      tokens: { user: 'user-token', ...tokens },
      query,
      keepOpen: true,
      makeReader: readerMaker(worker, { maxBytes: 1e6 }),
    });
  const getView = () => get({ product: 'P', view: 'V' });
  const getIt = () => get({ endpoint: 'GetIt' });
  const rowsOf = async ({ answer }: DataAnswer) => answer.rows();

  describe('of which only the token matters', () => {
    const oddLives = ['soon', '30 min', 'PT30M', {}, [], [5], true, '', 1e300, -1, null];

    it('a SARUS token is kept beside a life in any form, and its life asked for', async () => {
      let odd: unknown;
      await open('sarus', (got, response) =>
        json(response, {
          Result:
            got.path === '/GetSessionToken'
              ? { SessionToken: 'tok', Remaining: odd, LastActive: odd }
              : { Remaining: 7 },
        }),
      );
      for (odd of oddLives) {
        const { value, reportedMs } = await gateway.signIn(key, undefined);
        deepEqual([value, reportedMs], ['tok', 7], JSON.stringify(odd));
      }
    });

    it('where that question is answered oddly as well, its life is reckoned', async () => {
      let odd: unknown;
      await open('sarus', (got, response) =>
        json(response, {
          Result: { ...(got.path === '/GetSessionToken' && { SessionToken: 'tok' }), Remaining: odd },
        }),
      );
      for (odd of ['soon', {}, [], true, 1e300]) {
        const { value, reportedMs } = await gateway.signIn(key, undefined);
        deepEqual([value, reportedMs], ['tok', undefined], JSON.stringify(odd));
        await failure(gateway.remainingLife?.({ user: 'tok' }) ?? Promise.reject(), 'E_PROTOCOL');
      }
    });

    it('older servers name the life otherwise', async () => {
      const server = await open('sarus', (got, response) =>
        json(response, {
          Result:
            got.path === '/GetSessionToken'
              ? { SessionToken: 'tok', TimeLeftMs: '9' }
              : { SessionTokenExpires: 8 },
        }),
      );
      equal((await gateway.signIn(key, undefined)).reportedMs, 9);
      equal(server.got.length, 1);
      equal((await gateway.remainingLife?.({ user: 'tok' }))?.reportedMs, 8);
    });

    it('a renewal counts whatever is odd beside it', async () => {
      let odd: unknown;
      await open('sarus', (_, response) =>
        json(response, {
          Result: { SessionToken: 'new', Remaining: odd, LastActive: odd },
          ServerDateTime: odd,
        }),
      );
      for (odd of ['soon', {}, [], true, 1e300]) {
        const { value, reportedMs } = await gateway.keepAlive({ user: 'old' });
        deepEqual([value, reportedMs], ['new', undefined], JSON.stringify(odd));
      }
    });

    it('a CRA token is kept beside members and headers of any form', async () => {
      for (const dialect of ['views', 'getData'] as const) {
        const headers = [
          'timeout=soon',
          'timeout=',
          'timeout=-5',
          '=',
          'timeout=1e9',
          'timeout=99999999',
          'timeout=3600',
        ];
        await open(dialect, (_, response, index) =>
          json(response, { userToken: 'tok', timeout: {}, rc: 'x', error: emptyErrors[index] }, 200, {
            'Keep-Alive': headers[index % headers.length],
          }),
        );
        for (const error of emptyErrors) {
          const { value, reportedMs } = await gateway.signIn(login, 'SVC');
          ok(reportedMs === undefined || reportedMs <= 1_440 * 60_000, JSON.stringify(error));
          equal(value, 'tok');
        }
        gateway.dispose();
      }
    });

    it('a CRA token is kept whatever the case of its name', async () => {
      const bodies = [{ UserToken: 'tok' }, { rc: 0, USERTOKEN: 'tok' }];
      await open('getData', (_, response, index) => json(response, bodies[index]));
      for (const _ of bodies) {
        equal((await gateway.signIn(login, 'SVC')).value, 'tok');
      }
    });

    it('words of a warning do not cost a token that was granted', async () => {
      await open('views', (_, response) =>
        json(response, { userToken: 'tok', error: 'The password ends soon' }),
      );
      equal((await gateway.signIn(login, 'SVC')).value, 'tok');
    });

    it('a session is known beside counts of any form', async () => {
      let odd: unknown;
      await open('views', (_, response) =>
        json(response, { totalRows: odd, numRows: odd, rc: odd, session: 's-1', Rows: [{ A: '1' }] }),
      );
      for (odd of [...oddLives, 'many', 1.5]) {
        const { session, totalRows } = await getView();
        deepEqual([session, totalRows], ['s-1', 1], JSON.stringify(odd));
      }
    });
  });

  describe('with raw control characters', () => {
    const raw = '\u0000\u0001\t\n\u001f';

    it('a CRA log-on, its refusal, the services and a definition', async () => {
      for (const dialect of ['views', 'getData'] as const) {
        await open(dialect, (got, response) => {
          if (got.path.endsWith('/refused/login') || got.path.endsWith('/refused/Logon')) {
            response.writeHead(401);
            return response.end(`{"error": "Not${raw}you"}`);
          }
          return response.end(
            /login|Logon/.test(got.path)
              ? `{"message": "Hello${raw} \\" there", "userToken": "tok"}`
              : /definition|getView/.test(got.path)
                ? `{"columns": [{"field": "A", "title": "An${raw}A"}]}`
                : `[{"WEBSERVICEName": "SVC", "TYPE": "${raw}"}]`,
          );
        });
        equal((await gateway.signIn(login, 'SVC')).value, 'tok');
        deepEqual(await gateway.services?.(), [{ name: 'SVC' }]);
        const columns = await gateway.columns?.({ user: 'tok' }, { product: 'P', view: 'V' });
        deepEqual(columns, [{ field: 'A', label: `An${raw}A` }]);
        equal((await failure(gateway.signIn(login, 'refused'), 'E_CREDENTIALS')).details.detail, 'Not you');
        gateway.dispose();
      }
    });

    it('every answer of SARUS', async () => {
      await open('sarus', (_, response) =>
        response.end(
          `{"Note": "${raw}", "Result": {"SessionToken": "tok", "Remaining": 5, "Status": 200, "Detail": "${raw}"}}`,
        ),
      );
      equal((await gateway.signIn(key, undefined)).value, 'tok');
      equal((await gateway.keepAlive({ user: 'tok' })).reportedMs, 5);
      equal((await gateway.remainingLife?.({ user: 'tok' }))?.reportedMs, 5);
      await gateway.close({ user: 'tok' });
    });

    it('what else is mended in rows is mended here as well', async () => {
      await open('sarus', (got, response) =>
        response.end(
          got.path === '/GetSessionToken'
            ? '{"Result": {"SessionToken": "tok", "Remaining": NaN, "Path": "A\\x",}}'
            : '{"Result": {"Remaining": 7, "LastActive": -Infinity}}',
        ),
      );
      const { value, reportedMs } = await gateway.signIn(key, undefined);
      deepEqual([value, reportedMs], ['tok', 7]);
    });

    it('but nothing else is made of text that is no JSON', async () => {
      for (const body of [`{"userToken": "tok${raw}"`, `{"userToken"\u0001: "tok"}`, '"\\'.repeat(300_000)]) {
        await open('views', (_, response) => response.end(body));
        await failure(gateway.signIn(login, 'SVC'), 'E_PROTOCOL');
        gateway.dispose();
      }
    });
  });

  for (const status of [204, 205]) {
    it(`a data call answered by ${status} has no rows`, async () => {
      for (const kind of ['views', 'getData', 'sarus'] as const) {
        await open(kind, (_, response) => response.writeHead(status).end());
        const got = await (kind === 'sarus' ? getIt() : getView());
        deepEqual([await rowsOf(got), got.totalRows, got.answer.bytes], [[], 0, 0], kind);
        gateway.dispose();
      }
    });
  }

  it('but an empty body under 200 is no answer', async () => {
    for (const kind of ['views', 'getData', 'sarus'] as const) {
      await open(kind, (_, response) => response.end());
      await failure(kind === 'sarus' ? getIt() : getView(), 'E_PROTOCOL');
      gateway.dispose();
    }
  });

  for (const empty of emptyErrors) {
    it(`rows are kept beside an error that is ${JSON.stringify(empty)}`, async () => {
      await open('views', (_, response, index) =>
        json(
          response,
          index === 0 ? { error: empty, Rows: [{ A: '1' }] } : { Rows: [{ A: '1' }], error: empty },
        ),
      );
      deepEqual(await rowsOf(await getView()), [{ A: '1' }]);
      deepEqual(await rowsOf(await getView()), [{ A: '1' }]);
      gateway.dispose();
      await open('sarus', (_, response, index) =>
        json(
          response,
          index % 2 === 0 ? { Errors: empty, Result: [{ A: '1' }] } : { Result: [{ A: '1' }], Errors: empty },
        ),
      );
      deepEqual(await rowsOf(await getIt()), [{ A: '1' }]);
      deepEqual(await rowsOf(await getIt()), [{ A: '1' }]);
    });

    it(`a SARUS token is kept beside Errors that are ${JSON.stringify(empty)}`, async () => {
      await open('sarus', (_, response) =>
        json(response, { Errors: empty, Result: { SessionToken: 'tok', Remaining: 5, Status: 200 } }),
      );
      equal((await gateway.signIn(key, undefined)).value, 'tok');
      equal((await gateway.remainingLife?.({ user: 'tok' }))?.reportedMs, 5);
      await gateway.close({ user: 'tok' });
    });
  }

  for (const error of ['No', true, 1, ['No'], [{ message: 'No' }], { code: 8 }, [[], { Detail: 'No' }]]) {
    it(`but ${JSON.stringify(error)} is an error`, async () => {
      await open('views', (_, response) => json(response, { Rows: [{ A: '1' }], error }));
      await failure(getView(), 'E_HTTP');
      gateway.dispose();
      await open('sarus', (_, response) => json(response, { Result: [{ A: '1' }], Errors: error }));
      await failure(getIt(), 'E_HTTP');
    });
  }

  it('the words of a list of errors are told', async () => {
    await open('sarus', (_, response) =>
      json(response, { Errors: [{ Status: 429, Details: 'Quota used up' }], Result: [] }),
    );
    const error = await failure(getIt(), 'E_HTTP');
    match(error.message, /Quota used up$/);
    equal(error.details.status, 429);
  });

  it('one row may stand without its list', async () => {
    await open('getData', (_, response, index) =>
      json(response, {
        session: 's-1',
        Rows: [{ A: '1', B: [{ '0': 'x' }] }, {}][index],
        totalRows: index === 0 ? 1 : 0,
      }),
    );
    const got = await getView();
    deepEqual([await rowsOf(got), got.totalRows, got.session], [[{ A: '1', B: 'x' }], 1, 's-1']);
    deepEqual(await rowsOf(await getView()), []);
  });

  it('a row that is missing costs none of the others, and is told of', async () => {
    for (const [rows, right, mended] of [
      ['[{"A":"1"},null,{"A":"2"}]', [{ A: '1' }, { A: '2' }], 1],
      ['[{"A":"1"},,{"A":"2"},]', [{ A: '1' }, { A: '2' }], 2],
      ['""', [], 0],
    ] as const) {
      await open('getData', (_, response) => response.end(`{"session":"s-1","Rows":${rows}}`));
      const { answer } = await getView();
      deepEqual([await answer.rows(), answer.mended], [right, mended]);
      gateway.dispose();
    }
  });

  it('but a list that holds something else is none of rows', async () => {
    for (const rows of ['x', 5, [1], [{ A: '1' }, 2]]) {
      await open('getData', (_, response) => json(response, { Rows: rows }));
      await failure(getView(), 'E_PROTOCOL');
      gateway.dispose();
    }
  });

  for (const [body, rows, warnings] of [
    [{ rows: [{ A: '1' }] }, 1, undefined],
    [{ rows: 100, ROWS: [{ A: '1' }, { A: '2' }] }, 2, undefined],
    [{ rows: { A: '1' } }, 1, undefined],
    [{ rows: 100 }, 0, undefined],
    [{ message: 'Nothing was found' }, 0, ['Nothing was found']],
    [{ message: 'Nothing was found', Rows: [] }, 0, undefined],
  ] as const) {
    it(`no rows are lost in silence: ${JSON.stringify(body)}`, async () => {
      await open('views', (_, response) => json(response, body));
      const { answer, warnings: told } = await getView();
      deepEqual([answer.rowCount, told], [rows, warnings]);
    });
  }

  it('no message tells a status of success', async () => {
    for (const kind of ['views', 'getData', 'sarus'] as const) {
      for (const error of ['View NADA is not known', true]) {
        await open(kind, (_, response) => json(response, { error, Errors: error }));
        const { message } = await failure(kind === 'sarus' ? getIt() : getView(), 'E_HTTP');
        ok(!/20\d/.test(message.replace(/:\d+/, '')), message);
        ok(error === true || message.endsWith(': View NADA is not known'), message);
        gateway.dispose();
      }
    }
  });

  for (const [status, words] of [
    [404, 'Unknown session token'],
    [404, 'Token has already expired'],
  ] as const) {
    it(`SARUS refuses a token by ${status} with “${words}”`, async () => {
      await open('sarus', (_, response) =>
        json(response, { Errors: [{ Status: status, Details: words }] }, status),
      );
      await failure(getIt(), 'E_EXPIRED');
    });
  }

  it('a 404 that says nothing of the token is none of its refusal', async () => {
    await open('sarus', (_, response) =>
      json(response, { Errors: [{ Status: 404, Details: 'Unknown dataset' }] }, 404),
    );
    await failure(getIt(), 'E_HTTP');
  });

  for (const status of [200, 400, 401, 403, 404, 409, 500]) {
    it(`a session that is told unknown under ${status} was refused, a view was not`, async () => {
      await open('views', (got, response) =>
        json(
          response,
          { error: `${got.query.has('session') ? 'Session s-1' : 'View V'} is not known` },
          status === 401 && !got.query.has('session') ? 404 : status,
        ),
      );
      const caught = (error: unknown) => refusesSession(error);
      equal(await get({ product: 'P', view: 'V' }, { session: 's-1' }).catch(caught), true);
      equal(await getView().catch(caught), false);
    });
  }

  it('a lack of sessions is told by many words, and no other one', async () => {
    let words = '';
    await open('views', (_, response) => json(response, { error: words }));
    for (words of [
      'No session available',
      'There are no sessions left',
      'Session quota reached',
      'Out of sessions',
      'Insufficient resources to open a session',
      'A session could not be allocated',
      'All sessions are in use',
    ]) {
      await failure(getView(), 'E_LIMIT');
    }
    for (words of ['Session not found', 'View V is not available', 'The session has expired']) {
      await failure(getView(), 'E_HTTP');
    }
  });

  it('a 401 that asks for the Tomcat user is no refusal of the token', async () => {
    for (const dialect of ['views', 'getData'] as const) {
      await open(dialect, (_, response) =>
        json(response, {}, 401, { 'WWW-Authenticate': 'Basic realm="Tomcat"' }),
      );
      const error = await getView().catch((caught: unknown) => caught);
      ok(error instanceof Error && 'code' in error && error.code !== 'E_EXPIRED', String(error));
      gateway.dispose();
    }
  });
});
