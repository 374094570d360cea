import assert from 'node:assert/strict';
import { remaining } from '../../../../src/core/tokens/deadline.ts';
import type { TestWindow } from '../../../simulate/window.ts';
import { demo, Gate, key, lifeMs, type Machine, Rig } from './rig.ts';

const minute = 60_000;
const life = 15 * minute;

/** Windows of one person share the secret storage, also where they are connected to other machines. */
describe('two machines over one secret storage', () => {
  let rig: Rig;
  /** By how much the other machine's wall clock goes before, or how long it has been up. */
  const others: { readonly title: string; readonly aheadMs: number; readonly up: number; boots?: boolean }[] =
    [
      { title: 'with one wall clock', aheadMs: 0, up: 100_000_000 },
      { title: '10 minutes ahead', aheadMs: 10 * minute, up: 100_000_000 },
      { title: '10 minutes behind', aheadMs: -10 * minute, up: 5_000 },
      { title: 'a day ahead', aheadMs: 1_440 * minute, up: 5_000 },
      { title: 'an hour behind, started long ago', aheadMs: -60 * minute, up: 100_000_000 },
      {
        title: '7 minutes ahead, on systems that do not tell their starts',
        aheadMs: 7 * minute,
        up: 5_000,
        boots: false,
      },
      {
        title: '7 minutes behind, on systems that do not tell their starts',
        aheadMs: -7 * minute,
        up: 9e8,
        boots: false,
      },
    ];

  afterEach(() => rig.end());

  /** One window on each machine; a storage that takes a moment to tell. */
  async function two(
    { aheadMs, up, boots = true }: (typeof others)[number],
    settings: Record<string, unknown> = {},
  ): Promise<[TestWindow, TestWindow, Machine]> {
    rig = new Rig(settings, { lifeMs: life });
    const machine = rig.machine('other', aheadMs, up);
    rig.clock.tellsBoot = boots;
    machine.clock.tellsBoot = boots;
    const here = await rig.open('fake.here');
    const there = await rig.open('other.there', undefined, machine);
    return [here, there, machine];
  }

  /** As the gateway knows it, or less by what the news may have been under way. */
  function assertLeft(window: TestWindow, id: string, leftMs: number): void {
    const left = window.keeper.token(id).expiresAt - window.clock.now().wall;
    assert.ok(left <= leftMs + 1 && left >= leftMs - 3_000, `${window.name}: ${left} ms left of ${leftMs}`);
  }

  for (const other of others) {
    describe(other.title, () => {
      it('a token has the same life left on both, whichever opened it', async () => {
        const [here, there] = await two(other);
        for (const [window, name, login] of [
          [here, 'sarus', key],
          [there, 'cra', demo],
        ] as const) {
          const { id } = await window.keeper.signIn(name, { login });
          await rig.pass(minute, 1_000);
          for (const one of [here, there]) {
            assert.equal(one.keeper.token(id).state, 'live', one.name);
            assertLeft(one, id, life - minute);
          }
        }
      });

      it('so it has in a window that opens later and finds it', async () => {
        const [here, , machine] = await two(other);
        const { id } = await here.keeper.signIn('sarus', { login: key });
        const { id: user } = await here.keeper.signIn('cra', { login: demo });
        await rig.pass(minute, 1_000);
        const later = await rig.open('other.later', undefined, machine);
        await rig.pass(1_000);
        for (const one of [here, later]) {
          assertLeft(one, id, life - minute - 1_000);
          assertLeft(one, user, life - minute - 1_000);
        }
        // The other machine has only read it, and changed nothing.
        await rig.pass(12 * minute, 1_000);
        assertLeft(here, id, life - 13 * minute - 1_000);
        assertLeft(here, user, life - 13 * minute - 1_000);
        await rig.pass(2 * minute, 1_000);
        for (const one of [here, later]) {
          assert.equal(one.keeper.token(id).state, 'expired');
          assert.equal(one.keeper.token(user).state, 'expired');
        }
      });

      it('what one machine alone may know is not written down by the other', async () => {
        const [here, there, machine] = await two(other);
        const { id } = await here.keeper.signIn('cra', { login: demo });
        await rig.pass(minute, 1_000);
        rig.crash(here);
        rig.crash(there);
        await rig.open('other.alone', undefined, machine);
        await rig.pass(5 * minute, 1_000);
        const again = await rig.open('fake.again');
        assertLeft(again, id, life - 6 * minute);
      });

      it('one machine renews for each deadline, and another one when that is gone', async () => {
        const [here, there] = await two(other, { keepAlive: 'auto' });
        const { id } = await here.keeper.signIn('sarus', { login: key });
        const count = () => rig.sarus.count('keepAlive');
        await rig.pass(60 * minute, 1_000);
        assert.equal(count(), 4);
        rig.crash(here);
        await rig.pass(60 * minute, 1_000);
        assert.equal(count(), 8);
        assert.equal(there.keeper.token(id).state, 'live');
        const back = await rig.open('fake.back');
        await rig.pass(60 * minute, 1_000);
        assert.ok(count() <= 13, String(count()));
        assert.equal(rig.sarus.expired.size, 0);
        for (const one of [there, back]) {
          assertLeft(one, id, one.keeper.token(id).expiresAt - one.clock.now().wall);
        }
      });

      it('a token of a machine that is gone is asked after, or tried', async () => {
        const [here, there, machine] = await two(other);
        const { id } = await here.keeper.signIn('sarus', { login: key });
        await here.keeper.signIn('cra', { login: demo });
        await rig.getData(here);
        await rig.pass(8 * minute, 1_000);
        rig.crash(here);
        rig.crash(there);
        const alone = await rig.open('other.alone', undefined, machine);
        await rig.pass(5_000);
        assertLeft(alone, id, life - 8 * minute - 5_000);
        const got = await rig.getData(alone);
        assert.equal(got.reused, true);
        assert.equal(rig.cra.count('signIn'), 1);
        rig.assertInStep(alone);
      });

      it('news of two machines are told apart by when they were, not by their wall clocks', async () => {
        const [here, there] = await two(other);
        const { id } = await here.keeper.signIn('sarus', { login: key });
        for (const window of [there, here, there, there, here, here]) {
          await rig.pass(2 * minute, 1_000);
          await rig.getSarus(window);
          await rig.pass(2_000);
          for (const one of [here, there]) {
            assertLeft(one, id, life - 2_000);
          }
        }
        rig.clock.jumpWall(30 * minute);
        await rig.getSarus(there);
        await rig.pass(minute, 1_000);
        assertLeft(here, id, life - minute);
      });

      it('a renewal holds over what another machine was told at the same time', async () => {
        const [here, there] = await two(other);
        const { id } = await here.keeper.signIn('sarus', { login: key });
        await rig.pass(10 * minute, 1_000);
        for (const [renewing, asking] of [
          [here, there],
          [there, here],
        ] as const) {
          await Promise.all([asking.keeper.remainingLife(id), renewing.keeper.keepAlive(id)]);
          await rig.pass(minute, 1_000);
          for (const one of [here, there]) {
            assertLeft(one, id, life - minute);
          }
          await rig.pass(9 * minute, 1_000);
        }
      });
    });
  }

  it('a machine that is started anew knows its own, and the other goes on knowing it', async () => {
    const [here, there] = await two({ title: '', aheadMs: 10 * minute, up: 100_000_000 });
    const { id } = await here.keeper.signIn('sarus', { login: key });
    await rig.pass(minute, 1_000);
    rig.crash(here);
    rig.clock.reboot(0);
    const again = await rig.open('fake.again');
    await rig.pass(minute, 1_000);
    for (const one of [again, there]) {
      assertLeft(one, id, life - 2 * minute);
    }
  });

  it('a container has the clock of its machine but claims of its own, and does not renew for the same deadline', async () => {
    rig = new Rig({ keepAlive: 'auto' }, { lifeMs: life });
    const box = rig.machine('box', 0, rig.clock.now().up);
    const now = box.clock.now.bind(box.clock);
    box.clock.now = () => ({ ...now(), boot: rig.clock.now().boot });
    const here = await rig.open('fake.here');
    await rig.open('box.there', () => rig.settle(), box);
    await here.keeper.signIn('sarus', { login: key });
    await here.keeper.signIn('cra', { login: demo });
    await rig.pass(60 * minute, 1_000);
    assert.equal(rig.sarus.count('keepAlive'), 4);
    assert.equal(rig.cra.count('keepAlive'), 4);
  });

  for (const { title, hereMs = 0, thereMs = 0, isFirst = false } of [
    { title: '' },
    { title: ', when the wall clock that hears them was set ahead meanwhile', hereMs: 60 * minute },
    { title: ', when the wall clock that hears them was set back meanwhile', hereMs: -10 * minute },
    { title: ', when the wall clock of their writer was set ahead meanwhile', thereMs: 60 * minute },
    { title: ', when the wall clock of their writer was set back meanwhile', thereMs: -10 * minute },
    { title: ', when they are the first of that machine', isFirst: true },
  ]) {
    it(`news that were long under way are not taken for a change of the clocks${title}`, async () => {
      rig = new Rig({}, { lifeMs: life });
      const machine = rig.machine('other', -3 * minute);
      const gate = new Gate();
      const here = await rig.open('fake.here', gate.passed);
      const ids: string[] = [];
      const there = await rig.open('other.there', undefined, machine);
      const signIn = async () => {
        ids.push((await there.keeper.signIn('sarus', { login: key })).id);
        ids.push((await there.keeper.signIn('cra', { login: demo })).id);
      };
      if (!isFirst) {
        await signIn();
        await rig.pass(minute, 1_000);
      }
      // This machine sleeps, or is cut off; what the other one writes is heard 10 minutes later.
      gate.close();
      rig.clock.jumpWall(hereMs);
      machine.clock.jumpWall(thereMs);
      if (isFirst) {
        await signIn();
      }
      await rig.getSarus(there);
      await there.keeper.keepAlive(ids[1] ?? '');
      await rig.pass(10 * minute, 1_000);
      gate.open();
      gate.release();
      await rig.pass(minute, 1_000);
      for (const id of ids) {
        assertLeft(here, id, life - 11 * minute);
      }
    });
  }

  it('news that were long under way are not taken for the answer of a machine that was asked for its clocks', async () => {
    const [, there] = await two({ title: '', aheadMs: 10 * minute, up: 5_000 });
    const sarus = await there.keeper.signIn('sarus', { login: key });
    const cra = await there.keeper.signIn('cra', { login: demo });
    await rig.pass(minute, 1_000);
    // A window opens, and asks; then its machine sleeps for 10 minutes.
    const gate = new Gate();
    const second = await rig.open('fake.second', gate.passed);
    gate.close();
    await rig.getSarus(there);
    await there.keeper.keepAlive(cra.id);
    await rig.pass(10 * minute, 1_000);
    gate.open();
    gate.release();
    await rig.pass(minute, 1_000);
    for (const { id } of [sarus, cra]) {
      assertLeft(second, id, life - 11 * minute);
    }
  });

  it('a machine that removes the entry in which it is asked for its clocks is asked in another one', async () => {
    rig = new Rig({}, { lifeMs: life });
    const gate = new Gate();
    const isEnded = () => rig.sarus.count('close') > 0;
    const lag = () => (isEnded() ? gate.passed() : Promise.resolve());
    const there = await rig.open('other.there', lag, rig.machine('other', -8 * minute));
    const { id: asked } = await there.keeper.signIn('sarus', { login: key });
    const { id } = await there.keeper.signIn('cra', { login: demo });
    await rig.pass(minute, 1_000);
    gate.close();
    const closing = there.keeper.close(asked);
    await rig.settle();
    assert.ok(isEnded()); // And it is about to write that.
    const later = await rig.open('fake.later');
    await rig.settle();
    assert.match(rig.storage.entries.get(asked) ?? '', /"asks":true/);
    gate.open();
    gate.release();
    await closing;
    await rig.pass(10_000, 1_000);
    assert.equal(rig.storage.entries.has(asked), false);
    assertLeft(later, id, life - minute - 10_000);
  });

  for (const { title, by } of [
    { title: 'another window', by: 'here' },
    { title: 'the one that asks', by: 'later' },
  ] as const) {
    it(`a machine that sleeps while it is asked for its clocks answers when it wakes: ${title} has renewed the token since`, async () => {
      rig = new Rig({}, { lifeMs: life });
      const gate = new Gate();
      const there = await rig.open('other.there', gate.passed, rig.machine('other', -8 * minute));
      const here = await rig.open('fake.here');
      const { id: asked } = await there.keeper.signIn('cra', { login: demo });
      await rig.getData(there, { keepOpen: true });
      await rig.pass(10_000, 1_000);
      gate.close();
      const windows = { here, later: await rig.open('fake.later') };
      await rig.settle();
      assert.match(rig.storage.entries.get(asked) ?? '', /"asks":true/);
      await rig.pass(minute, 1_000);
      await windows[by].keeper.keepAlive(asked);
      await rig.settle();
      gate.open();
      gate.release();
      await rig.pass(10_000, 1_000);
      const session = windows.later.keeper.tokens('cra').find(({ kind }) => kind === 'session');
      assertLeft(windows.later, session?.id ?? '', life - minute - 20_000);
    });
  }

  /** A user token from here, whose session a machine that is gone was the last to renew. */
  async function keptByAnother(): Promise<TestWindow> {
    const [here, there] = await two({ title: '', aheadMs: -1_440 * minute, up: 5_000 });
    await here.keeper.signIn('cra', { login: demo, remember: true });
    await rig.getData(here);
    await rig.pass(minute, 1_000);
    rig.crash(here);
    for (let call = 0; call < 3; call++) {
      await rig.getData(there);
      await rig.pass(10 * minute, 1_000);
    }
    rig.crash(there);
    return rig.open('fake.again');
  }

  it('a user token that only sessions of a machine that is gone may keep alive is tried', async () => {
    const again = await keptByAnother();
    assert.equal((await rig.getData(again)).reused, true);
    assert.equal(rig.cra.count('signIn'), 1);
    assert.equal(rig.cra.sessions.size, 1);
  });

  it('so it is after its own machine was started anew', async () => {
    rig.crash(await keptByAnother());
    rig.clock.reboot(0);
    const again = await rig.open('fake.anew');
    assert.equal((await rig.getData(again)).reused, true);
    assert.equal(rig.cra.count('signIn'), 1);
  });

  it('once its gateway has refused it, no session that was heard of before has it tried again', async () => {
    const again = await keptByAnother();
    rig.credentials.entries.clear();
    rig.cra.restart();
    await assert.rejects(rig.getData(again), { code: 'E_EXPIRED' });
    const asked = rig.cra.asked.length;
    await rig.pass(minute, 1_000);
    await assert.rejects(rig.getData(again), { code: 'E_EXPIRED' });
    assert.equal(rig.cra.asked.length, asked);
  });

  describe('what has run out by a guess alone, for its machine is gone,', () => {
    let there: TestWindow;

    beforeEach(async () => {
      rig = new Rig({}, { lifeMs: life });
      there = await rig.open('other.there', undefined, rig.machine('other', -1_440 * minute, 5_000));
    });

    it('is taken over by a new sign-in, and closed as it is told to be', async () => {
      await there.keeper.signIn('cra', { login: demo });
      await rig.getData(there, { keepOpen: true });
      await rig.pass(minute, 1_000);
      rig.crash(there);
      const here = await rig.open('fake.here');
      await here.keeper.signIn('cra', { login: demo });
      await here.keeper.closeAll();
      assert.equal(rig.cra.sessions.size, 0);
      assert.deepEqual([...rig.cra.users.keys()], ['user-secret-3']);
    });

    it('stays held where it could not be closed when it was replaced', async () => {
      await there.keeper.signIn('sarus', { login: key });
      await rig.pass(minute, 1_000);
      rig.crash(there);
      rig.faults.push(
        { operation: 'query', fault: { kind: 'network', done: false } },
        { operation: 'close', fault: { kind: 'network', done: false } },
      );
      const here = await rig.open('fake.here');
      await here.keeper.signIn('sarus', { login: key });
      const values = here.keeper.tokens('sarus').map(({ id }) => here.keeper.reveal(id));
      assert.deepEqual(values.sort(), [...rig.sarus.sessions.keys()].sort());
      assert.equal(values.length, 2);
    });
  });

  it('entries of version 0.1 go on counting on the machine that wrote them', async () => {
    rig = new Rig({}, { lifeMs });
    const first = await rig.open('old');
    const { id } = await first.keeper.signIn('sarus', { login: key });
    await first.keeper.flush();
    rig.crash(first);
    const entry = JSON.parse(rig.storage.entries.get(id) ?? '');
    for (const { machine: _, ...instant } of [entry.sent]) {
      entry.sent = instant;
      entry.worked = instant;
    }
    delete entry.written;
    rig.storage.entries.set(id, JSON.stringify(entry));
    await rig.pass(20_000);
    const window = await rig.open('fake.new');
    assertLeft(window, id, lifeMs - 20_000);
    await rig.pass(lifeMs - 20_000);
    assert.equal(window.keeper.token(id).state, 'expired');
    assert.ok(remaining(entry, window.clock.now()) <= 0);
  });
});
