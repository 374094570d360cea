import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startSandbox } from '../sandbox/gateway.ts';
import { run } from '../workbench/processes.ts';
import { fewBuiltIn, startServer } from '../workbench/server.ts';
import { useFixture } from './fixture.ts';
import { connectionTo, getData, signIn } from './sessions.ts';
import { until, waitMs } from './until.ts';
import { labels, useWorkbench } from './workbench.ts';

const lifeSeconds = 90;

/** The time of day in the description of a live token, in milliseconds. */
function endOf(description: string): number {
  const [, time, half] = /(\d+:\d\d:\d\d)\s([AP]M)/.exec(description) ?? [];
  return Date.parse(`2026-01-01 ${time} ${half}`);
}

/** How long the other machine has been running when this one starts, in seconds: ten days. */
const upSeconds = 864_000;

/**
 * What starts a program on another machine, as far as clocks and the kernel go: namespaces of Linux, in which the
 * machine has been up for longer, and has another boot id. Only the wall clock is this machine's.
 */
async function otherMachine(folder: string): Promise<readonly string[] | undefined> {
  const bootId = join(folder, 'boot_id');
  await writeFile(bootId, `${randomUUID()}\n`);
  const enter = `mount --bind ${bootId} /proc/sys/kernel/random/boot_id && exec "$@"`;
  const within = [
    ...['unshare', ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'])],
    ...['--mount', '--time', '--boottime', String(upSeconds), 'sh', '-c', enter, 'sh'],
  ];
  const [program = '', ...args] = within;
  return (await run(program, [...args, 'true'])).code === 0 ? within : undefined;
}

describe('windows of one person on two machines', () => {
  const sandbox = useFixture(() => startSandbox({ lifeSeconds }));
  const vs = useWorkbench(() => ({
    settings: connectionTo(sandbox().url, { keepAlive: 'auto' }),
    sharedSecrets: true,
  }));
  let folder = '';
  let within: readonly string[] | undefined;

  before('make another machine', async function () {
    folder = await mkdtemp(join(tmpdir(), 'st-ui-machine-'));
    within = await otherMachine(folder);
    if (within === undefined) {
      console.log('This system lets nobody here have a machine with other clocks.');
      this.skip();
    }
  });
  after(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  });

  it('see the same lives, renew once for a deadline, and leave each other’s sessions alone', async function () {
    this.timeout(300_000);
    const server = await startServer({
      dataDir: folder,
      extensionsDir: join(process.env.UI_DATA_DIR ?? '', 'extensions'),
      builtIn: fewBuiltIn,
      graceSeconds: 1,
      within: within ?? [],
    });
    try {
      await vs().showTokens();
      await signIn(vs(), { keep: 'Remember' });
      await getData(vs(), 'MVMVS/JCPU');
      await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCPU'));
      const there = await vs().windowOn(server);
      await there.showTokens();
      let seen: string[] = [];
      const sameEnds = () =>
        until(
          'one end on both machines',
          async () => {
            const rows = [await vs().treeRows(), await there.treeRows()];
            seen = rows.map((all) => all.at(-1)?.description ?? '');
            const [mine = Number.NaN, theirs] = seen.map(endOf);
            return Math.abs(mine - (theirs ?? Number.NaN)) <= 3_000;
          },
          waitMs,
          () => seen.join(' and '),
        );
      await there.waitForRows((rows) => rows.length === 3);
      await sameEnds();
      assert.equal(sandbox().stats().keepAlives, 0);

      // Whatever the machine over there can tell, this is renewed by the one that has heard of it from the gateway.
      await until('a renewal', async () => sandbox().stats().keepAlives > 0, lifeSeconds * 1_000);
      await sameEnds();
      await delay(0.2 * lifeSeconds * 1_000);
      assert.equal(sandbox().stats().keepAlives, 1);
      assert.equal(sandbox().stats().expired, 0);

      await getData(there, 'MVMVS/JCSA');
      await vs().waitForRows((rows) => labels(rows).includes('MVMVS/JCSA'));
      await sameEnds();
      await there.page.goto('about:blank');
      await until('the window to close its session', async () => sandbox().stats().closed === 1);
      // What is open is the other machine's; that it closed its own, this one hears when it tries that.
      assert.equal(sandbox().stats().sessions, 1);
      assert.ok(labels(await vs().treeRows()).includes('MVMVS/JCPU'));
    } finally {
      await server.stop();
    }
  });
});
