import assert from 'node:assert/strict';
import { startSandbox } from '../sandbox/gateway.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, getResult, openSession } from './sessions.ts';
import { until } from './until.ts';
import { labels, useWorkbench } from './workbench.ts';

/** What is held outlives the window; what a person did not want to outlive it is closed with it. */
describe('a reload', () => {
  const sandbox = useFixture(startSandbox, { together: true });
  const vs = useWorkbench(() => ({ settings: connectionTo(sandbox().url) }), { together: true });

  it('closes what its window opened', async () => {
    await openSession(vs(), 'MVMVS/JCPU');
    assert.equal(sandbox().stats().sessions, 1);
    await vs().page.reload();
    await vs().showTokens();
    const rows = await vs().waitForRows((all) => all.length === 2);
    assert.deepEqual(labels(rows), ['host', 'BBI3SYSA']);
    await until('the gateway to have closed it', async () => sandbox().stats().sessions === 0);
  });

  it('finds tokens and credentials again', async () => {
    await vs().setSettings({ 'sessionTokens.closeOnExit': false });
    await openSession(vs(), 'MVMVS/JCPU');
    const before = await vs().treeRows();
    await vs().page.reload();
    await vs().showTokens();
    assert.deepEqual(labels(await vs().waitForRows((rows) => rows.length === 3)), labels(before));
    // The session goes on where it was, and nobody is asked for anything.
    const { reused } = sandbox().stats();
    await getResult(vs(), 'MVMVS/JCPU');
    await until('the session to be used again', async () => sandbox().stats().reused === reused + 1);
    assert.equal(sandbox().stats().sessions, 1);
    await vs().palette('Session Tokens: Sign Out');
    await vs().waitForRows((rows) => rows.length === 1);
  });
});
