import { pause, Turns } from '../async.ts';
import { Part } from '../disposable.ts';
import type { Environment } from './environment.ts';
import { release } from './leases.ts';
import { hashOf, syncDelayMs } from './store.ts';

/** A claim older than this is of an opening that has failed. In milliseconds. */
const maxMs = 10 * 60_000;

/** A window that has its turn for longer than this is stuck: it should take a few milliseconds. In milliseconds. */
const turnMs = 2_000;

/** Between two tries to get the turn, in milliseconds. */
const pauseMs = 20;

type QueueDeps = Pick<Environment, 'clock' | 'scheduler' | 'claims' | 'log'> & {
  /** Is called with a session that a window was opening when it died. */
  readonly onAbandoned: (connection: string, id: string) => void;
};

/**
 * The sessions that all windows of this machine are opening, in order of arrival, by connection and by the ids that
 * their records will have. Where windows cannot agree, each sees its own alone.
 */
export class OpenQueue extends Part<QueueDeps> {
  /** Those of this window, first come first, by id; also those that are open, as long as not all windows know that. */
  readonly #mine = new Map<string, { readonly connection: string; isOpening: boolean }>();
  readonly #turns = new Turns();

  /** The ids of those that this window is opening. */
  mine(connection: string): readonly string[] {
    return [...this.#mine].flatMap(([id, one]) =>
      one.connection === connection && one.isOpening ? [id] : [],
    );
  }

  /** Joins the queue at its end; what it resolves to is a session's place in it. */
  async join(connection: string, id: string) {
    const mineBefore = this.mine(connection);
    const place = { connection, isOpening: true };
    this.#mine.set(id, place);
    let others = await this.#turns.run('', () => this.#joinInTurn(connection, id));
    return {
      /** The ids of those before it that are still being opened, or that others may not have heard of yet. */
      before: async () => {
        if (others.length > 0) {
          const still = await this.#others(connection).catch((): readonly string[] => []);
          others = others.filter((other) => still.includes(other));
        }
        return [...others, ...mineBefore.filter((other) => this.#mine.get(other)?.isOpening)];
      },
      /** @param opened whether its session is held now, which other windows do not know yet */
      leave: (opened: boolean) => {
        place.isOpening = false;
        if (opened) {
          this.deps.scheduler.after(taskKey(id), syncDelayMs, () => this.free(id));
        } else {
          this.free(id);
        }
      },
    };
  }

  /** Takes a session out of the queue: it was not opened, or all windows know of it. */
  free(id: string): void {
    const place = this.#mine.get(id);
    this.#mine.delete(id);
    this.deps.scheduler.cancel(taskKey(id));
    if (place !== undefined) {
      void release(this.deps, queueKey(place.connection) + id);
    }
  }

  /** Joins while no other window does, so that all agree on the order. */
  async #joinInTurn(connection: string, id: string): Promise<readonly string[]> {
    const { claims, clock, log } = this.deps;
    const turnKey = `turn-${hashOf(connection)}`;
    try {
      while (!(await claims.lease(turnKey, turnMs))) {
        await pause(clock, pauseMs);
      }
      try {
        const others = await this.#others(connection);
        await claims.claim(queueKey(connection) + id, Number.POSITIVE_INFINITY);
        return others;
      } finally {
        await claims.release(turnKey);
      }
    } catch (error) {
      log.warn(`Windows cannot agree who opens sessions: ${String(error)}`);
      return [];
    }
  }

  /** The ids that other living windows are opening. */
  async #others(connection: string): Promise<readonly string[]> {
    const { claims } = this.deps;
    const prefix = queueKey(connection);
    const others: string[] = [];
    for (const id of await claims.claimed(prefix)) {
      if (this.#mine.has(id)) {
        continue;
      }
      if (await claims.lease(prefix + id, maxMs)) {
        this.deps.onAbandoned(connection, id);
        await claims.release(prefix + id);
      } else {
        others.push(id);
      }
    }
    return others;
  }
}

function queueKey(connection: string): string {
  return `opening-${hashOf(connection)}-`;
}

function taskKey(id: string): string {
  return `place/${id}`;
}
