import type { Clock } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { KeyedHeap } from '../heap.ts';

/**
 * The longest sleep between two looks at the clock, in milliseconds: a computer's timers stand still while it
 * sleeps, so a long one would ring late by that much.
 */
const longestWaitMs = 20_000;

/** One timer for all that is due some day, however much that is. */
export class Scheduler implements Disposable {
  readonly #clock: Clock;
  readonly #due = new KeyedHeap<string>();
  readonly #tasks = new Map<string, () => void>();
  #timer: Disposable | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #disposed = false;

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
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    const { up } = this.#clock.now();
    for (let next = this.#due.peek(); next !== undefined && next.priority <= up; next = this.#due.peek()) {
      const task = this.#tasks.get(next.key);
      this.#due.delete(next.key);
      this.#tasks.delete(next.key);
      task?.();
    }
    this.#arm();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
    this.#timer = undefined;
    this.#due.clear();
    this.#tasks.clear();
  }

  #arm(): void {
    const next = this.#due.peek();
    if (next === undefined || this.#disposed) {
      this.#timer?.dispose();
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      return;
    }
    const { up } = this.#clock.now();
    const at = Math.min(next.priority, up + longestWaitMs);
    // A timer that rings a little early costs one look; replacing it at every change would cost more.
    if (this.#timer !== undefined && this.#timerAt <= at) {
      return;
    }
    this.#timer?.dispose();
    this.#timerAt = at;
    this.#timer = this.#clock.setTimeout(() => this.poke(), Math.ceil(at - up));
  }
}
