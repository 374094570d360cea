import assert from 'node:assert/strict';
import {
  classicLogon,
  classicRoot,
  data,
  get,
  logon,
  openSession,
  post,
  send,
  service,
  TestClock,
  text,
  viewsRoot,
  withSandbox,
} from './support.ts';

const json = { 'Content-Type': 'application/json' };
const credentials = { username: 'demo', password: 'demo' };

describe('sandbox, views dialect (docs/protocols.md 2b)', () => {
  it('lists its services without a token, by GET and by POST', async () => {
    await withSandbox({ services: ['ONE', 'TWO'] }, async (sandbox) => {
      for (const reply of [await get(viewsRoot(sandbox)), await post(viewsRoot(sandbox))]) {
        const list = JSON.parse(reply.text) as Record<string, unknown>[];
        assert.deepEqual(
          list.map((entry) => entry.WEBSERVICEName),
          ['ONE', 'TWO'],
        );
        assert.deepEqual(Object.keys(list[0] ?? {}), [
          'WEBSERVICEName',
          'STATUS',
          'HOSTIP',
          'PORT',
          'HOSTCN',
          'TLS',
          'TYPE',
        ]);
        assert.equal(list[0]?.PORT, String(sandbox.port));
        assert.equal(list[0]?.TLS, 'N');
      }
    });
  });

  it('logs on by form and by JSON, and refuses wrong credentials with 401', async () => {
    await withSandbox({}, async (sandbox) => {
      const base = `${viewsRoot(sandbox)}/${service}`;
      assert.ok((await logon(sandbox)).length >= 12);
      const login = await send(`${base}/login`, {
        method: 'POST',
        headers: json,
        body: JSON.stringify(credentials),
      });
      assert.deepEqual(Object.keys(login.body), ['userToken']);
      assert.equal((await post(`${base}/logon`, { ...credentials, password: 'Demo' })).status, 401);
      const wrong = JSON.stringify({ ...credentials, username: 'x' });
      assert.equal((await send(`${base}/login`, { method: 'POST', headers: json, body: wrong })).status, 401);
      assert.equal(sandbox.stats().userTokens, 2);
    });
  });

  it('knows its services by name: an unknown one is a page of HTML under 404', async () => {
    await withSandbox({}, async (sandbox) => {
      const reply = await post(`${viewsRoot(sandbox)}/NOSUCH/logon`, credentials);
      assert.equal(reply.status, 404);
      assert.match(reply.headers.get('content-type') ?? '', /^text\/html/);
      assert.match(reply.text, /^<!doctype html>.*HTTP Status 404/);
    });
  });

  it('tells its life in minutes on login, unlike what HTTP says elsewhere in seconds', async () => {
    for (const [lifeSeconds, minutes] of [
      [900, 15],
      [1200, 20],
      [12, 0.2],
    ] as const) {
      await withSandbox({ lifeSeconds }, async (sandbox) => {
        const base = `${viewsRoot(sandbox)}/${service}`;
        const login = await send(`${base}/login`, {
          method: 'POST',
          headers: json,
          body: JSON.stringify(credentials),
        });
        assert.equal(login.headers.get('keep-alive'), `timeout=${minutes}`);
        const ordinary = (await get(viewsRoot(sandbox))).headers.get('keep-alive');
        assert.match(ordinary ?? '', /^timeout=\d+$/);
        assert.notEqual(ordinary, `timeout=${minutes}`);
        // A form log-on tells nothing of its own.
        assert.equal((await post(`${base}/logon`, credentials)).headers.get('keep-alive'), ordinary);
      });
    }
  });

  it('takes data with and without the service in the path, and only with a living token of that service', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const path = 'products/MVMVS/views/JCPU/data?rows=1';
      assert.equal((await get(`${viewsRoot(sandbox)}/${service}/${path}`, token)).body.numRows, 1);
      assert.equal((await get(`${viewsRoot(sandbox)}/${path}`, token)).body.numRows, 1);
      assert.equal((await get(`${viewsRoot(sandbox)}/BBI3SYSB/${path}`, token)).status, 401);
      assert.equal((await get(`${viewsRoot(sandbox)}/${path}`, 'nonsense')).status, 401);
      assert.equal((await get(`${viewsRoot(sandbox)}/${path}`)).status, 401);
    });
  });

  it('tells paths apart by case', async () => {
    await withSandbox({}, async (sandbox) => {
      const wrong = [
        `${sandbox.url}/cra/servicegateway/services`,
        `${sandbox.url}/cra/serviceGateway/Services`,
        `${sandbox.url}/CRA/serviceGateway/services/x`,
        `${viewsRoot(sandbox)}/${service}/Logon`,
        `${classicRoot(sandbox)}/${service}/logon`,
      ];
      for (const url of wrong) {
        assert.ok([404, 405].includes((await post(url, credentials)).status), url);
      }
      const token = await logon(sandbox);
      assert.equal(
        (await get(`${viewsRoot(sandbox)}/${service}/products/MVMVS/Views/JCPU/data`, token)).status,
        404,
      );
    });
  });

  it('answers an unknown view with an error under 200, and opens nothing', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      for (const view of ['NOSUCH', 'jcpu']) {
        const reply = await get(`${viewsRoot(sandbox)}/products/MVMVS/views/${view}/data?close=N`, token);
        assert.equal(reply.status, 200);
        assert.match(text(reply.body.error), new RegExp(view));
      }
      assert.equal(sandbox.stats().opened, 0);
    });
  });

  it('counts a one-shot call as opened and closed, and gives no session', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      for (const query of ['', 'close=Y', 'close=true', 'session=null&close=Y']) {
        assert.ok(!('session' in (await data(sandbox, token, query)).body));
      }
      const { opened, closed, sessions, reused } = sandbox.stats();
      assert.deepEqual(
        { opened, closed, sessions, reused },
        { opened: 4, closed: 4, sessions: 0, reused: 0 },
      );
    });
  });

  it('keeps a session open, uses it again, and closes it with the last call', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      assert.equal((await data(sandbox, token, `session=${session}&close=false`)).body.session, session);
      assert.equal((await data(sandbox, token, `session=${session}`)).body.session, session);
      assert.equal(sandbox.stats().sessions, 1);
      const last = await data(sandbox, token, `session=${session}&close=Y&rows=1`);
      assert.equal(last.body.numRows, 1);
      const { opened, closed, sessions, reused } = sandbox.stats();
      assert.deepEqual(
        { opened, closed, sessions, reused },
        { opened: 1, closed: 1, sessions: 0, reused: 3 },
      );
      assert.equal((await data(sandbox, token, `session=${session}`)).status, 404);
    });
  });

  it('closes by the path of the services, by GET only', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      const url = `${viewsRoot(sandbox)}?close=true&session=${session}`;
      assert.equal((await get(url)).status, 401);
      const posted = await post(url, {}, { Authorization: `Bearer ${token}` });
      assert.equal(posted.status, 405);
      assert.equal(posted.headers.get('allow'), 'GET');
      assert.equal((await get(`${viewsRoot(sandbox)}?close=true`, token)).status, 400);
      assert.equal(sandbox.stats().sessions, 1);
      assert.equal((await get(url, token)).status, 200);
      assert.equal((await get(url, token)).status, 404);
      assert.deepEqual([sandbox.stats().sessions, sandbox.stats().closed], [0, 1]);
    });
  });

  it("does not know another user token's session, nor one of another view", async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      assert.equal((await data(sandbox, await logon(sandbox), `session=${session}`)).status, 404);
      const url = `${viewsRoot(sandbox)}/products/MVMVS/views/JCSA/data?session=${session}`;
      assert.match(text((await get(url, token)).body.error), /MVMVS\/JCPU/);
    });
  });

  it('keeps alive with Bearer or the form token, by POST', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      const url = `${viewsRoot(sandbox)}/${service}/keepalive`;
      const bearer = { Authorization: `Bearer ${token}` };
      assert.equal((await post(url, {}, bearer)).status, 200);
      assert.equal((await post(url, { userToken: token })).status, 200);
      assert.equal((await post(`${url}?session=${session}`, { userToken: token }, bearer)).status, 200);
      assert.equal(sandbox.stats().keepAlives, 3);
      assert.equal((await get(url, token)).status, 405);
      assert.equal((await post(url)).status, 401);
      assert.equal((await post(`${url}?session=nonsense`, {}, bearer)).status, 404);
      assert.equal(sandbox.stats().keepAlives, 3);
    });
  });

  it('asks for Basic at keepalive when started so, and then takes the token from the form', async () => {
    await withSandbox({ basic: true }, async (sandbox) => {
      const token = await logon(sandbox);
      const url = `${viewsRoot(sandbox)}/${service}/keepalive`;
      const refused = await post(url, { userToken: token }, { Authorization: `Bearer ${token}` });
      assert.equal(refused.status, 401);
      assert.match(refused.headers.get('www-authenticate') ?? '', /^Basic realm=/);
      const basic = (pair: string): Record<string, string> => ({ Authorization: `Basic ${btoa(pair)}` });
      assert.equal((await post(url, { userToken: token }, basic('tomcat:wrong'))).status, 401);
      assert.equal((await post(url, { userToken: token }, basic('tomcat:tomcat'))).status, 200);
      assert.equal((await data(sandbox, token)).status, 200);
    });
  });

  it("tells a view's columns; only without close=Y does that leave a session open", async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const url = `${viewsRoot(sandbox)}/${service}/products/MVMVS/views/XCFMBR/definition`;
      const closed = await get(`${url}?close=Y`, token);
      assert.deepEqual((closed.body.columns as unknown[])[0], {
        id: 'A',
        field: 'XDGSNAM',
        visible: true,
        header: ['System'],
        fieldtype: 'CHARACTER',
      });
      assert.equal(sandbox.stats().opened, 0);
      assert.equal(typeof (await get(url, token)).body.session, 'string');
      assert.equal(sandbox.stats().sessions, 1);
    });
  });

  it('serves public clients unchanged: the parameters that they send, and an integer in Keep-Alive', async () => {
    const clock = new TestClock();
    await withSandbox({ services: ['MVERESTAPI_X_3940'], now: clock.now }, async (sandbox) => {
      const base = `${viewsRoot(sandbox)}/MVERESTAPI_X_3940`;
      const login = await send(`${base}/login`, {
        method: 'POST',
        headers: { Accept: 'application/json', 'Content-Type': 'application/json; charset=utf-8' },
        body: JSON.stringify(credentials),
      });
      assert.equal(Number.parseInt((login.headers.get('Keep-Alive') ?? '').split('=')[1] ?? '', 10), 15);
      const token = text(login.body.userToken);
      const full =
        'context=%2A&server=%2A&system=%2A&scope=%2A&period=%3D&startRow=1&rows=99999&refresh=Y&close=Y' +
        '&filter=null&sort=null&session=null';
      const all = await get(`${viewsRoot(sandbox)}/products/MVMVS/views/JCPU/data?${full}`, token);
      assert.equal((all.body.Rows as unknown[]).length, 48);
      const short = 'context=ALL&system=%2A&scope=%2A&row=9999&server=%2A';
      const same = await get(`${base}/products/MVMVS/views/JCPU/data?${short}`, token);
      assert.deepEqual(same.body.Rows, all.body.Rows);
      assert.equal(sandbox.stats().sessions, 0);
    });
  });

  it('is found under a prefix, as behind a proxy, and nowhere else', async () => {
    await withSandbox({ prefix: '/proxy' }, async (sandbox) => {
      assert.ok(sandbox.url.endsWith('/proxy'));
      assert.equal((await data(sandbox, await logon(sandbox))).status, 200);
      const bare = sandbox.url.slice(0, -'/proxy'.length);
      assert.equal((await get(`${bare}/cra/serviceGateway/services`)).status, 404);
      assert.equal((await get(`${bare}/sandbox/stats`)).status, 200);
    });
  });

  it('gives user tokens to both dialects alike', async () => {
    await withSandbox({}, async (sandbox) => {
      assert.equal((await data(sandbox, await classicLogon(sandbox), 'rows=1')).body.numRows, 1);
    });
  });
});
