import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { TokensError } from '../errors.ts';
import { type Deadline, remaining } from './deadline.ts';
import type { Change, Holdings } from './holdings.ts';
import type { Places } from './places.ts';
import type { TokenRecord } from './record.ts';

/** Sessions are scarce: keeps count of those open and being opened, and of which may be closed for another. */
export class Budget {
  readonly #holdings: Holdings;
  readonly #places: Places;
  readonly #clock: Clock;
  readonly #close: (session: TokenRecord) => Promise<void>;
  /** Calls under way, by the session they run in. */
  readonly #busy = new Map<string, number>();
  readonly #leaving = new Set<string>();
  /** Sessions that may have been opened but whose ids never arrived, by connection and by ours. */
  readonly #lost = new Map<string, Map<string, Deadline>>();

  constructor(
    holdings: Holdings,
    places: Places,
    clock: Clock,
    close: (session: TokenRecord) => Promise<void>,
  ) {
    this.#holdings = holdings;
    this.#places = places;
    this.#clock = clock;
    this.#close = close;
  }

  /** Runs work in a session, which is not closed for another one meanwhile. */
  async using<T>(session: { readonly id: string }, work: () => Promise<T>): Promise<T> {
    count(this.#busy, session.id, 1);
    try {
      return await work();
    } finally {
      count(this.#busy, session.id, -1);
    }
  }

  /** Whether a session is on its way out. */
  isLeaving(id: string): boolean {
    return this.#leaving.has(id);
  }

  /**
   * A session may have been opened whose answer was lost: nobody can use or close it, so it is shown nowhere, but
   * it takes up room until its life is over. For that others are closed; it alone never keeps one from being opened,
   * because perhaps it is not there at all.
   */
  lose(connection: string, id: string, life: Deadline): void {
    let lost = this.#lost.get(connection);
    if (lost === undefined) {
      lost = new Map();
      this.#lost.set(connection, lost);
    }
    lost.set(id, life);
  }

  /** A lost one may turn up, and one that is closed needs no place any more. */
  hear({ id, connection, what }: Change): void {
    if (what === 'added') {
      this.#lost.get(connection)?.delete(id);
    } else if (what === 'removed') {
      this.#places.free(id);
    }
  }

  /**
   * Runs work that opens a session, after closing idle ones until there is room, whichever windows the others are
   * opened by. Rejects with `E_LIMIT` when every session is at work.
   * @param id of the record that its session will have
   * @param suspect a session that seems dead: the first to go
   */
  async opening<T>(
    connection: Connection,
    id: string,
    suspect: TokenRecord | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const place = await this.#places.take(connection.name, id);
    try {
      for (;;) {
        const before = await place.before();
        const ahead = [...before].filter((other) => !this.#isHeld(other)).length;
        const open = this.#held(connection.name) + ahead + 1;
        if (open + this.#lostOf(connection.name) <= connection.maxSessions) {
          break;
        }
        if (await this.makeRoom(connection, suspect)) {
          continue;
        }
        if (open <= connection.maxSessions) {
          break; // Only lost ones are in the way.
        }
        throw new TokensError(
          'E_LIMIT',
          'All {0} sessions of {1} are in use: wait for one to end, close one, or raise maxSessions.',
          [connection.maxSessions, connection.name],
        );
      }
      return await work();
    } finally {
      place.leave(this.#isHeld(id));
    }
  }

  fits({ name, maxSessions }: Connection): boolean {
    const opening = this.#places.countMine(name, (id) => this.#isHeld(id));
    return this.#held(name) + opening <= maxSessions;
  }

  /** Closes what is too much: two windows that could not agree may have opened one each. */
  async trim(connection: Connection): Promise<void> {
    while (!this.fits(connection) && (await this.makeRoom(connection))) {
      // Until it fits, or all are at work.
    }
  }

  /** Closes the session that is needed least; false when there is none. Rejects when it cannot be closed. */
  async makeRoom(connection: Connection, suspect?: TokenRecord): Promise<boolean> {
    const victim =
      suspect !== undefined && this.#isIdle(suspect) && this.#holdings.get(suspect.id) !== undefined
        ? suspect
        : this.#leastRecentlyUsed(connection.name);
    if (victim === undefined) {
      return false;
    }
    this.#leaving.add(victim.id);
    try {
      await this.#close(victim);
    } finally {
      this.#leaving.delete(victim.id);
    }
    return true;
  }

  /** Those that seem expired count as well: only the gateway knows for sure. */
  #held(connection: string): number {
    let held = 0;
    for (const record of this.#holdings.of(connection)) {
      if (record.view !== undefined && !this.#leaving.has(record.id)) {
        held++;
      }
    }
    return held;
  }

  #isHeld(id: string): boolean {
    return this.#holdings.get(id) !== undefined;
  }

  #lostOf(connection: string): number {
    const lost = this.#lost.get(connection);
    const now = this.#clock.now();
    for (const [id, life] of lost ?? []) {
      if (remaining(life, now) <= 0) {
        lost?.delete(id);
      }
    }
    return lost?.size ?? 0;
  }

  /** An expired one if there is any. */
  #leastRecentlyUsed(connection: string): TokenRecord | undefined {
    const now = this.#clock.now();
    let least: TokenRecord | undefined;
    let leastUsedAt = Number.POSITIVE_INFINITY;
    for (const record of this.#holdings.of(connection)) {
      const usedAt = remaining(record, now) > 0 ? record.lastUsedAt : Number.NEGATIVE_INFINITY;
      if (record.view !== undefined && this.#isIdle(record) && usedAt < leastUsedAt) {
        least = record;
        leastUsedAt = usedAt;
      }
    }
    return least;
  }

  #isIdle(record: TokenRecord): boolean {
    return !this.#busy.has(record.id) && !this.#leaving.has(record.id);
  }
}

function count(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const next = (counts.get(key) ?? 0) + by;
  if (next === 0) {
    counts.delete(key);
  } else {
    counts.set(key, next);
  }
}
