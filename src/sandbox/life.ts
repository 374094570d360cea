/** Anything that expires when it has not been used for its life. Times in milliseconds of a monotonic clock. */
export interface Idle {
  lastUsed: number;
  readonly lifeMs: number;
}

/** Bounds that a CRA gateway clamps its timeout to (docs/protocols.md 2), in seconds. */
const gatewayLife = { least: 5 * 60, most: 1440 * 60 };

/**
 * The life that the gateway grants, in milliseconds. From 5 minutes up it is clamped as the real one does;
 * a shorter one is taken as it is, so that tests need not wait.
 */
export function grantedLifeMs(lifeSeconds: number): number {
  if (!(lifeSeconds > 0)) {
    throw new RangeError('The life must be a number of seconds above 0.');
  }
  return Math.min(lifeSeconds, gatewayLife.most) * 1000;
}

/** Whether a life is one that only a sandbox grants: shorter than any real gateway's. */
export function isShort(lifeMs: number): boolean {
  return lifeMs < gatewayLife.least * 1000;
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
