import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer, type Server, type Socket } from 'node:net';
import * as vscode from 'vscode';
import type { TokenInfo } from '../../src/core/tokens/token.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

describe('security: in VS Code', () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({});
  });

  after(async () => {
    await removeConnections();
    await sandbox.close();
  });

  describe('the proxy of the settings', () => {
    let proxy: Server;
    let asked: string[];
    const sockets = new Set<Socket>();

    before(async () => {
      asked = [];
      proxy = createServer((socket) => {
        sockets.add(socket);
        socket.on('error', () => undefined);
        socket.on('data', (data) => {
          asked.push(data.toString('latin1'));
          socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n');
        });
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
      await setting('http', 'proxy', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
    });

    after(async () => {
      await setting('http', 'proxy', undefined);
      for (const socket of sockets) {
        socket.destroy();
      }
      await new Promise((resolve) => proxy.close(resolve));
    });

    it('is used, and sees no credential on the way to an https gateway', async () => {
      const api = await activated();
      await setConnections([{ name: 'far', kind: 'sarus', url: 'https://gateway.invalid:8443' }]);
      await assert.rejects(api.signIn('far', { apiKey: 'Canary-Key-of-the-proxy-test' }), {
        name: 'TokensError',
      });
      assert.ok(asked.length > 0, 'nothing came to the proxy');
      assert.match(asked[0] ?? '', /^CONNECT gateway\.invalid:8443 /);
      assert.ok(!asked.join('').includes('Canary'));
    });
  });

  describe('an unsafe way to a gateway', () => {
    for (const [what, more] of [
      ['plain http', { url: 'http://gateway.invalid' }],
      ['unverified TLS', { url: 'https://gateway.invalid', rejectUnauthorized: false }],
    ] as const) {
      it(`${what} is closed to programs until a person has agreed`, async () => {
        const api = await activated();
        await setConnections([{ name: 'unsafe', kind: 'sarus', ...more }]);
        await assert.rejects(api.signIn('unsafe', { apiKey: 'Canary-Key-of-the-consent-test' }), {
          code: 'E_CONFIG',
          message: /unsafe.*gateway\.invalid/,
        });
      });
    }
  });

  describe('an API that a connection describes', () => {
    const own = {
      name: 'own',
      kind: 'rest',
      url: 'https://gateway.invalid',
      signIn: { request: 'POST /login', json: { user: '{username}', word: '{password}' } },
      token: '/token',
    };
    const login = { username: 'ann', password: 'Canary-Word-of-the-description-test' };

    it('gets nothing from a program until a person has agreed to where secrets go', async () => {
      const api = await activated();
      await setConnections([own]);
      await assert.rejects(api.signIn('own', login), { code: 'E_CONFIG', message: /where your secrets go/ });
      await setConnections([{ ...own, preset: 'redfish', signIn: undefined, token: undefined }]);
      await assert.rejects(api.signIn('own', login), { code: 'E_NETWORK' });
    });

    it('is added by a program only after a person has seen the description', async () => {
      await setConnections([]);
      // Here nobody can answer: this VS Code shows no dialogs.
      await assert.rejects(run('addConnection', own));
      const stored = vscode.workspace.getConfiguration('sessionTokens').get<unknown[]>('connections');
      assert.deepEqual(stored, []);
    });
  });

  describe('a token on the clipboard', () => {
    let id: string;

    before(async () => {
      const api = await activated();
      await setConnections([{ name: 'copied', kind: 'sarus', url: sandbox.url }]);
      id = (await api.signIn('copied', { apiKey: 'demo' })).id;
      await setting('sessionTokens', 'clipboard.clearAfterSeconds', 1.5);
    });

    after(async () => {
      await setting('sessionTokens', 'clipboard.clearAfterSeconds', undefined);
      await run('signOut', { connection: 'copied' });
    });

    it('is taken off when its time is over', async () => {
      await run('copyToken', { id });
      assert.ok((await vscode.env.clipboard.readText()).length > 8);
      await until(async () => (await vscode.env.clipboard.readText()) === '');
    });

    it('leaves alone what was copied since', async () => {
      await run('copyToken', { id });
      await vscode.env.clipboard.writeText('something else');
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      assert.equal(await vscode.env.clipboard.readText(), 'something else');
    });
  });

  describe('vscode.authentication', () => {
    it('hands out no token that the person has not agreed to', async () => {
      const api = await activated();
      await setConnections([{ name: 'asked', kind: 'sarus', url: sandbox.url }]);
      await api.signIn('asked', { apiKey: 'demo' });
      const session = await vscode.authentication.getSession('sessionTokens.sarus', ['connection:asked'], {
        silent: true,
      });
      assert.equal(session, undefined);
      const accounts = await vscode.authentication.getAccounts('sessionTokens.sarus');
      assert.deepEqual(
        accounts.map(({ label }) => label),
        ['asked'],
      );
      await run('signOut', { connection: 'asked' });
    });
  });

  it('keeps no secret of a sign-in in settings, and gives none in results', async () => {
    const api = await activated();
    await setConnections([{ name: 'plain', kind: 'sarus', url: sandbox.url }]);
    const token = await api.signIn(
      'plain',
      { email: 'demo@example.com', password: 'demo' },
      { remember: true },
    );
    await run('copyToken', { id: token.id });
    const value = await vscode.env.clipboard.readText();
    const results: unknown[] = [token, await api.tokens(), await run<TokenInfo>('query', { id: token.id })];
    results.push(await run('keepAlive', { id: token.id }));
    assert.ok(!JSON.stringify(results).includes(value));
    await run('signOut', { connection: 'plain' });
  });
});

async function setting(section: string, key: string, value: unknown): Promise<void> {
  await vscode.workspace.getConfiguration(section).update(key, value, vscode.ConfigurationTarget.Global);
}

async function until(done: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 10_000;
  while (!(await done())) {
    assert.ok(Date.now() < end, 'that did not come');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
