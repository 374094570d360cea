import assert from 'node:assert/strict';
import {
  classicLogon,
  classicRoot,
  data,
  get,
  logon,
  openSession,
  post,
  type Reply,
  send,
  service,
  text,
  viewsRoot,
  withSandbox,
} from './support.ts';

const credentials = { username: 'demo', password: 'demo' };
const view = 'products/MVMVS/views/JCPU';

function rows(reply: Reply, member: string): unknown[] {
  const { Rows, rowCount, totalRowCount, rc } = reply.body;
  const list = Rows as Record<string, unknown>[];
  assert.deepEqual([rc, rowCount, totalRowCount], [0, list.length, list.length]);
  return list.map((row) => row[member]);
}

describe('sandbox, releases of CRA (docs/protocols.md 2)', () => {
  it('plays the oldest one: the classic calls under the capitalised root, and nothing else', async () => {
    await withSandbox({ profile: 'classic' }, async (sandbox) => {
      assert.equal((await get(viewsRoot(sandbox))).status, 404);
      const userToken = await classicLogon(sandbox);
      const base = `${classicRoot(sandbox)}/${service}`;
      const got = await post(`${base}/getData?product=MVMVS&view=JCPU`, { userToken });
      assert.equal(got.body.numRows, 48);
      assert.equal((await get(`${base}/${view}/data`, userToken)).status, 404);
      assert.equal((await get(`${base}/products`, userToken)).status, 404);
    });
  });

  it('plays CMI: views under the capitalised root, logged on to by form, the service in every path', async () => {
    await withSandbox({ profile: 'cmi' }, async (sandbox) => {
      assert.equal((await get(viewsRoot(sandbox))).status, 404);
      assert.equal((await get(classicRoot(sandbox))).status, 200);
      const base = `${classicRoot(sandbox)}/${service}`;
      const headers = { 'Content-Type': 'application/json' };
      const body = JSON.stringify(credentials);
      assert.equal((await send(`${base}/login`, { method: 'POST', headers, body })).status, 404);
      assert.equal((await post(`${base}/Logon`, credentials)).status, 404);
      const token = text((await post(`${base}/logon`, credentials)).body.userToken);
      assert.equal((await get(`${base}/${view}/data`, token)).body.numRows, 48);
      assert.equal((await get(`${classicRoot(sandbox)}/${view}/data`, token)).status, 404);
      assert.equal((await post(`${base}/getData?product=MVMVS&view=JCPU`, { userToken: token })).status, 404);
      assert.equal((await post(`${classicRoot(sandbox)}/Logoff`, { userToken: token })).status, 404);
      assert.equal((await post(`${base}/Logoff`, { userToken: token })).status, 200);
    });
  });

  for (const [name, pathOf] of [
    ['under the service', (url: string) => `${url}/${service}/Logoff`],
    ['without the service', (url: string) => `${url}/Logoff`],
  ] as const) {
    it(`logs off ${name}: the user token ends, and what is open under it`, async () => {
      await withSandbox({}, async (sandbox) => {
        const token = await logon(sandbox);
        const other = await logon(sandbox);
        await openSession(sandbox, token);
        await openSession(sandbox, other);
        const url = pathOf(viewsRoot(sandbox));
        assert.equal((await get(url, token)).status, 405);
        assert.equal((await post(url)).status, 401);
        assert.equal((await post(url, { userToken: token })).status, 200);
        assert.equal((await post(url, { userToken: token })).status, 401);
        assert.equal((await data(sandbox, token)).status, 401);
        const { userTokens, sessions, closed, expired } = sandbox.stats();
        assert.deepEqual([userTokens, sessions, closed, expired], [1, 1, 1, 0]);
      });
    });
  }

  it('asks for Basic at the log-off when started so', async () => {
    await withSandbox({ basic: true, profile: 'classic' }, async (sandbox) => {
      const userToken = await classicLogon(sandbox);
      const url = `${classicRoot(sandbox)}/${service}/Logoff`;
      assert.match((await post(url, { userToken })).headers.get('www-authenticate') ?? '', /^Basic /);
      const basic = { Authorization: `Basic ${btoa('tomcat:tomcat')}` };
      assert.equal((await post(url, { userToken }, basic)).status, 200);
      assert.equal(sandbox.stats().userTokens, 0);
    });
  });

  it('takes a session from its header, from the query, or from both', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      const headers = { Authorization: `Bearer ${token}`, session };
      const url = `${viewsRoot(sandbox)}/${view}/data`;
      for (const query of ['close=N', `close=N&session=${session}`]) {
        assert.equal((await send(`${url}?${query}`, { headers })).body.session, session);
      }
      assert.deepEqual([sandbox.stats().opened, sandbox.stats().reused], [1, 2]);
    });
  });

  it('tells products, views, systems and servers, with the other names of the counts', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      for (const root of [viewsRoot(sandbox), `${viewsRoot(sandbox)}/${service}`]) {
        const list = (path: string) => get(`${root}/products${path}`, token);
        assert.deepEqual(rows(await list(''), 'productName'), ['MVMVS', 'MVIP']);
        assert.deepEqual(rows(await list('/MVIP/views'), 'viewName'), ['STACKS', 'TCPCONS', 'VTAMCSA']);
        assert.deepEqual(rows(await list('/MVMVS/systems'), 'system'), ['SYSA', 'SYSB']);
        assert.deepEqual(rows(await list('/MVMVS/servers'), 'server'), ['BBI3']);
        assert.deepEqual(rows(await list('/MVMVS/servers?context=OTHER'), 'server'), []);
        const unknown = await list('/NOSUCH/systems');
        assert.deepEqual([unknown.status, unknown.body.reasonCode], [404, 12]);
        assert.match(text(unknown.body.message), /NOSUCH/);
      }
      assert.equal((await get(`${viewsRoot(sandbox)}/products`)).status, 401);
    });
  });

  it('tells which columns are hidden at first, and in which lines their headers stand', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const path = 'products/MVMVS/views/JCSA/definition?close=Y';
      const { body } = await get(`${viewsRoot(sandbox)}/${path}`, token);
      const columns = body.columns as Record<string, unknown>[];
      assert.deepEqual(
        columns.filter(({ visible }) => visible === false).map(({ field }) => field),
        ['CDREASID'],
      );
      const found = columns.find(({ field }) => field === 'CDREJID');
      assert.deepEqual([found?.id, found?.header], ['B', ['JES', 'Job', 'Number']]);
      assert.equal(new Set(columns.map(({ id }) => id)).size, columns.length);
    });
  });

  it('sorts by up to four ids of columns, and filters by fields, as it is documented', async () => {
    await withSandbox({ now: () => 0 }, async (sandbox) => {
      const token = await logon(sandbox);
      const keys = (reply: Reply): string[] =>
        (reply.body.Rows as Record<string, string>[]).map((row) => `${row.ASGCNMC} ${row.ASGJBID}`);
      // D is the service class, B the job's number.
      const sorted = keys(await data(sandbox, token, 'sort=D.A%26B.A'));
      assert.deepEqual(sorted, [...sorted].sort());
      assert.deepEqual(keys(await data(sandbox, token, 'sort=D.D%26B.D')), [...sorted].reverse());
      assert.match(text((await data(sandbox, token, 'sort=A.A%26B.A%26C.A%26D.A%26E.A')).body.error), /4/);
      const filtered = await data(sandbox, token, 'filter=asgname%3Ddb2*%26ASREYFLC%3DS');
      assert.equal(filtered.body.totalRows, 4);
    });
  });

  it('says by rc what is not complete, and what there is not', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const none = await data(sandbox, token, 'system=NOSUCH');
      assert.deepEqual([none.status, none.body.rc, none.body.Rows], [200, 8, []]);
      assert.match(text(none.body.message), /system/);
      const previous = await data(sandbox, token, 'period=*%20*%20PREV');
      assert.deepEqual([previous.body.rc, previous.body.numRows], [4, 48]);
      const session = await openSession(sandbox, token);
      assert.equal((await data(sandbox, token, `period=*%20*%20PREV&session=${session}`)).body.rc, 0);
    });
  });
});
