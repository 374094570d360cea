import assert from 'node:assert/strict';
import { type Sandbox, startSandbox } from '../../src/sandbox/gateway.ts';
import { extensionHosts } from './extensionHosts.ts';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { type TreeRow, useWorkbench, type Workbench } from './workbench.ts';

const labels = (rows: readonly TreeRow[]) => rows.map(({ label }) => label);

/** How people open sessions, in whichever window. */
async function signIn(vs: Workbench, sandbox: Sandbox, more: object = {}): Promise<void> {
  const [service] = sandbox.services;
  await vs.setSettings({
    'sessionTokens.connections': [{ name: 'host', kind: 'bmc-cra', url: sandbox.url, service, ...more }],
  });
  await vs.showTokens();
  await vs.palette('Session Tokens: Sign In');
  await vs.quickInput.answer(/User/, 'demo');
  await vs.quickInput.answer(/Password/, 'demo');
  await vs.quickInput.pick(/Remember these/, 'Remember');
  await vs.waitForRows((rows) => rows.length === 2);
}

async function getData(vs: Workbench, view: string): Promise<void> {
  await vs.palette('Session Tokens: Get Data');
  await vs.quickInput.pick(/View, as PRODUCT/, view);
}

/** The same, to its end. */
async function openSession(vs: Workbench, view: string): Promise<void> {
  await getData(vs, view);
  await new ResultTab(vs).stands();
}

describe('two windows of one VS Code', () => {
  const vs = useWorkbench({ sharedSecrets: true });
  let sandbox: Sandbox;

  beforeEach(async () => {
    sandbox = await startSandbox({ lifeSeconds: 30 });
  });
  afterEach(() => sandbox.close());

  it('show the same, renew once for each deadline, and leave each other’s sessions alone', async function () {
    this.timeout(240_000);
    await signIn(vs(), sandbox, { keepAlive: 'auto' });
    const other = await vs().anotherWindow();
    await other.showTokens();
    await other.waitForRows((rows) => rows.length === 2);
    const seen = [vs(), other].map((window) => window.whenRowAppears('MVMVS/JCPU'));
    await getData(vs(), 'MVMVS/JCPU');
    const [here = 0, there = 0] = await Promise.all(seen);
    assert.ok(there - here <= 2_000, `seen by the other window ${there - here} ms later`);

    // The session keeps the user token alive, so there is one renewal in each of its lives, whoever does it.
    const times: number[] = [];
    let counted = sandbox.stats().keepAlives;
    await until(
      'two renewals',
      async () => {
        const { keepAlives } = sandbox.stats();
        for (; counted < keepAlives; counted++) {
          times.push(performance.now());
        }
        return times.length >= 2;
      },
      90_000,
      () => `there were ${times.length}`,
    );
    for (const [index, at] of times.entries()) {
      const before = times[index - 1];
      assert.ok(before === undefined || at - before > 12_000, `renewals ${at - (before ?? 0)} ms apart`);
    }
    assert.equal(sandbox.stats().expired, 0);

    await getData(other, 'MVMVS/JCSA');
    await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCSA'));
    assert.equal(sandbox.stats().sessions, 2);
    await other.page.goto('about:blank');
    await until('the window to close its session', async () => sandbox.stats().closed === 1);
    // Within 2 s, and a moment for the eye of this test.
    await vs().waitForRows((rows) => !labels(rows).includes('MVMVS/JCSA'), 3_000);
    assert.deepEqual(labels(await vs().treeRows()), ['host', 'User token BBI3SYSA', 'MVMVS/JCPU']);
    assert.equal(sandbox.stats().sessions, 1);
  });
});

describe('an extension host that is killed', function () {
  this.timeout(180_000);
  const vs = useWorkbench();
  let sandbox: Sandbox;

  beforeEach(async function () {
    if (process.platform !== 'linux') {
      this.skip(); // Nothing else tells which process it is.
    }
    sandbox = await startSandbox();
  });
  afterEach(() => sandbox?.close());

  /** Kills it while a request hangs, and starts anew. */
  async function killDuring(struck: () => boolean): Promise<void> {
    await until('the request', async () => struck());
    for (const pid of await extensionHosts()) {
      process.kill(pid, 'SIGKILL');
    }
    await until('the end of the process', async () => (await extensionHosts()).length === 0);
    await sandbox.clearFaults();
    await vs().page.reload();
    await vs().showTokens();
  }
  const struck = () => sandbox.faults().some((rule) => rule.struck > 0);

  it('in the middle of opening a session: what was held is there, and the new one ends by itself', async () => {
    await signIn(vs(), sandbox);
    await openSession(vs(), 'MVMVS/JCPU');
    await vs().waitForRows((rows) => rows.length === 3);
    sandbox.setFaults({ fault: 'hang', when: 'after', match: { operation: 'getData' } });
    await getData(vs(), 'MVMVS/JCSA');
    await killDuring(struck);
    const rows = await vs().waitForRows((all) => all.length === 3);
    assert.deepEqual(labels(rows), ['host', 'User token BBI3SYSA', 'MVMVS/JCPU']);
    // Of the two that the gateway counts one was never heard of: its id was in the answer that did not come.
    assert.equal(sandbox.stats().sessions, 2);
    await vs().palette('Session Tokens: Close All Sessions');
    await vs().waitForRows((all) => all.length === 2);
    assert.equal(sandbox.stats().sessions, 1);
  });

  it('in the middle of a renewal: the session is there and can be closed', async () => {
    await signIn(vs(), sandbox);
    await openSession(vs(), 'MVMVS/JCPU');
    await vs().waitForRows((rows) => rows.length === 3);
    sandbox.setFaults({ fault: 'hang', match: { operation: 'keepAlive' } });
    await vs().rowAction('MVMVS/JCPU', 'Keep Alive');
    await killDuring(struck);
    await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
    await vs().palette('Session Tokens: Close All Sessions');
    await vs().waitForRows((rows) => rows.length === 2);
    assert.equal(sandbox.stats().sessions, 0);
  });

  for (const when of ['before', 'after'] as const) {
    it(`in the middle of a close, ${when} the gateway has done it: the next start ends it`, async () => {
      await signIn(vs(), sandbox);
      await openSession(vs(), 'MVMVS/JCPU');
      await vs().waitForRows((rows) => rows.length === 3);
      sandbox.setFaults({ fault: 'hang', when, match: { operation: 'close' } });
      await vs().rowAction('MVMVS/JCPU', 'Close Session');
      await killDuring(struck);
      await vs().waitForRows((rows) => rows.length === 2);
      assert.equal(sandbox.stats().sessions, 0);
    });
  }
});
