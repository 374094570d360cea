import assert from 'node:assert/strict';
import { classicLogon, classicRoot, get, post, service, text, withSandbox } from './support.ts';

const jcpu = 'product=MVMVS&view=JCPU';

describe('sandbox, getData dialect (docs/protocols.md 2a)', () => {
  it('lists its services by GET and refuses POST', async () => {
    await withSandbox({}, async (sandbox) => {
      const list = JSON.parse((await get(classicRoot(sandbox))).text) as Record<string, unknown>[];
      assert.deepEqual(
        list.map((entry) => entry.WEBSERVICEName),
        ['BBI3SYSA', 'BBI3SYSB'],
      );
      assert.equal((await post(classicRoot(sandbox))).status, 405);
    });
  });

  it('logs on by form only', async () => {
    await withSandbox({}, async (sandbox) => {
      const url = `${classicRoot(sandbox)}/${service}/Logon`;
      assert.equal((await post(url, { username: 'demo', password: 'no' })).status, 401);
      assert.equal((await get(`${url}?username=demo&password=demo`)).status, 405);
      const asJson = JSON.stringify({ username: 'demo', password: 'demo' });
      const headers = { 'Content-Type': 'application/json' };
      assert.equal((await fetch(url, { method: 'POST', body: asJson, headers })).status, 415);
      assert.ok(await classicLogon(sandbox));
    });
  });

  it('opens a session with getData, uses it again, and closes it', async () => {
    await withSandbox({}, async (sandbox) => {
      const userToken = await classicLogon(sandbox);
      const url = `${classicRoot(sandbox)}/${service}`;
      const first = await post(`${url}/getData?${jcpu}`, { userToken });
      const session = text(first.body.session);
      const again = await post(`${url}/getData?${jcpu}&context=*&session=${session}`, { userToken });
      assert.equal(again.body.session, session);
      assert.deepEqual(again.body.Rows, first.body.Rows);
      assert.equal((await post(`${url}/close?session=${session}`)).status, 401);
      assert.equal((await get(`${url}/close?session=${session}`, userToken)).status, 405);
      assert.equal((await post(`${url}/close`, { userToken })).status, 400);
      assert.equal((await post(`${url}/close?session=${session}`, { userToken })).status, 200);
      assert.equal((await post(`${url}/getData?${jcpu}&session=${session}`, { userToken })).status, 404);
      const { opened, reused, closed, sessions } = sandbox.stats();
      assert.deepEqual(
        { opened, reused, closed, sessions },
        { opened: 1, reused: 1, closed: 1, sessions: 0 },
      );
    });
  });

  it('wants the user token in the form, not in the path', async () => {
    await withSandbox({}, async (sandbox) => {
      const userToken = await classicLogon(sandbox);
      const url = `${classicRoot(sandbox)}/${service}/getData?${jcpu}`;
      assert.equal((await post(`${url}&userToken=${userToken}`)).status, 401);
      assert.equal((await post(url, {}, { Authorization: `Bearer ${userToken}` })).status, 401);
      assert.equal((await get(url, userToken)).status, 405);
      const elsewhere = `${classicRoot(sandbox)}/BBI3SYSB/getData?${jcpu}`;
      assert.equal((await post(elsewhere, { userToken })).status, 401);
    });
  });

  it("tells a view's columns under other names than the newer dialect", async () => {
    await withSandbox({}, async (sandbox) => {
      const userToken = await classicLogon(sandbox);
      const reply = await post(`${classicRoot(sandbox)}/${service}/getView?${jcpu}`, { userToken });
      assert.deepEqual((reply.body.Columns as unknown[])[0], { name: 'ASGNAME', heading: 'Jobname' });
      assert.equal(sandbox.stats().opened, 0);
    });
  });

  it('asks for Basic at keepalive and close when started so', async () => {
    await withSandbox({ basic: true }, async (sandbox) => {
      const userToken = await classicLogon(sandbox);
      const url = `${classicRoot(sandbox)}/${service}`;
      const session = text((await post(`${url}/getData?${jcpu}`, { userToken })).body.session);
      const basic = { Authorization: `Basic ${btoa('tomcat:tomcat')}` };
      for (const action of ['keepalive', `keepalive?session=${session}`, `close?session=${session}`]) {
        const refused = await post(`${url}/${action}`, { userToken });
        assert.equal(refused.status, 401);
        assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic /);
        assert.equal((await post(`${url}/${action}`, { userToken }, basic)).status, 200, action);
      }
      assert.deepEqual([sandbox.stats().keepAlives, sandbox.stats().closed], [2, 1]);
      assert.equal((await post(`${url}/keepalive`, {}, basic)).status, 401);
    });
  });
});
