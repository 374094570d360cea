import type { Clock, Instant } from '../clock.ts';
import { elapsed, isLater } from './deadline.ts';
import type { TokenRecord } from './record.ts';
import { syncDelayMs } from './store.ts';

/** What has happened to values of tokens here, and other windows may not have heard of yet. */
export class Unheard {
  readonly #clock: Clock;
  /** Since when the store has the value that was put into a token, by the token's id; undefined where it has it not. */
  readonly #stored = new Map<string, Instant | undefined>();
  /** Values that have ended, and when. */
  readonly #ended = new Map<string, Instant>();
  /** The highest removed version of a value by the token's id. It stays removed whoever writes it again. */
  readonly #removed = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A new value was put into a token. */
  replaced(id: string): void {
    this.#stored.set(id, undefined);
  }

  /** The store was found to have the value of a token, or another one: who wrote that over it has not heard of it. */
  read(id: string, isThere: boolean): void {
    if (isThere) {
      this.written(id);
    } else {
      this.replaced(id);
    }
  }

  /** A token was written. */
  written(id: string): void {
    if (this.#stored.has(id)) {
      this.#stored.set(id, this.#stored.get(id) ?? this.#clock.now());
    }
  }

  /** A token has lost its value. Whether others may not have heard of that value. */
  lost(id: string): boolean {
    const at = this.#stored.get(id);
    const isNew = at === undefined || elapsed(at, this.#clock.now()) <= syncDelayMs;
    return this.#stored.delete(id) && isNew;
  }

  /** A token was removed, with a value of this version. */
  removed(id: string, valueVersion: number): void {
    this.#stored.delete(id);
    this.#removed.set(id, Math.max(valueVersion, this.#removed.get(id) ?? 0));
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

  /** Whether what another window has written was removed here, or has ended after its request. */
  isGone({ id, value, sent, valueVersion }: TokenRecord): boolean {
    const at = this.#ended.get(value);
    return (
      valueVersion <= (this.#removed.get(id) ?? -1) ||
      (at !== undefined && isLater(at, sent, this.#clock.now()))
    );
  }
}
