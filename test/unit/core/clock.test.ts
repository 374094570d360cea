import { ok } from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { SystemClock } from '../../../src/core/clock.ts';

describe('the clock of this machine', () => {
  const now = performance.now.bind(performance);
  afterEach(() => {
    Object.defineProperty(performance, 'now', { value: now, configurable: true, writable: true });
  });

  /** As after a sleep: this much of the machine's time has not been counted. */
  function sleep(ms: number): void {
    Object.defineProperty(performance, 'now', {
      value: () => now() - ms,
      configurable: true,
      writable: true,
    });
  }

  it('counts a sleep at the first look after it, also where the last one was just before', () => {
    const clock = new SystemClock();
    const before = clock.now().up;
    sleep(60_000);
    const awake = clock.now().up;
    ok(awake - before > -2_000 && awake - before < 2_000, `${awake - before} ms`);
  });
});
