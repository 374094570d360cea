import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { FileClaims, machineIdIn } from '../../../src/vault/fileClaims.ts';

const minute = 60_000;

describe('file claims', () => {
  let folder: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'claims-'));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
    }
    await rm(folder, { recursive: true, force: true });
  });

  const here = (id: string, boot = 'b') => new FileClaims({ folder, id, boot });

  /** A window in a process of its own. */
  async function there(id: string) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'claimer.ts'), folder, id, 'b'], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    children.push(child);
    const waiting = new Map<string, ((result: string) => void)[]>();
    const heard = (command: string) =>
      new Promise<string>((resolve) => waiting.set(command, [...(waiting.get(command) ?? []), resolve]));
    const ready = heard('ready');
    createInterface({ input: child.stdout }).on('line', (line) => {
      const colon = line.indexOf(': ');
      waiting.get(line.slice(0, colon))?.shift()?.(line.slice(colon + 2));
    });
    await ready;
    return {
      ask: (command: string) => {
        const answer = heard(command);
        child.stdin.write(`${command}\n`);
        return answer;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await once(child, 'exit');
      },
    };
  }

  const age = async (ms: number) => {
    const at = new Date(Date.now() - ms);
    for (const name of await readdir(folder)) {
      await utimes(join(folder, name), at, at);
    }
  };

  it('are given to one of two processes', async () => {
    const [one, two] = await Promise.all([there('one'), there('two')]);
    for (let round = 0; round < 20; round++) {
      const command = `claim key-${round} ${minute}`;
      const answers = await Promise.all([one.ask(command), two.ask(command)]);
      assert.deepEqual(answers.sort(), ['false', 'true'], command);
    }
  });

  it('are given to one of two processes again when they are stale', async () => {
    const [one, two] = await Promise.all([there('one'), there('two')]);
    assert.equal(await one.ask(`claim key ${minute}`), 'true');
    for (let round = 0; round < 10; round++) {
      await age(2 * minute);
      const command = `claim key ${minute}`;
      const answers = await Promise.all([one.ask(command), two.ask(command)]);
      assert.deepEqual(answers.sort(), ['false', 'true'], `round ${round}`);
    }
  });

  it('know which windows live', async () => {
    const me = here('me');
    await me.enter();
    const other = await there('other');
    assert.equal(await me.lives('other'), false);
    await other.ask('enter');
    assert.equal(await me.lives('other'), true);
    assert.equal(await other.ask('lives me'), 'true');
    await me.leave();
    assert.equal(await other.ask('lives me'), 'false');
    await other.kill();
    assert.equal(await me.lives('other'), false);
  });

  it('take no process of this start of the machine for a window of an earlier one', async () => {
    await here('old', 'earlier').enter();
    assert.equal(await here('me').lives('old'), false);
  });

  it('lease to one living window, as often as it asks, and after its death to another', async () => {
    const me = here('me');
    const other = await there('other');
    await other.ask('enter');
    assert.equal(await other.ask(`lease key ${minute}`), 'true');
    assert.equal(await other.ask(`lease key ${minute}`), 'true');
    assert.equal(await me.lease('key', minute), false);
    await other.kill();
    assert.equal(await me.lease('key', minute), true);
    assert.equal(await me.lease('key', minute), true);
  });

  it('lease to another window what a living one has held too long', async () => {
    const [one, two] = [here('one'), here('two')];
    await one.enter();
    assert.equal(await one.lease('key', minute), true);
    await age(2 * minute);
    assert.equal(await two.lease('key', minute), true);
    await two.enter();
    assert.equal(await one.lease('key', minute), false);
  });

  it('lease to one window at a time, however often they take turns', async () => {
    let inside = 0;
    let most = 0;
    const turns = await Promise.all(
      ['a', 'b', 'c', 'd'].map(async (id) => {
        const claims = here(id);
        await claims.enter();
        let had = 0;
        for (let round = 0; round < 300; round++) {
          if (await claims.lease('turn', minute)) {
            had++;
            most = Math.max(most, ++inside);
            await new Promise((resolve) => setImmediate(resolve));
            inside--;
            await claims.release('turn');
          }
        }
        return had;
      }),
    );
    assert.ok(turns.some((had) => had > 0));
    assert.equal(most, 1);
    assert.deepEqual(
      (await readdir(folder)).filter((name) => name.startsWith('turn')),
      [],
    );
  });

  it('leave no file behind when released', async () => {
    const me = here('me');
    await here('you').lease('key', minute);
    await age(2 * minute);
    await me.lease('key', minute);
    assert.equal((await readdir(folder)).length, 2);
    await me.release('key');
    assert.deepEqual(await readdir(folder), []);
  });

  it('stay with a living window that has taken them over when their former one releases them', async () => {
    const [me, you, third] = [here('me'), here('you'), here('third')];
    await Promise.all([me.enter(), you.enter()]);
    await me.lease('key', minute);
    await age(2 * minute);
    assert.equal(await you.lease('key', minute), true);
    await me.release('key');
    assert.equal(await me.lease('key', minute), false);
    assert.equal(await third.lease('key', minute), false);
    assert.equal(await you.lease('key', minute), true);
    await you.leave();
    await third.release('key'); // It has left, so anybody may.
    assert.deepEqual(await you.claimed('key'), []);
  });

  it('are swept up at the next start when they are old, and windows when they are dead', async () => {
    await here('me').claim('old', minute);
    await age(3 * 24 * 60 * minute);
    await here('you').claim('new', minute);
    await writeFile(join(folder, 'window-dead'), '4194304999 b');
    const next = here('next');
    await next.enter();
    assert.deepEqual((await readdir(folder)).sort(), ['new.0', 'window-next']);
  });

  it('call no window of another machine dead, which nobody here can know', async () => {
    const me = here('m1.me');
    await me.enter();
    assert.equal(await me.lives('m2.other'), true);
    assert.equal(await me.lives('m1.gone'), false);
    // Two machines may share a folder of a network; what runs on one, the other cannot see.
    await here('m2.other', 'another').enter();
    await here('m1.next').enter();
    assert.equal(await me.lives('m2.other'), true);
    assert.equal(await here('m2.next', 'another').lives('m1.me'), true);
    assert.equal(await here('m2.next', 'another').lives('m2.other'), true);
    await age(3 * 24 * 60 * minute);
    await here('m1.later').enter();
    assert.deepEqual((await readdir(folder)).sort(), ['window-m1.later', 'window-m1.me', 'window-m1.next']);
  });

  it('know windows of version 0.1 by what those have written here', async () => {
    await here('old').enter();
    await here('dead', 'earlier').enter();
    const me = here('m1.me');
    assert.equal(await me.lives('old'), true);
    assert.equal(await me.lives('dead'), false);
    assert.equal(await me.lives('of-another-machine'), true);
  });

  it('are of a machine that is the same at each start, and another one for each name', async () => {
    const id = machineIdIn(folder, 'host');
    assert.equal(machineIdIn(folder, 'host'), id);
    assert.notEqual(machineIdIn(folder, 'other/host'), id);
    assert.equal(machineIdIn(folder, 'other/host'), machineIdIn(folder, 'other/host'));
    assert.match(id, /^[\w-]{36}$/);
    assert.match(machineIdIn(join(folder, 'machine-host', 'in-the-way'), 'host'), /^[\w-]{36}$/);
  });

  it('say so when the folder cannot be written', async () => {
    await mkdir(join(folder, 'in'));
    await writeFile(join(folder, 'in', 'the-way'), '');
    const claims = new FileClaims({ folder: join(folder, 'in', 'the-way', 'claims'), id: 'me', boot: 'b' });
    await assert.rejects(claims.claim('key', minute));
    await assert.rejects(claims.lease('key', minute));
    await assert.rejects(claims.enter());
  });
});
