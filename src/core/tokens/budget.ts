import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { TokensError } from '../errors.ts';
import { type Deadline, remaining } from './deadline.ts';
import type { Holdings } from './holdings.ts';
import type { TokenRecord } from './record.ts';

/** Sessions are scarce: keeps count of those open and being opened, and of which may be closed for another. */
export class Budget {
  readonly #holdings: Holdings;
  readonly #clock: Clock;
  readonly #close: (session: TokenRecord) => Promise<void>;
  /** Calls under way, by the session they run in. */
  readonly #busy = new Map<string, number>();
  /** Sessions being opened whose ids are not known yet, by connection. */
  readonly #opening = new Map<string, number>();
  readonly #leaving = new Set<string>();
  /** Sessions that may have been opened but whose ids never arrived, by connection and by ours. */
  readonly #lost = new Map<string, Map<string, Deadline>>();

  constructor(holdings: Holdings, clock: Clock, close: (session: TokenRecord) => Promise<void>) {
    this.#holdings = holdings;
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

  /** It has turned up. */
  found(connection: string, id: string): void {
    this.#lost.get(connection)?.delete(id);
  }

  /**
   * Runs work that opens a session, after closing idle ones until there is room. The work says when its session
   * is held, and so counted by itself. Rejects with `E_LIMIT` when every session is at work.
   * @param suspect a session that seems dead: the first to go
   */
  async opening<T>(
    connection: Connection,
    suspect: TokenRecord | undefined,
    work: (held: () => void) => Promise<T>,
  ): Promise<T> {
    count(this.#opening, connection.name, 1);
    let counted = true;
    const held = () => {
      if (counted) {
        counted = false;
        count(this.#opening, connection.name, -1);
      }
    };
    try {
      for (;;) {
        const open = this.#open(connection.name);
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
      return await work(held);
    } finally {
      held();
    }
  }

  fits({ name, maxSessions }: Connection): boolean {
    return this.#open(name) <= maxSessions;
  }

  /** Closes what is too much: two windows that cannot see each other's openings may have opened one each. */
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
  #open(connection: string): number {
    let open = this.#opening.get(connection) ?? 0;
    for (const record of this.#holdings.of(connection)) {
      if (record.view !== undefined && !this.#leaving.has(record.id)) {
        open++;
      }
    }
    return open;
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
