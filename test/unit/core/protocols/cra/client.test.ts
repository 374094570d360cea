import { deepEqual, equal, fail, match, ok } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { CraQuery } from '../../../../../src/core/protocols/cra/request.ts';
import type { DataCall, GatewayDeps, Grant } from '../../../../../src/core/protocols/protocol.ts';
import { FakeClock } from '../../../fakeClock.ts';
import { callOf, clients, failure, type Got, gate, json, readers, tomcat } from '../rig.ts';

const viewsRoot = '/cra/serviceGateway/services';
const classicRoot = '/cra/ServiceGateway/Services';
const login = { username: 'user', password: 'pass word' };
const query: CraQuery = { product: 'MVMVS', view: 'JCPU' };
const list = [
  {
    WEBSERVICEName: 'SVC',
    STATUS: 'ACTIVE',
    HOSTIP: '10.0.0.1',
    PORT: '1',
    HOSTCN: 'h',
    TLS: 'Y',
    TYPE: 'M',
  },
];

/** A memory in which nothing is yet, and the dialects that are put into it. */
function noting(): { found: string[]; memory: GatewayDeps['memory'] } {
  const found: string[] = [];
  return { found, memory: { get: () => undefined, set: (_, dialect) => found.push(dialect) } };
}

describe('protocols: CRA', () => {
  const { against } = clients();
  const cra = (
    more: Record<string, unknown>,
    answer: Parameters<typeof against>[0],
    parts?: Partial<GatewayDeps>,
  ) => against(answer, more, parts);
  const call = (more?: Partial<DataCall>): DataCall => callOf(query, more);

  describe('views dialect', () => {
    const dialect = { dialect: 'views' };

    it('signs in with JSON, its service encoded', async () => {
      const { server, gateway } = await cra(dialect, (_, response) => json(response, { userToken: 'tok' }));
      const grant = await gateway.signIn(login, 'A/B c');
      deepEqual([grant.value, grant.reportedMs], ['tok', undefined]);
      const [got] = server.got;
      deepEqual([got?.method, got?.url], ['POST', `${viewsRoot}/A%2FB%20c/login`]);
      deepEqual(JSON.parse(got?.body ?? ''), login);
      equal(server.got.length, 1 + 0);
    });

    it('signs in with the client certificate alone, asking nobody for anything', async () => {
      const byCertificate = { ...dialect, login: 'certificate', certFile: '/my/certificate.pem' };
      const { server, gateway } = await cra(byCertificate, (_, response) =>
        json(response, { userToken: 'tok' }),
      );
      equal((await gateway.signIn({}, 'SVC')).value, 'tok');
      deepEqual([server.got[0]?.url, server.got[0]?.body], [`${viewsRoot}/SVC/login`, '{}']);
      const { gateway: refusing } = await cra(byCertificate, (_, response) => response.writeHead(403).end());
      match((await failure(refusing.signIn({}, 'SVC'), 'E_CREDENTIALS')).message, /client certificate/);
      const { gateway: other } = await cra(dialect, (_, response) => json(response, { userToken: 'tok' }));
      match((await failure(other.signIn({}, 'SVC'), 'E_CONFIG')).message, /password/);
      const { gateway: old } = await cra({ ...byCertificate, dialect: 'getData' }, (_, response) =>
        json(response, { userToken: 'tok' }),
      );
      match((await failure(old.signIn({}, 'SVC'), 'E_CONFIG')).message, /older API/);
    });

    for (const [header, listHeader, expected] of [
      ['timeout=15', undefined, 900_000],
      ['timeout=0.5', 'timeout=60', 30_000],
      ['timeout="20", max=100', 'timeout=5', 1_200_000],
      ['timeout=20', 'timeout=20', undefined],
      ['timeout=20', 'max=5, timeout=20.0', undefined],
      ['timeout=0', undefined, undefined],
      ['max=5', undefined, undefined],
    ] as const) {
      it(`reads Keep-Alive “${header}” beside a list’s “${listHeader}”`, async () => {
        const { gateway } = await cra(dialect, (got, response) => {
          const value = got.method === 'POST' ? header : listHeader;
          response.shouldKeepAlive = false;
          json(
            response,
            got.method === 'POST' ? { userToken: 'tok' } : list,
            200,
            value === undefined ? {} : { 'Keep-Alive': value },
          );
        });
        equal((await gateway.signIn(login, undefined)).reportedMs, expected);
      });
    }

    it('tells no life when the list cannot be had', async () => {
      const { gateway } = await cra(dialect, (got, response) =>
        got.method === 'POST'
          ? json(response, { userToken: 'tok' }, 200, { 'Keep-Alive': 'timeout=15' })
          : response.writeHead(302, { Location: 'http://elsewhere.example/' }).end(),
      );
      equal((await gateway.signIn(login, undefined)).reportedMs, undefined);
    });

    for (const status of [404, 405]) {
      it(`falls back to the form log-on after a ${status}`, async () => {
        const { server, gateway } = await cra(dialect, (got, response) =>
          got.path.endsWith('/login')
            ? tomcat(response, status, 'No', 'No')
            : json(response, { userToken: 'tok' }),
        );
        equal((await gateway.signIn(login, undefined)).value, 'tok');
        equal(server.got[1]?.path, `${viewsRoot}/SVC/logon`);
        deepEqual(Object.fromEntries(server.got[1]?.form ?? []), login);
      });
    }

    it('names every parameter of a data call, and carries Bearer', async () => {
      const { server, gateway } = await cra(dialect, (_, response) => json(response, { Rows: [] }));
      await gateway.getData(
        call({
          tokens: { user: 'user-token', service: 'S S', session: 's&1' },
          keepOpen: false,
          query: {
            product: 'P/1',
            view: 'V#2',
            context: 'C',
            server: 'SS',
            system: 'LP',
            scope: 'a b',
            period: '2026/01/02 03:04:05 2h',
            startRow: 1,
            rows: 20,
            filter: "X > 'a+b'",
            sort: 'X desc',
            refresh: true,
          },
        }),
      );
      const [got] = server.got;
      equal(got?.method, 'GET');
      equal(got?.path, `${viewsRoot}/S%20S/products/P%2F1/views/V%232/data`);
      deepEqual(Object.fromEntries(got?.query ?? []), {
        context: 'C',
        server: 'SS',
        system: 'LP',
        scope: 'a b',
        period: '2026/01/02 03:04:05 2h',
        startRow: '1',
        rows: '20',
        filter: "X > 'a+b'",
        sort: 'X desc',
        refresh: 'Y',
        session: 's&1',
        close: 'Y',
      });
      equal(got?.headers.authorization, 'Bearer user-token');
      ok(!got?.url.includes('user-token'));
    });

    it('says its defaults and close= outright, and nothing that nobody gave', async () => {
      const { server, gateway } = await cra({ ...dialect, service: undefined }, (_, response) =>
        json(response, { Rows: [] }),
      );
      await gateway.getData(call());
      equal(
        server.got[0]?.url,
        `${viewsRoot}/products/MVMVS/views/JCPU/data?context=*&server=*&system=*&scope=*&close=N`,
      );
    });

    it('reads a definition, and closes what it opens', async () => {
      const { server, gateway } = await cra(dialect, (_, response) =>
        json(response, {
          columns: [{ field: 'A', displayName: 'Alpha', visible: true }, { field: 'B' }, { x: 1 }, 7],
        }),
      );
      deepEqual(await gateway.columns?.({ user: 'user-token' }, query), [
        { field: 'A', label: 'Alpha' },
        { field: 'B', label: 'B' },
      ]);
      equal(server.got[0]?.url, `${viewsRoot}/SVC/products/MVMVS/views/JCPU/definition?close=Y`);
    });

    it('asks for a definition once, and again only after a failure', async () => {
      const { server, gateway } = await cra(dialect, (_, response, index) =>
        index === 0 ? tomcat(response, 500, 'No', 'No') : json(response, { columns: [{ field: 'A' }] }),
      );
      const ask = (view: string) => gateway.columns?.({ user: 'user-token' }, { ...query, view });
      await failure(ask('ONE') ?? Promise.reject(), 'E_HTTP');
      deepEqual(await ask('ONE'), await ask('ONE'));
      await ask('TWO');
      equal(server.got.length, 3);
    });

    it('keeps alive with Bearer and form; after a 405 by GET, the token still in no address', async () => {
      const { server, gateway } = await cra(dialect, (got, response, index) =>
        index === 1 && got.method === 'POST' ? tomcat(response, 405, 'No', 'No') : response.end(),
      );
      deepEqual((await gateway.keepAlive({ user: 'user-token', session: 's1' })).value, 's1');
      deepEqual((await gateway.keepAlive({ user: 'user-token' })).value, 'user-token');
      deepEqual(
        server.got.map(({ method, url, form, headers }) => [
          method,
          url,
          form.get('userToken'),
          headers.authorization,
        ]),
        [
          ['POST', `${viewsRoot}/SVC/keepalive?session=s1`, 'user-token', 'Bearer user-token'],
          ['POST', `${viewsRoot}/SVC/keepalive`, 'user-token', 'Bearer user-token'],
          ['GET', `${viewsRoot}/SVC/keepalive`, null, 'Bearer user-token'],
        ],
      );
    });

    it('closes through the list’s address', async () => {
      const { server, gateway } = await cra(dialect, (_, response) => json(response, { rc: 0 }));
      await gateway.close({ user: 'user-token', session: 's 1' }, { query });
      equal(server.got.length, 1);
      equal(server.got[0]?.url, `${viewsRoot}?close=true&session=s%201`);
      equal(server.got[0]?.headers.authorization, 'Bearer user-token');
    });

    it('tries POST where GET is not allowed', async () => {
      const { server, gateway } = await cra(dialect, (got, response) =>
        got.method === 'GET' ? tomcat(response, 405, 'No', 'No') : json(response, { rc: 0 }),
      );
      await gateway.close({ user: 'user-token', session: 's1' }, { query });
      deepEqual(
        server.got.map(({ method, url }) => [method, url]),
        [
          ['GET', `${viewsRoot}?close=true&session=s1`],
          ['POST', `${viewsRoot}?close=true&session=s1`],
        ],
      );
    });

    for (const [name, refuse] of [
      ['a bare 404', (response: ServerResponse) => tomcat(response, 404, 'Not Found', '/cra/x')],
      [
        'a 404 in JSON',
        (response: ServerResponse) => json(response, { error: 'Not Found', path: '/x' }, 404),
      ],
      ['a 400', (response: ServerResponse) => json(response, { error: 'what?' }, 400)],
      ['a 500', (response: ServerResponse) => tomcat(response, 500, 'Oops', 'Oops')],
      ['an error under 200', (response: ServerResponse) => json(response, { error: 'no such service' })],
      ['the list of services', (response: ServerResponse) => json(response, list)],
      ['that list in an object', (response: ServerResponse) => json(response, { rc: 0, Services: list })],
    ] as const) {
      it(`closes by a last data call after ${name}`, async () => {
        const { server, gateway } = await cra(dialect, (got, response) =>
          got.path === viewsRoot ? refuse(response) : json(response, { Rows: [] }),
        );
        await gateway.close({ user: 'user-token', session: 's1' }, { query });
        equal(
          server.got.at(-1)?.url,
          `${viewsRoot}/SVC/products/MVMVS/views/JCPU/data?context=*&server=*&system=*&scope=*&rows=1&session=s1&close=Y`,
        );
      });
    }

    for (const [name, refuse] of [
      ['404', (response: ServerResponse) => json(response, { error: 'session unknown' }, 404)],
      [
        'a page that says so',
        (response: ServerResponse) => tomcat(response, 404, 'Not Found', 'The session is not known'),
      ],
      ['410', (response: ServerResponse) => tomcat(response, 410, 'Gone', 'x')],
      [
        '400 with words',
        (response: ServerResponse) => tomcat(response, 400, 'Bad Request', 'Session has expired'),
      ],
      ['an error under 200', (response: ServerResponse) => json(response, { error: 'Session s1 not found' })],
    ] as const) {
      it(`counts an unknown session as closed: ${name}`, async () => {
        const { server, gateway } = await cra(dialect, (_, response) => refuse(response));
        await gateway.close({ user: 'user-token', session: 's1' }, { query });
        equal(server.got.length, 1);
      });
    }

    it('leaves a refused user token to its keeper, and needs no query', async () => {
      const { gateway } = await cra(dialect, (_, response, index) =>
        index === 0
          ? tomcat(response, 401, 'Unauthorized', 'Token')
          : json(response, { error: 'what?' }, 400),
      );
      await failure(gateway.close({ user: 'user-token', session: 's1' }, { query }), 'E_EXPIRED');
      await failure(gateway.close({ user: 'user-token', session: 's1' }), 'E_HTTP');
      await gateway.close({ user: 'user-token' });
    });

    it('sends Basic only after a 401 that asks for it, with the token in the form', async () => {
      const { server, gateway } = await cra({ ...dialect, gatewayUser: 'tom cat' }, (got, response) =>
        got.headers.authorization?.startsWith('Basic') ? response.end() : tomcatAsks(response),
      );
      const tokens = { user: 'user-token', session: 's1', gateway: { gatewayPassword: 'pä:ss' } };
      await gateway.keepAlive(tokens);
      await gateway.close(tokens);
      const basic = `Basic ${Buffer.from('tom cat:pä:ss', 'latin1').toString('base64')}`;
      deepEqual(
        server.got.map(({ method, form, headers }) => [method, form.get('userToken'), headers.authorization]),
        [
          ['POST', 'user-token', 'Bearer user-token'],
          ['POST', 'user-token', basic],
          ['GET', null, 'Bearer user-token'],
          ['POST', 'user-token', basic],
        ],
      );
    });
  });

  describe('Basic authorization', () => {
    for (const dialect of ['views', 'getData']) {
      /** The bytes of the credentials that a gateway with this challenge gets, call by call. */
      async function credentials(password: string, challenge: string, user = 'tom'): Promise<string[]> {
        const { server, gateway } = await cra({ dialect, gatewayUser: user }, (got, response) => {
          const sent = Buffer.from(got.headers.authorization?.slice(6) ?? '', 'base64');
          const right = [Buffer.from(`${user}:${password}`.normalize()), latin(`${user}:${password}`)];
          if (right[/utf-8/i.test(challenge) ? 0 : 1]?.equals(sent)) {
            response.end();
          } else {
            response.writeHead(401, { 'WWW-Authenticate': challenge }).end();
          }
        });
        const tokens = { user: 'user-token', session: 's1', gateway: { gatewayPassword: password } };
        await gateway.keepAlive(tokens);
        await gateway.close(tokens);
        gateway.dispose();
        return server.got
          .map(({ headers }) => headers.authorization ?? '')
          .filter((authorization) => authorization.startsWith('Basic '))
          .map((authorization) => Buffer.from(authorization.slice(6), 'base64').toString('latin1'));
      }
      const latin = (text: string): Buffer => Buffer.from(text.normalize(), 'latin1');
      const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

      it(`${dialect}: Latin-1 where the challenge names no charset, as Tomcat reads it`, async () => {
        for (const challenge of ['Basic realm="CRA"', 'Basic', 'Bearer realm="x", Basic realm="CRA"']) {
          deepEqual(await credentials('pässwörd', challenge), ['tom:pässwörd', 'tom:pässwörd']);
        }
        deepEqual(await credentials('pa\u0308ss', 'Basic realm="CRA"'), ['tom:päss', 'tom:päss']);
      });

      it(`${dialect}: UTF-8 where the challenge says so, and from then on`, async () => {
        for (const challenge of [
          'Basic realm="CRA", charset="UTF-8"',
          'basic REALM="a, b=\\"c\\"" , Charset = utf-8',
          'Basic charset="utf-8", realm="CRA"',
          'Digest realm="x", nonce="1", Basic realm="CRA", charset="UTF-8"',
        ]) {
          const got = await credentials('pa\u0308sswörd €', challenge, 'töm');
          // The classic dialect sends it unasked, and cannot know the charset before it is told.
          deepEqual(got.slice(-2), [utf8('töm:pässwörd €'), utf8('töm:pässwörd €')]);
          deepEqual((await credentials('plain', challenge)).length, 2);
        }
      });

      it(`${dialect}: the charset of another challenge or of a realm counts for nothing`, async () => {
        for (const challenge of [
          'Other charset="UTF-8", Basic realm="CRA"',
          'Basic realm="CRA", Other charset="UTF-8"',
          'Basic realm="charset=UTF-8"',
        ]) {
          const { server, gateway } = await cra({ dialect, gatewayUser: 'tom' }, (got, response) =>
            got.headers.authorization?.startsWith('Basic')
              ? response.end()
              : response.writeHead(401, { 'WWW-Authenticate': challenge }).end(),
          );
          await gateway.keepAlive({ user: 'user-token', gateway: { gatewayPassword: 'ä' } });
          equal(server.got.at(-1)?.headers.authorization, `Basic ${latin('tom:ä').toString('base64')}`);
          gateway.dispose();
        }
      });

      it(`${dialect}: UTF-8 for what Latin-1 cannot say`, async () => {
        const { server, gateway } = await cra({ dialect, gatewayUser: 'tom' }, (got, response) =>
          got.headers.authorization?.startsWith('Basic') ? response.end() : tomcatAsks(response),
        );
        await gateway.keepAlive({ user: 'user-token', gateway: { gatewayPassword: 'ä€İ' } });
        equal(server.got.at(-1)?.headers.authorization, `Basic ${Buffer.from('tom:ä€İ').toString('base64')}`);
      });

      it(`${dialect}: every form says that it is in UTF-8`, async () => {
        const { server, gateway } = await cra({ dialect, gatewayUser: 'tom' }, (got, response) =>
          got.path.toLowerCase().includes('log')
            ? json(response, { userToken: 'tok' })
            : got.method === 'POST' && got.headers.authorization?.startsWith('Basic')
              ? json(response, { Rows: [] })
              : tomcatAsks(response),
        );
        await gateway.signIn({ ...login, password: 'pässwörd' }, 'SVC');
        const tokens = { user: 'user-token', session: 's1', gateway: { gatewayPassword: 'secret' } };
        await gateway.keepAlive(tokens);
        await gateway.close(tokens);
        const forms = server.got.filter(({ form }) => form.has('userToken') || form.has('password'));
        ok(forms.length >= 2);
        for (const { headers } of forms) {
          match(headers['content-type'] ?? '', /^application\/x-www-form-urlencoded; ?charset=UTF-8$/);
        }
      });
    }
  });

  describe('classic dialect', () => {
    const dialect = { dialect: 'getData' };

    it('signs in with a form, and tells no life', async () => {
      const { server, gateway } = await cra(dialect, (_, response) =>
        json(response, { userToken: 'tok' }, 200, { 'Keep-Alive': 'timeout=15' }),
      );
      const grant = await gateway.signIn(login, 'A B');
      deepEqual([grant.value, grant.reportedMs], ['tok', undefined]);
      equal(server.got[0]?.url, `${classicRoot}/A%20B/Logon`);
      deepEqual(Object.fromEntries(server.got[0]?.form ?? []), login);
    });

    it('posts the token in a form, in no address and no header', async () => {
      const { server, gateway } = await cra(dialect, (_, response) =>
        json(response, { Rows: [], Columns: [{ name: 'A', heading: 'Alpha' }] }),
      );
      await gateway.getData(call({ query: { ...query, scope: 'x&y', rows: 5 } }));
      await gateway.getData(call({ tokens: { user: 'user-token', session: 's1', service: 'T' } }));
      await gateway.columns?.({ user: 'user-token' }, query);
      await gateway.keepAlive({ user: 'user-token' });
      await gateway.keepAlive({ user: 'user-token', session: 's1' });
      await gateway.close({ user: 'user-token', session: 's1' });
      deepEqual(
        server.got.map(({ method, url }) => `${method} ${url.slice(classicRoot.length)}`),
        [
          'POST /SVC/getData?product=MVMVS&view=JCPU&context=*&server=*&system=*&scope=x%26y&rows=5',
          'POST /T/getData?product=MVMVS&view=JCPU&context=*&server=*&system=*&scope=*&session=s1',
          'POST /SVC/getView?product=MVMVS&view=JCPU',
          'POST /SVC/keepalive',
          'POST /SVC/keepalive?session=s1',
          'POST /SVC/close?session=s1',
        ],
      );
      for (const { form, headers } of server.got) {
        deepEqual([form.get('userToken'), headers.authorization], ['user-token', undefined]);
      }
    });

    it('sends Basic with keepalive and close where the Tomcat user is known', async () => {
      const { server, gateway } = await cra({ ...dialect, gatewayUser: 'tomcat' }, (_, response) =>
        response.end(),
      );
      const tokens = { user: 'user-token', session: 's1', gateway: { gatewayPassword: 'secret' } };
      await gateway.keepAlive(tokens);
      await gateway.close(tokens);
      for (const { headers, form } of server.got) {
        equal(headers.authorization, `Basic ${Buffer.from('tomcat:secret').toString('base64')}`);
        equal(form.get('userToken'), 'user-token');
      }
      equal(server.got.length, 2);
    });

    it('says what is missing where Basic is asked for', async () => {
      const { gateway } = await cra(dialect, (_, response) => tomcatAsks(response));
      match(
        (await failure(gateway.keepAlive({ user: 'user-token' }), 'E_CREDENTIALS')).message,
        /gatewayUser/,
      );
      match((await failure(gateway.signIn(login, undefined), 'E_CREDENTIALS')).message, /Tomcat user/);
    });

    it('says when the Tomcat user is refused', async () => {
      const { gateway } = await cra({ ...dialect, gatewayUser: 'tomcat' }, (_, response) =>
        tomcatAsks(response),
      );
      await failure(
        gateway.keepAlive({ user: 'user-token', gateway: { gatewayPassword: 'wrong' } }),
        'E_CREDENTIALS',
      );
    });

    it('closes the session of a call that is not to keep it', async () => {
      const { server, gateway } = await cra(dialect, (_, response) =>
        json(response, { session: 's9', Rows: [] }),
      );
      const told: Grant[] = [];
      const data = await gateway.getData(
        call({ keepOpen: false, onSession: (session) => void told.push(session) }),
      );
      equal(data.session, undefined);
      deepEqual(
        told.map(({ value }) => value),
        ['s9'],
      );
      equal(server.got[1]?.url, `${classicRoot}/SVC/close?session=s9`);
    });

    it('tells of the session that it could not close', async () => {
      const { gateway } = await cra(dialect, (got, response) =>
        got.path.endsWith('/close')
          ? json(response, { error: 'busy' }, 400)
          : json(response, { session: 's9', Rows: [] }),
      );
      equal((await gateway.getData(call({ keepOpen: false }))).session, 's9');
    });

    it('needs a service', async () => {
      const { server, gateway } = await cra({ ...dialect, service: undefined }, (_, response) =>
        response.end(),
      );
      await failure(gateway.getData(call()), 'E_CONFIG');
      await failure(gateway.signIn(login, undefined), 'E_CONFIG');
      await failure(gateway.signIn(login, '..'), 'E_CONFIG');
      await failure(gateway.signIn({ apiKey: 'k' }, 'S'), 'E_CONFIG');
      equal(server.got.length, 0);
    });
  });

  describe('definitions and lists, as they may look', () => {
    for (const body of [
      { columns: [{ field: 'A', label: 'L' }] },
      { Columns: [{ fieldName: 'A', heading: 'L' }] },
      { fields: [{ element: 'A', title: 'L' }] },
      { view: { columns: [{ name: 'A', displayName: 'L' }] } },
      [{ NAME: 'A', Label: 'L' }],
    ]) {
      it(`columns: ${JSON.stringify(body)}`, async () => {
        const { gateway } = await cra({ dialect: 'getData' }, (_, response) => json(response, body));
        deepEqual(await gateway.columns?.({ user: 'user-token' }, query), [{ field: 'A', label: 'L' }]);
      });
    }

    it('columns: none at all is no definition', async () => {
      const { gateway } = await cra({ dialect: 'views' }, (_, response) =>
        json(response, { rc: 0, Rows: [] }),
      );
      await failure(gateway.columns?.({ user: 'user-token' }, query) ?? Promise.reject(), 'E_PROTOCOL');
    });

    for (const body of [list, { services: list }, [...list, null, 'x', { STATUS: 'nameless' }]]) {
      it(`services: ${JSON.stringify(body).slice(0, 40)}`, async () => {
        const { gateway } = await cra({ dialect: 'views' }, (_, response) => json(response, body));
        deepEqual(await gateway.services?.(), [{ name: 'SVC', status: 'ACTIVE' }]);
      });
    }

    it('services: by POST where GET is not allowed; a sentence where a token is wanted', async () => {
      const { gateway } = await cra({ dialect: 'views' }, (got, response, index) =>
        index > 1
          ? tomcat(response, 401, 'No', 'No')
          : got.method === 'GET'
            ? tomcat(response, 405, 'No', 'No')
            : json(response, list),
      );
      equal((await gateway.services?.())?.length, 1);
      match((await failure(gateway.services?.() ?? Promise.reject(), 'E_HTTP')).message, /type the name/);
    });
  });

  describe('failures, in both dialects', () => {
    for (const dialect of ['views', 'getData']) {
      it(`${dialect}: log-on`, async () => {
        const { gateway } = await cra({ dialect }, (got, response) => {
          switch (got.path.split('/')[4]) {
            case '401':
              return json(response, { error: 'bad' }, 401);
            case '403':
              return tomcat(response, 403, 'Forbidden', 'no');
            case '404':
              return tomcat(response, 404, 'Not Found', 'no');
            case 'error':
              return json(response, { error: 'The service is being stopped' });
            case 'page':
              return response.end('<html>hello</html>');
            case 'types':
              return json(response, { userToken: 7 });
            case 'proto':
              return response.end('{"__proto__": {"userToken": "evil"}}');
            case 'bom':
              return response.end('\uFEFF{"userToken": "tok"}');
            default:
              return tomcat(response, 500, 'Internal Server Error', 'It broke');
          }
        });
        const tried = (service: string): Promise<Grant> => gateway.signIn(login, service);
        equal((await failure(tried('401'), 'E_CREDENTIALS')).details.status, 401);
        equal((await failure(tried('403'), 'E_CREDENTIALS')).details.status, 403);
        const { message, details } = await failure(tried('404'), 'E_HTTP');
        match(message, /no service “404”/);
        match(details.detail ?? '', /Not Found/);
        match((await failure(tried('error'), 'E_HTTP')).message, /error: The service is being stopped$/);
        match((await failure(tried('page'), 'E_PROTOCOL')).message, /web page/);
        await failure(tried('types'), 'E_PROTOCOL');
        await failure(tried('proto'), 'E_PROTOCOL');
        match(
          (await failure(tried('500'), 'E_HTTP')).message,
          /500: HTTP Status 500 – Internal Server Error: It broke$/,
        );
        equal((await tried('bom')).value, 'tok');
      });

      it(`${dialect}: data`, async () => {
        const { gateway } = await cra({ dialect }, (got, response) => {
          const [kind, status] = (got.query.get('scope') ?? '').split(' ');
          switch (kind) {
            case 'html':
              return tomcat(response, Number(status), 'Reason', 'Words <script>alert(1)</script>');
            case 'json':
              return json(response, { error: { message: 'Words' } }, Number(status));
            case 'page':
              return response.end(' <html>hello</html>');
            case 'limit':
              return json(response, { rc: 8, error: 'No session is available: the limit of 5 is reached' });
            case 'empty':
              return response.end();
            case 'late':
              return json(response, { Rows: [{ A: '1' }], error: 'The view broke off' });
            case 'broken':
              return response.end('{"error": "The region is going down", "Rows": [{"A": "1"');
            default:
              return json(response, { error: 'No such view' });
          }
        });
        const tried = (scope: string, session?: string): Promise<unknown> =>
          gateway.getData(
            call({
              query: { ...query, scope },
              tokens: { user: 'user-token', ...(session ? { session } : {}) },
            }),
          );
        for (const status of [401, 410]) {
          equal((await failure(tried(`html ${status}`), 'E_EXPIRED')).details.status, status);
        }
        const page = await failure(tried('html 404', 's'), 'E_HTTP');
        match(page.message, /404: HTTP Status 404 – Reason: Words$/);
        equal((await failure(tried('json 400', 's'), 'E_HTTP')).details.status, 400);
        match((await failure(tried('page'), 'E_PROTOCOL')).message, /web page/);
        const error = await failure(tried('error'), 'E_HTTP');
        match(error.message, /No such view/);
        equal(error.details.status, 200);
        match((await failure(tried('late'), 'E_HTTP')).message, /broke off/);
        match((await failure(tried('broken'), 'E_HTTP')).message, /The region is going down$/);
        await failure(tried('empty'), 'E_PROTOCOL');
        // The lack of sessions, where one was to be opened; and not where none was.
        equal((await failure(tried('limit'), 'E_LIMIT')).details.status, 200);
        equal((await failure(tried('html 503'), 'E_LIMIT')).details.status, 503);
        equal((await failure(tried('json 429'), 'E_LIMIT')).details.status, 429);
        equal((await failure(tried('limit', 's'), 'E_HTTP')).details.status, 200);
        equal((await failure(tried('json 429', 's'), 'E_HTTP')).details.status, 429);
      });

      it(`${dialect}: keep alive`, async () => {
        const { gateway } = await cra({ dialect }, (_, response, index) => {
          switch (index) {
            case 0:
              return tomcat(response, 401, 'Unauthorized', 'no');
            case 1:
              return json(response, { error: 'no' });
            case 2:
              return response.end('<html></html>');
            default:
              return response.end('OK');
          }
        });
        const tokens = { user: 'user-token', session: 's' };
        await failure(gateway.keepAlive(tokens), 'E_EXPIRED');
        await failure(gateway.keepAlive(tokens), 'E_HTTP');
        await failure(gateway.keepAlive(tokens), 'E_PROTOCOL');
        equal((await gateway.keepAlive(tokens)).value, 's');
      });

      it(`${dialect}: a moment’s trouble is got over where that is safe`, async () => {
        const { server, gateway } = await cra({ dialect }, (got, response, index) =>
          index % 2 === 0 ? got.socket.destroy() : json(response, { Rows: [] }),
        );
        const tokens = { user: 'user-token', session: 's' };
        await gateway.keepAlive(tokens);
        await gateway.getData(call({ tokens }));
        await gateway.close(tokens);
        equal(server.got.length, 6);
        await failure(gateway.getData(call()), 'E_NETWORK');
        equal(server.got.length, 7);
      });
    }
  });

  describe('counts', () => {
    for (const [head, expected] of [
      [{ totalRows: 12, numRows: 1 }, 12],
      [{ totalRows: '12' }, 12],
      [{ numRows: '7' }, 7],
      [{ totalRows: 'many', numRows: null }, 1],
      [{}, 1],
    ] as const) {
      it(JSON.stringify(head), async () => {
        const { gateway } = await cra({ dialect: 'views' }, (_, response) =>
          json(response, { ...head, Rows: [{ A: [{ 0: 'x' }] }] }),
        );
        equal((await gateway.getData(call())).totalRows, expected);
      });
    }
  });

  describe('sessions', () => {
    const dialect = { dialect: 'views' };
    const collect = (): { told: string[]; onSession: (session: Grant) => void } => {
      const told: string[] = [];
      return { told, onSession: ({ value }) => void told.push(value) };
    };

    for (const [body, headers] of [
      [{ session: 's1' }, {}],
      [{ sessionId: 's1' }, {}],
      [{ SESSIONTOKEN: 's1' }, {}],
      [{ session_id: 's1' }, {}],
      [{ session: null }, { Session: 's1' }],
      [{ session: '' }, { sessionId: 's1' }],
      [{ rc: 0 }, { 'X-Session': 'no', SessionToken: 's1' }],
      [{ rc: 0 }, { session_id: 's1' }],
    ] as const) {
      it(`found in ${JSON.stringify(body)} ${JSON.stringify(headers)}`, async () => {
        const { gateway } = await cra(dialect, (_, response) =>
          json(response, { ...body, Rows: [] }, 200, headers),
        );
        const { told, onSession } = collect();
        const { session } = await gateway.getData(call({ onSession }));
        deepEqual([session, told], ['s1', ['s1']]);
      });
    }

    it('believes the body more than a header, and loses neither', async () => {
      const { gateway } = await cra(dialect, (_, response) =>
        json(response, { session: 'body', Rows: [] }, 200, { Session: 'header' }),
      );
      const { told, onSession } = collect();
      const { session } = await gateway.getData(call({ onSession }));
      deepEqual([session, told], ['body', ['header', 'body']]);
    });

    it('none is none, and a known one is no news', async () => {
      const { gateway } = await cra(dialect, (_, response, index) =>
        json(response, index === 0 ? { Rows: [] } : { session: 's1', Rows: [] }),
      );
      const { told, onSession } = collect();
      equal((await gateway.getData(call({ onSession }))).session, undefined);
      const again = await gateway.getData(call({ onSession, tokens: { user: 'user-token', session: 's1' } }));
      deepEqual([again.session, told], ['s1', []]);
    });

    it('stays known when the answer does not repeat it, and a replaced one is news', async () => {
      const { gateway } = await cra(dialect, (_, response, index) =>
        json(response, index === 0 ? { Rows: [] } : { session: 's2', Rows: [] }),
      );
      const { told, onSession } = collect();
      const tokens = { user: 'user-token', session: 's1' };
      equal((await gateway.getData(call({ onSession, tokens }))).session, 's1');
      equal((await gateway.getData(call({ onSession, tokens }))).session, 's2');
      deepEqual(told, ['s2']);
    });

    it('of one call is neither told nor kept', async () => {
      const { gateway } = await cra(dialect, (_, response) => json(response, { session: 's1', Rows: [] }));
      const { told, onSession } = collect();
      equal((await gateway.getData(call({ onSession, keepOpen: false }))).session, undefined);
      deepEqual(told, []);
    });

    it('is told before the call returns, and a failure to take it in is the call’s', async () => {
      const { gateway } = await cra(dialect, (_, response) => json(response, { session: 's1', Rows: [] }));
      let taken = false;
      await gateway.getData(
        call({
          onSession: async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            taken = true;
          },
        }),
      );
      ok(taken);
      const { TokensError } = await import('../../../../../src/core/errors.ts');
      const refuse = (): never => {
        throw new TokensError('E_STORAGE', 'Full.');
      };
      await failure(gateway.getData(call({ onSession: refuse })), 'E_STORAGE');
    });

    for (const where of ['header', 'body']) {
      it(`is told when the answer breaks off after it, in the ${where}`, async () => {
        const { gateway } = await cra(dialect, (got, response) => {
          response.writeHead(200, where === 'header' ? { session: 's1' } : {});
          response.write(where === 'header' ? '{"rc":' : '{"session": "s1", "Rows": [{');
          setImmediate(() => got.socket.destroy());
        });
        const { told, onSession } = collect();
        const kept = readers();
        await failure(gateway.getData(call({ onSession, makeReader: kept.make })), 'E_NETWORK');
        deepEqual([told, kept.made[0]?.aborted], [['s1'], 1]);
      });
    }

    for (const [body, headers] of [
      [{ rc: 8, session: 's1', messages: ['bad filter'] }, {}],
      [{ error: 'abend', SessionId: 's1' }, {}],
      [{ error: 'abend' }, { session: 's1' }],
    ] as const) {
      it(`is told by a failure: ${JSON.stringify(body)} ${JSON.stringify(headers)}`, async () => {
        for (const status of [200, 400, 500]) {
          for (const spoken of ['views', 'getData']) {
            const { gateway } = await cra({ dialect: spoken }, (_, response) =>
              json(response, body, status, headers),
            );
            const { told, onSession } = collect();
            await failure(gateway.getData(call({ onSession })), 'E_HTTP');
            const tokens = { user: 'user-token', session: 's0' };
            await failure(gateway.getData(call({ onSession, tokens })), 'E_HTTP');
            const isMoved = status === 200; // Else the answer may name any.
            deepEqual(told, isMoved ? ['s1', 's1'] : ['s1'], `${status} ${spoken}`);
          }
        }
      });
    }

    for (const how of ['cancel', 'time-out'] as const) {
      it(`is told after a ${how}, however late it comes`, async () => {
        const clock = new FakeClock();
        const arrived = gate<ServerResponse>();
        const closed = gate();
        const { gateway } = await cra(
          dialect,
          (_, response) => {
            response.on('close', () => closed.open());
            arrived.open(response);
          },
          { clock },
        );
        const calledOff = new AbortController();
        const told = gate<string>();
        const kept = readers();
        const data = gateway.getData(
          call({
            signal: calledOff.signal,
            onSession: ({ value }) => told.open(value),
            makeReader: kept.make,
          }),
        );
        const response = await arrived.opened;
        if (how === 'cancel') {
          calledOff.abort();
          await failure(data, 'E_CANCELLED');
        } else {
          clock.advance(30_000);
          await failure(data, 'E_TIMEOUT');
        }
        clock.advance(29_000);
        response.writeHead(200).write('{"rc": 0, "session": "late", "Rows": [{');
        equal(await told.opened, 'late');
        await closed.opened;
        equal(kept.made[0]?.aborted, 1);
        equal(kept.made[0]?.ended, 0);
        equal(clock.pending, 0);
      });
    }

    it('is looked for by the same reader after a cancel in the middle of an answer', async () => {
      const arrived = gate<ServerResponse>();
      const { gateway } = await cra(dialect, (_, response) => {
        response.writeHead(200).write('{"rc": 0, ');
        arrived.open(response);
      });
      const calledOff = new AbortController();
      const begun = gate();
      const told = gate<number | undefined>();
      const kept = readers();
      const data = gateway.getData(
        call({
          signal: calledOff.signal,
          onSession: () => told.open(kept.made[0]?.aborted),
          makeReader: (shape, onScalar) => {
            begun.open();
            return kept.make(shape, onScalar);
          },
        }),
      );
      const response = await arrived.opened;
      await begun.opened;
      calledOff.abort();
      await failure(data, 'E_CANCELLED');
      response.write('"session": "late", "Rows": [');
      equal(await told.opened, 0);
      equal(kept.made.length, 1);
    });

    it('is waited for no longer than one more request', async () => {
      const clock = new FakeClock();
      const arrived = gate();
      const closed = gate();
      const { gateway } = await cra(
        dialect,
        (_, response) => {
          response.on('close', () => closed.open());
          arrived.open();
        },
        { clock },
      );
      const calledOff = new AbortController();
      const data = gateway.getData(call({ signal: calledOff.signal }));
      await arrived.opened;
      calledOff.abort();
      await failure(data, 'E_CANCELLED');
      equal(clock.pending, 1);
      clock.advance(30_000);
      await closed.opened;
      equal(clock.pending, 0);
    });

    it('is not waited for once it is known, nor where none is opened', async () => {
      const clock = new FakeClock();
      const { server, gateway } = await cra(
        dialect,
        (_, response) => void response.writeHead(200).write('{"session": "s1", "Rows": [{'),
        { clock },
      );
      for (const more of [{}, { tokens: { user: 'user-token', session: 's1' } }, { keepOpen: false }]) {
        const calledOff = new AbortController();
        const begun = gate();
        const kept = readers();
        const data = gateway.getData(
          call({
            ...more,
            signal: calledOff.signal,
            makeReader: (shape, onScalar) => {
              const reader = kept.make(shape, onScalar);
              return {
                write: (chunk) => {
                  reader.write(chunk);
                  begun.open();
                },
                end: () => reader.end(),
                abort: () => reader.abort(),
              };
            },
          }),
        );
        await begun.opened;
        calledOff.abort();
        await failure(data, 'E_CANCELLED');
        deepEqual([clock.pending, kept.made[0]?.aborted], [0, 1]);
      }
      equal(server.got.length, 3);
    });
  });

  describe('dialect auto', () => {
    const speaks =
      (...dialects: ('views' | 'getData' | 'noList')[]) =>
      (got: Got, response: ServerResponse): void => {
        const isList = got.path === viewsRoot || got.path === classicRoot;
        const spoken =
          (got.path.startsWith(viewsRoot) && dialects.includes('views')) ||
          (got.path.startsWith(classicRoot) && dialects.includes('getData'));
        if (!spoken || (isList && dialects.includes('noList'))) {
          tomcat(response, 404, 'Not Found', got.path);
        } else {
          json(response, isList ? list : { userToken: 'tok', Rows: [] });
        }
      };

    for (const [dialects, expected] of [
      [['views'], 'views'],
      [['getData'], 'getData'],
      [['views', 'getData'], 'views'],
      [['views', 'noList'], 'views'],
      [['getData', 'noList'], 'getData'],
    ] as const) {
      it(`finds ${expected} where ${dialects.join(', ')} is spoken, and says so once`, async () => {
        const { found, memory } = noting();
        const { server, gateway } = await cra({}, speaks(...dialects), { memory });
        await gateway.signIn(login, undefined);
        await gateway.getData(call());
        deepEqual(found, [expected]);
        ok(server.got.at(-1)?.path.startsWith(expected === 'views' ? viewsRoot : classicRoot));
      });
    }

    it('asks nothing where it is remembered or given', async () => {
      const { server, gateway } = await cra({}, speaks('getData'), {
        memory: { get: () => 'getData', set: () => fail('found out anew') },
      });
      await gateway.getData(call());
      equal(server.got.length, 1);
    });

    it('takes a 401 for a yes, and a trouble for no answer', async () => {
      const { found, memory } = noting();
      const { gateway } = await cra(
        {},
        (got, response, index) =>
          index < 3
            ? tomcat(response, 500, 'Oops', 'Oops')
            : got.path === viewsRoot
              ? tomcat(response, 401, 'No', 'No')
              : json(response, { Rows: [] }),
        { memory },
      );
      match((await failure(gateway.getData(call()), 'E_HTTP')).message, /500/);
      deepEqual(found, []);
      // The third answer is trouble again, of the first dialect only.
      await gateway.getData(call()).catch(() => undefined);
      await gateway.getData(call());
      deepEqual(found.length, 1);
    });

    it('says so when it is no CRA gateway at all', async () => {
      const { gateway } = await cra({}, speaks());
      await failure(gateway.getData(call()), 'E_HTTP');
      match((await failure(gateway.signIn(login, 'NONE'), 'E_HTTP')).message, /no service “NONE”/);
    });

    it('does not try another log-on after a refusal', async () => {
      const { server, gateway } = await cra({}, (got, response) =>
        got.path.endsWith('/login')
          ? json(response, { error: 'no' }, 401)
          : tomcat(response, 404, 'No', 'No'),
      );
      await failure(gateway.signIn(login, undefined), 'E_CREDENTIALS');
      equal(server.got.filter(({ method }) => method === 'POST').length, 1);
    });
  });
});

function tomcatAsks(response: ServerResponse): void {
  response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="CRA"', 'Content-Type': 'text/html' });
  response.end('<html><h1>HTTP Status 401 – Unauthorized</h1></html>');
}
