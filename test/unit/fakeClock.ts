import type { Clock, Instant } from '../../src/core/clock.ts';
import type { Disposable } from '../../src/core/disposable.ts';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** A clock that stands still until a test turns it. */
export class FakeClock implements Clock {
  #wall: number;
  #up: number;
  #boot = 1;
  #timers: Timer[] = [];
  readonly #machine: string;

  constructor(wall = Date.UTC(2026, 0, 2, 3, 4, 5), machine = 'fake', up = 1_000_000) {
    this.#wall = wall;
    this.#machine = machine;
    this.#up = up;
  }

  /** Whether instants have a boot id. */
  tellsBoot = true;

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.length;
  }

  now(): Instant {
    return {
      wall: this.#wall,
      up: this.#up,
      boot: this.tellsBoot ? `${this.#machine}-${this.#boot}` : '',
      machine: this.#machine,
    };
  }

  setTimeout(callback: () => void, ms: number): Disposable {
    const timer = { at: this.#up + Math.max(ms, 0), callback };
    this.#timers.push(timer);
    return {
      dispose: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  /** Lets time pass; timers fire in their order, each at its own moment, and may set new ones. */
  advance(ms: number): void {
    const end = this.#up + ms;
    for (;;) {
      const next = this.#timers
        .filter(({ at }) => at <= end)
        .reduce<Timer | undefined>(
          (first, timer) => (first && first.at <= timer.at ? first : timer),
          undefined,
        );
      if (next === undefined) {
        break;
      }
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#pass(Math.max(next.at - this.#up, 0));
      next.callback();
    }
    this.#pass(end - this.#up);
  }

  /** The machine sleeps: time passes on both clocks, and timers that were due meanwhile ring late. */
  sleep(ms: number): void {
    this.#pass(ms);
  }

  /** The machine starts anew after so long; its uptime begins again, and what ran on it is no more. */
  reboot(offMs: number): void {
    this.#wall += offMs;
    this.#up = 30_000;
    this.#boot += 1;
    this.#timers = [];
  }

  /** Somebody sets the wall clock; nothing else moves. */
  jumpWall(ms: number): void {
    this.#wall += ms;
  }

  #pass(ms: number): void {
    this.#up += ms;
    this.#wall += ms;
  }
}
