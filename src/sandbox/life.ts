/** Anything that expires when it has not been used for its life. Times in milliseconds of a monotonic clock. */
export interface Idle {
  lastUsed: number;
  readonly lifeMs: number;
}

/** Things that expire by idleness, by name. Each access removes what has expired, so that no timer is needed. */
export class IdleTable<T extends Idle> extends Map<string, T> {
  readonly #now: () => number;
  readonly #expired: (name: string) => void;

  constructor(now: () => number, expired: (name: string) => void) {
    super();
    this.#now = now;
    this.#expired = expired;
  }

  override get(name: string): T | undefined {
    this.#sweep();
    return super.get(name);
  }

  /** Names and entries that live, oldest first. */
  live(): [string, T][] {
    this.#sweep();
    return [...this];
  }

  /** Removes what has been idle for its whole life, and reports it. */
  #sweep(): void {
    const now = this.#now();
    for (const [name, { lastUsed, lifeMs }] of this) {
      if (now >= lastUsed + lifeMs) {
        this.delete(name);
        this.#expired(name);
      }
    }
  }
}
