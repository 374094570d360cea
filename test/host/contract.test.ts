import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { DataResult } from '../../src/commands/dataResult.ts';
import type { TokenInfo } from '../../src/core/tokens/token.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** Every command and the whole API of docs/contract.md, driven without a prompt. */
describe('the contract', () => {
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({ lifeSeconds: 60 });
  });

  after(async () => {
    await removeConnections();
    await sandbox.close();
  });

  for (const dialect of ['getData', 'views', 'auto'] as const) {
    it(`speaks CRA, dialect ${dialect}`, async () => {
      const api = await activated();
      const name = `cra-${dialect}`;
      const [service] = sandbox.services;
      await setConnections([{ name, kind: 'bmc-cra', url: sandbox.url, service, dialect }]);
      const before = sandbox.stats();

      const user = await api.signIn(name, { username: 'demo', password: 'demo' }, { remember: true });
      assert.equal(user.kind, 'user');
      assert.equal(user.connection, name);
      assert.equal(user.service, service);
      assert.equal(user.lifeMs, dialect === 'getData' ? 15 * 60_000 : 60_000);
      assert.equal(user.source, dialect === 'getData' ? 'estimated' : 'reported');
      assert.match(user.masked, /^••••/);

      const request = { connection: name, product: 'MVMVS', view: 'JCPU', show: false };
      const first = await run<DataResult>('getData', request);
      assert.equal(first.reused, false);
      assert.ok(first.rows.length > 0);
      assert.equal(first.totalRows, first.rows.length);
      assert.deepEqual(
        Object.keys(first.rows[0] ?? {}),
        first.columns.map(({ field }) => field),
      );
      assert.equal(first.session?.target, 'MVMVS/JCPU');
      assert.equal(first.session?.kind, 'session');
      assert.equal(typeof first.rows[0]?.ASICPSCA, 'string');

      const second = await api.getData(request);
      assert.equal(second.reused, true);
      assert.equal(second.session?.id, first.session?.id);
      assert.equal(sandbox.stats().opened - before.opened, 1);
      assert.equal(sandbox.stats().reused - before.reused, 1);

      const other = await run<DataResult>('getData', { ...request, session: 'new' });
      assert.equal(other.reused, false);
      assert.notEqual(other.session?.id, first.session?.id);
      const once = await run<DataResult>('getData', { ...request, view: 'JCSA', keepOpen: false });
      assert.equal(once.session, undefined);
      assert.equal(sandbox.stats().sessions - before.sessions, 2);

      const id = first.session?.id ?? '';
      const renewed = await run<TokenInfo>('keepAlive', { id });
      assert.equal(renewed.id, id);
      assert.ok(renewed.expiresAt >= (first.session?.expiresAt ?? 0));
      assert.equal((await run<TokenInfo>('keepAlive', { connection: name })).id, user.id);
      assert.equal(sandbox.stats().keepAlives - before.keepAlives, 2);
      assert.equal((await run<TokenInfo>('query', { id })).source, 'estimated');

      await run('copyToken', { id });
      const copied = await vscode.env.clipboard.readText();
      assert.equal(`••••${copied.slice(-4)}`, renewed.masked);

      await run('close', { id });
      assert.equal(sandbox.stats().sessions - before.sessions, 1);
      await assert.rejects(run('close', { id }), { code: 'E_UNKNOWN_TOKEN' });
      assert.deepEqual(await run('closeAll', { connection: name }), { closed: 1, failed: 0 });
      assert.equal(sandbox.stats().sessions - before.sessions, 0);
      assert.deepEqual(await run('signOut', { connection: name }), { closed: 0, failed: 0 });
      assert.deepEqual(
        (await api.tokens()).filter(({ connection }) => connection === name),
        [],
      );
      await assert.rejects(api.getData(request), { code: 'E_CREDENTIALS' });
    });
  }

  it('speaks SARUS', async () => {
    const api = await activated();
    await setConnections([{ name: 'market', kind: 'sarus', url: sandbox.url }]);
    const before = sandbox.stats();
    const token = await api.signIn('market', { email: 'demo@example.com', password: 'demo' });
    assert.equal(token.kind, 'session');
    assert.equal(token.source, 'reported');
    assert.ok(token.expiresAt <= Date.now() + token.lifeMs);
    assert.equal(sandbox.stats().sessions - before.sessions, 1);

    const data = await run<DataResult>('getData', {
      connection: 'market',
      endpoint: 'GetValues',
      params: { Series: ['EQUITY/OAKBA'], Periods: 5 },
      show: false,
    });
    assert.ok(data.rows.length > 0);
    assert.equal(data.session?.id, token.id);
    assert.equal((await run<TokenInfo>('query', { id: token.id })).source, 'reported');
    assert.equal((await run<TokenInfo>('keepAlive', { connection: 'market' })).id, token.id);
    assert.equal((await api.keepAlive(token.id)).id, token.id);
    await api.close(token.id);
    assert.equal(sandbox.stats().sessions - before.sessions, 0);
    await assert.rejects(api.query(token.id), { code: 'E_UNKNOWN_TOKEN' });
    assert.deepEqual(await api.closeAll(), { closed: 0, failed: 0 });
  });

  it('renews as the settings say now, whenever a token was issued', async () => {
    const api = await activated();
    const connection = { name: 'renewed', kind: 'sarus', url: sandbox.url };
    await setConnections([connection]);
    const { id } = await api.signIn('renewed', { apiKey: 'demo' });
    for (const keepAlive of ['auto', 'manual']) {
      const told = new Promise<void>((resolve) => {
        const listening = api.onDidChangeTokens(() => {
          listening.dispose();
          resolve();
        });
      });
      await setConnections([{ ...connection, keepAlive }]);
      await told;
      assert.equal((await api.tokens()).find((token) => token.id === id)?.keepAlive, keepAlive);
    }
    await run('signOut', { connection: 'renewed' });
  });

  it('starts and stops the sandbox gateway, one more command from a token', async () => {
    const api = await activated();
    const started = await run<{ url: string; connections: string[] }>('startSandbox', { lifeSeconds: 60 });
    assert.deepEqual(started.connections, ['sandbox-cra', 'sandbox-sarus']);
    for (const connection of started.connections) {
      assert.equal((await run<TokenInfo>('signIn', { connection })).state, 'expiring');
    }
    const stats = (await (await fetch(`${started.url}/sandbox/stats`)).json()) as Record<string, number>;
    assert.equal(stats.userTokens, 1);
    assert.equal(stats.sessions, 1);
    await run('stopSandbox');
    await assert.rejects(fetch(`${started.url}/sandbox/stats`));
    assert.deepEqual(
      (await api.tokens()).filter(({ connection }) => connection.startsWith('sandbox-')),
      [],
    );
  });

  it('starts the sandbox gateway again: nothing is left of the one before', async () => {
    const api = await activated();
    const isHeld = ({ connection }: TokenInfo) => connection.startsWith('sandbox-');
    const start = () => run<{ url: string }>('startSandbox');
    const stats = ({ url }: { url: string }) => fetch(`${url}/sandbox/stats`);
    const before = await start();
    await run('signIn', { connection: 'sandbox-sarus' });
    const [one, two] = await Promise.all([start(), start()]);
    assert.deepEqual((await api.tokens()).filter(isHeld), []);
    await run('signIn', { connection: 'sandbox-sarus' });
    await run('stopSandbox');
    for (const gone of [before, one, two]) {
      await assert.rejects(stats(gone));
    }
  });

  it('adds and removes connections at the same time', async () => {
    const names = ['one', 'two', 'three'];
    const all = () =>
      vscode.workspace.getConfiguration('sessionTokens').get<{ name: string }[]>('connections', []);
    const ours = () => all().flatMap(({ name }) => (names.includes(name) ? [name] : []));
    const add = (name: string) =>
      run('addConnection', { name, kind: 'sarus', url: 'https://gateway.invalid' });
    await Promise.all(names.map(add));
    assert.deepEqual(ours(), names);
    await Promise.all(names.map((connection) => run('removeConnection', { connection })));
    assert.deepEqual(ours(), []);
    const twice = await Promise.allSettled([add('one'), add('one')]);
    assert.deepEqual(
      twice.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    await run('removeConnection', { connection: 'one' });
  });

  it('adds and removes connections, and names what is wrong with one', async () => {
    await assert.rejects(run('addConnection', { name: 'x', kind: 'other', url: 'https://x' }), {
      code: 'E_CONFIG',
      message: /kind/,
    });
    const stored = await run<{ url: string }>('addConnection', {
      name: 'added',
      kind: 'sarus',
      url: 'https://gateway.invalid/',
    });
    assert.equal(stored.url, 'https://gateway.invalid');
    await assert.rejects(
      run('addConnection', { name: 'added', kind: 'sarus', url: 'https://gateway.invalid' }),
      { code: 'E_CONFIG' },
    );
    await run('removeConnection', { connection: 'added' });
    await assert.rejects(run('signIn', { connection: 'added' }), { code: 'E_CONFIG' });
  });

  it('never hands out a secret', async () => {
    const api = await activated();
    const [service] = sandbox.services;
    await setConnections([{ name: 'quiet', kind: 'bmc-cra', url: sandbox.url, service }]);
    await api.signIn('quiet', { username: 'demo', password: 'demo' });
    const { session } = await api.getData({
      connection: 'quiet',
      product: 'MVMVS',
      view: 'JCPU',
      show: false,
    });
    await run('copyToken', { id: session?.id });
    const secret = await vscode.env.clipboard.readText();
    assert.ok(secret.length > 8);
    assert.ok(!JSON.stringify(await api.tokens()).includes(secret));
    assert.ok(!JSON.stringify(vscode.workspace.getConfiguration('sessionTokens')).includes(secret));
    assert.deepEqual(await run('signOut', { connection: 'quiet' }), { closed: 1, failed: 0 });
  });
});
