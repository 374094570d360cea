import { deepEqual, doesNotMatch, equal, match, ok, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { connect as dial } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type ConnectionSecrets, secretPlace } from '../../../../src/core/connection.ts';
import type { Relay } from '../../../../src/core/relay/relay.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/gateway.ts';
import { closeServers, type Got, json, serve } from '../protocols/rig.ts';
import { ask, RelayRig } from './rig.ts';

const cra = { username: 'demo', password: 'demo' };
const data = '/cra/serviceGateway/services/BBI3SYSA/products/MVMVS/views/JCPU/data';
const classicData = '/cra/ServiceGateway/Services/BBI3SYSA/getData';

describe('a relay', () => {
  const rigs: RelayRig[] = [];

  afterEach(async () => {
    for (const rig of rigs.splice(0)) {
      rig.end();
    }
    await closeServers();
  });

  async function relayTo(
    settings: Record<string, unknown>,
    login?: Record<string, string>,
    secrets?: ConnectionSecrets,
  ): Promise<{ rig: RelayRig; relay: Relay }> {
    const rig = new RelayRig(connectionOf(settings), login, secrets);
    rigs.push(rig);
    return { rig, relay: await rig.relay() };
  }

  describe('to CRA', () => {
    let sandbox: Sandbox;

    before(async () => {
      sandbox = await startSandbox();
    });
    after(() => sandbox.close());
    afterEach(() => sandbox.clearFaults());

    for (const dialect of ['views', 'getData'] as const) {
      it(`gets data in one session of a view, whichever words it asks in (${dialect})`, async () => {
        const { rig, relay } = await relayTo({ url: sandbox.url, dialect }, cra);
        const before = sandbox.stats();
        const first = await ask(relay.url + data);
        equal(first.status, 200, first.text);
        equal(first.headers['content-type']?.startsWith('application/json'), true);
        const { Rows } = JSON.parse(first.text);
        ok(Rows.length > 0);
        const again = await ask(`${relay.url}${classicData}?product=MVMVS&view=JCPU&rows=1&close=N`, {
          method: 'POST',
        });
        equal(JSON.parse(again.text).Rows.length, 1);
        const after = sandbox.stats();
        deepEqual([after.opened - before.opened, after.reused - before.reused], [1, 1]);
        const [session] = rig.window.keeper.tokens().filter(({ kind }) => kind === 'session');
        equal(session?.target, 'MVMVS/JCPU');
        deepEqual(rig.opened, [session?.id]);
        const value = rig.window.keeper.reveal(session?.id ?? '');
        ok(value.length >= 8);
        ok(![first, again].some(({ text, headers }) => (text + JSON.stringify(headers)).includes(value)));
      });
    }

    it('opens another session, and signs in anew, where the gateway has forgotten them', async () => {
      const { relay } = await relayTo({ url: sandbox.url }, cra);
      equal((await ask(relay.url + data)).status, 200);
      sandbox.setFaults({ fault: 'evict' });
      equal((await ask(relay.url + data)).status, 200);
      sandbox.setFaults({ fault: 'evict-all' });
      const last = await ask(relay.url + data);
      equal(last.status, 200, last.text);
      ok(JSON.parse(last.text).Rows.length > 0);
    });

    it('opens another session also where the gateway says at length that it has forgotten one', async () => {
      let opened = 0;
      const error = `Session is not known. ${'at com.example.Gateway '.repeat(1_000)}`;
      const server = await serve(({ path, query }, response) => {
        if (path.endsWith('/Logon')) {
          json(response, { userToken: 'user-token-1' });
        } else if (query.has('session')) {
          json(response, { rc: 8, error });
        } else {
          json(response, { rc: 0, session: `session-000${++opened}`, Rows: [{ n: 'x'.repeat(10_000) }] });
        }
      });
      const { relay } = await relayTo({ url: server.url, service: 'S', dialect: 'getData' }, cra);
      for (const count of [1, 2]) {
        const { status, text } = await ask(`${relay.url}${classicData}?product=P&view=V`, { method: 'POST' });
        deepEqual([status, JSON.parse(text).Rows?.length, opened], [200, 1, count]);
      }
    });

    it('sends any other request under the user token, and the gateway’s own words back', async () => {
      const { relay } = await relayTo({ url: sandbox.url }, cra);
      const definition = await ask(relay.url + data.replace(/data$/, 'definition'));
      equal(definition.status, 200, definition.text);
      const none = await ask(relay.url + data.replace('JCPU', 'NONE'));
      deepEqual(JSON.parse(none.text), { rc: 8, error: 'View NONE of product MVMVS is not known.' });
      const nowhere = await ask(`${relay.url}/nowhere`);
      equal(nowhere.status, 404);
      match(nowhere.text, /There is no endpoint nowhere/);
    });

    it('sends no request about tokens, however it is written', async () => {
      const { relay } = await relayTo({ url: sandbox.url, service: 'BBI3SYSA' }, cra);
      const service = '/cra/serviceGateway/services/BBI3SYSA';
      const before = sandbox.stats();
      for (const path of [
        `${service}/logon`,
        `${service}/LOGIN`,
        `${service}/Logoff`,
        `${service}/keep%61live`,
        `${service}/close;x=1`,
        `${service}/close/`,
        `${service}/log%6Fn;x=%ff`,
        `${service}/log%256Fn`,
        `${service}/logoff%3Fx`,
        `${service}/logoff.json`,
        '/cra/serviceGateway/services?Close=true&session=x',
        '/cra/serviceGateway/services?close=true&session=x',
      ]) {
        const reply = await ask(relay.url + path, { method: 'POST' });
        equal(reply.status, 403, `${path}: ${reply.text}`);
        match(reply.text, /"E_CONFIG"/);
      }
      deepEqual(sandbox.stats(), before);
    });

    it('holds the session of a view, however its address is written', async () => {
      const { relay, rig } = await relayTo({ url: sandbox.url }, cra);
      const before = sandbox.stats().opened;
      for (const path of [data.replace('data', 'd%61ta'), `${data};x=1`, `${data}/`, data]) {
        equal((await ask(relay.url + path)).status, 200, path);
      }
      const head = await ask(relay.url + data, { method: 'HEAD' });
      deepEqual([head.status, head.text], [200, '']);
      equal(sandbox.stats().opened - before, 1);
      equal(rig.opened.length, 1);
    });

    it('leaves no session of a definition open that nobody would close', async () => {
      const { relay } = await relayTo({ url: sandbox.url }, cra);
      const before = sandbox.stats().sessions;
      for (const query of ['', '?close=N', '?x=1&CLOSE=false']) {
        const definition = await ask(relay.url + data.replace(/data$/, 'definition') + query);
        equal(definition.status, 200, definition.text);
      }
      equal(sandbox.stats().sessions, before);
    });

    it('says nothing of a cookie that the gateway hides from scripts, and leaves others in data', async () => {
      const [hidden, plain, short] = ['0123456789ABCDEF', 'an-ordinary-text-of-data', 'SHORT-ONE'];
      const cookies = [`JSESSIONID=${hidden}; HttpOnly`, `view=${plain}`, `x=${short}; HttpOnly`];
      const server = await serve(({ path }, response) =>
        path.endsWith('/Logon')
          ? json(response, { userToken: 'user-token-1' })
          : json(
              response,
              [hidden, plain, short],
              200,
              path.endsWith('/first') ? { 'Set-Cookie': cookies } : {},
            ),
      );
      const { relay } = await relayTo(
        { kind: 'bmc-cra', url: server.url, service: 'S', dialect: 'getData' },
        { username: 'demo', password: 'demo' },
      );
      for (const path of ['first', 'next']) {
        const { text } = await ask(`${relay.url}/cra/ServiceGateway/Services/S/${path}`);
        deepEqual(JSON.parse(text), ['*'.repeat(16), plain, short]);
      }
    });

    it('says in one sentence that nobody is signed in, or that the gateway is away', async () => {
      const { relay, rig } = await relayTo({ url: sandbox.url, service: 'BBI3SYSA' });
      const reply = await ask(relay.url + data);
      equal(reply.status, 503);
      deepEqual(JSON.parse(reply.text), { error: 'Nobody is signed in to test.', code: 'E_CREDENTIALS' });
      equal(rig.failures.at(-1)?.code, 'E_CREDENTIALS');
      const gone = await relayTo({ url: 'http://127.0.0.1:9', service: 'BBI3SYSA' }, cra);
      equal((await ask(gone.relay.url + data)).status, 502);
    });
  });

  describe('to SARUS', () => {
    let sandbox: Sandbox;

    before(async () => {
      sandbox = await startSandbox();
    });
    after(() => sandbox.close());

    it('puts the token into the query, or the JSON body, in the place of a script’s own', async () => {
      const { rig, relay } = await relayTo({ kind: 'sarus', url: sandbox.url }, { apiKey: 'demo' });
      const got = await ask(`${relay.url}/GetUserDatasources?SessionToken=mine&sessiontoken=mine`);
      equal(got.status, 200, got.text);
      const posted = await ask(`${relay.url}/GetValuesRC`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ Series: [{ Datasource: 'DEMO', Symbol: 'A' }], SessionToken: 'mine' }),
      });
      doesNotMatch(posted.text, /token/i);
      const [token] = rig.window.keeper.tokens();
      const value = rig.window.keeper.reveal(token?.id ?? '');
      ok(!(got.text + posted.text).includes(value));
      sandbox.setFaults({ fault: 'evict-all' });
      const after = await ask(`${relay.url}/GetUserDatasources`);
      equal(after.status, 200, after.text);
      deepEqual(JSON.parse(after.text).Result, JSON.parse(got.text).Result);
      for (const path of ['/GetSessionToken', '/renewsessiontoken.x', '/Revoke%53essionToken']) {
        equal((await ask(relay.url + path)).status, 403);
      }
    });
  });

  describe('to a described API', () => {
    const token = 'tok-7f3kd92ma/+=';
    let got: Got[];
    let answer: (call: Got, response: ServerResponse) => void;

    async function toApi(more: Record<string, unknown> = {}) {
      let live = '';
      let count = 0;
      const server = await serve((call, response) => {
        if (call.path.endsWith('/login')) {
          live = `${token}${++count}`;
          json(response, { token: live }, 200, { 'Set-Cookie': 'sid=abcdefgh1; Path=/' });
        } else if (!decodeURIComponent(JSON.stringify([call.headers, call.url, call.body])).includes(live)) {
          json(response, { error: 'dead' }, 401);
        } else {
          answer(call, response);
        }
      });
      got = server.got;
      const made = await relayTo(
        {
          kind: 'rest',
          url: `${server.url}/api`,
          signIn: { request: 'POST /login', json: { user: '{username}' } },
          revoke: { request: 'DELETE /session/{token}' },
          token: '/token',
          headers: { 'X-Own': 'own', 'X-Secret': secretPlace },
          ...more,
        },
        { username: 'demo', password: 'demo-password' },
        { headers: { 'x-secret': 'own-secret-123' } },
      );
      return {
        ...made,
        kill: () => {
          live = 'another one';
        },
      };
    }

    it('sends on as it is what the script says, but who it says it is', async () => {
      const { relay } = await toApi();
      answer = (_, response) => {
        response.writeHead(201, 'Made', {
          'Content-Type': 'application/octet-stream',
          'Set-Cookie': 'a=b',
          'Access-Control-Allow-Origin': '*',
          Location: '/api/things/1?x=y',
          'X-More': 'more',
        });
        response.end(Buffer.from([0, 255, 254, 0, 128]));
      };
      const reply = await ask(`${relay.url}/things/a%2Fb?q=%20a+b&n=1.10`, {
        method: 'POST',
        headers: {
          Authorization: 'Bearer mine',
          Cookie: 'mine=1',
          'X-Own': 'mine',
          'Content-Type': 'text/x-mine',
          'X-Mine': 'mine',
          Referer: relay.url,
        },
        body: '{"n":9007199254740993}',
      });
      equal(reply.status, 201);
      deepEqual([...reply.bytes], [0, 255, 254, 0, 128]);
      equal(reply.headers['set-cookie'], undefined);
      equal(reply.headers['access-control-allow-origin'], undefined);
      equal(reply.headers['x-more'], 'more');
      equal(reply.headers.location, `${relay.url}/things/1?x=y`);
      const call = got.at(-1);
      equal(call?.url, '/api/things/a%2Fb?q=%20a+b&n=1.10');
      equal(call?.body, '{"n":9007199254740993}');
      equal(call?.headers.authorization, `Bearer ${token}1`);
      equal(call?.headers['x-own'], 'own');
      equal(call?.headers['x-mine'], 'mine');
      equal(call?.headers['content-type'], 'text/x-mine');
      equal(call?.headers.referer, undefined);
      doesNotMatch(call?.headers.cookie ?? '', /mine/);
    });

    for (const send of [
      { in: 'query', name: 'key' },
      { in: 'header', name: 'X-Key' },
      { in: 'cookie', name: 'key' },
      { in: 'body', name: '/auth/key' },
    ]) {
      it(`puts the token in the place of the script’s own (${send.in})`, async () => {
        const { relay } = await toApi({ send });
        answer = (_, response) => json(response, [1]);
        const reply = await ask(`${relay.url}/things?key=mine`, {
          method: 'POST',
          headers: { 'X-Key': 'mine', Cookie: 'key=mine', 'Content-Type': 'application/json' },
          body: '{"n":1.10,"auth":{"key":"mine"}}',
        });
        equal(reply.status, 200, reply.text);
        const call = got.at(-1);
        const places = {
          query: call?.query.getAll('key').join(),
          header: call?.headers['x-key'],
          cookie: call?.headers.cookie,
          body: call?.body,
        }[send.in as 'query'];
        ok(decodeURIComponent(places ?? '').includes(`${token}1`), places);
        doesNotMatch(places ?? '', /mine/);
        match(call?.body ?? '', /1\.10/);
      });
    }

    it('signs in anew before the first byte goes out', async () => {
      const { relay, kill } = await toApi();
      answer = (_, response) => json(response, { rows: [1] });
      equal((await ask(`${relay.url}/things`)).text, '{"rows":[1]}');
      kill();
      const reply = await ask(`${relay.url}/things`);
      deepEqual([reply.status, reply.text], [200, '{"rows":[1]}']);
      equal(got.filter(({ path }) => path === '/api/login').length, 2);
    });

    it('says nothing of a token, wherever its gateway repeats it', async () => {
      const { relay } = await toApi();
      const padding = 'x'.repeat(70_000);
      for (const length of [10, 200_000]) {
        answer = (_, response) => {
          response.writeHead(200, { 'X-Echo': `${token}1` });
          const [half, other] = [`${token}1`.slice(0, 6), `${token}1`.slice(6)];
          response.write(`["${'y'.repeat(length)}","${half}`);
          setTimeout(
            () => response.end(`${other}","${JSON.stringify(`${token}1`).slice(1)},"${padding}"]`),
            50,
          );
        };
        const reply = await ask(`${relay.url}/things`);
        equal(reply.status, 200);
        equal(reply.headers['x-echo'], undefined);
        ok(!reply.text.includes(token), reply.text.slice(0, 100));
        equal(JSON.parse(reply.text)[1], '*'.repeat(token.length + 1));
      }
    });

    it('sends nothing about tokens, and to nowhere else', async () => {
      const { relay } = await toApi();
      answer = (_, response) => json(response, {});
      for (const path of ['/login', '/LOGIN/', '/login.json', '/login%23', '/session/abc']) {
        equal((await ask(relay.url + path, { method: 'POST' })).status, 403, path);
      }
      deepEqual(got, []);
    });

    it('says nothing of what is secret in the headers of a connection', async () => {
      const { relay } = await toApi();
      answer = ({ headers }, response) =>
        json(response, headers, 200, { 'X-Back': headers['x-secret'] ?? '', 'Accept-Ranges': 'bytes' });
      const reply = await ask(`${relay.url}/things`, {
        headers: { 'X-Original-URL': '/login', Range: 'bytes=0-9' },
      });
      const said = JSON.parse(reply.text);
      deepEqual(
        [said['x-secret'], said['x-original-url'], said.range],
        ['*'.repeat(14), undefined, undefined],
      );
      deepEqual([reply.headers['x-back'], reply.headers['accept-ranges']], [undefined, undefined]);
    });

    it('signs in once for all who find the token dead', async () => {
      const { relay, kill } = await toApi();
      answer = (_, response) => json(response, [1]);
      equal((await ask(`${relay.url}/things`)).status, 200);
      kill();
      const replies = await Promise.all(Array.from({ length: 20 }, () => ask(`${relay.url}/things`)));
      ok(replies.every(({ status }) => status === 200));
      equal(got.filter(({ path }) => path === '/api/login').length, 2);
    });

    it('finds a request about tokens beside others, said twice or in other words', async () => {
      const call = { request: 'POST /rpc', json: { method: 'user.login', user: '{username}' } };
      const { relay } = await toApi({ signIn: call, revoke: undefined });
      answer = (_, response) => json(response, []);
      const headers = { 'Content-Type': 'application/json' };
      for (const body of [
        '{"method":"User.Login"}',
        '[{"method":"host.get"},{"method":"user.login"}]',
        '{"method":"user.login","method":"host.get"}',
        '\uFEFF{"Method" : "user\\u002elogin"}',
      ]) {
        equal((await ask(`${relay.url}/rpc`, { method: 'POST', headers, body })).status, 403, body);
      }
      const hidden = Buffer.from('{"method":"user.login"}');
      const part = '--x\r\nContent-Disposition: form-data; name="method"\r\n\r\nuser.login\r\n--x--';
      for (const [type, body, coding] of [
        ['application/json', gzipSync(hidden), 'gzip'],
        ['application/json', Buffer.from(`\uFEFF${hidden}`, 'utf16le'), 'identity'],
        ['multipart/form-data; boundary=x', part, 'identity'],
      ] as const) {
        const headers = { 'Content-Type': type, 'Content-Encoding': coding };
        equal((await ask(`${relay.url}/rpc`, { method: 'POST', headers, body })).status, 403, `${body}`);
      }
      const twice = await ask(`${relay.url}/rpc?method=a&METHOD=user.login`, { method: 'POST' });
      equal(twice.status, 403);
      deepEqual(got, []);
    });

    it('answers a failure, an empty body and HEAD as the gateway does', async () => {
      const { relay } = await toApi();
      answer = ({ path }, response) => {
        response.writeHead(Number(path.slice(-3)), { 'Content-Type': 'text/plain; charset=latin1' });
        response.end(path.endsWith('500') ? Buffer.from([0xe9, 0x21]) : undefined);
      };
      deepEqual([...(await ask(`${relay.url}/500`)).bytes], [0xe9, 0x21]);
      for (const [status, method] of [
        [200, 'GET'],
        [204, 'GET'],
        [304, 'GET'],
        [418, 'GET'],
        [200, 'HEAD'],
      ] as const) {
        const reply = await ask(`${relay.url}/${status}`, { method });
        deepEqual([reply.status, reply.text], [status, '']);
      }
    });

    it('leaves redirections to the script, by way of the relay', async () => {
      const { relay } = await toApi();
      answer = ({ url }, response) => {
        const to = url.endsWith('/away') ? 'https://other.example/' : `${url.replace('?', '/7?')}`;
        response.writeHead(303, { Location: to }).end('See there.');
      };
      for (const method of ['POST', 'GET']) {
        const { status, headers, text } = await ask(`${relay.url}/jobs?x=1`, { method });
        deepEqual([status, headers.location, text], [303, `${relay.url}/jobs/7?x=1`, 'See there.']);
      }
      equal((await ask(`${relay.url}/away`)).headers.location, 'https://other.example/');
    });

    it('hides a token in a redirection, which leads on all the same', async () => {
      const { relay } = await toApi({ send: { in: 'query', name: 'key' } });
      answer = ({ url, path }, response) =>
        path.endsWith('/')
          ? json(response, [1])
          : response.writeHead(301, { Location: url.replace('things', 'things/') }).end();
      const { location = '' } = (await ask(`${relay.url}/things?a=b`)).headers;
      ok(location.startsWith(`${relay.url}/things/?a=b&key=*`), location);
      equal((await ask(location)).text, '[1]');
    });

    it('says that it cannot pass on a status that there is not, or that nobody asked for', async () => {
      const { relay, rig } = await toApi();
      for (const line of ['099 No', '101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x']) {
        answer = (_, response) => response.socket?.end(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\n\r\n`);
        const { status } = await ask(`${relay.url}/things`, { method: 'POST' });
        equal(status, 502);
        match(rig.window.lines.join('\n'), /POST \/things 502,/);
      }
    });

    it('breaks an answer off that its gateway has broken off', async () => {
      const { relay } = await toApi();
      answer = (_, response) => {
        response.writeHead(200);
        response.write(Buffer.alloc(200_000, 'a'));
        setTimeout(() => response.destroy(), 50);
      };
      await rejects(ask(`${relay.url}/things`));
      // Without chunks its end is that of the connection, and only a reset tells that it is none.
      const socket = dial(relay.port, '127.0.0.1', () =>
        socket.write(
          `GET ${new URL(relay.url).pathname}/things HTTP/1.0\r\nHost: 127.0.0.1:${relay.port}\r\n\r\n`,
        ),
      );
      const [error] = await Promise.race([once(socket.resume(), 'close'), once(socket, 'error')]).catch(
        (one) => [one],
      );
      equal(error?.code, 'ECONNRESET');
    });

    it('writes method, path and status into the log, and no query', async () => {
      const { relay, rig } = await toApi();
      answer = (_, response) => json(response, {});
      await ask(`${relay.url}/things?q=private`);
      match(rig.window.lines.join('\n'), /Relay of test: GET \/things 200, \d+ ms/);
      doesNotMatch(rig.window.lines.join('\n'), /private/);
      equal(relay.requests, 1);
    });

    it('comes back where it was', async () => {
      const { relay, rig } = await toApi();
      answer = (_, response) => json(response, {});
      const { port, capability, url } = relay;
      relay.dispose();
      await rejects(ask(`${url}/things`), { code: 'ECONNREFUSED' });
      equal((await rig.relay({ port, capability })).url, url);
      equal((await ask(`${url}/things`)).status, 200);
    });
  });
});
