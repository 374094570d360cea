import type { Clock, Instant } from '../../src/core/clock.ts';
import { SystemClock } from '../../src/core/clock.ts';
import type { Disposable } from '../../src/core/disposable.ts';

/** A machine's clock that knows how many timers wait. */
export class CountingClock implements Clock {
  live = 0;
  /** The most that ever waited at once. */
  most = 0;
  readonly #clock = new SystemClock();

  now(): Instant {
    return this.#clock.now();
  }

  setTimeout(callback: () => void, ms: number): Disposable {
    this.most = Math.max(this.most, ++this.live);
    let over = false;
    const end = () => {
      if (!over) {
        over = true;
        this.live--;
      }
    };
    const timer = this.#clock.setTimeout(() => {
      end();
      callback();
    }, ms);
    return {
      dispose: () => {
        end();
        timer.dispose();
      },
    };
  }
}
