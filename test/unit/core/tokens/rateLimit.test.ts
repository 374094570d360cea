import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { RateLimit } from '../../../../src/core/tokens/rateLimit.ts';
import { Scheduler } from '../../../../src/core/tokens/scheduler.ts';
import type { Claims } from '../../../../src/core/tokens/store.ts';
import { SharedClaims } from '../../../simulate/shared.ts';
import { FakeClock } from '../../fakeClock.ts';
import { MemoryLog } from '../protocols/rig.ts';

function limitOf(clock: FakeClock, claims: Claims): RateLimit {
  return new RateLimit({ clock, claims, scheduler: new Scheduler(clock), log: new MemoryLog() });
}

describe('tokens: the rate of requests', () => {
  it('keeps three windows together below three requests a second, however long they travel', async () => {
    const clock = new FakeClock();
    const claims = new SharedClaims(() => clock.now().up);
    const limits = ['a', 'b', 'c'].map((name) => limitOf(clock, claims.window(name)));
    for (const name of ['a', 'b', 'c']) {
      await claims.window(name).enter();
    }
    const sent: number[] = [];
    const arrived: number[] = [];
    const ask = async (limit: RateLimit, travelMs: number): Promise<void> => {
      const ended = await limit.turn('https://host/QuerySessionToken', 3);
      sent.push(clock.now().up);
      clock.setTimeout(() => {
        arrived.push(clock.now().up);
        ended();
      }, travelMs);
    };
    const all = Promise.all(limits.flatMap((limit) => [5, 400, 20, 900].map((ms) => ask(limit, ms))));
    for (let step = 0; step < 800 && arrived.length < 12; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(25);
    }
    await all;
    equal(arrived.length, 12);
    arrived.sort((a, b) => a - b);
    for (const [at, time] of arrived.entries()) {
      ok((arrived[at + 3] ?? Number.POSITIVE_INFINITY) - time >= 1_000, arrived.join());
    }
    deepEqual(
      [...sent].sort((a, b) => a - b),
      sent,
    );
  });

  it('counts what is asked apart, and ends waiting when it is called off', async () => {
    const clock = new FakeClock();
    const claims = new SharedClaims(() => clock.now().up);
    const limit = limitOf(clock, claims.window('a'));
    await limit.turn('one', 1);
    await limit.turn('two', 1);
    const calledOff = new AbortController();
    const waiting = rejects(limit.turn('one', 1, calledOff.signal), { code: 'E_CANCELLED' });
    await new Promise((resolve) => setImmediate(resolve));
    calledOff.abort();
    clock.advance(100);
    await waiting;
  });

  it('leaves a place to the window that took it over while the machine slept', async () => {
    const clock = new FakeClock();
    const claims = new SharedClaims(() => clock.now().up);
    const [a, b, c] = ['a', 'b', 'c'].map((name) => {
      claims.alive.add(name);
      return limitOf(clock, claims.window(name));
    });
    const ended = await a?.turn('one', 1);
    clock.sleep(3_600_000);
    await b?.turn('one', 1);
    ended?.();
    let isSent = false;
    void c?.turn('one', 1).then(() => {
      isSent = true;
    });
    for (let step = 0; step < 80; step++) {
      await new Promise((resolve) => setImmediate(resolve));
      clock.advance(25);
    }
    equal(isSent, false);
  });

  it('goes on after a window that died with a place, and alone where windows cannot agree', async () => {
    const clock = new FakeClock();
    const claims = new SharedClaims(() => clock.now().up);
    claims.alive.add('dead');
    await limitOf(clock, claims.window('dead')).turn('one', 1);
    claims.alive.delete('dead');
    const limit = limitOf(clock, claims.window('a'));
    await limit.turn('one', 1);
    const broken = { ...claims.window('b'), lease: () => Promise.reject(new Error('no disk')) };
    await limitOf(clock, broken).turn('one', 1);
  });
});
