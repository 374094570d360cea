import type { Clock, Instant } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { Emitter } from '../event.ts';
import { KeyedHeap } from '../heap.ts';

/**
 * The longest sleep between two looks at the clock, in milliseconds: a computer's timers stand still while it
 * sleeps, so a long one would ring late by that much.
 */
const maxWaitMs = 20_000;

/** A timer that rings later than this has slept through, in milliseconds. */
const lateMs = 5_000;

/** A timer may ring so much too early; another look for the rest would cost as much as the first. In milliseconds. */
const earlyMs = 1;

/** Clocks that part by more than this between two looks have been set, in milliseconds. */
const jumpMs = 2_000;

/** One timer for all that is due some day, however much that is. */
export class Scheduler implements Disposable {
  readonly #clock: Clock;
  readonly #due = new KeyedHeap<string>();
  readonly #tasks = new Map<string, () => void>();
  readonly #jumps = new Emitter<void>();
  #timer: Disposable | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** The last look at the clock, while a timer runs. */
  #looked: Instant | undefined;
  #disposed = false;

  /** The computer has slept, or somebody has set its clock; fires before anything that is due runs. */
  readonly onJump = this.#jumps.event;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many tasks wait. */
  get size(): number {
    return this.#due.size;
  }

  /** Runs `task` once when the machine has been up for `atUp` milliseconds, in place of an earlier one of this key. */
  set(key: string, atUp: number, task: () => void): void {
    if (this.#disposed || Number.isNaN(atUp)) {
      return;
    }
    this.#tasks.set(key, task);
    this.#due.set(key, atUp);
    this.#arm();
  }

  /** The same, counted from now. */
  after(key: string, ms: number, task: () => void): void {
    this.set(key, this.#clock.now().up + ms, task);
  }

  has(key: string): boolean {
    return this.#tasks.has(key);
  }

  cancel(key: string): void {
    this.#tasks.delete(key);
    if (this.#due.delete(key)) {
      this.#arm();
    }
  }

  /** Runs what is due now; worth calling when the computer may just have woken up. */
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
        faults.push(error); // The others are not at fault.
      }
    };
    if (jumped) {
      attempt(() => this.#jumps.fire());
    }
    // What the tasks plan anew waits for the next look, or one that is always due would never let go.
    for (const { key, task } of this.#takeDue(now.up)) {
      if (this.#tasks.get(key) === task) {
        this.#tasks.delete(key);
        attempt(task);
      }
    }
    this.#arm();
    if (faults.length > 0) {
      throw faults[0];
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#stop();
    this.#due.clear();
    this.#tasks.clear();
    this.#jumps.dispose();
  }

  #takeDue(up: number): { key: string; task: () => void }[] {
    const due: { key: string; task: () => void }[] = [];
    for (
      let next = this.#due.peek();
      next !== undefined && next.priority <= up + earlyMs;
      next = this.#due.peek()
    ) {
      const task = this.#tasks.get(next.key);
      this.#due.delete(next.key);
      if (task !== undefined) {
        due.push({ key: next.key, task });
      }
    }
    return due;
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

  #arm(): void {
    const next = this.#due.peek();
    if (next === undefined || this.#disposed) {
      this.#stop();
      this.#looked = undefined;
      return;
    }
    const now = this.#clock.now();
    const at = Math.min(next.priority, now.up + maxWaitMs);
    // A timer that rings a little early costs one look; replacing it at every change would cost more.
    if (this.#timer !== undefined && this.#timerAt <= at) {
      return;
    }
    this.#stop();
    this.#looked ??= now;
    this.#timerAt = Math.max(at, now.up);
    this.#timer = this.#clock.setTimeout(() => this.poke(), Math.ceil(this.#timerAt - now.up));
  }

  #stop(): void {
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
  }
}
