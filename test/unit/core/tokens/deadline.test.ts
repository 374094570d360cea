import assert from 'node:assert/strict';
import type { Instant } from '../../../../src/core/clock.ts';
import {
  elapsed,
  isLater,
  LearningClock,
  remaining,
  renewalMargin,
  stateOf,
} from '../../../../src/core/tokens/deadline.ts';
import { FakeClock } from '../../fakeClock.ts';

const hour = 3_600_000;
const life = 15 * 60_000;

describe('deadline', () => {
  it('counts from the sending of the request, to the millisecond', () => {
    const clock = new FakeClock();
    const deadline = { sent: clock.now(), leftMs: life };
    assert.equal(remaining(deadline, clock.now()), life);
    clock.advance(life - 1);
    assert.equal(remaining(deadline, clock.now()), 1);
    clock.advance(1);
    assert.equal(remaining(deadline, clock.now()), 0);
    clock.advance(5);
    assert.equal(remaining(deadline, clock.now()), -5);
  });

  for (const jump of [hour, -hour, 24 * hour, -24 * hour]) {
    it(`is not fooled by a wall clock that is set by ${jump / hour} h`, () => {
      const clock = new FakeClock();
      const deadline = { sent: clock.now(), leftMs: life };
      clock.advance(60_000);
      clock.jumpWall(jump);
      const left = remaining(deadline, clock.now());
      // The grain of another process's uptime may be taken off, never added.
      assert.ok(left <= life - 60_000 && left >= life - 62_000, String(left));
      clock.advance(life - 60_000);
      assert.ok(remaining(deadline, clock.now()) <= 0);
    });
  }

  it('counts the time that the machine slept', () => {
    const clock = new FakeClock();
    const deadline = { sent: clock.now(), leftMs: life };
    clock.sleep(life);
    assert.equal(remaining(deadline, clock.now()), 0);
  });

  it('goes by the wall clock after a restart of the machine', () => {
    const clock = new FakeClock();
    const deadline = { sent: clock.now(), leftMs: life };
    clock.reboot(2 * 60_000);
    assert.equal(remaining(deadline, clock.now()), life - 2 * 60_000);
  });

  it('gives a token up when the wall clock went backwards with the restart', () => {
    const clock = new FakeClock();
    const since = clock.now();
    clock.reboot(-hour);
    assert.equal(elapsed(since, clock.now()), Number.POSITIVE_INFINITY);
    clock.advance(2 * hour);
    // Now it is an hour later than before by the wall clock, but the machine alone has run for two.
    assert.equal(elapsed(since, clock.now()), Number.POSITIVE_INFINITY);
  });

  it('believes the later clock where the system does not tell its starts', () => {
    const at = (wall: number, up: number): Instant => ({ wall, up, boot: '' });
    assert.equal(elapsed(at(0, 0), at(1_000, 1_000)), 1_000);
    assert.equal(elapsed(at(0, 0), at(hour, 1_000)), hour);
    assert.equal(elapsed(at(0, 0), at(-hour, 60_000)), 60_000);
    assert.equal(elapsed(at(0, 10 * hour), at(hour, 60_000)), hour);
    assert.equal(elapsed(at(0, 10 * hour), at(-hour, 60_000)), Number.POSITIVE_INFINITY);
  });

  it('is never negative, and steady while the clocks run together', () => {
    const since: Instant = { wall: 1_000, up: 1_000, boot: 'b' };
    assert.equal(elapsed(since, { wall: 900, up: 999, boot: 'b' }), 0);
    for (let ms = 0; ms < 100; ms++) {
      const now = { wall: 1_000 + ms, up: 1_000 + ms + (ms % 10) / 10, boot: 'b' };
      assert.equal(elapsed(since, now), ms);
    }
  });

  it('tells which of two moments was later', () => {
    const at = (wall: number, up: number, boot: string): Instant => ({ wall, up, boot });
    const now = at(200, 3, 'b');
    assert.equal(isLater(at(0, 2, 'b'), at(100, 1, 'b'), now), true);
    assert.equal(isLater(at(0, 2, 'd'), at(100, 1, 'c'), now), false);
    assert.equal(isLater(at(100, 1, ''), at(0, 2, ''), at(200, 3, '')), true);
    // Of what cannot be placed nothing is known to be later than what was noted here.
    assert.equal(isLater(at(100, 1, 'c'), at(0, 2, 'b'), now), false);
  });

  it('goes by the quickest news of another machine, however much slower others are by and by', () => {
    const clock = new FakeClock();
    const learning = new LearningClock(clock);
    const told = (lateMs: number): Instant => {
      const { wall, up } = clock.now();
      const written = { wall, up: up - 50_000, boot: 'theirs', machine: 'theirs' };
      clock.advance(lateMs);
      learning.read('an entry', written, { written }, true);
      return written;
    };
    for (const lateMs of [100, 1_000, 1_900, 2_050]) {
      const written = told(lateMs);
      const since = elapsed(written, learning.now());
      assert.ok(since >= lateMs, `${since} ms since what was written ${lateMs} ms ago`);
    }
    told(100);
    for (const lateMs of [1_000, 2_900, 4_800]) {
      told(lateMs);
    }
    const written = told(0);
    clock.advance(6_000);
    assert.ok(elapsed(written, learning.now()) >= 6_000);
  });

  it('has three states', () => {
    assert.equal(stateOf(120_001, 120_000), 'live');
    assert.equal(stateOf(120_000, 120_000), 'live');
    assert.equal(stateOf(119_999, 120_000), 'expiring');
    assert.equal(stateOf(0, 120_000), 'expired');
    assert.equal(stateOf(Number.NEGATIVE_INFINITY, 120_000), 'expired');
  });

  it('renews with a margin that grows with the round trip, is spread, and leaves most of the life', () => {
    assert.equal(renewalMargin(10_000, 0, 0), 1_200);
    assert.ok(renewalMargin(10_000, 0, 1) > renewalMargin(10_000, 0, 0));
    assert.ok(renewalMargin(10_000, 500, 0) >= 1_200 + 4 * 500);
    assert.equal(renewalMargin(10_000, 60_000, 1), 5_000);
    assert.ok(renewalMargin(24 * hour, 100, 1) < 90_000);
    // At most 1.3 × the least possible number of renewals, whatever the spread.
    assert.ok(10_000 / (10_000 - renewalMargin(10_000, 50, 1)) < 1.3);
  });
});
