import type { Clock, Instant } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { Emitter } from '../event.ts';

/**
 * The longest timer, in milliseconds: timers stand still while the computer sleeps, so a long one would fire late by that
 * much.
 */
const maxWaitMs = 20_000;

/** If a timer fires later than this, the computer has slept, in milliseconds. */
const lateMs = 5_000;

/** Tasks due within this run too: timers fire a little early, and another would cost as much. In milliseconds. */
const earlyMs = 1;

/** If wall clock and uptime diverge by more than this between two checks, a clock was set, in milliseconds. */
const jumpMs = 2_000;

interface Task {
  readonly key: string;
  readonly atUp: number;
  readonly run: () => void;
}

/** Runs any number of tasks at their times with one timer. */
export class Scheduler implements Disposable {
  readonly #clock: Clock;
  /** By key: what is to be done, and the `up` at which it is due. */
  readonly #tasks = new Map<string, Task>();
  /** Those of them that are due by `#nearUntil`: of many tasks only these are checked each second. */
  readonly #near = new Map<string, Task>();
  #nearUntil = Number.NEGATIVE_INFINITY;
  readonly #jumps = new Emitter<void>();
  #timer: Disposable | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** The last reading of the clock, while a timer runs. */
  #looked: Instant | undefined;
  #disposed = false;

  /** The computer has slept, or somebody has set its clock; fires before anything that is due runs. */
  readonly onJump = this.#jumps.event;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Does `run` once when the machine has been up for `atUp` milliseconds, in place of an earlier task of this key. */
  set(key: string, atUp: number, run: () => void): void {
    if (!this.#disposed && !Number.isNaN(atUp)) {
      const task = { key, atUp, run };
      this.#tasks.set(key, task);
      this.#near.delete(key);
      if (atUp <= this.#nearUntil) {
        this.#near.set(key, task);
      }
      this.#arm(atUp);
    }
  }

  /** The same, counted from now. */
  after(key: string, ms: number, run: () => void): void {
    this.set(key, this.#clock.now().up + ms, run);
  }

  has(key: string): boolean {
    return this.#tasks.has(key);
  }

  cancel(key: string): void {
    this.#tasks.delete(key);
    this.#near.delete(key);
    if (this.#tasks.size === 0) {
      this.#stop();
    }
  }

  /** Runs what is due now; to be called when the computer may just have woken up. */
  poke(): void {
    const now = this.#clock.now();
    const jumped = this.#hasJumped(now);
    this.#stop();
    this.#looked = now;
    const faults: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
      } catch (error) {
        faults.push(error); // The other tasks still run.
      }
    };
    if (jumped) {
      attempt(() => this.#jumps.fire());
    }
    // Before the next timer at the latest, so that none is needed for this alone.
    if (now.up + maxWaitMs >= this.#nearUntil) {
      this.#lookFurther(now.up + 3 * maxWaitMs);
    }
    // Tasks planned by these run with the next timer: one that is always due would loop for ever.
    const due = [...this.#near.values()].filter(({ atUp }) => atUp <= now.up + earlyMs);
    for (const task of due.sort((a, b) => a.atUp - b.atUp)) {
      if (this.#tasks.get(task.key) === task) {
        this.#tasks.delete(task.key);
        this.#near.delete(task.key);
        attempt(task.run);
      }
    }
    let nextUp = Number.POSITIVE_INFINITY;
    for (const { atUp } of this.#near.values()) {
      nextUp = Math.min(nextUp, atUp);
    }
    this.#arm(nextUp);
    if (faults.length > 0) {
      throw faults[0];
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#stop();
    this.#tasks.clear();
    this.#near.clear();
    this.#jumps.dispose();
  }

  #lookFurther(untilUp: number): void {
    this.#nearUntil = untilUp;
    // The values alone, of ten thousand tasks: to make pairs of them would take three times as long.
    for (const task of this.#tasks.values()) {
      if (task.atUp <= untilUp) {
        this.#near.set(task.key, task);
      }
    }
  }

  #hasJumped(now: Instant): boolean {
    const looked = this.#looked;
    if (looked === undefined) {
      return false;
    }
    const byUp = now.up - looked.up;
    const late = now.up - this.#timerAt;
    return late > lateMs || Math.abs(now.wall - looked.wall - byUp) > jumpMs || now.boot !== looked.boot;
  }

  /** Has the timer fire by then. An earlier one is kept: replacing it would cost more than firing once too often. */
  #arm(atUp: number): void {
    if (this.#tasks.size === 0) {
      this.#stop();
      return;
    }
    const now = this.#clock.now();
    const at = Math.min(atUp, now.up + maxWaitMs);
    if (this.#timer !== undefined && this.#timerAt <= at) {
      return;
    }
    this.#timer?.dispose();
    this.#looked ??= now;
    this.#timerAt = Math.max(at, now.up);
    this.#timer = this.#clock.setTimeout(() => this.poke(), Math.ceil(this.#timerAt - now.up));
  }

  #stop(): void {
    this.#looked = undefined;
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}
