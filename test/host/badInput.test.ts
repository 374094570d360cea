import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { ErrorCode } from '../../src/core/errors.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** What people get wrong: one clear sentence each, and every other token untouched. */
describe('bad input', () => {
  let sandbox: Sandbox;
  let page: Server;
  let closedPort: number;
  const good = { connection: 'good', product: 'MVMVS', view: 'JCPU', show: false };
  const login = { username: 'demo', password: 'demo' };

  before(async () => {
    sandbox = await startSandbox({});
    page = createServer((_, response) => {
      response.setHeader('Content-Type', 'text/html').end('<html><script>alert(1)</script><h1>Intranet</h1>');
    });
    await new Promise<void>((ready) => page.listen(0, '127.0.0.1', ready));
    const unused = createServer();
    await new Promise<void>((ready) => unused.listen(0, '127.0.0.1', ready));
    closedPort = (unused.address() as AddressInfo).port;
    await new Promise((closed) => unused.close(closed));
    const [service] = sandbox.services;
    const cra = { kind: 'bmc-cra', service, requestTimeoutSeconds: 5 };
    await setConnections([
      { ...cra, name: 'good', url: sandbox.url },
      { ...cra, name: 'no-such-path', url: `${sandbox.url}/elsewhere` },
      { ...cra, name: 'no-such-host', url: 'https://gateway.invalid' },
      { ...cra, name: 'refused', url: `http://127.0.0.1:${closedPort}` },
      { ...cra, name: 'a-page', url: `http://127.0.0.1:${(page.address() as AddressInfo).port}` },
      { ...cra, name: 'no-such-service', url: sandbox.url, service: 'NOWHERE' },
      { name: 'market', kind: 'sarus', url: sandbox.url },
      { name: 'flows', kind: 'rest', preset: 'node-red', url: sandbox.url },
      { name: 'not-market', kind: 'sarus', url: `http://127.0.0.1:${(page.address() as AddressInfo).port}` },
    ]);
    const api = await activated();
    await api.signIn('good', login);
    await api.getData(good);
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await run('signOut', { connection: 'good' });
    await removeConnections();
    await sandbox.close();
    page.close();
  });

  async function fails(work: Promise<unknown>, code: ErrorCode, says: RegExp): Promise<void> {
    const api = await activated();
    const before = await api.tokens();
    const error = await work.then(
      () => assert.fail('it did not fail'),
      (caught: unknown) => caught,
    );
    assert.ok(error instanceof Error);
    assert.equal((error as Error & { code?: string }).code, code, error.message);
    assert.match(error.message, says);
    // A gateway's own words come last, and end as it ends them.
    assert.match(error.message, /^[^\n<>]{10,300}[.!\p{L}]$/u, `not one plain sentence: ${error.message}`);
    assert.doesNotMatch(error.message, /demo|\bat .*:\d+:\d+/);
    const lives = ({ id, connection }: { id: string; connection: string }) => `${connection}/${id}`;
    assert.deepEqual((await api.tokens()).map(lives), before.map(lives), 'other tokens were touched');
  }

  const signIn = async (
    connection: string,
    credentials: Parameters<Awaited<ReturnType<typeof activated>>['signIn']>[1] = login,
  ) => (await activated()).signIn(connection, credentials);

  it('wrong password', () =>
    fails(
      signIn('good', { username: 'demo', password: 'wrong' }),
      'E_CREDENTIALS',
      /good|refused|password/i,
    ));
  it('wrong API key', () =>
    fails(signIn('market', { apiKey: 'wrong' }), 'E_CREDENTIALS', /market|refused|key/i));
  it('a path where no gateway is', () =>
    fails(signIn('no-such-path'), 'E_HTTP', /elsewhere|404|no-such-path/));
  it('an unknown host', () => fails(signIn('no-such-host'), 'E_NETWORK', /gateway\.invalid/));
  it('a port that refuses', () => fails(signIn('refused'), 'E_NETWORK', /127\.0\.0\.1|refused/));
  it('an unknown service', () => fails(signIn('no-such-service'), 'E_HTTP', /NOWHERE/));
  it('HTML instead of JSON, CRA', () => fails(signIn('a-page'), 'E_PROTOCOL', /page|JSON|HTML/i));
  it('HTML instead of JSON, SARUS', () =>
    fails(signIn('not-market', { apiKey: 'demo' }), 'E_PROTOCOL', /page|JSON|HTML/i));
  it('a view that does not exist', async () =>
    fails((await activated()).getData({ ...good, view: 'NONE' }), 'E_HTTP', /NONE|view/i));
  it('a request without a view', () =>
    fails(run('getData', { connection: 'good', product: 'MVMVS', view: 7 }), 'E_CONFIG', /view/));
  it('an unknown connection', () => fails(run('signIn', { connection: 'nobody' }), 'E_CONFIG', /nobody/));
  it('a token that is not held', () => fails(run('keepAlive', { id: 'none' }), 'E_UNKNOWN_TOKEN', /token/));

  it('arguments of the wrong type close nothing, renew nothing and ask nobody', async () => {
    for (const connection of [7, null, {}, ['good']]) {
      await fails(run('closeAll', { connection }), 'E_CONFIG', /connection/);
      await fails(run('keepAlive', { connection }), 'E_CONFIG', /connection/);
      await fails(run('signOut', { connection }), 'E_CONFIG', /connection/);
      await fails(run('getData', { ...good, connection }), 'E_CONFIG', /connection/);
    }
    await fails(run('closeAll', { connection: 'nobody' }), 'E_CONFIG', /nobody/);
    await fails(run('signIn', { connection: 'good', service: 7 }), 'E_CONFIG', /service/);
    for (const id of [7, null, {}, '']) {
      await fails(run('close', { id }), 'E_UNKNOWN_TOKEN', /token/);
      await fails(run('copyToken', { id }), 'E_UNKNOWN_TOKEN', /token/);
    }
    const [{ id = '' } = {}] = (await (await activated()).tokens()).filter(({ kind }) => kind === 'session');
    for (const given of [[id], { toString: () => id }, () => id]) {
      await fails(run('close', { id: given }), 'E_UNKNOWN_TOKEN', /token/);
    }
    for (const given of ['good', 7, true, 7n, () => 'good']) {
      const closing = vscode.commands.executeCommand('sessionTokens.closeAll', given);
      await fails(Promise.resolve(closing), 'E_CONFIG', /arguments/);
    }
  });

  it('the only token is not meant where another connection is named', async () => {
    for (const command of ['close', 'query', 'copyToken', 'toggleKeepAlive', 'pickToken']) {
      await fails(run(command, { connection: 'market' }), 'E_UNKNOWN_TOKEN', /token/);
    }
  });

  it('what cannot be read is told as what is missing', async () => {
    const api = await activated();
    const broken = {
      get connection(): string {
        throw new Error('a getter');
      },
    };
    const endless: Record<string, unknown> = { connection: 'market', endpoint: 'GetDatasets' };
    endless.params = { endless };
    for (const given of [broken, endless, { connection: 7n }]) {
      await fails(run('getData', given), 'E_CONFIG', /arguments/);
      await fails(api.getData(given as typeof good), 'E_CONFIG', /connection/);
    }
    const credentials = {
      username: 'demo',
      get password(): string {
        throw new Error('a getter');
      },
    };
    await fails(signIn('good', credentials), 'E_CONFIG', /credentials/);
    for (const name of [undefined, 7n, Symbol('good')] as unknown as string[]) {
      await fails(signIn(name), 'E_CONFIG', /called (?:undefined|null)\.$/);
    }
    const none = { service: null, remember: null } as unknown as { service: string };
    assert.equal((await api.signIn('good', login, none)).service, sandbox.services[0]);
  });

  it('a program may use its objects again as soon as it has called', async () => {
    const api = await activated();
    const request = { ...good };
    const views = ['JCPU', 'JCSA', 'XCFMBR'];
    const asked = views.map((view) => {
      request.view = view;
      return api.getData(request);
    });
    const targets = (await Promise.all(asked)).map(({ session }) => session?.target);
    assert.deepEqual(
      targets,
      views.map((view) => `MVMVS/${view}`),
    );
    const credentials = { apiKey: 'demo' };
    const signedIn = api.signIn('market', credentials);
    credentials.apiKey = '';
    assert.equal((await signedIn).connection, 'market');
    await api.closeAll('market');
  });

  it('arguments of the API that are none are told by their name, and nothing is done', async () => {
    const api = await activated();
    for (const connection of ['nobody', 7, null] as string[]) {
      await fails(api.closeAll(connection), 'E_CONFIG', /connection/);
    }
    for (const options of [{ service: 7 }, { remember: 'yes' }] as unknown as { service: string }[]) {
      await fails(api.signIn('good', login, options), 'E_CONFIG', /"(?:service|remember)"/);
    }
    for (const request of [undefined, null, 7, 'good'] as unknown as (typeof good)[]) {
      await fails(api.getData(request), 'E_CONFIG', /connection/);
    }
  });

  it('what is undefined in a request is left out', async () => {
    const api = await activated();
    const none = { context: undefined, session: undefined, keepOpen: undefined, rows: undefined };
    assert.equal((await api.getData({ ...good, ...none })).reused, true);
    await api.signIn('market', { apiKey: 'demo' });
    const params = { Rows: undefined };
    const request = { connection: 'market', endpoint: 'GetUserDatasources', params, show: false };
    assert.equal((await api.getData(request)).rows.length, 2);
    await api.closeAll('market');
  });

  it('a file to export to, or to compare with, is named as a whole', async () => {
    await run('getData', { ...good, show: true });
    for (const path of ['', 'rel.csv', './rel.csv', 7]) {
      await fails(run('results.export', { format: 'csv', path }), 'E_CONFIG', /"path"/);
      await fails(run('results.compare', { path }), 'E_CONFIG', /"path"/);
    }
    const name = `session-tokens-test-${randomUUID()}.csv`; // No file of whoever runs this.
    const { path } = await run<{ path: string }>('results.export', { format: 'csv', path: `~/${name}` });
    assert.equal(path, join(homedir(), name));
    await rm(path);
  });

  it('arguments of the wrong type do nothing with a result, and ask nobody', async () => {
    await run('getData', { ...good, show: true });
    const wrong: readonly (readonly [string, string, unknown])[] = [
      ['watch', 'seconds', '5'],
      ['alert', 'condition', 7],
      ['onlyChanged', 'on', 'yes'],
      ['plot', 'field', 7],
      ['sortAscending', 'field', null],
      ['export', 'all', 'yes'],
    ];
    for (const [command, name, value] of wrong) {
      const args = { format: 'csv', path: join(homedir(), 'none.csv'), [name]: value };
      await fails(run(`results.${command}`, args), 'E_CONFIG', new RegExp(`"${name}"`));
    }
  });

  it('a long name, or one of several lines, is still told in one sentence', async () => {
    await fails(
      run('signIn', { connection: `no\n such\t${'x'.repeat(9_999)}` }),
      'E_CONFIG',
      /called no such x+…\.$/,
    );
  });

  it('credentials of no known shape are not sent', async () => {
    for (const credentials of [null, 7, {}, { username: 'demo' }, { username: 'x', password: 7 }]) {
      await fails(
        signIn('good', credentials as unknown as typeof login),
        'E_CONFIG',
        /user|password|credentials/,
      );
    }
    for (const credentials of [{ apiKey: 7 }, { email: 'x' }, {}]) {
      await fails(
        signIn('market', credentials as unknown as typeof login),
        'E_CONFIG',
        /API key|apiKey|password/,
      );
    }
    for (const credentials of [{}, { user: 'x' }]) {
      await fails(signIn('flows', credentials as Record<string, string>), 'E_CONFIG', /"username"/);
    }
  });

  it('a port that cannot be had for the sandbox', async () => {
    for (const port of [-1, 1.5, 65_536, '80', Number.NaN]) {
      await fails(run('startSandbox', { port }), 'E_CONFIG', /port/);
    }
    const taken = Number(new URL(sandbox.url).port);
    await fails(run('startSandbox', { port: taken }), 'E_CONFIG', new RegExp(`port ${taken}`, 'i'));
  });

  it('a query that is not there, or none at all', async () => {
    await fails(run('queries.edit', {}), 'E_NOT_READY', /query/);
    await fails(run('queries.run', { name: 'none' }), 'E_CONFIG', /none/);
    await fails(run('queries.run', { name: 5 }), 'E_CONFIG', /5/);
    for (const name of ['', ' ', 7, null]) {
      await fails(run('queries.save', { name, request: good }), 'E_CONFIG', /"name"/);
    }
  });

  it('a query is saved under its name without the spaces around it', async () => {
    for (const name of [' mine ', 'mine', ' mine ']) {
      assert.equal((await run<{ name: string }>('queries.save', { name, request: good })).name, 'mine');
    }
    await run('queries.remove', { name: 'mine' });
    await fails(run('queries.edit', {}), 'E_NOT_READY', /query/);
  });

  it('a service need not be named, or asked for, where somebody is signed in to just one', async () => {
    const before = vscode.workspace.getConfiguration('sessionTokens').get<unknown[]>('connections', []);
    await setConnections([...before, { name: 'open', kind: 'bmc-cra', url: sandbox.url }]);
    const api = await activated();
    const [service = ''] = sandbox.services;
    const request = { ...good, connection: 'open' };
    await assert.rejects(api.getData(request), { code: 'E_CONFIG' });
    await api.signIn('open', login, { service });
    assert.equal((await api.getData(request)).session?.service, service);
    const { reused } = await run<{ reused: boolean }>('getData', request);
    assert.equal(reused, true);
    await run('signOut', { connection: 'open' });
  });

  it('a connection that is not in the settings any more can be signed out of while tokens of it are held', async () => {
    const before = vscode.workspace.getConfiguration('sessionTokens').get<unknown[]>('connections', []);
    const api = await activated();
    for (const command of ['signOut', 'removeConnection']) {
      await setConnections([...before, { name: 'gone', kind: 'sarus', url: sandbox.url }]);
      await api.signIn('gone', { apiKey: 'demo' }, { remember: true });
      await setConnections(before);
      await run(command, { connection: 'gone' });
      assert.ok((await api.tokens()).every(({ connection }) => connection !== 'gone'));
      await fails(run(command, { connection: 'gone' }), 'E_CONFIG', /gone/);
    }
  });

  it('a setting that is no list is left as it is written', async () => {
    const settings = () => vscode.workspace.getConfiguration('sessionTokens');
    const before = settings().get<unknown[]>('connections', []);
    const forgotten = { name: 'without brackets', kind: 'sarus', url: sandbox.url };
    await setConnections(forgotten as unknown as unknown[]);
    await fails(run('addConnection', { ...forgotten, name: 'new' }), 'E_CONFIG', /settings/);
    assert.deepEqual(settings().get('connections'), forgotten);
    await setConnections(before);
  });

  it('settings of the wrong shape: the good entries are used', async () => {
    const [service] = sandbox.services;
    const before = vscode.workspace.getConfiguration('sessionTokens').get<unknown[]>('connections', []);
    await setConnections([
      ...before,
      { name: 'x', kind: 'carrier-pigeon', url: sandbox.url },
      'nonsense',
      { name: 'fine', kind: 'bmc-cra', url: sandbox.url, service },
      { name: 'fine', kind: 'bmc-cra', url: 'https://twice.invalid' },
    ]);
    assert.equal((await signIn('fine')).connection, 'fine');
    await assert.rejects(signIn('x'), { code: 'E_CONFIG' });
    await run('signOut', { connection: 'fine' });
  });
});
