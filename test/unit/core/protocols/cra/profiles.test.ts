import { deepEqual, equal, match, ok } from 'node:assert/strict';
import type { DataCall } from '../../../../../src/core/protocols/protocol.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../../sandbox/gateway.ts';
import { callOf, clients, failure, json, serve, tomcat } from '../rig.ts';

const login = { username: 'demo', password: 'demo' };
const query = { product: 'MVMVS', view: 'JCPU' };
const service = 'BBI3SYSA';
const viewsRoot = '/cra/serviceGateway/services';
const classicRoot = '/cra/ServiceGateway/Services';

describe('protocols: CRA, the releases in the field', () => {
  const { client: connected, against } = clients({ service });
  let sandbox: Sandbox | undefined;

  afterEach(async () => {
    await sandbox?.close();
    sandbox = undefined;
  });

  async function start(options: SandboxOptions): Promise<Sandbox> {
    await sandbox?.close();
    sandbox = await startSandbox(options);
    return sandbox;
  }

  const served: typeof against = (answer, more = { dialect: 'views' }) => against(answer, more);
  const call = (more?: Partial<DataCall>): DataCall => callOf(query, more);

  for (const [profile, remembered] of [
    ['classic', 'getData'],
    ['cmi', 'cmi'],
    ['newest', 'views'],
  ] as const) {
    it(`finds the ${profile} one by what it answers, remembers it, and does all with it`, async () => {
      const { url } = await start({ profile });
      const memory = new Map<string, string>();
      const gateway = connected(url, {}, { memory });
      const { value: user } = await gateway.signIn(login, undefined);
      deepEqual([...memory.values()], [remembered]);
      const tokens = { user, service };
      const { session, totalRows } = await gateway.getData(call({ tokens }));
      equal(totalRows, 48);
      const again = await gateway.getData(call({ tokens: { ...tokens, session } }));
      equal(again.session, session);
      ok((await gateway.columns?.(tokens, query))?.some(({ label }) => label === 'JES Job Number'));
      await gateway.keepAlive({ ...tokens, session });
      await gateway.close({ ...tokens, session }, { query });
      await gateway.logOff?.(tokens);
      const stats = sandbox?.stats();
      deepEqual(
        [stats?.opened, stats?.reused, stats?.keepAlives, stats?.closed, stats?.userTokens],
        [1, 1, 1, 1, 0],
      );
      // Another window knows it from the first request on.
      const there = connected(url, {}, { memory });
      equal(
        (await there.getData(call({ tokens: { user: (await there.signIn(login, undefined)).value } })))
          .totalRows,
        48,
      );
    });
  }

  it('finds a gateway anew that was upgraded, with the memory of before and in a window that is open', async () => {
    const { url, port } = await start({ profile: 'classic' });
    const memory = new Map<string, string>();
    const open = connected(url, {}, { memory });
    await open.getData(call({ tokens: { user: (await open.signIn(login, undefined)).value } }));
    for (const [profile, remembered] of [
      ['cmi', 'cmi'],
      ['newest', 'views'],
      ['classic', 'getData'],
    ] as const) {
      await start({ profile, port });
      // The token is from before; who hears that signs in again, without a person.
      await failure(open.getData(call({ tokens: { user: 'old-token' } })), 'E_EXPIRED');
      equal([...memory.values()].at(-1), remembered, profile);
      const user = (await open.signIn(login, undefined)).value;
      equal((await open.getData(call({ tokens: { user } }))).totalRows, 48);
      const fresh = connected(
        url,
        {},
        { memory: new Map([[`dialect/${url}`, profile === 'cmi' ? 'getData' : 'cmi']]) },
      );
      const { value } = await fresh.signIn(login, undefined);
      equal((await fresh.getData(call({ tokens: { user: value } }))).totalRows, 48);
    }
  });

  const fronts: Record<string, [status: number, body?: string, headers?: Record<string, string>]> = {
    'a 401': [401],
    'a 401 for Basic': [401, '', { 'WWW-Authenticate': 'Basic realm="front"' }],
    'a 403': [403, '<html><h1>Forbidden</h1>'],
    'an object': [200, '{}'],
    'an error': [200, '{"error":"No such path"}'],
    'a sign-in elsewhere': [302, '', { Location: 'https://sso.example/' }],
    'a sign-in here': [302, '', { Location: '/login' }],
    trouble: [500],
  };
  for (const [what, [status, body = '', headers = {}]] of Object.entries(fronts)) {
    for (const [profile, verb] of [
      ['classic', 'Logon'],
      ['cmi', 'logon'],
    ] as const) {
      if (profile === 'cmi' && status === 401) {
        continue; // Its views are then refused as anything else is.
      }
      it(`finds the ${profile} one behind a front that has ${what} for what it does not know, and sends that no password`, async () => {
        const { server, gateway } = await against(({ path }, response) => {
          const below = path.startsWith(classicRoot) ? path.slice(classicRoot.length) : undefined;
          if (below === '') {
            json(response, [{ WEBSERVICEName: service }]);
          } else if (below === `/${service}/${verb}`) {
            json(response, { userToken: 'tok' });
          } else if (profile === 'cmi' && below === `/${service}/products`) {
            response.writeHead(401).end();
          } else {
            response.writeHead(path === '/login' ? 200 : status, headers);
            response.end(path === '/login' ? '<html>' : body);
          }
        }, {});
        equal((await gateway.signIn(login, undefined)).value, 'tok');
        equal(server.got.filter((got) => got.body.includes('demo')).length, 1);
      });
    }
  }

  it('finds CMI where it has no list of products, by the log-on or by the data that there are', async () => {
    for (const [verb, elsewhere] of [
      ['Logon', 404],
      ['logon', 404],
      ['logon', 401],
      ['logon', 200],
    ] as const) {
      const memory = new Map<string, string>();
      const server = await serve((got, response) => {
        if (got.path === classicRoot) {
          json(response, [{ WEBSERVICEName: service }]);
        } else if (got.path === `${classicRoot}/${service}/${verb}`) {
          json(response, { userToken: 'tok' });
        } else if (got.path === `${classicRoot}/${service}/products/MVMVS/views/JCPU/data`) {
          json(response, { Rows: [{ A: 'a' }] });
        } else if (got.path.startsWith(classicRoot)) {
          tomcat(response, 404, 'Not Found', got.path);
        } else {
          json(response, {}, elsewhere);
        }
      });
      const gateway = connected(server.url, {}, { memory });
      const { value: user } = await gateway.signIn(login, undefined);
      equal((await gateway.getData(call({ tokens: { user } }))).answer.rowCount, 1);
      deepEqual([...memory.values()].at(-1), 'cmi');
    }
  });

  it('says of an unknown view what the gateway says, and leaves its dialect as it is', async () => {
    const memory = new Map<string, string>();
    const server = await serve((got, response) =>
      got.path === viewsRoot
        ? json(response, [{ WEBSERVICEName: service }])
        : tomcat(response, 404, 'Not Found', 'No such view'),
    );
    const gateway = connected(server.url, {}, { memory });
    match((await failure(gateway.getData(call()), 'E_HTTP')).message, /No such view/);
    deepEqual([...memory.values()], ['views']);
  });

  for (const [dialect, root] of [
    ['views', viewsRoot],
    ['getData', classicRoot],
  ] as const) {
    it(`${dialect}: logs off by form; no such request, or no such token, is no error`, async () => {
      let status = 200;
      const { server, gateway } = await served(
        (_, response) => (status === 200 ? response.end() : tomcat(response, status, 'No', 'No')),
        { dialect },
      );
      for (status of [200, 404, 405, 401]) {
        await gateway.logOff?.({ user: 'user-token' });
      }
      deepEqual(
        server.got.map(({ method, url, form }) => [method, url, form.get('userToken')]),
        Array.from({ length: 4 }, () => ['POST', `${root}/${service}/Logoff`, 'user-token']),
      );
      status = 500;
      await failure(gateway.logOff?.({ user: 'user-token' }) ?? Promise.reject(), 'E_HTTP');
    });
  }

  it('takes words by which a log-off ends a token, or finds it ended, for done', async () => {
    const words = ['User token invalidated', 'The user token has expired', '{"error":"Unknown user token"}'];
    const { gateway } = await served((_, response, index) => response.end(words[index] ?? '{"error":"No"}'));
    for (const _ of words) {
      await gateway.logOff?.({ user: 'user-token' });
    }
    await failure(gateway.logOff?.({ user: 'user-token' }) ?? Promise.reject(), 'E_HTTP');
  });

  it('logs off with the Tomcat user where that is asked for', async () => {
    for (const profile of ['classic', 'cmi', 'newest'] as const) {
      const { url } = await start({ profile, basic: true });
      const gateway = connected(url, { gatewayUser: 'tomcat' });
      const { value: user } = await gateway.signIn(login, undefined);
      await failure(gateway.logOff?.({ user }) ?? Promise.reject(), 'E_CREDENTIALS');
      await gateway.logOff?.({ user, gateway: { gatewayPassword: 'tomcat' } });
      equal(sandbox?.stats().userTokens, 0, profile);
    }
  });

  it('names a session in the query and in a header, and only there in one where it can be sent', async () => {
    const { server, gateway } = await served((_, response) => json(response, { Rows: [] }));
    for (const session of ['s-1', 'sé', undefined]) {
      await gateway.getData(call({ tokens: { user: 'user-token', session } }));
    }
    deepEqual(
      server.got.map(({ query, headers }) => [query.get('session'), headers.session]),
      [
        ['s-1', 's-1'],
        ['sé', undefined],
        [null, undefined],
      ],
    );
  });

  it('reads the label of a column from the lines of its header, its id, and whether it is hidden', async () => {
    const { gateway } = await served((_, response) =>
      json(response, {
        columns: [
          { id: 'A', field: 'X', visible: true, header: ['JES Job', 'Number '], fieldtype: 'C' },
          { id: 'B', field: 'Y', visible: false, header: ['', 'CPU'] },
          { id: 'C', field: 'Z', visible: 'false', header: [] },
        ],
      }),
    );
    deepEqual(await gateway.columns?.({ user: 'user-token' }, query), [
      { field: 'X', label: 'JES Job Number', id: 'A' },
      { field: 'Y', label: 'CPU', id: 'B', hidden: true },
      { field: 'Z', label: 'Z', id: 'C', hidden: true },
    ]);
  });

  for (const [body, rows, warnings] of [
    [{ rc: 0, message: 'All is well' }, 1, undefined],
    [{ rc: 3, messages: ['x'] }, 1, undefined],
    [
      { rc: 4, messages: ['SYSB is not there', { text: 1 }, { message: 'nor SYSC' }] },
      1,
      ['SYSB is not there', 'nor SYSC'],
    ],
    [{ RC: '7', Message: 'incomplete' }, 1, ['incomplete']],
    [{ rc: 4 }, 0, ['rc 4']],
    [{ rc: 12, message: 'Half of it' }, 1, ['Half of it']],
  ] as const) {
    it(`rc: ${JSON.stringify(body)} beside ${rows} rows`, async () => {
      const { gateway } = await served((_, response) =>
        json(response, { ...body, Rows: rows === 0 ? [] : [{ A: 'a' }] }),
      );
      const answer = await gateway.getData(call());
      deepEqual([answer.answer.rowCount, answer.warnings], [rows, warnings]);
    });
  }

  for (const status of [200, 400, 500]) {
    it(`rc: 8 without rows is a failure with the gateway's words, under ${status}`, async () => {
      for (const body of [
        { rc: 8, messages: ['Context NONE is unknown'] },
        { rc: '8', Message: 'Context NONE is unknown', Rows: [] },
      ]) {
        const { gateway } = await served((_, response) => json(response, body, status));
        match((await failure(gateway.getData(call()), 'E_HTTP')).message, /Context NONE is unknown/);
      }
    });
  }

  for (const dialect of ['views', 'getData'] as const) {
    it(`rc: 8 renews and closes nothing, and offers nothing; ${dialect}`, async () => {
      const { gateway } = await served(
        (_, response) => json(response, { rc: 8, messages: ['The task is not active'] }),
        { dialect },
      );
      const tokens = { user: 'user-token', session: 's-1', service };
      for (const work of [
        gateway.keepAlive({ user: 'user-token', service }),
        gateway.keepAlive(tokens),
        gateway.close(tokens),
        gateway.columns?.(tokens, query),
        ...(dialect === 'views' ? [gateway.offers?.(tokens, 'system', query)] : []),
      ]) {
        match((await failure(Promise.resolve(work), 'E_HTTP')).message, /The task is not active$/);
      }
    });
  }

  for (const body of [
    { rc: 8, messages: ['ICH408I USER REVOKED'] },
    { message: 'Invalid password' },
    { userToken: '', error: '', message: 'Authentication failed' },
    { userToken: null, error: 'Unknown user JOE' },
    'Wrong credentials',
    { message: 'Login failed' },
    'BBK1234E Sign-on has failed',
    'Access denied',
    { error: 'Logon rejected' },
    { error: 'ACF01012 LOGONID JOE SUSPENDED' },
    { error: 'The user id JOE is not defined' },
    { error: 'Failed to authenticate JOE' },
    { error: 'Incorrect login' },
    { error: 'The account of JOE is locked' },
    { error: 'TSS7141E Use of Accessor ID Suspended' },
    { error: 'USERID JOE NOT DEFINED' },
    { error: 'User name invalid' },
    { error: 'The user JOE has expired' },
    { error: 'Invalid pass phrase' },
    { error: 'EDC5111I Permission denied' },
    { error: 'Sign-on unsuccessful' },
  ]) {
    it(`a log-on that says no under 200 is not sent again by itself: ${JSON.stringify(body)}`, async () => {
      for (const dialect of ['views', 'getData'] as const) {
        const { gateway } = await served(
          (_, response) => (typeof body === 'string' ? response.end(body) : json(response, body)),
          { dialect },
        );
        const error = await failure(gateway.signIn(login, service), 'E_HTTP');
        equal(error.details.refused, 'login');
        const words = typeof body === 'string' ? body : Object.values(body).flat().at(-1);
        ok(error.message.endsWith(`: ${words}`), error.message);
      }
    });
  }

  for (const status of [404, 405, 409, 422, 423, 429, 498]) {
    it(`a log-on that says no under ${status} is sent in no other way, and not again by itself`, async () => {
      for (const dialect of ['views', 'getData'] as const) {
        const { server, gateway } = await served(
          (_, response) => json(response, { message: 'The account of JOE is locked' }, status),
          { dialect },
        );
        const error = await failure(gateway.signIn(login, service), 'E_HTTP');
        deepEqual([error.details.refused, server.got.length], ['login', 1]);
        match(error.message, /: The account of JOE is locked$/);
      }
    });
  }

  for (const error of ['The service is not active', 'The security server is down', 'User limit reached']) {
    it(`a log-on that fails for another reason is not held against who signs in: ${error}`, async () => {
      const { gateway } = await served((_, response) => json(response, { error }, 500), { dialect: 'views' });
      equal((await failure(gateway.signIn(login, service), 'E_HTTP')).details.refused, undefined);
    });
  }

  for (const body of [
    { Error: 'No such view' },
    { errors: ['No such view'] },
    { ERROR: { Message: 'No such view' } },
  ]) {
    it(`an error by any name is one: ${JSON.stringify(body)}`, async () => {
      const { gateway } = await served((_, response) => json(response, body));
      match((await failure(gateway.getData(call()), 'E_HTTP')).message, /No such view$/);
    });
  }

  it('takes no words in rows, or in what a table is called, for a refusal', async () => {
    const said = 'The user token has expired';
    const Rows = [{ error: said, message: said, rc: 8, errors: [said] }];
    const { gateway } = await served((_, response) => json(response, { rc: 0, viewName: said, Rows }));
    const data = await gateway.getData(call());
    deepEqual([(await data.answer.rows()).length, data.warnings], [1, undefined]);
  });

  for (const [status, words, code] of [
    [200, 'User token has expired', 'E_EXPIRED'],
    [400, 'Invalid userToken', 'E_EXPIRED'],
    [403, 'The token is not valid any more', 'E_EXPIRED'],
    [404, 'Unknown user token', 'E_EXPIRED'],
    [403, 'User token revoked', 'E_EXPIRED'],
    [400, 'invalid_token', 'E_EXPIRED'],
    [200, 'This token is no longer valid', 'E_EXPIRED'],
    [403, 'Not authorized', 'E_HTTP'],
    [403, 'The token is not valid for this view', 'E_HTTP'],
    [400, 'Invalid token “LIKE” at column 5 of the filter', 'E_HTTP'],
    [200, 'Unknown view TOKENS', 'E_HTTP'],
    [400, 'Token ring: unknown system SYSX', 'E_HTTP'],
    [200, 'Product TOKEN is unknown', 'E_HTTP'],
    [200, 'Invalid view BROKEN/TOKEN', 'E_HTTP'],
    [200, 'Filter is invalid', 'E_HTTP'],
    [500, 'Invalid userToken', 'E_HTTP'],
  ] as const) {
    it(`${status} “${words}” under a user token is ${code}`, async () => {
      const { gateway } = await served((_, response) => json(response, { error: words }, status));
      for (const work of [gateway.getData(call()), gateway.keepAlive({ user: 'user-token', service })]) {
        const error = await failure(work, code);
        ok(code !== 'E_EXPIRED' || error.details.refused === 'sign-in', error.details.refused);
      }
    });
  }

  it('renews nothing of which a gateway says under 200, without an error, that it is gone', async () => {
    const answers = [
      '{"status":"ERROR","message":"No such session"}',
      'Session is not known',
      '{"message":"User token has expired"}',
    ];
    const { gateway } = await served((_, response, index) => response.end(answers[index] ?? answers[2]));
    const tokens = { user: 'user-token', session: 's-1', service };
    for (const code of ['E_HTTP', 'E_HTTP', 'E_EXPIRED'] as const) {
      match((await failure(gateway.keepAlive(tokens), code)).details.refused ?? '', /session|either/);
    }
    equal((await failure(gateway.close(tokens), 'E_EXPIRED')).details.refused, 'either');
  });

  for (const session of [' ', 'null', 'NULL', 'undefined', false]) {
    it(`a session that is ${JSON.stringify(session)} is none`, async () => {
      const { gateway } = await served((_, response) => json(response, { session, Rows: [] }));
      equal((await gateway.getData(call())).session, undefined);
    });
  }

  for (const [head, expected] of [
    [{ totalRowCount: 12, rowCount: 1 }, 12],
    [{ TOTALROWS: '12', NumRows: 1 }, 12],
    [{ RowCount: 7 }, 7],
    [{ totalRows: 0, numRows: 0 }, 1],
  ] as const) {
    it(`counts: ${JSON.stringify(head)}`, async () => {
      const { gateway } = await served((_, response) => json(response, { ...head, Rows: [{ A: 'x' }] }));
      equal((await gateway.getData(call())).totalRows, expected);
    });
  }

  for (const [body, words] of [
    [{ reasonCode: 12, message: 'The view is not known' }, /The view is not known \(reason code 12\)/],
    [{ error: { reason_code: '0x0A', message: 'No' } }, /No \(reason code 0x0A\)/],
    [{ rc: 8, ReasonCode: 7 }, /reason code 7/],
  ] as const) {
    it(`errors in JSON: ${JSON.stringify(body)}`, async () => {
      const { gateway } = await served((_, response) => json(response, body, 400));
      match((await failure(gateway.getData(call()), 'E_HTTP')).message, words);
    });
  }

  it('offers products, views, systems and servers of the sandbox, and nothing where there is no such list', async () => {
    for (const [profile, expected] of [
      ['newest', [['MVMVS', 'MVIP'], ['STACKS', 'TCPCONS', 'VTAMCSA'], ['SYSA', 'SYSB'], ['BBI3'], []]],
      ['classic', [[], [], [], [], []]],
    ] as const) {
      const { url } = await start({ profile });
      const gateway = connected(url);
      const tokens = { user: (await gateway.signIn(login, undefined)).value, service };
      const offered = [];
      for (const member of ['product', 'view', 'system', 'server', 'scope']) {
        offered.push(await gateway.offers?.(tokens, member, { product: 'MVIP' }));
      }
      deepEqual(offered, expected);
      deepEqual(await gateway.offers?.(tokens, 'system', { product: 'NONE' }), []);
    }
  });

  for (const body of [
    { Rows: [{ system: 'SYSA' }, { system: 'SYSB' }, { system: 'SYSB' }] },
    [{ SystemName: 'SYSA' }, { SystemName: 'SYSB' }],
    { systems: ['SYSA', 'SYSB'], rc: 0 },
    { rc: 4, messages: ['SYSC is not there'], systems: ['SYSA', 'SYSB'] },
    { result: { list: [{ what: 'SYSA' }, { what: 'SYSB' }, {}, 7] } },
  ]) {
    it(`offers, as they may look: ${JSON.stringify(body)}`, async () => {
      const { server, gateway } = await served((_, response) => json(response, body));
      deepEqual(await gateway.offers?.({ user: 'user-token' }, 'system', query), ['SYSA', 'SYSB']);
      equal(server.got[0]?.url, `${viewsRoot}/${service}/products/MVMVS/systems`);
    });
  }
});
