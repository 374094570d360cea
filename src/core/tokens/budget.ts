import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { TokensError } from '../errors.ts';
import { remaining } from './deadline.ts';
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

  constructor(holdings: Holdings, clock: Clock, close: (session: TokenRecord) => Promise<void>) {
    this.#holdings = holdings;
    this.#clock = clock;
    this.#close = close;
  }

  /** Runs work in a session, which is not closed for another one meanwhile. */
  async using<T>(session: TokenRecord, work: () => Promise<T>): Promise<T> {
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
      while (this.#open(connection.name) > connection.maxSessions) {
        if (!(await this.makeRoom(connection, suspect))) {
          throw new TokensError(
            'E_LIMIT',
            'All {0} sessions of {1} are in use: wait for one to end, close one, or raise maxSessions.',
            [connection.maxSessions, connection.name],
          );
        }
      }
      return await work(held);
    } finally {
      held();
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

  #open(connection: string): number {
    let open = this.#opening.get(connection) ?? 0;
    const now = this.#clock.now();
    for (const record of this.#holdings.of(connection)) {
      if (record.view !== undefined && !this.#leaving.has(record.id) && remaining(record, now) > 0) {
        open++;
      }
    }
    return open;
  }

  #leastRecentlyUsed(connection: string): TokenRecord | undefined {
    let least: TokenRecord | undefined;
    for (const record of this.#holdings.of(connection)) {
      if (
        record.view !== undefined &&
        this.#isIdle(record) &&
        (least === undefined || record.lastUsedAt < least.lastUsedAt)
      ) {
        least = record;
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
