import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as vscode from 'vscode';
import type { SessionTokensApi } from '../../src/api.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

const jobs = '/cra/serviceGateway/services/BBI3SYSA/products/MVMVS/views/JCPU/data';

describe('relays', () => {
  const { showWarningMessage } = vscode.window;
  /** What a person was asked. */
  const asked: string[] = [];
  const connection = () => ({ name: 'r', kind: 'bmc-cra', url: sandbox.url, service: 'BBI3SYSA' });
  let answer: string | undefined = 'Allow';
  let api: SessionTokensApi;
  let sandbox: Sandbox;

  before(async () => {
    api = await activated();
    sandbox = await startSandbox();
    Object.assign(vscode.window, {
      showWarningMessage: async (question: string, ...items: (string | vscode.MessageItem)[]) => {
        asked.push(question);
        return items.find((one) => (typeof one === 'string' ? one : one.title) === answer);
      },
    });
    await setConnections([connection()]);
    await api.signIn('r', { username: 'demo', password: 'demo' }, { remember: true });
  });
  after(async () => {
    Object.assign(vscode.window, { showWarningMessage });
    await run('signOut', { connection: 'r' });
    await removeConnections();
    await sandbox.close();
  });

  async function openTerminal(): Promise<{ terminal: vscode.Terminal; url: string }> {
    const opened = new Promise<vscode.Terminal>((resolve) => {
      const listening = vscode.window.onDidOpenTerminal((terminal) => {
        listening.dispose();
        resolve(terminal);
      });
    });
    await run('openTerminal', { connection: 'r' });
    const terminal = await opened;
    const { env } = terminal.creationOptions as vscode.TerminalOptions;
    return { terminal, url: env?.SESSION_TOKENS_URL ?? '' };
  }

  it('are for nobody whose person does not want them', async () => {
    answer = undefined;
    assert.equal(await run('relayUrl', { connection: 'r' }), undefined);
    assert.equal(await run('openTerminal', { connection: 'r' }), undefined);
    answer = 'Allow';
    assert.deepEqual(asked.splice(0), ['Let scripts use r?', 'Let scripts use r?']);
    await assert.rejects(run('openTerminal', { connection: 'none' }), { code: 'E_CONFIG' });
  });

  it('give a terminal data, and close its sessions when it is closed', async () => {
    const { terminal, url } = await openTerminal();
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/[\w-]{43}\/r$/);
    const second = await openTerminal();
    assert.deepEqual(asked.splice(0), ['Let scripts use r?'], 'each window asks once');
    assert.notEqual(second.url, url);
    second.terminal.dispose();
    assert.equal((await fetch(url + jobs)).status, 200);
    const target = () => api.tokens().then((all) => all.find((one) => one.target === 'MVMVS/JCPU'));
    assert.ok(await target());
    assert.equal(sandbox.stats().sessions, 1);
    terminal.dispose();
    await until(async () => sandbox.stats().sessions === 0);
    assert.equal(await target(), undefined);
    await assert.rejects(fetch(url + jobs));
  });

  it('ask the gateway over sockets that are used again, as VS Code’s own agent would not', async () => {
    const server = createServer((_, response) => response.end('{"token":"abcdefghij"}'));
    let sockets = 0;
    server.on('connection', () => sockets++);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const signIn = { request: 'POST /login', json: { user: '{username}', password: '{password}' } };
    const api2 = { name: 'api', kind: 'rest', url: `http://127.0.0.1:${port}`, signIn, token: '/token' };
    await setConnections([connection(), api2]);
    answer = 'Allow';
    const url = await run<string>('relayUrl', { connection: 'api' });
    await api.signIn('api', { username: 'ann', password: 'of-the-house' });
    for (let count = 0; count < 20; count++) {
      assert.equal(await (await fetch(`${url}/things`)).text(), '{"token":"‹redacted›"}');
    }
    assert.ok(sockets <= 3, `${sockets} sockets`);
    await run('stopRelay', { connection: 'api' });
    await run('signOut', { connection: 'api' });
    server.close();
    asked.splice(0);
  });

  it('give tasks an address, tell of strangers, and can be stopped', async () => {
    const url = await run<string>('relayUrl', { connection: 'r' });
    assert.equal(await run('relayUrl', { connection: 'r' }), url);
    assert.equal((await fetch(url + jobs)).status, 200);
    const stranger = url.replace(/\/[\w-]{43}\//, '/no/');
    answer = 'Stop Relay';
    const replies = await Promise.all(Array.from({ length: 10 }, () => fetch(stranger + jobs)));
    assert.ok(replies.every(({ status }) => status === 404 || status === 503));
    assert.match(asked.splice(0).join(), /tried 10 times to use the relay of r/);
    await until(() =>
      fetch(url + jobs).then(
        () => false,
        () => true,
      ),
    );
    answer = 'Allow';
    await run('relayUrl', { connection: 'r' });
    assert.deepEqual(asked.splice(0), ['Let scripts use r?'], 'who has stopped one is asked again');
    await run('stopRelay', { connection: 'r' });
  });
});

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
