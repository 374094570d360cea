import type { Clock, Instant } from '../../src/core/clock.ts';
import type { Disposable } from '../../src/core/disposable.ts';

/** More than a day can hold. */
export const mostEvents = 500_000;

interface Event {
  readonly at: number;
  readonly order: number;
  /** Of a machine, in one start: it waits while that sleeps, and is lost when it is started anew. */
  readonly machine: SimMachine | undefined;
  readonly boot: number;
  readonly run: (() => void) | undefined;
}

/** A machine of the world, and its clock: it can be set, sleep and start anew. */
export class SimMachine implements Clock {
  readonly name: string;
  boot = 1;
  asleepUntil = 0;
  /** What waits, by its order. */
  readonly timers = new Set<number>();
  readonly #time: WorldTime;
  #wallOffset: number;
  #bootAt: number;

  /** @param up how long it has been running, in milliseconds */
  constructor(time: WorldTime, name: string, wall: number, up: number) {
    this.#time = time;
    this.name = name;
    this.#wallOffset = wall;
    this.#bootAt = -up;
  }

  now(): Instant {
    return {
      wall: Math.floor(this.#time.now + this.#wallOffset),
      up: this.#time.now - this.#bootAt,
      boot: `${this.name}-boot-${this.boot}`,
      machine: this.name,
    };
  }

  setTimeout(callback: () => void, ms: number): Disposable {
    return this.#time.after(callback, ms, this);
  }

  get isAsleep(): boolean {
    return this.#time.now < this.asleepUntil;
  }

  /** What arrives while it sleeps is delivered once it is awake. */
  async awake(): Promise<void> {
    while (this.isAsleep) {
      await this.#time.lag(this.asleepUntil - this.#time.now);
    }
  }

  setWall(ms: number): void {
    this.#wallOffset += ms;
  }

  sleep(ms: number): void {
    this.asleepUntil = Math.max(this.asleepUntil, this.#time.now + ms);
  }

  /** Its windows must have been ended before. */
  reboot(): void {
    this.#bootAt = this.#time.now;
    this.asleepUntil = this.#time.now;
    this.boot += 1;
    this.timers.clear();
  }
}

/** The time of a world, and what happens in it: one event after another, each with all that follows from it at once. */
export class WorldTime {
  /** Milliseconds since the world began; nothing can change this one. */
  now = 0;
  #order = 0;
  #events = 0;
  readonly #heap: Event[] = [];
  readonly #cancelled = new Set<number>();

  /** The clock of the world itself: servers, networks, people. */
  readonly server: Clock = {
    now: () => ({ wall: this.now, up: this.now, boot: 'world' }),
    setTimeout: (callback, ms) => this.after(callback, ms, undefined),
  };

  /** The number of events so far. */
  get events(): number {
    return this.#events;
  }

  /** A moment later. */
  lag(ms: number): Promise<void> {
    return new Promise((resolve) => this.server.setTimeout(resolve, ms));
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
        return; // Something loops without time passing.
      }
    }
    this.now = Math.max(end, this.now);
  }

  /** @param machine whose timer it is; by default it is the world's */
  after(callback: () => void, ms: number, machine: SimMachine | undefined): Disposable {
    const order = ++this.#order;
    let over = false;
    const run = () => {
      over = true;
      callback();
    };
    this.#push({ at: this.now + Math.max(ms, 0), order, machine, boot: machine?.boot ?? 0, run });
    machine?.timers.add(order);
    return {
      dispose: () => {
        if (!over) {
          over = true;
          machine?.timers.delete(order);
          this.#cancelled.add(order);
        }
      },
    };
  }

  /** The next event until `end` that is neither cancelled, nor asleep, nor of an earlier start of the machine. */
  #pop(end: number): Event | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.at <= end; first = this.#heap[0]) {
      const { machine } = first;
      this.#removeFirst();
      if (this.#cancelled.delete(first.order) || (machine !== undefined && first.boot !== machine.boot)) {
        continue;
      }
      if (machine?.isAsleep && first.at < machine.asleepUntil) {
        this.#push({ ...first, at: machine.asleepUntil });
        continue;
      }
      machine?.timers.delete(first.order);
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

/** Resolves when all promises that follow from the last event are settled. */
function drained(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
