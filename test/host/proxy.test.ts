import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, get, globalAgent, type Server as HttpServer } from 'node:http';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { generate } from 'selfsigned';
import * as vscode from 'vscode';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** This machine, by a name that VS Code does not keep from the proxy, as it does localhost and 127.0.0.1. */
const here = '127.0.0.2';
const secret = 'Canary-Password-of-the-proxy';

describe('proxies of the settings', () => {
  let sandbox: Sandbox | undefined;
  let folder: string;
  let proxy: HttpServer;
  let gateways: Readonly<Record<'http' | 'https', Server>>;
  /** What each connection to a gateway brought, decrypted. */
  const arrived: string[] = [];
  /** The first lines of what the proxy was asked, and all bytes that it was sent. */
  const asked: string[] = [];
  let proxied = '';

  const relay = (socket: Socket): void => {
    const at = arrived.push('') - 1;
    socket.on('data', (data: Buffer) => {
      arrived[at] += data.toString('latin1');
    });
    couple(socket, connect(Number(new URL(sandbox?.url ?? '').port), '127.0.0.1'));
  };

  before(async function () {
    if (process.platform === 'darwin') {
      this.skip(); // It has only 127.0.0.1.
    }
    sandbox = await startSandbox({});
    folder = await mkdtemp(join(tmpdir(), 'proxy-'));
    const made = await generate([{ name: 'commonName', value: here }], {
      keyType: 'ec',
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: here }] },
      ],
    });
    await writeFile(join(folder, 'ca.pem'), made.cert);
    gateways = {
      http: createServer(relay),
      https: createTlsServer({ key: made.private, cert: made.cert }, relay),
    };
    proxy = createHttpServer((incoming) => {
      asked.push(`${incoming.method} ${incoming.url}`);
      // Not by node:http, which is under test here: VS Code would send this to the proxy, too.
      const { port, pathname, search } = new URL(incoming.url ?? '');
      const gateway = connect(Number(port), here);
      const headers = Object.entries({ ...incoming.headers, connection: 'close' });
      gateway.write(`${incoming.method} ${pathname}${search} HTTP/1.1\r\n`);
      gateway.write(`${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
      incoming.pipe(gateway, { end: false });
      gateway.pipe(incoming.socket);
    });
    proxy.on('connect', (incoming, socket: Socket) => {
      asked.push(`CONNECT ${incoming.url}`);
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      couple(socket, connect(Number(incoming.url?.split(':')[1]), here));
    });
    proxy.on('connection', (socket) => {
      socket.on('data', (data) => {
        proxied += data.toString('latin1');
      });
      socket.on('error', () => undefined);
    });
    for (const server of [gateways.http, gateways.https, proxy]) {
      server.listen(0, here);
      await once(server, 'listening');
    }
  });

  after(async () => {
    await setting('proxy', undefined);
    await setting('proxySupport', undefined);
    await removeConnections();
    if (sandbox === undefined) {
      return;
    }
    for (const server of [gateways.http, gateways.https, proxy]) {
      server.close();
    }
    await sandbox.close();
    await rm(folder, { recursive: true, force: true });
  });

  const portOf = (server: Server): number => (server.address() as AddressInfo).port;

  for (const scheme of ['http', 'https'] as const) {
    for (const support of ['off', 'on', 'override', 'fallback'] as const) {
      const name = `${scheme}-${support}`;

      describe(`to ${scheme} with http.proxySupport ${support}`, () => {
        before(async () => {
          await setting('proxySupport', support);
          const url = `${scheme}://${here}:${portOf(gateways[scheme])}`;
          await setConnections([{ name, kind: 'sarus', url, caFile: join(folder, 'ca.pem') }]);
        });

        beforeEach(() => {
          arrived.length = 0;
          asked.length = 0;
          proxied = '';
        });

        afterEach(() => run('signOut', { connection: name }));

        it(`${support === 'off' ? 'passes the proxy over' : 'goes through the proxy'}`, async () => {
          await setting('proxy', `http://${here}:${portOf(proxy)}`);
          const api = await activated();
          const refused = { email: 'demo@example.com', password: secret };
          await assert.rejects(api.signIn(name, refused), { code: 'E_CREDENTIALS' });
          const { id } = await api.signIn(name, { apiKey: 'demo' });
          await api.query(id);
          await api.keepAlive(id);
          assert.ok(arrived.join('').includes(secret));
          if (support === 'off') {
            assert.deepEqual(asked, []);
            return;
          }
          const at = `${here}:${portOf(gateways[scheme])}`;
          assert.ok(asked.length >= 4, asked.join());
          for (const line of asked) {
            assert.ok(
              line.startsWith(scheme === 'https' ? `CONNECT ${at}` : `POST http://${at}/`) ||
                line.startsWith(`GET http://${at}/`),
              line,
            );
          }
          assert.equal(proxied.includes(secret), scheme === 'http');
          assert.equal(/authorization|cookie|token/i.test(proxied), scheme === 'http');
        });

        it(`${support === 'off' ? 'needs no proxy' : 'says that the proxy cannot be reached'}`, async () => {
          await setting('proxy', `http://${here}:1`);
          const api = await activated();
          const signIn = api.signIn(name, { apiKey: 'demo' });
          await (support === 'off'
            ? signIn
            : assert.rejects(signIn, { code: 'E_NETWORK', message: /^The proxy on the way/ }));
        });

        it('without a proxy, what may not be sent twice has a socket of its own', async () => {
          await setting('proxy', undefined);
          const api = await activated();
          if (scheme === 'http') {
            await idleSocket(`http://${here}:${portOf(gateways.http)}/`);
          }
          const { id } = await api.signIn(name, { apiKey: 'demo' });
          await api.query(id);
          await api.keepAlive(id);
          const opening = arrived.filter((text) => text.includes('/GetSessionToken'));
          assert.equal(opening.length, 1);
          for (const text of opening) {
            assert.equal(text.match(/^(?:GET|POST) /gm)?.length, 1, text);
          }
          assert.deepEqual(asked, []);
        });
      });
    }
  }
});

/** Leaves a socket that can be used again in the agent that all extensions share. */
async function idleSocket(url: string): Promise<void> {
  const [answer] = await once(
    get(url, { agent: globalAgent, headers: { Connection: 'keep-alive' } }),
    'response',
  );
  answer.resume();
  await once(answer, 'end');
  await new Promise((resolve) => setImmediate(resolve));
  const { host } = new URL(url);
  assert.ok(
    Object.entries(globalAgent.freeSockets).some(([name, idle]) => name.startsWith(host) && idle?.length),
  );
}

function couple(one: Socket, other: Socket): void {
  one.on('error', () => other.destroy());
  other.on('error', () => one.destroy());
  one.pipe(other).pipe(one);
}

async function setting(key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration('http').update(key, value, vscode.ConfigurationTarget.Global);
}
