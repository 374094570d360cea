import assert from 'node:assert/strict';
import { startSandbox } from '../sandbox/gateway.ts';
import { useFixture } from './fixture.ts';
import { connectionName, connectionTo, getResult, signIn } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** Messages that come by themselves are few, and are said once. */
describe('a notice', () => {
  const sandbox = useFixture(startSandbox);
  const vs = useWorkbench(() => ({ settings: connectionTo(sandbox().url) }));

  it('tells in one message of all that end together, and renews them from then on', async () => {
    await signIn(vs());
    await getResult(vs(), 'MVMVS/JCPU');
    await getResult(vs(), 'MVMVS/JCSA');
    await vs().showTokens();
    // Tokens of this gateway live for 900 s. Only now, so that both are there when the first is told of.
    await vs().setSettings({ 'sessionTokens.statusBar.warnAtSeconds': 885 });
    const { actions } = await vs().notification(
      /^2 tokens are about to expire, MVMVS\/JCPU .* first\.$/,
      40_000,
    );
    assert.deepEqual(actions, ['Keep Alive', 'Let It Expire', 'Always for This Connection']);
    assert.equal((await vs().notifications()).length, 1);

    await vs().answerNotification(/about to expire/, 'Always for This Connection');
    await until('both to be kept alive', async () => sandbox().stats().keepAlives === 2);
    const rows = await vs().waitForRows(
      (all) =>
        all.filter(({ label, description }) => /^MVMVS/.test(label) && /auto/.test(description)).length === 2,
    );
    assert.ok(rows.every(({ spoken }) => !/ends at/.test(spoken)));
    const [connection] = (await vs().settings())['sessionTokens.connections'] as { name: string }[];
    assert.deepEqual(connection, { ...connection, name: connectionName, keepAlive: 'auto' });
  });
});

describe('a sign-in that has expired', () => {
  const sandbox = useFixture(() => startSandbox({ lifeSeconds: 15 }));
  const connections = () =>
    [connectionName, 'other'].map((name) => ({
      name,
      kind: 'bmc-cra',
      url: sandbox().url,
      service: 'BBI3SYSA',
    }));
  const vs = useWorkbench(() => ({ settings: { 'sessionTokens.connections': connections() } }));

  it('is seen at its connection and where one is chosen, and the status bar offers to sign in again', async () => {
    await vs().showTokens();
    await vs().palette('Session Tokens: Sign Out');
    await vs().notification(/no connection with which this can be done.* sign in/);
    await vs().palette('Session Tokens: Keep Alive');
    const { actions } = await vs().notification(/no token for this/);
    assert.deepEqual(actions, ['Sign In Again', 'Show Log']);
    await signIn(vs(), { connection: connectionName });
    await vs().waitForStatusBar((text) => /expired/.test(text ?? ''), { timeoutMs: 30_000 });
    await vs().waitForRows(([row]) => row?.label === connectionName && row.description === 'signed out');
    await vs().palette('Session Tokens: Get Data');
    const offered = await vs().quickInput.offered(/Choose a connection/);
    assert.deepEqual(
      offered.map(({ description }) => description),
      ['', ''],
    );
    await vs().quickInput.cancel();
    await vs().statusBarItem().click();
    await vs().quickInput.pick(/./, 'Sign In Again');
    await vs().quickInput.waitFor(/Sign In to host \(Service BBI3SYSA\)/);
  });
});
