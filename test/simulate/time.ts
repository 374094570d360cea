import { setImmediate as drained } from 'node:timers/promises';
import type { Clock, Instant } from '../../src/core/clock.ts';
import type { Disposable } from '../../src/core/disposable.ts';

/** More than a day can hold. */
export const mostEvents = 500_000;

interface Event {
  readonly at: number;
  readonly order: number;
  /** Of the machine: it waits while that sleeps, and is lost when it is started anew. */
  readonly boot: number | undefined;
  readonly run: (() => void) | undefined;
}

/** The time of a world, and what happens in it: one event after another, each with all that follows from it at once. */
export class WorldTime {
  /** Milliseconds since the world began; nothing can change this one. */
  now = 0;
  #wallOffset: number;
  #bootAt = -1_000_000;
  #boot = 1;
  #asleepUntil = 0;
  #order = 0;
  #events = 0;
  readonly #heap: Event[] = [];
  readonly #cancelled = new Set<number>();
  readonly #machineTimers = new Set<number>();

  constructor(wall: number) {
    this.#wallOffset = wall;
  }

  /** The clock of the world itself: servers, networks, people. */
  readonly server: Clock = {
    now: () => ({ wall: this.now, up: this.now, boot: 'world' }),
    setTimeout: (callback, ms) => this.#after(callback, ms, undefined),
  };

  /** The machine's clock: it can be set, sleep and start anew. */
  readonly machine: Clock = {
    now: (): Instant => ({
      wall: Math.floor(this.now + this.#wallOffset),
      up: this.now - this.#bootAt,
      boot: `boot-${this.#boot}`,
    }),
    setTimeout: (callback, ms) => this.#after(callback, ms, this.#boot),
  };

  /** Timers of the machine that wait. */
  get machineTimers(): number {
    return this.#machineTimers.size;
  }

  /** How much has happened so far. */
  get events(): number {
    return this.#events;
  }

  get asleepUntil(): number {
    return this.#asleepUntil;
  }

  /** A moment later. */
  lag(ms: number): Promise<void> {
    return new Promise((resolve) => this.server.setTimeout(resolve, ms));
  }

  setWall(ms: number): void {
    this.#wallOffset += ms;
  }

  sleep(ms: number): void {
    this.#asleepUntil = this.now + ms;
  }

  /** What ran on the machine must have been ended by then. */
  reboot(): void {
    this.#bootAt = this.now;
    this.#boot += 1;
    this.#machineTimers.clear();
  }

  /** Lets everything happen until then. */
  async runUntil(end: number): Promise<void> {
    await drained();
    for (let event = this.#pop(end); event !== undefined; event = this.#pop(end)) {
      this.now = Math.max(event.at, this.now);
      event.run?.();
      await drained();
      this.#events++;
      if (this.#events > mostEvents) {
        return; // Something does not come to rest.
      }
    }
    this.now = Math.max(end, this.now);
  }

  #after(callback: () => void, ms: number, boot: number | undefined): Disposable {
    const order = ++this.#order;
    let over = false;
    const run = () => {
      over = true;
      callback();
    };
    this.#push({ at: this.now + Math.max(ms, 0), order, boot, run });
    if (boot !== undefined) {
      this.#machineTimers.add(order);
    }
    return {
      dispose: () => {
        if (!over) {
          over = true;
          this.#machineTimers.delete(order);
          this.#cancelled.add(order);
        }
      },
    };
  }

  /** The next event until `end` that is neither cancelled, nor asleep, nor of an earlier start of the machine. */
  #pop(end: number): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.at <= end; first = this.#heap[0]) {
      this.#removeFirst();
      if (this.#cancelled.delete(first.order) || (first.boot !== undefined && first.boot !== this.#boot)) {
        continue;
      }
      if (first.boot !== undefined && this.now < this.#asleepUntil && first.at < this.#asleepUntil) {
        this.#push({ ...first, at: this.#asleepUntil });
        continue;
      }
      this.#machineTimers.delete(first.order);
      return first;
    }
    return undefined;
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let place = heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above];
      if (parent === undefined || !isBefore(event, parent)) {
        break;
      }
      heap[place] = parent;
      place = above;
    }
    heap[place] = event;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) {
      return;
    }
    let place = 0;
    for (;;) {
      const [left, right] = [heap[2 * place + 1], heap[2 * place + 2]];
      const least = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (least === undefined || !isBefore(least, last)) {
        break;
      }
      heap[place] = least;
      place = least === left ? 2 * place + 1 : 2 * place + 2;
    }
    heap[place] = last;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
