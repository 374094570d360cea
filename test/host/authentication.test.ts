import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { TokenProvider } from '../../src/authentication/provider.ts';
import { SystemClock } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
import type { TreeNode } from '../../src/views/nodes.ts';
import { connect } from '../connect.ts';
import { connectionOf } from '../connectionOf.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../simulate/shared.ts';
import { plainReader, TestWindow } from '../simulate/window.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

describe('the sign-in for other extensions', () => {
  it('is told of the first token of a window, for which somebody waits', async () => {
    const api = await activated();
    const ask = () => vscode.authentication.getSession('sessionTokens.sarus', [], { silent: true });
    assert.equal(await ask(), undefined);
    const sandbox = await startSandbox({});
    await setConnections([{ name: 'first', kind: 'sarus', url: sandbox.url }]);
    const told = new Promise<void>((resolve) => {
      vscode.authentication.onDidChangeSessions(
        ({ provider }) => provider.id === 'sessionTokens.sarus' && resolve(),
      );
    });
    await api.signIn('first', { apiKey: 'demo' });
    await told;
    await run('signOut', { connection: 'first' });
    await removeConnections();
    await sandbox.close();
  });
});

type Changes = vscode.AuthenticationProviderAuthenticationSessionsChangeEvent;

describe('security: tokens for other extensions', () => {
  let sandbox: Sandbox;
  let window: TestWindow;
  /** What a person answers who signs in. */
  let key: string;
  let connections: Connection[];

  before(async () => {
    sandbox = await startSandbox({});
  });

  after(() => sandbox.close());

  beforeEach(() => {
    const clock = new SystemClock();
    connections = [
      connectionOf({ name: 'market', kind: 'sarus', url: sandbox.url }),
      connectionOf({ name: 'host', kind: 'bmc-cra', url: sandbox.url, service: sandbox.services[0] }),
    ];
    window = new TestWindow({
      clock,
      store: new SharedStorage().window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections,
      connect: (connection, { redactor, log }) =>
        connect(connection, { clock, redactor, log, maxResponseBytes: () => 1_048_576 }),
      name: 'w',
    });
  });

  afterEach(() => window.dispose());

  function provider(kind: 'sarus' | 'bmc-cra'): { provider: TokenProvider; events: Changes[] } {
    const made = new TokenProvider({
      kind,
      ready: Promise.resolve(),
      keeper: window.keeper,
      connections: { find: (name) => connections.find((connection) => connection.name === name) },
      log: window.log,
      run: async (id, input) =>
        id === 'sessionTokens.pickConnection'
          ? (input as { connection: string }).connection
          : window.keeper.signIn((input as TreeNode).args.connection, { login: { apiKey: key } }),
    });
    const events: Changes[] = [];
    made.onDidChangeSessions((change) => events.push(change));
    return { provider: made, events };
  }

  it('are those of the connection in the scope, told when they come, change and go', async () => {
    const { keeper } = window;
    const { provider: sarus, events } = provider('sarus');
    const token = await keeper.signIn('market', { login: { apiKey: 'demo' } });
    const [session] = await sarus.getSessions(['connection:market']);
    assert.equal(session?.id, token.id);
    assert.equal(session?.accessToken, keeper.reveal(token.id));
    assert.deepEqual(session?.scopes, ['connection:market']);
    assert.deepEqual(await sarus.getSessions(['connection:host']), []);
    assert.equal(events.length, 1);
    assert.equal(events[0]?.added?.length, 1);

    await keeper.signIn('market', { login: { apiKey: 'demo' } });
    assert.equal(events.at(-1)?.changed?.[0]?.accessToken, keeper.reveal(token.id));
    assert.notEqual(events.at(-1)?.changed?.[0]?.accessToken, session?.accessToken);

    const before = events.length;
    await keeper.keepAlive(token.id);
    assert.equal(events.length, before, 'a longer life is no other token');

    await sarus.removeSession(token.id);
    assert.equal(events.at(-1)?.removed?.[0]?.id, token.id);
    assert.deepEqual(await sarus.getSessions(), []);
    assert.equal(sandbox.stats().sessions, 0, 'closed at its gateway too');
    sarus.dispose();
  });

  it('of a CRA gateway are user tokens, never sessions', async () => {
    const { provider: cra } = provider('bmc-cra');
    const user = await window.keeper.signIn('host', { login: { username: 'demo', password: 'demo' } });
    await window.keeper.getData(
      { connection: 'host', product: 'MVMVS', view: 'JCPU' },
      { makeReader: plainReader },
    );
    assert.deepEqual(
      (await cra.getSessions()).map(({ id }) => id),
      [user.id],
    );
    assert.deepEqual(await provider('sarus').provider.getSessions(), []);
    await window.keeper.closeAll();
  });

  it('are those of a new sign-in, or it is said why there is none', async () => {
    const { provider: sarus } = provider('sarus');
    key = 'demo';
    const { id } = await sarus.createSession(['connection:market']);
    assert.equal(window.keeper.token(id).connection, 'market');
    await sarus.removeSession(id);
    key = 'wrong';
    await assert.rejects(sarus.createSession(['connection:market']), { code: 'E_CREDENTIALS' });
    await sandbox.close();
    await assert.rejects(sarus.createSession(['connection:market']), { code: 'E_NETWORK' });
    sandbox = await startSandbox({});
  });

  it('are taken back when their connection leads elsewhere', async () => {
    const { provider: sarus, events } = provider('sarus');
    const token = await window.keeper.signIn('market', { login: { apiKey: 'demo' } });
    assert.equal((await sarus.getSessions()).length, 1);
    connections[0] = connectionOf({ name: 'market', kind: 'sarus', url: 'https://elsewhere.invalid' });
    window.keeper.replanAll(); // As it does when the settings change.
    assert.equal(events.at(-1)?.removed?.[0]?.id, token.id);
    assert.deepEqual(await sarus.getSessions(), []);
    connections[0] = connectionOf({ name: 'market', kind: 'sarus', url: sandbox.url });
    window.keeper.replanAll();
    assert.equal(events.at(-1)?.added?.[0]?.id, token.id);
  });
});
