import type { Clock } from '../../core/clock.ts';
import type { Disposable } from '../../core/disposable.ts';
import { type ErrorCode, TokensError } from '../../core/errors.ts';

/** Failures that may pass by themselves; any other one ends the watch. */
const passing: readonly ErrorCode[] = ['E_NETWORK', 'E_TIMEOUT', 'E_HTTP', 'E_LIMIT'];
const maxFailures = 3;

/** How long the tab may be hidden before the watch ends, in milliseconds. */
export const maxHiddenMs = 10 * 60_000;

interface WatchDeps {
  readonly clock: Clock;
  readonly refresh: () => Promise<void>;
  readonly isVisible: () => boolean;
  /** Is called when the watch has ended by itself. */
  readonly ended: (why: 'hidden' | 'failed') => void;
}

/** Refreshes a result at intervals; each refresh also keeps its session alive. */
export class Watch implements Disposable {
  readonly seconds: number;
  readonly #deps: WatchDeps;
  #timer: Disposable | undefined;
  #disposed = false;
  #failures = 0;
  #seenAt: number;

  constructor(seconds: number, deps: WatchDeps) {
    this.seconds = seconds;
    this.#deps = deps;
    this.#seenAt = deps.clock.now().up;
    void this.#run();
  }

  dispose(): void {
    this.#disposed = true;
    this.#timer?.dispose();
  }

  async #run(): Promise<void> {
    const started = this.#deps.clock.now().up;
    if (this.#deps.isVisible()) {
      this.#seenAt = started;
    } else if (started - this.#seenAt > maxHiddenMs) {
      this.#end('hidden');
      return;
    }
    try {
      await this.#deps.refresh();
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      const code = error instanceof TokensError ? error.code : undefined;
      if (code === undefined || !passing.includes(code) || this.#failures >= maxFailures) {
        this.#end('failed');
        return;
      }
    }
    if (!this.#disposed) {
      // The interval is from start to start, but with a pause in any case, to spare a slow gateway.
      const took = this.#deps.clock.now().up - started;
      const wait = Math.max(this.seconds * 1000 - took, 500);
      this.#timer = this.#deps.clock.setTimeout(() => void this.#run(), wait);
    }
  }

  #end(why: 'hidden' | 'failed'): void {
    if (!this.#disposed) {
      this.dispose();
      this.#deps.ended(why);
    }
  }
}
