import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { type Closing, closingMs } from './closing.ts';
import { type Deadline, remaining } from './deadline.ts';
import type { Environment } from './environment.ts';
import { lease, releaseWhenHeard } from './leases.ts';
import { OpenQueue } from './openQueue.ts';
import type { Session } from './record.ts';
import { syncDelayMs } from './store.ts';
import { bestOf, type Change } from './tokenTable.ts';

type LimitDeps = Environment & { closing: Closing };

/**
 * Counts the sessions open and being opened, and closes the least recently used one when another needs its place. Windows
 * of one machine agree before they open, so that there is never one too many. Machines cannot: a session too many is closed
 * later.
 */
export class SessionLimit extends Part<LimitDeps> {
  readonly #queue: OpenQueue;
  /** The sessions that calls run in, once for each call. */
  readonly #busy: string[] = [];
  /** Sessions that are being closed for others. */
  readonly #makingRoom = new Set<string>();
  /** Sessions that may have been opened but whose values were not received, by the ids of their records. */
  readonly #unnamed = new Map<
    string,
    Deadline & { readonly connection: string; readonly isAnswered: boolean }
  >();

  constructor(deps: LimitDeps) {
    super(deps);
    this.#queue = new OpenQueue({
      ...deps,
      onAbandoned: (connection, id) => this.#abandoned(connection, id),
    });
    this.add(deps.table.onDidChange((change) => this.#onChange(change)));
  }

  /** Runs work in a session, which is not closed for another one meanwhile. */
  async using<T>(id: string, work: () => Promise<T>): Promise<T> {
    this.#busy.push(id);
    try {
      return await work();
    } finally {
      this.#busy.splice(this.#busy.indexOf(id), 1);
    }
  }

  /** Whether a session is being closed for another one. */
  isMakingRoom(id: string): boolean {
    return this.#makingRoom.has(id);
  }

  /**
   * A session may have been opened whose answer was lost: nobody can use or close it, so it is shown nowhere, but it takes
   * up room until its life is over. Idle sessions are closed for its sake, but it alone never prevents an opening, because
   * it may not exist.
   * @param isAnswered whether the answer came, and named none
   */
  mayBeOpen(connection: string, id: string, { sent, leftMs }: Deadline, isAnswered = false): void {
    this.#unnamed.set(id, { connection, sent, leftMs, isAnswered });
  }

  /** Whether a gateway has named no session that it has opened: then no more are left open there for a life. */
  namesNone(connection: string): boolean {
    return this.#unnamedOf(connection).some(({ isAnswered }) => isAnswered);
  }

  /**
   * Runs work that opens a session, after closing idle ones until there is room, whichever windows the others are opened
   * by.
   * @param id of the record that its session will have
   * @param dead a session that seems to be dead: the first to be closed
   * @throws `E_LIMIT` when every session is at work
   */
  async opening<T>(
    connection: Connection,
    id: string,
    dead: Session | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    const place = await this.#queue.join(connection.name, id);
    try {
      for (;;) {
        const ahead = (await place.before()).filter((other) => !this.#isHeld(other)).length;
        const open = this.#held(connection.name) + ahead + 1;
        if (open + this.#unnamedOf(connection.name).length <= connection.maxSessions) {
          break;
        }
        if (await this.makeRoom(connection, dead)) {
          continue;
        }
        if (open <= connection.maxSessions) {
          break; // Only sessions that may not exist are in the way.
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

  #onChange({ id, connection, what }: Change): void {
    const { scheduler, table, window } = this.deps;
    if (what === 'removed') {
      this.#queue.free(id);
    }
    const record = what === 'added' ? table.get(id) : undefined;
    if (record?.level !== 'session') {
      return;
    }
    this.#unnamed.delete(id); // Its value is known now.
    if (record.openedBy !== window) {
      // Two machines share no claims: the one whose id sorts first closes first, and the other learns of it.
      const wait = window < record.openedBy ? syncDelayMs : 3 * syncDelayMs;
      scheduler.after(`too-many/${connection}`, wait, () => void this.#closeTooMany(connection));
    }
  }

  /** A window died while it opened a session, which may be open. */
  #abandoned(connection: string, id: string): void {
    const { clock, connections } = this.deps;
    const life = connections.find(connection)?.lifeMinutes;
    if (life !== undefined && !this.#isHeld(id)) {
      this.mayBeOpen(connection, id, { sent: clock.now(), leftMs: life * 60_000 });
    }
  }

  #fits({ name, maxSessions }: Connection): boolean {
    const opening = this.#queue.mine(name).filter((id) => !this.#isHeld(id));
    return this.#held(name) + opening.length <= maxSessions;
  }

  /** Closes idle sessions beyond the limit. */
  async #closeTooMany(name: string): Promise<void> {
    const { connections, log, scheduler } = this.deps;
    const connection = connections.find(name);
    const key = `too-many-${name}`;
    if (connection === undefined || this.#fits(connection)) {
      return;
    }
    if (await lease(this.deps, key, closingMs)) {
      try {
        while (!this.#fits(connection) && (await this.makeRoom(connection))) {
          // Until the limit is kept, or all are at work.
        }
      } catch (error) {
        log.warn(`Closing what is too much of ${name} failed: ${String(error)}`);
      }
      releaseWhenHeard(this.deps, key);
    }
    if (!this.#fits(connection)) {
      scheduler.after(`too-many/${name}`, closingMs / 2, () => void this.#closeTooMany(name));
    }
  }

  /** Closes the session that is needed least; false when there is none. Rejects when it cannot be closed. */
  async makeRoom(connection: Connection, dead?: Session): Promise<boolean> {
    const isFirst = dead !== undefined && this.#isIdle(dead) && this.#isHeld(dead.id);
    const session = isFirst ? dead : this.#leastRecentlyUsed(connection.name);
    if (session === undefined) {
      return false;
    }
    this.#makingRoom.add(session.id);
    try {
      await this.deps.closing.end(session);
    } finally {
      this.#makingRoom.delete(session.id);
    }
    return true;
  }

  /** Those that seem expired count as well: only the gateway knows for sure. */
  #held(connection: string): number {
    return [...this.deps.table.sessions(connection).filter(({ id }) => !this.#makingRoom.has(id))].length;
  }

  #isHeld(id: string): boolean {
    return this.deps.table.get(id) !== undefined;
  }

  #unnamedOf(name: string) {
    const now = this.deps.clock.now();
    for (const [id, life] of this.#unnamed) {
      if (remaining(life, now) <= 0) {
        this.#unnamed.delete(id);
      }
    }
    return [...this.#unnamed.values()].filter(({ connection }) => connection === name);
  }

  /** An expired one if there is any. */
  #leastRecentlyUsed(connection: string): Session | undefined {
    const now = this.deps.clock.now();
    const usedAt = (one: Session) => (remaining(one, now) > 0 ? one.lastUsedAt : Number.NEGATIVE_INFINITY);
    const idle = this.deps.table.sessions(connection).filter((session) => this.#isIdle(session));
    return bestOf(idle, (one, than) => usedAt(one) < usedAt(than));
  }

  #isIdle({ id }: Session): boolean {
    return !this.#busy.includes(id) && !this.#makingRoom.has(id);
  }
}
