import assert from 'node:assert/strict';
import { startSandbox } from '../sandbox/gateway.ts';
import { extensionHosts } from './extensionHosts.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, getData, openSession } from './sessions.ts';
import { until } from './until.ts';
import { labels, useWorkbench } from './workbench.ts';

describe('an extension host that is killed', function () {
  this.timeout(180_000);
  before(function () {
    if (process.platform !== 'linux') {
      this.skip(); // Nothing else tells which process it is.
    }
  });
  const sandbox = useFixture(startSandbox, { together: true });
  const vs = useWorkbench(() => ({ settings: connectionTo(sandbox().url) }), { together: true });

  /** Kills it while a request hangs, and starts anew. */
  async function kill(): Promise<void> {
    await until('the request', async () =>
      sandbox()
        .faults()
        .some(({ struck }) => struck > 0),
    );
    const { page } = vs();
    const url = page.url();
    const hosts = await extensionHosts();
    const tell = (signal: NodeJS.Signals): void => {
      for (const pid of hosts) {
        process.kill(pid, signal);
      }
    };
    // VS Code starts another one while the page is there, and one that hears of the page's end closes its sessions.
    tell('SIGSTOP');
    await page.goto('about:blank');
    tell('SIGKILL');
    await until('the end of the process', async () => (await extensionHosts()).length === 0);
    await sandbox().clearFaults();
    await vs().goTo(url);
    await vs().showTokens();
  }
  const sessions = (count: number): Promise<true> =>
    until(`${count} sessions in the gateway`, async () => sandbox().stats().sessions === count);

  it('in the middle of a renewal: the session is there and can be closed', async () => {
    await openSession(vs(), 'MVMVS/JCPU');
    sandbox().setFaults({ fault: 'hang', match: { operation: 'keepAlive' } });
    await vs().rowAction('MVMVS/JCPU', 'Keep Alive');
    await kill();
    await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
    await vs().palette('Session Tokens: Close All Sessions');
    await vs().waitForRows((rows) => rows.length === 2);
    await sessions(0);
  });

  for (const when of ['before', 'after'] as const) {
    it(`in the middle of a close, ${when} the gateway has done it: the next start ends it`, async () => {
      await openSession(vs(), 'MVMVS/JCPU');
      sandbox().setFaults({ fault: 'hang', when, match: { operation: 'close' } });
      await vs().rowAction('MVMVS/JCPU', 'Close Session');
      await kill();
      await vs().waitForRows((rows) => rows.length === 2);
      await sessions(0);
    });
  }

  it('in the middle of opening a session: what was held is there, and the new one ends by itself', async () => {
    await openSession(vs(), 'MVMVS/JCPU');
    sandbox().setFaults({ fault: 'hang', when: 'after', match: { operation: 'getData' } });
    await getData(vs(), 'MVMVS/JCSA');
    await kill();
    const rows = await vs().waitForRows((all) => all.length === 3);
    assert.deepEqual(labels(rows), ['host', 'BBI3SYSA', 'MVMVS/JCPU']);
    // Of the two that the gateway counts one was never heard of: its id was in the answer that did not come.
    assert.equal(sandbox().stats().sessions, 2);
    await vs().palette('Session Tokens: Close All Sessions');
    await vs().waitForRows((all) => all.length === 2);
    await sessions(1);
  });
});
