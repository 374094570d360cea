import assert from 'node:assert/strict';
import { startSandbox } from '../sandbox/gateway.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, getData, signIn } from './sessions.ts';
import { until } from './until.ts';
import { labels, useWorkbench } from './workbench.ts';

describe('two windows of one VS Code', () => {
  const sandbox = useFixture(() => startSandbox({ lifeSeconds: 30 }));
  const vs = useWorkbench(() => ({
    settings: connectionTo(sandbox().url, { keepAlive: 'auto' }),
    sharedSecrets: true,
  }));

  it('show the same, renew once for each deadline, and leave each other’s sessions alone', async function () {
    this.timeout(240_000);
    await vs().showTokens();
    await signIn(vs(), { keep: 'Remember' });
    const other = await vs().anotherWindow();
    await other.showTokens();
    await other.waitForRows((rows) => rows.length === 2);
    // Signed out and in again: no result's tab keeps the pages busy meanwhile.
    await vs().palette('Session Tokens: Sign Out');
    for (const window of [vs(), other]) {
      await window.waitForRows((rows) => rows.length === 1);
    }
    const seen = [vs(), other].map((window) => window.whenRowAppears('BBI3SYSA'));
    await signIn(vs(), { keep: 'Remember' });
    const [here = 0, there = 0] = await Promise.all(seen);
    assert.ok(there - here <= 2_000, `seen by the other window ${there - here} ms later`);
    await getData(vs(), 'MVMVS/JCPU');
    for (const window of [vs(), other]) {
      await window.waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
    }

    // The session keeps the user token alive, so there is one renewal in each of its lives, whoever does it.
    const times: number[] = [];
    let counted = sandbox().stats().keepAlives;
    await until(
      'two renewals',
      async () => {
        const { keepAlives } = sandbox().stats();
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
    assert.equal(sandbox().stats().expired, 0);

    await getData(other, 'MVMVS/JCSA');
    await other.waitForRows((rows) => labels(rows).includes('MVMVS/JCSA'));
    await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCSA'));
    assert.equal(sandbox().stats().sessions, 2);
    await other.page.goto('about:blank');
    await until('the window to close its session', async () => sandbox().stats().closed === 1);
    // Within 2 s, and a moment for the eye of this test.
    await vs().waitForRows((rows) => !labels(rows).includes('MVMVS/JCSA'), 3_000);
    assert.deepEqual(labels(await vs().treeRows()), ['host', 'BBI3SYSA', 'MVMVS/JCPU']);
    assert.equal(sandbox().stats().sessions, 1);
  });
});
