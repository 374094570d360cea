import { createHash } from 'node:crypto';
import { pause } from '../async.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Scheduler } from './scheduler.ts';
import { type Claims, heardMs } from './store.ts';

/** A claim older than this is of an opening that has long come to nothing. In milliseconds. */
const longestMs = 10 * 60_000;

/** A window that has its turn for longer is stuck, for it takes milliseconds. In milliseconds. */
const turnMs = 2_000;

/** Between two tries to get the turn, in milliseconds. */
const pauseMs = 20;

export interface PlacesDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly claims: Claims;
  readonly log: Log;
  /** Hears of a session that a window was opening when it died. */
  readonly onAbandoned: (connection: string, id: string) => void;
}

/** A session's place in the row of those that are being opened. */
export interface Place {
  /** The ids of those before it that are still being opened, or that others may not have heard of yet. */
  before(): Promise<ReadonlySet<string>>;
  /** @param opened whether its session is held now, which other windows have still to hear */
  leave(opened: boolean): void;
}

/**
 * The row, for each connection, of the sessions that all windows of this machine are opening, by the ids that their
 * records will have. Where windows cannot agree, each sees its own alone.
 */
export class Places {
  readonly #deps: PlacesDeps;
  /** Those of this window, first come first, by connection. */
  readonly #mine = new Map<string, Set<string>>();
  /** The claims of this window, by id. */
  readonly #claimed = new Map<string, string>();
  #turns: Promise<unknown> = Promise.resolve();

  constructor(deps: PlacesDeps) {
    this.#deps = deps;
  }

  /** How many this window is opening, those left out that are in `but`. */
  countMine(connection: string, but: (id: string) => boolean): number {
    return [...(this.#mine.get(connection) ?? [])].filter((id) => !but(id)).length;
  }

  /** Joins the row at its end. */
  async take(connection: string, id: string): Promise<Place> {
    const mine = this.#mine.get(connection) ?? new Set();
    this.#mine.set(connection, mine);
    const mineBefore = [...mine];
    mine.add(id);
    const turn = this.#turns.then(() => this.#takeInTurn(connection, id));
    this.#turns = turn;
    let others = await turn;
    return {
      before: async () => {
        others = await this.#still(connection, others);
        return new Set([...others, ...mineBefore.filter((other) => mine.has(other))]);
      },
      leave: (opened) => {
        mine.delete(id);
        if (opened) {
          this.#deps.scheduler.after(taskKey(id), heardMs, () => this.free(id));
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
    this.#deps.scheduler.cancel(taskKey(id));
    if (key !== undefined) {
      this.#deps.claims.release(key).catch(() => undefined); // Litter, which the next start sweeps up.
    }
  }

  /** One at a time of all windows, so that of two in the row each knows which is the first. */
  async #takeInTurn(connection: string, id: string): Promise<ReadonlySet<string>> {
    const { claims, log } = this.#deps;
    const turnKey = `turn-${hashOf(connection)}`;
    const key = rowKey(connection) + id;
    try {
      await this.#getTurn(turnKey);
      try {
        const others = await this.#others(connection);
        this.#claimed.set(id, key);
        await claims.claim(key, Number.POSITIVE_INFINITY);
        return others;
      } finally {
        await claims.release(turnKey);
      }
    } catch (error) {
      log.warn(`Windows cannot agree who opens sessions: ${String(error)}`);
      return new Set();
    }
  }

  async #getTurn(key: string): Promise<void> {
    const { claims, clock } = this.#deps;
    while (!(await claims.lease(key, turnMs))) {
      await pause(clock, pauseMs);
    }
  }

  async #still(connection: string, ids: ReadonlySet<string>): Promise<ReadonlySet<string>> {
    if (ids.size === 0) {
      return ids;
    }
    try {
      const now = await this.#others(connection);
      return new Set([...ids].filter((id) => now.has(id)));
    } catch {
      return new Set();
    }
  }

  /** Those of other windows that live. */
  async #others(connection: string): Promise<ReadonlySet<string>> {
    const { claims, onAbandoned } = this.#deps;
    const prefix = rowKey(connection);
    const others = new Set<string>();
    for (const id of await claims.claimed(prefix)) {
      if (this.#claimed.has(id)) {
        continue;
      }
      if (await claims.lease(prefix + id, longestMs)) {
        onAbandoned(connection, id);
        await claims.release(prefix + id);
      } else {
        others.add(id);
      }
    }
    return others;
  }
}

function rowKey(connection: string): string {
  return `opening-${hashOf(connection)}-`;
}

/** People call their connections what they like; claims are files. */
function hashOf(connection: string): string {
  return createHash('sha256').update(connection).digest('hex').slice(0, 16);
}

function taskKey(id: string): string {
  return `place/${id}`;
}
