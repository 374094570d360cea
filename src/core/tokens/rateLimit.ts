import { createHash } from 'node:crypto';
import { pause } from '../async.ts';
import type { Clock } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { cancelled } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Claims } from './store.ts';

/** What a limit counts in, in milliseconds. */
const secondMs = 1_000;

/** No request is under way for so long, so a place in the limit that is held for longer has been forgotten. In milliseconds. */
const staleMs = 60_000;

/** Between two looks for a place, in milliseconds. */
const lookMs = 50;

/**
 * Keeps the requests of all windows of this machine below what gateways take in a second. Where windows cannot agree,
 * each keeps below it alone; between machines nobody can, so a gateway may refuse a request all the same.
 */
export class RateLimit implements Disposable {
  readonly #clock: Clock;
  readonly #claims: Claims;
  readonly #log: Log;
  /** The places that this window holds or asks for. */
  readonly #held = new Set<string>();
  readonly #timers = new Set<Disposable>();

  constructor({ clock, claims, log }: { clock: Clock; claims: Claims; log: Log }) {
    this.#clock = clock;
    this.#claims = claims;
    this.#log = log;
  }

  /**
   * Waits until a request of the kind `key` may be sent. What it resolves to is called when the answer has come: only a
   * second later the next one may go, so however long requests travel, the gateway never gets more.
   * @throws E_CANCELLED
   */
  readonly turn = async (key: string, perSecond: number, signal?: AbortSignal): Promise<() => void> => {
    const name = `rate-${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
    for (;;) {
      for (let at = 0; at < perSecond; at++) {
        if (signal?.aborted) {
          throw cancelled();
        }
        const place = `${name}-${at}`;
        if (!this.#held.has(place) && (await this.#take(place))) {
          return () => this.#leave(place);
        }
      }
      await pause(this.#clock, lookMs);
    }
  };

  dispose(): void {
    for (const timer of this.#timers) {
      timer.dispose();
    }
  }

  async #take(place: string): Promise<boolean> {
    this.#held.add(place);
    try {
      if (await this.#claims.lease(place, staleMs)) {
        return true;
      }
    } catch (error) {
      this.#log.debug(`Windows cannot agree on the rate of requests: ${String(error)}`);
      return true;
    }
    this.#held.delete(place);
    return false;
  }

  #leave(place: string): void {
    const timer = this.#clock.setTimeout(() => {
      this.#timers.delete(timer);
      this.#claims
        .release(place)
        .catch(() => undefined) // It becomes stale.
        .finally(() => this.#held.delete(place));
    }, secondMs);
    this.#timers.add(timer);
  }
}
