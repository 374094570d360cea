import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { inspect } from 'node:util';
import * as vscode from 'vscode';
import type { SessionTokensApi } from '../../src/api.ts';
import type { Login } from '../../src/core/protocols/gateway.ts';
import { type FaultName, faultNames } from '../../src/sandbox/faultRules.ts';
import { type Sandbox, startSandbox } from '../../src/sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** What is given to sign in, none of which stands anywhere else; the sandbox knows only its own public users. */
const given = {
  username: 'cnry-Usr-7Q2x',
  password: 'cnry/Pwd+9Zk4 &%é',
  email: 'cnry-mail-3Vt8@example.invalid',
  apiKey: 'cnry=Key-5Hw1/=',
  gatewayPassword: 'cnry:Tomcat-6Jb0',
};

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

/** A gateway as people have it: with users of its own. Stands before a sandbox, and learns what tokens are issued. */
class Disguise {
  readonly sandbox: Sandbox;
  readonly secrets = new Set<string>();
  readonly #server: http.Server;

  private constructor(sandbox: Sandbox) {
    this.sandbox = sandbox;
    this.#server = http.createServer((request, response) => this.#pass(request, response));
  }

  static async start(): Promise<Disguise> {
    const disguise = new Disguise(await startSandbox({ basic: true, maxSessions: 4 }));
    await new Promise<void>((resolve) => disguise.#server.listen(0, '127.0.0.1', resolve));
    return disguise;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.sandbox.close();
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) {
      parts.push(part as Buffer);
    }
    const body = disclose(Buffer.concat(parts).toString());
    const headers = { ...request.headers, 'content-length': String(Buffer.byteLength(body)) };
    delete headers['accept-encoding'];
    delete headers['transfer-encoding'];
    if (headers.authorization?.startsWith('Basic ')) {
      headers.authorization = `Basic ${Buffer.from('tomcat:tomcat').toString('base64')}`;
    }
    const onward = http.request(
      { port: this.sandbox.port, method: request.method, path: disclose(request.url ?? ''), headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.on('data', (chunk: Buffer) => {
          this.#learn(chunk.toString());
          response.write(chunk);
        });
        answer.on('end', () => response.end());
        answer.on('error', () => response.destroy());
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(body);
  }

  #learn(text: string): void {
    for (const [, value = ''] of text.matchAll(/"(?:userToken|SessionToken|session)"\s*:\s*"([^"]+)"/g)) {
      this.secrets.add(value);
    }
  }
}

/** Our users in the words of the sandbox. */
function disclose(text: string): string {
  const pairs = [
    [given.email, 'demo@example.com'],
    [given.username, 'demo'],
    [given.password, 'demo'],
    [given.apiKey, 'demo'],
  ] as const;
  let known = text;
  for (const [ours, theirs] of pairs) {
    const encoded = encodeURIComponent(ours).replace(
      /[!'()]/g,
      (char) => `%${char.charCodeAt(0).toString(16)}`,
    );
    known = known.replaceAll(encoded, encodeURIComponent(theirs));
    known = known.replaceAll(JSON.stringify(ours).slice(1, -1), theirs);
  }
  return known;
}

describe('security: canaries', () => {
  const gateways: Disguise[] = [];
  /** All that a caller gets to see. */
  const seen: string[] = [];

  before(async () => {
    gateways.push(await Disguise.start(), await Disguise.start(), await Disguise.start());
  });

  after(async () => {
    await removeConnections();
    for (const gateway of gateways) {
      await gateway.close();
    }
  });

  it('used through every command with every fault, they are in nothing that was written or shown', async function () {
    this.timeout(240_000);
    const api = await activated();
    const [views, classic, sarus] = gateways;
    assert.ok(views && classic && sarus);
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
    ]);
    const { username, password, gatewayPassword, email, apiKey } = given;
    await Promise.all([
      strike(api, views, 'canary-views', { username, password, gatewayPassword }),
      strike(api, classic, 'canary-classic', { username, password, gatewayPassword }),
      strike(api, sarus, 'canary-sarus', { email, password }),
    ]);
    await attempt(() => api.signIn('canary-sarus', { apiKey }, { remember: true }));
    await attempt(() => run('signOut', { connection: 'canary-sarus' }));
    await vscode.env.clipboard.writeText('');

    const tokens = gateways.flatMap(({ secrets }) => [...secrets]);
    assert.ok(tokens.length > 20, `only ${tokens.length} tokens were issued`);
    const needles = new Set([...Object.values(given), ...tokens].flatMap(formsOf));
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
    for (const [where, text] of texts) {
      for (const needle of needles) {
        const at = text.indexOf(needle);
        assert.ok(at < 0, `“${needle}” in ${where}: ${text.slice(Math.max(at - 80, 0), at + 80)}`);
      }
    }
  });

  /** Runs every command of a connection, each struck by each fault. */
  async function strike(
    api: SessionTokensApi,
    { sandbox }: Disguise,
    connection: string,
    login: Login,
  ): Promise<void> {
    const request =
      connection === 'canary-sarus'
        ? {
            connection,
            endpoint: 'GetSnapshot',
            params: { Symbols: 'ABC', SessionToken: given.apiKey },
            show: false,
          }
        : { connection, product: 'MVMVS', view: 'JCPU', filter: given.username, show: false };
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
      await struck(async () => run('keepAlive', { id: await id() }));
      await struck(async () => run('query', { id: await id() }));
      await struck(() => run('closeAll', { connection }));
      await struck(() => run('signOut', { connection }));
    }
    // Those that would ask where nobody is signed in.
    await api.signIn(connection, login, { remember: true });
    await attempt(() => run('getData', request));
    await attempt(async () => run('copyToken', { id: await id() }));
    await attempt(() => run('refresh', {}));
    await attempt(() => run('keepAlive', { connection }));
    await attempt(async () => run('close', { id: await id() }));
    await attempt(() => run('signIn', { connection }));
    await attempt(() => run('signOut', { connection }));
    await attempt(() => run('removeConnection', { connection }));
    await attempt(() => api.signIn(connection, { username: 'no', password: given.password }));
    await attempt(() => run('addConnection', { name: connection, kind: 'sarus', url: sandbox.url }));
  }

  async function attempt(work: () => Promise<unknown>): Promise<void> {
    const end: unknown = await work().catch((error: unknown) => error);
    seen.push(inspect(end, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null }));
  }
});

/** A secret as it is, in an address, in base64, and every part of eight characters of it. */
function formsOf(secret: string): string[] {
  // Of an e-mail address only the person: the host is public.
  const own = secret.includes('@') ? secret.slice(0, secret.indexOf('@')) : secret;
  const parts = Array.from({ length: Math.max(own.length - 7, 0) }, (_, at) => own.slice(at, at + 8));
  return [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64'), ...parts].filter(
    (form) => form.length >= 8,
  );
}

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
