import { pause } from '../async.ts';
import { Part } from '../disposable.ts';
import { cancelled } from '../errors.ts';
import { lease, release } from './leases.ts';
import type { KeeperDeps } from './ports.ts';
import { hashOf } from './store.ts';

/** How long a place stays taken after its answer: the limit's second, and a millisecond as timers may fire early. */
const takenMs = 1_001;

/** No request is under way for so long, so a place in the limit that is held for longer has been forgotten. In milliseconds. */
const staleMs = 60_000;

/** Between two checks for a free place, in milliseconds. */
const pollMs = 50;

type RateDeps = Pick<KeeperDeps, 'clock' | 'scheduler' | 'claims' | 'log'>;

/**
 * Keeps the requests of all windows of this machine below what gateways take in a second. Where windows cannot agree,
 * each keeps below it alone; between machines nobody can, so a gateway may refuse a request all the same.
 */
export class RateLimit extends Part<RateDeps> {
  /** The places that this window holds or asks for. */
  readonly #held = new Set<string>();

  /**
   * Waits until a request of the kind `key` may be sent. What it resolves to is called when the answer has come: only a
   * second later the next one may go, so however long requests travel, the gateway never gets more.
   * @throws E_CANCELLED
   */
  readonly turn = async (key: string, perSecond: number, signal?: AbortSignal): Promise<() => void> => {
    const { clock, scheduler } = this.deps;
    for (;;) {
      for (let at = 0; at < perSecond; at++) {
        if (signal?.aborted) {
          throw cancelled();
        }
        const place = `rate-${hashOf(key)}-${at}`;
        if (this.#held.has(place)) {
          continue;
        }
        this.#held.add(place);
        if (await lease(this.deps, place, staleMs)) {
          return () => scheduler.after(place, takenMs, () => void this.#free(place));
        }
        this.#held.delete(place);
      }
      await pause(clock, pollMs);
    }
  };

  async #free(place: string): Promise<void> {
    await release(this.deps, place);
    this.#held.delete(place);
  }
}
