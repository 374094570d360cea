import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import * as vscode from 'vscode';
import type { SessionTokensApi } from '../../src/api.ts';
import type { Login } from '../../src/core/protocols/protocol.ts';
import { type FaultName, faultNames } from '../sandbox/faultRules.ts';
import { canaries, SecretSearch } from '../security/canaries.ts';
import { Disguise } from '../security/disguise.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** Every line that goes to a log channel of ours: the file may lag behind, and not every VS Code can write one. */
const logged: string[] = [];
const make = vscode.window.createOutputChannel.bind(vscode.window) as (
  name: string,
  options: { log: true },
) => vscode.LogOutputChannel;
const listen = (name: string, options: { log: true }): vscode.LogOutputChannel => {
  const channel = make(name, options);
  const heard: Partial<Record<keyof vscode.LogOutputChannel, unknown>> = {};
  for (const level of [
    'trace',
    'debug',
    'info',
    'warn',
    'error',
    'append',
    'appendLine',
    'replace',
  ] as const) {
    heard[level] = (...given: unknown[]) => {
      logged.push(inspect(given, { depth: Number.POSITIVE_INFINITY, maxStringLength: null }));
    };
  }
  return new Proxy(channel, {
    get: (of, name) => heard[name as keyof typeof heard] ?? Reflect.get(of, name, of),
  });
};
Object.assign(vscode.window, { createOutputChannel: listen });
const { showWarningMessage } = vscode.window;

describe('security: canaries', () => {
  const gateways: Disguise[] = [];
  /** All that a caller gets to see. */
  const seen: string[] = [];

  before(async () => {
    const allow = (question: string, ...rest: never[]) =>
      /^Let scripts use/.test(question) ? 'Allow' : showWarningMessage(question, ...rest);
    Object.assign(vscode.window, { showWarningMessage: allow });
    for (let count = 0; count < 4; count++) {
      gateways.push(await Disguise.start('errors'));
    }
  });

  after(async () => {
    Object.assign(vscode.window, { showWarningMessage });
    await removeConnections();
    for (const gateway of gateways) {
      await gateway.close();
    }
  });

  it('used through every command with every fault, they are in nothing that was written or shown', async function () {
    this.timeout(240_000);
    const api = await activated();
    const [views, classic, sarus, keyed] = gateways;
    assert.ok(views && classic && sarus && keyed);
    const cra = {
      kind: 'bmc-cra',
      gatewayUser: 'tomcat',
      service: views.sandbox.services[0],
      requestTimeoutSeconds: 0.4,
    };
    await setConnections([
      { ...cra, name: 'canary-views', url: views.url, dialect: 'views' },
      { ...cra, name: 'canary-classic', url: classic.url, dialect: 'getData' },
      { name: 'canary-sarus', kind: 'sarus', url: sarus.url, requestTimeoutSeconds: 0.4 },
      { name: 'canary-keyed', kind: 'sarus', url: keyed.url, requestTimeoutSeconds: 0.4 },
    ]);
    const { username, password, gatewayPassword, email, apiKey } = canaries;
    await Promise.all([
      strike(api, views, 'canary-views', { username, password, gatewayPassword }),
      strike(api, classic, 'canary-classic', { username, password, gatewayPassword }),
      strike(api, sarus, 'canary-sarus', { email, password }),
      strike(api, keyed, 'canary-keyed', { apiKey }),
    ]);
    await others(api, sarus);
    await vscode.env.clipboard.writeText('');

    const tokens = gateways.flatMap(({ secrets }) => [...secrets]);
    for (const [at, { secrets }] of gateways.entries()) {
      assert.ok(secrets.size > 5, `gateway ${at} issued only ${secrets.size} tokens`);
    }
    const search = new SecretSearch([...Object.values(canaries), ...tokens]);
    const texts = new Map<string, string>([['what callers saw', seen.join('\n')]]);
    texts.set('settings', JSON.stringify(vscode.workspace.getConfiguration()));
    const files = await filesOfTheWindow();
    for (const file of files) {
      texts.set(file, await readFile(file, 'utf8').catch(() => ''));
    }
    texts.set('the log', logged.join('\n'));
    assert.match(
      texts.get('the log') ?? '',
      /canary-views: POST .*login 200/,
      'the log tells of what was done',
    );
    assert.match(texts.get('the log') ?? '', /Relay of canary-views: GET .*data 200/);
    for (const [where, text] of texts) {
      assert.equal(search.find(text), undefined, where);
    }
  });

  /** Runs every command of a connection, each struck by each fault. */
  async function strike(
    api: SessionTokensApi,
    { sandbox }: Disguise,
    connection: string,
    login: Exclude<Login, { certificate: true }>,
  ): Promise<void> {
    const request =
      'apiKey' in login || 'email' in login
        ? {
            connection,
            endpoint: 'GetValuesForDate',
            params: { Series: ['EQUITY/OAKBA'], SessionToken: canaries.apiKey },
            show: false,
          }
        : { connection, product: 'MVMVS', view: 'JCPU', filter: canaries.username, show: false };
    const id = async () =>
      (await api.tokens()).find((token) => token.connection === connection)?.id ?? 'none';
    const faults: (FaultName | undefined)[] = [undefined, ...faultNames];
    for (const fault of faults) {
      const struck = async (work: () => Promise<unknown>) => {
        if (fault !== undefined) {
          sandbox.setFaults({ fault, times: 1, forMs: 60 });
        }
        await attempt(work);
        await sandbox.clearFaults();
      };
      await struck(() => api.signIn(connection, login, { remember: true }));
      await struck(() => api.getData(request));
      await struck(() => run('getData', request));
      await struck(() => relayed(connection));
      await struck(async () => run('keepAlive', { id: await id() }));
      await struck(() => run('keepAlive', { connection }));
      await struck(async () => run('query', { id: await id() }));
      await struck(async () => run('toggleKeepAlive', { id: await id() }));
      await struck(async () => run('copyToken', { id: await id() }));
      await struck(() => run('refresh'));
      await struck(() => run('showLog'));
      await struck(async () => run('close', { id: await id() }));
      await struck(() => run('closeAll', { connection }));
      await struck(() => run('signIn', { connection }));
      await struck(() => run('signOut', { connection }));
    }
    // A login of the wrong kind, or of nobody.
    await attempt(() => api.signIn(connection, { username: 'no', password: canaries.password }));
  }

  /** A script asks for the same; a person lets it. */
  async function relayed(connection: string): Promise<unknown> {
    const url = await run<string>('relayUrl', { connection });
    const path = /sarus|keyed/.test(connection)
      ? `/GetValuesForDate?Series=EQUITY/OAKBA&SessionToken=${canaries.apiKey}`
      : `/cra/serviceGateway/services/BBI3SYSA/products/MVMVS/views/JCPU/data`;
    const answer = await fetch(url + path);
    return [answer.status, [...answer.headers], await answer.text()];
  }

  /** What needs no token: connections that come and go, and the sandbox of the window. */
  async function others(api: SessionTokensApi, { sandbox, url }: Disguise): Promise<void> {
    for (const fault of faultNames) {
      sandbox.setFaults({ fault, times: 1, forMs: 60 });
      const name = `canary-${fault}`;
      await attempt(() => run('addConnection', { name, kind: 'bmc-cra', url, gatewayUser: 'tomcat' }));
      await attempt(() =>
        run('addConnection', {
          name,
          kind: 'sarus',
          url: url.replace('//', `//${canaries.username}:${encodeURIComponent(canaries.password)}@`),
        }),
      );
      await attempt(() => run('removeConnection', { connection: name }));
      sandbox.clearFaults();
    }
    const { url: own } = (await run<{ url: string }>('startSandbox')) ?? {};
    assert.ok(own);
    await attempt(() =>
      api.signIn('sandbox-cra', { username: canaries.username, password: canaries.password }),
    );
    await attempt(() => run('stopSandbox'));
  }

  /** Whoever is asked, where nothing is remembered any more, turns away. */
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    const closing = setInterval(() => {
      void vscode.commands.executeCommand('workbench.action.closeQuickOpen');
    }, 200);
    const end: unknown = await work().catch((error: unknown) => error);
    clearInterval(closing);
    seen.push(inspect(end, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }));
  }
});

/** What VS Code has written for this window: logs, settings, storage. */
async function filesOfTheWindow(): Promise<string[]> {
  const roots = new Set<string>();
  const extension = vscode.extensions.getExtension('session-tokens.session-tokens');
  assert.ok(extension);
  for (const [name, value] of Object.entries(process.env)) {
    if (/^VSCODE_(LOGS|AGENT_FOLDER|PORTABLE)$/.test(name) && value) {
      roots.add(name === 'VSCODE_LOGS' ? dirname(value) : value);
    }
  }
  if (process.env.TEST_PROFILE) {
    roots.add(process.env.TEST_PROFILE);
  }
  const files: string[] = [];
  for (const root of roots) {
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])) {
      const file = join(entry.parentPath, entry.name);
      if (entry.isFile() && (await stat(file)).size < 8_000_000) {
        files.push(file);
      }
    }
  }
  return files;
}
