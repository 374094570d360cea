import assert from 'node:assert/strict';
import { Scheduler } from '../../../../src/core/tokens/scheduler.ts';
import { FakeClock } from '../../fakeClock.ts';

describe('scheduler', () => {
  let clock: FakeClock;
  let scheduler: Scheduler;
  let ran: string[];
  const run = (name: string) => () => void ran.push(name);

  beforeEach(() => {
    clock = new FakeClock();
    scheduler = new Scheduler(clock);
    ran = [];
  });

  it('has one timer for any number of tasks, and none for none', () => {
    for (let index = 0; index < 500; index++) {
      scheduler.after(`task-${index}`, 1_000 + ((index * 7919) % 500), run(`${index}`));
      assert.equal(clock.pending, 1);
    }
    clock.advance(2_000);
    assert.equal(ran.length, 500);
    assert.equal(clock.pending, 0);
  });

  it('runs tasks in the order of their times, each once', () => {
    scheduler.after('b', 200, run('b'));
    scheduler.after('a', 100, run('a'));
    scheduler.after('c', 300, run('c'));
    clock.advance(199);
    assert.deepEqual(ran, ['a']);
    clock.advance(1_000);
    assert.deepEqual(ran, ['a', 'b', 'c']);
  });

  it('looks once for what is due, though a timer rings a little too early', () => {
    let rung = 0;
    const hasty = new Scheduler({
      now: () => clock.now(),
      setTimeout: (callback, ms) => {
        rung++;
        return clock.setTimeout(callback, ms - 0.9);
      },
    });
    hasty.after('a', 1_000, run('a'));
    clock.advance(1_000);
    assert.deepEqual([ran, rung], [['a'], 1]);
  });

  it('replaces a task of the same key, and forgets a cancelled one', () => {
    scheduler.after('a', 100, run('first'));
    scheduler.after('a', 200, run('second'));
    scheduler.after('b', 150, run('b'));
    scheduler.cancel('b');
    assert.equal(scheduler.has('a'), true);
    assert.equal(scheduler.size, 1);
    clock.advance(1_000);
    assert.deepEqual(ran, ['second']);
    assert.equal(clock.pending, 0);
  });

  it('lets a task cancel or plan others, itself included', () => {
    scheduler.after('a', 100, () => {
      ran.push('a');
      scheduler.cancel('b');
      scheduler.after('a', 0, run('again'));
    });
    scheduler.after('b', 100, run('b'));
    clock.advance(100);
    clock.advance(1);
    assert.deepEqual(ran, ['a', 'again']);
  });

  it('goes on after a task that throws', () => {
    scheduler.after('a', 100, () => {
      throw new Error('a mistake');
    });
    scheduler.after('b', 100, run('b'));
    scheduler.after('c', 200, run('c'));
    assert.throws(() => clock.advance(150), /a mistake/);
    assert.deepEqual(ran, ['b'], 'A7: what is due together with it');
    clock.advance(200);
    assert.deepEqual(ran, ['b', 'c']);
  });

  it('looks at the clock at least every 20 s, so that a late timer is not very late', () => {
    scheduler.after('a', 3_600_000, run('a'));
    clock.sleep(3_600_000);
    clock.advance(20_000);
    assert.deepEqual(ran, ['a']);
  });

  it('wakes no more often for tasks that are far away', () => {
    let rung = 0;
    const counted = new Scheduler({
      now: () => clock.now(),
      setTimeout: (callback, ms) =>
        clock.setTimeout(() => {
          rung++;
          callback();
        }, ms),
    });
    const draw = () => counted.after('draw', 20_000, draw);
    counted.after('far', 3_600_000, run('far'));
    counted.after('draw', 0, draw);
    clock.advance(12_000);
    draw(); // Something has changed.
    clock.advance(20_000);
    rung = 0;
    clock.advance(300_000);
    assert.equal(rung, 15);
  });

  it('says that the computer slept, before anything that is due runs', () => {
    scheduler.onJump(run('jump'));
    scheduler.after('a', 10_000, run('a'));
    clock.sleep(60_000);
    clock.advance(0);
    assert.deepEqual(ran, ['jump', 'a']);
  });

  for (const hours of [1, -1, 24, -24]) {
    it(`says that the clock was set by ${hours} h`, () => {
      scheduler.onJump(run('jump'));
      scheduler.after('a', 60_000, run('a'));
      clock.jumpWall(hours * 3_600_000);
      clock.advance(20_000);
      assert.deepEqual(ran, ['jump']);
      clock.advance(40_000);
      assert.deepEqual(ran, ['jump', 'a']);
    });
  }

  it('runs each of many tasks when it is due, however far away and whenever planned', () => {
    const late: number[] = [];
    const plan = (ms: number) => {
      const due = clock.now().up + ms;
      scheduler.after(`at ${due}`, ms, () => void late.push(clock.now().up - due));
    };
    for (let ms = 1_000; ms <= 300_000; ms += 7_000) {
      plan(ms);
    }
    scheduler.after('often', 1_000, function again() {
      scheduler.after('often', 1_000, again);
    });
    for (let step = 0; step < 300; step++) {
      clock.advance(1_000);
      if (step % 50 === 0) {
        plan(59_500);
        plan(60_500);
      }
    }
    assert.equal(late.length, 43 + 10);
    assert.ok(
      late.every((ms) => ms >= -1 && ms <= 1),
      String(late),
    );
  });

  it('takes neither long waits nor long idleness for sleep', () => {
    scheduler.onJump(run('jump'));
    scheduler.after('a', 100_000, run('a'));
    clock.advance(200_000);
    clock.sleep(500_000);
    scheduler.after('b', 100_000, run('b'));
    clock.advance(200_000);
    assert.deepEqual(ran, ['a', 'b']);
  });

  it('holds nothing after its end', () => {
    scheduler.after('a', 100, run('a'));
    scheduler.dispose();
    scheduler.after('b', 100, run('b'));
    clock.advance(1_000);
    assert.deepEqual(ran, []);
    assert.equal(clock.pending, 0);
    assert.equal(scheduler.size, 0);
  });
});
