import assert from 'node:assert/strict';
import type { Clock } from '../../../../src/core/clock.ts';
import { TokensError } from '../../../../src/core/errors.ts';
import { maxHiddenMs, Watch } from '../../../../src/views/results/watch.ts';

/** A clock that is turned by hand. */
class HandClock implements Clock {
  #now = 0;
  #timers: { at: number; call: () => void }[] = [];

  now() {
    return { wall: this.#now, up: this.#now, boot: '' };
  }

  setTimeout(callback: () => void, ms: number) {
    const timer = { at: this.#now + ms, call: callback };
    this.#timers.push(timer);
    return { dispose: () => this.#timers.splice(this.#timers.indexOf(timer) >>> 0, 1) };
  }

  get waiting(): number {
    return this.#timers.length;
  }

  async turn(ms: number): Promise<void> {
    this.#now += ms;
    for (const timer of this.#timers.filter(({ at }) => at <= this.#now)) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.call();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('results: watch', () => {
  function watched(refresh: () => Promise<void>, isVisible = () => true) {
    const clock = new HandClock();
    const ended: string[] = [];
    const watch = new Watch(5, { clock, refresh, isVisible, ended: (why) => ended.push(why) });
    return { clock, watch, ended };
  }
  const settle = () => new Promise((resolve) => setImmediate(resolve));

  it('looks at once and then every so many seconds, until it is let go', async () => {
    let looks = 0;
    const { clock, watch } = watched(async () => {
      looks++;
    });
    await settle();
    assert.equal(looks, 1);
    await clock.turn(4999);
    assert.equal(looks, 1);
    await clock.turn(1);
    assert.equal(looks, 2);
    watch.dispose();
    assert.equal(clock.waiting, 0);
  });

  it('gets over a passing failure, and ends after three or after one that will not pass', async () => {
    let code: 'E_NETWORK' | 'E_CREDENTIALS' | undefined = 'E_NETWORK';
    const refresh = async () => {
      if (code !== undefined) {
        throw new TokensError(code, 'No.');
      }
    };
    const { clock, ended } = watched(refresh);
    await settle();
    await clock.turn(5000);
    code = undefined;
    await clock.turn(5000);
    assert.deepEqual(ended, []);
    code = 'E_NETWORK';
    for (let at = 0; at < 3; at++) {
      await clock.turn(5000);
    }
    assert.deepEqual(ended, ['failed']);
    assert.equal(clock.waiting, 0);
    code = 'E_CREDENTIALS';
    const other = watched(refresh);
    await settle();
    assert.deepEqual(other.ended, ['failed']);
  });

  it('ends when nobody has looked for long', async () => {
    let looks = 0;
    const { clock, ended } = watched(
      async () => {
        looks++;
      },
      () => false,
    );
    await settle();
    for (let time = 0; time <= maxHiddenMs; time += 5000) {
      await clock.turn(5000);
    }
    assert.deepEqual(ended, ['hidden']);
    const before = looks;
    await clock.turn(60_000);
    assert.equal(looks, before);
  });
});
