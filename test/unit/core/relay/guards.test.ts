import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { networkInterfaces } from 'node:os';
import { placeIn, staysBelow } from '../../../../src/core/relay/guards.ts';
import type { Relay } from '../../../../src/core/relay/relay.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { closeServers, type Got, json, serve } from '../protocols/rig.ts';
import { ask, RelayRig } from './rig.ts';

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** What nobody else may do (SECURITY.md 26): each test tries it. */
describe('a relay, to others', () => {
  let rig: RelayRig;
  let relay: Relay;
  let got: Got[];
  /** How many requests at the gateway nobody waited for in the end. */
  let left: number;
  /** Answers wait for it. */
  let answered: Promise<void>;

  beforeEach(async () => {
    answered = Promise.resolve();
    left = 0;
    const server = await serve(async ({ path }, response) => {
      response.on('close', () => {
        left += response.writableEnded ? 0 : 1;
      });
      if (!path.endsWith('/login')) {
        await answered;
      }
      json(response, { token: 'token-abcdefgh' });
    });
    got = server.got;
    rig = new RelayRig(
      connectionOf({
        name: 'My API',
        kind: 'rest',
        url: `${server.url}/prefix`,
        signIn: { request: 'POST /login', json: { user: '{username}' } },
        token: '/token',
      }),
      { username: 'demo', password: 'demo-password' },
    );
    relay = await rig.relay();
  });
  afterEach(async () => {
    rig.end();
    await closeServers();
  });

  /** Writes to the relay what no HTTP client would, and reads until it ends. */
  function write(...lines: string[]): Promise<string> {
    return new Promise((resolve) => {
      const socket = dial(relay.port, '127.0.0.1', () => socket.write(`${lines.join('\r\n')}\r\n\r\n`));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
    });
  }

  it('is reached over the loopback alone', async function () {
    const others = Object.values(networkInterfaces())
      .flat()
      .filter((one) => one !== undefined && !one.internal && one.family === 'IPv4');
    if (others.length === 0) {
      this.skip(); // This computer has no other address.
    }
    for (const one of others) {
      await rejects(ask(relay.url.replace('127.0.0.1', one?.address ?? '')), { code: 'ECONNREFUSED' });
    }
  });

  it('takes no name but its own, so that no name of a page can lead to it', async () => {
    for (const host of ['localhost', `localhost:${relay.port}`, 'evil.example', `127.0.0.1:1`, '127.0.0.1']) {
      equal((await ask(`${relay.url}/things`, { headers: { Host: host } })).status, 403, host);
    }
    deepEqual(got, []);
  });

  it('takes nothing from a web page, and tells none that it may', async () => {
    for (const headers of [
      { Origin: 'https://evil.example' },
      { Origin: 'null' },
      { 'Sec-Fetch-Site': 'none' },
      { 'Sec-Fetch-Site': 'same-origin' },
    ] as Record<string, string>[]) {
      const reply = await ask(`${relay.url}/things`, { headers });
      equal(reply.status, 403);
      ok(!Object.keys(reply.headers).some((name) => name.startsWith('access-control-')));
    }
    const preflight = await ask(`${relay.url}/things`, { method: 'OPTIONS' });
    equal(preflight.status, 405);
    deepEqual(got, []);
    equal((await fetch(`${relay.url}/things`)).status, 200); // No page, but a script in Node.
  });

  it('lets a wrong capability wait, and tells of ten', async () => {
    const wrong = relay.url.replace(relay.capability, 'A'.repeat(43));
    const begun = performance.now();
    const urls = [wrong, relay.url.replace(relay.capability, 'x'), `http://127.0.0.1:${relay.port}/`];
    const replies = await Promise.all(
      Array.from({ length: 10 }, (_, at) => ask(`${urls[at % urls.length]}/things`)),
    );
    ok(replies.every(({ status }) => status === 404));
    ok(performance.now() - begun >= 990);
    deepEqual(rig.wrong, [10]);
    deepEqual(got, []);
  });

  it('lets nobody without the capability keep out who has it, or flood a person with words of it', async () => {
    const wrong = relay.url.replace(relay.capability, 'A'.repeat(43));
    const others = Array.from({ length: 40 }, () => ask(`${wrong}/things`).catch(() => undefined));
    await until(() => rig.wrong.length > 0);
    const begun = performance.now();
    equal((await ask(`${relay.url}/things`)).status, 200);
    ok(performance.now() - begun < 900);
    ok((await Promise.all(others)).every((reply) => reply === undefined || reply.status === 404));
    deepEqual(rig.wrong, [10]);
  });

  it('tells also who waits with a wrong capability that the relay has ended', async () => {
    const wrong = relay.url.replace(relay.capability, 'A'.repeat(43));
    const replies = Promise.all(Array.from({ length: 10 }, () => ask(`${wrong}/things`)));
    await until(() => rig.wrong.length > 0);
    relay.dispose();
    deepEqual(new Set((await replies).map(({ status }) => status)), new Set([503]));
  });

  it('ends all requests of a script that has gone, those behind others too', async () => {
    answered = new Promise(() => undefined);
    const one = `GET ${new URL(relay.url).pathname}/things HTTP/1.1\r\nHost: 127.0.0.1:${relay.port}\r\n\r\n`;
    const socket = dial(relay.port, '127.0.0.1', () => socket.write(one + one + one));
    await until(() => got.filter(({ path }) => path.endsWith('/things')).length === 3);
    socket.destroy();
    await until(() => left === 3);
  });

  it('stays within the origin and the path of its connection', async () => {
    const bad = [
      '/../secret',
      '/a/../../secret',
      '/%2e%2e/secret',
      '/.%2E/secret',
      '/%252e%252e/secret',
      '/%25252e%25252e/secret',
      '/..%2fsecret/%ff',
      '/%%32e%%32e/secret',
      '/%u002e%u002e/secret',
      '/..;x=1/secret',
      '/..%2fsecret',
      '/..%5csecret',
      '/%c0%ae%c0%ae/secret',
      '/..%c1%9csecret',
      '/%25e0%2580%25ae/secret',
      '/%f0%80%80%ae/secret',
      '/a/./b',
      '//evil.example/a',
      '/a//b',
      '/\\evil.example',
      '/%5c%5cevil.example',
      '/a%00b',
      '/a%0d%0ab',
      '@evil.example/a',
    ];
    for (const path of bad) {
      const reply = await ask(relay.url + path);
      ok([400, 404].includes(reply.status), `${path}: ${reply.status}`);
    }
    equal((await ask(relay.url.replace('My%20API', 'other'))).status, 400);
    deepEqual(got, []);
    equal((await ask(`${relay.url}/a%2Fb/c.d/..e`)).status, 200);
    ok(staysBelow('/%E9%C3%A9%E0%A4%A4%F0%9F%98%80')); // In Latin-1, too.
    deepEqual(
      got.map(({ url }) => url),
      ['/prefix/login', '/prefix/a%2Fb/c.d/..e'],
    );
    ok(!staysBelow('a') && !staysBelow('/a b'));
    equal(placeIn('http://evil.example/a/b/c'), undefined);
  });

  it('is no proxy, and upgrades to nothing, but answers clients that would like to', async () => {
    const host = `Host: 127.0.0.1:${relay.port}`;
    const path = new URL(relay.url).pathname;
    const whole = await write(`GET ${relay.url}/things HTTP/1.1`, host, 'Connection: close');
    ok(whole.startsWith('HTTP/1.1 404'), whole);
    equal(await write(`CONNECT evil.example:443 HTTP/1.1`, host), '');
    equal(got.length, 0);
    // As Java's client says with each request, unless it is told not to.
    const wishes = ['Connection: close, Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'];
    const plain = await write(`GET ${path}/things HTTP/1.1`, host, ...wishes);
    ok(plain.startsWith('HTTP/1.1 200'), plain);
    const { upgrade, 'http2-settings': settings } = got.at(-1)?.headers ?? {};
    deepEqual([upgrade, settings], [undefined, undefined]);
  });

  it('takes no body over 16 MiB, and no headers over 16 KiB', async () => {
    const large = ask(`${relay.url}/things`, { method: 'POST', body: Buffer.alloc(16_777_217) });
    const reply = await large.catch((error) => error.code);
    ok(reply.status === 413 || reply === 'ECONNRESET' || reply === 'EPIPE', JSON.stringify(reply));
    equal((await ask(`${relay.url}/things`, { headers: { 'X-Large': 'x'.repeat(17_000) } })).status, 431);
    deepEqual(got, []);
  });

  it('is kept from nobody by those who open sockets and ask for nothing', async () => {
    const silent = Array.from({ length: 200 }, () => dial(relay.port, '127.0.0.1'));
    for (const socket of silent) {
      socket.on('error', () => undefined).write('GET /half');
    }
    await Promise.all(silent.map((socket) => once(socket, 'connect')));
    equal((await ask(`${relay.url}/things`)).status, 200);
    for (const socket of silent) {
      socket.destroy();
    }
  });

  it('takes 32 requests at once', async () => {
    let go = (): void => undefined;
    answered = new Promise((resolve) => {
      go = resolve;
    });
    const all = Array.from({ length: 33 }, () => ask(`${relay.url}/things`));
    const last = await Promise.race(all);
    equal(last.status, 503);
    equal(last.headers['retry-after'], '1');
    go();
    const replies = await Promise.all(all);
    equal(replies.filter(({ status }) => status === 200).length, 32);
  });

  it('lets no request take for ever', async () => {
    answered = new Promise(() => undefined);
    rig.connections[0] = connectionOf({ ...rig.connections[0], requestTimeoutSeconds: 1 });
    const reply = await ask(`${relay.url}/things`, { method: 'POST' });
    equal(reply.status, 504);
  });

  it('sends nothing where the connection leads elsewhere than when it was started', async () => {
    equal((await ask(`${relay.url}/things`)).status, 200);
    const [old] = rig.connections;
    rig.connections[0] = connectionOf({ ...old, url: 'http://127.0.0.1:9' });
    const reply = await ask(`${relay.url}/things`);
    equal(reply.status, 403);
    ok(reply.text.includes('leads elsewhere'));
  });

  it('ends with its terminal', async () => {
    answered = new Promise(() => undefined);
    const url = `${relay.url}/things`;
    const waiting = ask(url);
    await until(() => got.some(({ path }) => path.endsWith('/things')));
    relay.dispose();
    const { status, text } = await waiting;
    deepEqual([status, JSON.parse(text)], [503, { error: 'The relay has ended.' }]);
    await rejects(ask(url), { code: 'ECONNREFUSED' });
  });
});
