import { pause, Turns } from '../async.ts';
import type { Environment } from './environment.ts';
import { hashOf, syncDelayMs } from './store.ts';

/** A claim older than this is of an opening that has long come to nothing. In milliseconds. */
const maxMs = 10 * 60_000;

/** A window that has its turn for longer is stuck, for it takes milliseconds. In milliseconds. */
const turnMs = 2_000;

/** Between two tries to get the turn, in milliseconds. */
const pauseMs = 20;

/**
 * The sessions that all windows of this machine are opening, in order of arrival, by connection and by the ids that
 * their records will have. Where windows cannot agree, each sees its own alone.
 */
export class OpenQueue {
  readonly #env: Pick<Environment, 'clock' | 'scheduler' | 'claims' | 'log'>;
  readonly #onAbandoned: (connection: string, id: string) => void;
  /** Those of this window, first come first, by connection. */
  readonly #mine = new Map<string, Set<string>>();
  /** The claims of this window, by id. */
  readonly #claimed = new Map<string, string>();
  readonly #turns = new Turns();

  /** @param onAbandoned hears of a session that a window was opening when it died */
  constructor(env: Environment, onAbandoned: (connection: string, id: string) => void) {
    this.#env = env;
    this.#onAbandoned = onAbandoned;
  }

  /** The ids of those that this window is opening. */
  mine(connection: string): readonly string[] {
    return [...(this.#mine.get(connection) ?? [])];
  }

  /** Joins the queue at its end; what it resolves to is a session's place in it. */
  async join(connection: string, id: string) {
    const mine = this.#mine.get(connection) ?? new Set();
    this.#mine.set(connection, mine);
    const mineBefore = [...mine];
    mine.add(id);
    let others = await this.#turns.run('', () => this.#joinInTurn(connection, id));
    return {
      /** The ids of those before it that are still being opened, or that others may not have heard of yet. */
      before: async () => {
        if (others.length > 0) {
          const still = await this.#others(connection).catch((): readonly string[] => []);
          others = others.filter((other) => still.includes(other));
        }
        return [...others, ...mineBefore.filter((other) => mine.has(other))];
      },
      /** @param opened whether its session is held now, which other windows have still to hear */
      leave: (opened: boolean) => {
        mine.delete(id);
        if (opened) {
          this.#env.scheduler.after(taskKey(id), syncDelayMs, () => this.free(id));
        } else {
          this.free(id);
        }
      },
    };
  }

  /** There is no such session, or everybody knows it. */
  free(id: string): void {
    const key = this.#claimed.get(id);
    this.#claimed.delete(id);
    this.#env.scheduler.cancel(taskKey(id));
    if (key !== undefined) {
      this.#env.claims.release(key).catch(() => undefined); // Litter, which the next start sweeps up.
    }
  }

  /** One at a time of all windows, so that of two in the queue each knows which is the first. */
  async #joinInTurn(connection: string, id: string): Promise<readonly string[]> {
    const { claims, clock, log } = this.#env;
    const turnKey = `turn-${hashOf(connection)}`;
    try {
      while (!(await claims.lease(turnKey, turnMs))) {
        await pause(clock, pauseMs);
      }
      try {
        const others = await this.#others(connection);
        const key = queueKey(connection) + id;
        this.#claimed.set(id, key);
        await claims.claim(key, Number.POSITIVE_INFINITY);
        return others;
      } finally {
        await claims.release(turnKey);
      }
    } catch (error) {
      log.warn(`Windows cannot agree who opens sessions: ${String(error)}`);
      return [];
    }
  }

  /** Those of other windows that live. */
  async #others(connection: string): Promise<readonly string[]> {
    const { claims } = this.#env;
    const prefix = queueKey(connection);
    const others: string[] = [];
    for (const id of await claims.claimed(prefix)) {
      if (this.#claimed.has(id)) {
        continue;
      }
      if (await claims.lease(prefix + id, maxMs)) {
        this.#onAbandoned(connection, id);
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
