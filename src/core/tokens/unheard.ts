import type { Clock, Instant } from '../clock.ts';
import { elapsed, isLater } from './deadline.ts';
import { syncDelayMs } from './store.ts';

/** What this window has done to values of tokens, and other windows may not have heard of yet. */
export class Unheard {
  readonly #clock: Clock;
  /** When the value that was put into a token was first written, by the token's id; undefined where it has not been yet. */
  readonly #written = new Map<string, Instant | undefined>();
  /** Values that have ended, and when. */
  readonly #ended = new Map<string, Instant>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new value was put into a token. */
  replaced(id: string): void {
    this.#written.set(id, undefined);
  }

  /** A token was written. */
  written(id: string): void {
    if (this.#written.has(id)) {
      this.#written.set(id, this.#written.get(id) ?? this.#clock.now());
    }
  }

  /** A token has lost the value that was put into it. Whether others may not have heard of that value. */
  lost(id: string): boolean {
    const at = this.#written.get(id);
    const isNew = at === undefined || elapsed(at, this.#clock.now()) <= syncDelayMs;
    return this.#written.delete(id) && isNew;
  }

  /** A value has ended; another window may still have put one aside for closing. */
  ended(value: string): void {
    const now = this.#clock.now();
    for (const [old, at] of this.#ended) {
      if (elapsed(at, now) > syncDelayMs) {
        this.#ended.delete(old);
      }
    }
    this.#ended.set(value, now);
  }

  /** Whether a value has ended after a request. */
  hasEnded(value: string, sent: Instant): boolean {
    const at = this.#ended.get(value);
    return at !== undefined && isLater(at, sent, this.#clock.now());
  }
}
