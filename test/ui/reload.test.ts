import assert from 'node:assert/strict';
import { type Sandbox, startSandbox } from '../../src/sandbox/gateway.ts';
import { useWorkbench } from './workbench.ts';

/** What is held outlives the window; what a person did not want to outlive it is closed with it. */
describe('a reload', () => {
  const vs = useWorkbench();
  let sandbox: Sandbox;

  before(async () => {
    sandbox = await startSandbox({});
  });
  after(() => sandbox.close());

  async function openSession(closeOnExit: boolean): Promise<void> {
    const [service] = sandbox.services;
    const { quickInput } = vs();
    await vs().setSettings({
      'sessionTokens.connections': [{ name: 'host', kind: 'bmc-cra', url: sandbox.url, service }],
      'sessionTokens.closeOnExit': closeOnExit,
    });
    await vs().showTokens();
    await vs().palette('Session Tokens: Sign In');
    await quickInput.answer(/User/, 'demo');
    await quickInput.answer(/Password/, 'demo');
    await quickInput.pick(/Remember these/, 'Remember');
    await vs().waitForRows((rows) => rows.length === 2);
    await vs().palette('Session Tokens: Get Data');
    await quickInput.pick(/View, as PRODUCT/, 'MVMVS/JCPU');
    await vs().waitForRows((rows) => rows.length === 3);
  }

  it('finds tokens and credentials again', async () => {
    await openSession(false);
    const before = await vs().treeRows();
    await vs().page.reload();
    await vs().showTokens();
    const labels = (rows: readonly { label: string }[]) => rows.map(({ label }) => label);
    assert.deepEqual(labels(await vs().waitForRows((rows) => rows.length === 3)), labels(before));
    // The session goes on where it was, and nobody is asked for anything.
    const { reused } = sandbox.stats();
    await vs().palette('Session Tokens: Get Data');
    await vs().quickInput.pick(/View, as PRODUCT/, 'MVMVS/JCPU');
    await vs().webview().getByRole('grid').first().waitFor();
    assert.equal(sandbox.stats().reused, reused + 1);
    assert.equal(sandbox.stats().sessions, 1);
    await vs().palette('Session Tokens: Sign Out');
    await vs().waitForRows((rows) => rows.length === 1);
  });

  it('closes what its window opened', async () => {
    await openSession(true);
    assert.equal(sandbox.stats().sessions, 1);
    await vs().page.reload();
    await vs().showTokens();
    const rows = await vs().waitForRows((all) => all.length === 2);
    assert.deepEqual(
      rows.map(({ label }) => label),
      ['host', 'User token BBI3SYSA'],
    );
    assert.equal(sandbox.stats().sessions, 0);
  });
});
