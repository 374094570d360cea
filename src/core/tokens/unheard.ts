import type { Clock, Instant } from '../clock.ts';
import { elapsed, isLater } from './deadline.ts';
import type { TokenRecord } from './record.ts';
import { syncDelayMs } from './store.ts';

/** Changes of token values that other windows may not know of yet. */
export class Unheard {
  readonly #clock: Clock;
  /** When the store got a token's new value, by the token's id; undefined where it has not got it yet. */
  readonly #stored = new Map<string, Instant | undefined>();
  /** Values that have ended, and when. */
  readonly #ended = new Map<string, Instant>();
  /** The highest removed version of a value by the token's id. It stays removed even if another window writes it again. */
  readonly #removed = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** To be called when a token has got a new value. */
  replaced(id: string): void {
    this.#stored.set(id, undefined);
  }

  /** To be called when an entry was read. `isThere`: it has the token's value; otherwise its writer did not know of that. */
  read(id: string, isThere: boolean): void {
    if (isThere) {
      this.written(id);
    } else {
      this.replaced(id);
    }
  }

  /** To be called when a token was written. */
  written(id: string): void {
    if (this.#stored.has(id)) {
      this.#stored.set(id, this.#stored.get(id) ?? this.#clock.now());
    }
  }

  /** To be called when a token has lost its value. Returns whether other windows may not know of that value. */
  lost(id: string): boolean {
    const at = this.#stored.get(id);
    const isNew = at === undefined || elapsed(at, this.#clock.now()) <= syncDelayMs;
    return this.#stored.delete(id) && isNew;
  }

  /** To be called when a token was removed, with a value of this version. */
  removed(id: string, valueVersion: number): void {
    this.#stored.delete(id);
    this.#removed.set(id, Math.max(valueVersion, this.#removed.get(id) ?? 0));
  }

  /** To be called when a value has ended: another window may still keep it for closing. */
  ended(value: string): void {
    const now = this.#clock.now();
    for (const [old, at] of this.#ended) {
      if (elapsed(at, now) > syncDelayMs) {
        this.#ended.delete(old);
      }
    }
    this.#ended.set(value, now);
  }

  /** Whether a token that another window has written was removed here, or its value ended after its latest request. */
  isGone({ id, value, sent, valueVersion }: TokenRecord): boolean {
    const at = this.#ended.get(value);
    return (
      valueVersion <= (this.#removed.get(id) ?? -1) ||
      (at !== undefined && isLater(at, sent, this.#clock.now()))
    );
  }
}
