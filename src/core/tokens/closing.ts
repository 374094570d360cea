import { eachOf, SingleFlight, unlessCancelled, within } from '../async.ts';
import { Part } from '../disposable.ts';
import { cancelled, isLoginRefused } from '../errors.ts';
import { abilitiesOf, protocolOf } from '../protocols/kinds.ts';
import { mayLive } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { belongsTo, maxAtOnce } from './gateways.ts';
import {
  isClosable,
  isEnding,
  type Session,
  type SoleToken,
  type TokenRecord,
  type UserToken,
} from './record.ts';
import { mayRefuseToken } from './refusal.ts';
import type { OperationOptions, SignIn } from './signIn.ts';
import type { Takeover } from './takeover.ts';
import type { Change } from './tokenTable.ts';

/** How many sessions were ended, and how many could not be. */
export interface ClosedCount {
  readonly closed: number;
  readonly failed: number;
}

/** Longer than anyone waits for a session to be closed, in milliseconds. */
export const closingMs = 60_000;

/** How long a window that exits may take to close a session before others check, in milliseconds. */
const leavingMs = 1_000;

type ClosingDeps = Environment & { calls: GatewayCalls; signIn: SignIn; takeover: Takeover };

/** Closes tokens at their gateways and forgets them, and finishes what a window had begun to close when it died. */
export class Closing extends Part<ClosingDeps> {
  /** By the session's id. */
  readonly #flights = new SingleFlight<string, void>();

  constructor(deps: ClosingDeps) {
    super(deps);
    const { calls, claims, scheduler, table } = deps;
    this.add(table.onDidChange((change) => this.#watchClosing(change)));
    this.add(calls.onUnwanted((id) => void this.#finishClosing(id)));
    this.add(
      claims.onDidClaim((key) => {
        const id = key.startsWith(leavingKey('')) ? key.slice(leavingKey('').length) : undefined;
        if (id !== undefined && table.get(id) !== undefined) {
          // Its window gets a moment to close it; after that any window may.
          scheduler.after(leavingKey(id), leavingMs, () => void this.#finishLeaving(id));
        }
      }),
    );
  }

  /** Ends the tokens that windows were closing when they died or exited. */
  async resume(): Promise<void> {
    const { claims, log, scheduler, table } = this.deps;
    for (const { id } of table.all().filter(isEnding)) {
      scheduler.after(closeKey(id), 0, () => void this.#finishClosing(id));
    }
    // What a window writes to the store as it exits may be lost; its claims are files, and are not.
    const leaving = await claims.claimed(leavingKey('')).catch((error: unknown) => {
      log.warn(`What windows closed at their end cannot be seen: ${String(error)}`);
      return [];
    });
    for (const id of leaving) {
      scheduler.after(leavingKey(id), 0, () => void this.#finishLeaving(id));
    }
  }

  /** Ends a session. Of a user token: its sessions, then itself. */
  async close(record: TokenRecord, options: OperationOptions): Promise<void> {
    if (isClosable(record)) {
      await unlessCancelled(this.end(record, options), options.signal);
    } else if (record.level === 'replaced') {
      // It is kept until its sessions have been taken over: they can only be closed with it.
      await unlessCancelled(this.#finishClosing(record.id), options.signal);
    } else {
      await this.#endUser(record, options);
    }
  }

  /**
   * Ends a session at its gateway and forgets it, once for all who want that.
   * @throws what the gateway said where it cannot be closed; it then stays held
   */
  end(record: Session | SoleToken, options: OperationOptions = {}): Promise<void> {
    return this.#flights.run(record.id, () => this.#endNow(record, options));
  }

  /** The same; where it cannot be closed, the log says why, and it is false. */
  async tryEnd(record: Session | SoleToken, options: OperationOptions = {}): Promise<boolean> {
    try {
      await unlessCancelled(this.end(record, options), options.signal);
      return true;
    } catch (error) {
      this.deps.log.warn(`Closing ${record.id} failed: ${String(error)}`);
      return false;
    }
  }

  /** Ends sessions; counts those that could not be. */
  async endAll(sessions: readonly (Session | SoleToken)[], options: OperationOptions): Promise<ClosedCount> {
    const ended = await eachOf(sessions, maxAtOnce, (session) => this.tryEnd(session, options));
    const closed = ended.filter((isEnded) => isEnded).length;
    return { closed, failed: ended.length - closed };
  }

  /**
   * Ends the sessions that this window opened and no other has used since, as the window exits, and those of windows that
   * have died. What cannot be ended within `withinMs` milliseconds is left to the next start.
   */
  async closeMine(withinMs: number): Promise<void> {
    const { claims, clock, log, table, window } = this.deps;
    const gone = new Map<string, boolean>([[window, true]]);
    try {
      await claims.leave();
      for (const other of table.all().flatMap(({ openedBy, usedBy }) => [openedBy, usedBy])) {
        gone.set(other, gone.get(other) ?? !(await claims.lives(other)));
      }
    } catch (error) {
      log.warn(`Other windows cannot be seen: ${String(error)}`); // What they may use stays open.
    }
    const mine = table
      .all()
      .filter(isClosable)
      .filter(({ openedBy, usedBy }) => gone.get(openedBy) && gone.get(usedBy))
      .filter((record) => this.#canEnd(record));
    const ending = eachOf(mine, maxAtOnce, (session) => this.#endAtExit(session));
    await within(clock, withinMs, ending);
  }

  /** Whether the gateway of a token can be asked to end it; else the token stays held. */
  #canEnd({ connection: name }: TokenRecord): boolean {
    const connection = this.deps.connections.find(name);
    return connection === undefined || abilitiesOf(connection).closable;
  }

  /**
   * Ends all sessions of a connection, those that open or are signed in to meanwhile included; forgets all that is held of
   * it, and ends its user tokens as far as their gateway can be asked.
   * @throws E_CANCELLED, and then nothing is forgotten
   */
  async leave(name: string, options: OperationOptions): Promise<ClosedCount> {
    const { table } = this.deps;
    const tried = new Set<string>();
    // A sole token that is being replaced is held twice for a moment.
    const held = () => new Map([...table.of(name)].filter(isClosable).map((one) => [one.value, one]));
    const untried = () => [...held().values()].filter(({ value }) => !tried.has(value));
    let closed = 0;
    for (let open = untried(); open.length > 0; open = untried()) {
      for (const { value } of open) {
        tried.add(value);
      }
      closed += (await this.endAll(open, options)).closed;
    }
    if (options.signal?.aborted) {
      throw cancelled(); // What is forgotten cannot be closed any more.
    }
    this.deps.signIn.signedOut(name);
    await this.#forgetAll(name, options);
    return { closed, failed: tried.size - closed };
  }

  async #forgetAll(name: string, { signal }: OperationOptions): Promise<void> {
    const records = [...this.deps.table.of(name)];
    for (const record of records) {
      await this.deps.sync.removeEnded(record);
    }
    await eachOf(records, maxAtOnce, async (record) => {
      if (record.level === 'user' || record.level === 'replaced') {
        await this.deps.calls.logOff(record, { signal });
      }
    });
  }

  async #endUser(user: UserToken, options: OperationOptions): Promise<void> {
    const { table } = this.deps;
    // While some are being closed others may open.
    for (let open = table.sessionsOf(user); open.length > 0; open = table.sessionsOf(user)) {
      const results = await unlessCancelled(
        eachOf(open, maxAtOnce, (session) =>
          this.end(session, options).catch((error: unknown) => ({ error })),
        ),
        options.signal,
      );
      const failure = results.find((result) => result !== undefined);
      if (failure !== undefined) {
        throw failure.error; // Without their user token those left could never be closed.
      }
    }
    await this.deps.sync.removeEnded(user); // Before the log-off, so that a session being opened under it is not kept.
    await this.deps.calls.logOff(user, options);
  }

  async #endNow(record: Session | SoleToken, options: OperationOptions): Promise<void> {
    const { connections, sync, table } = this.deps;
    const connection = connections.find(record.connection);
    if (connection === undefined || !belongsTo(connection, record)) {
      await sync.removeEnded(record); // No connection leads to where it was issued.
      return;
    }
    if (record.level === 'session') {
      await this.deps.takeover.settle(connection, record);
      if (table.get(record.id) === undefined) {
        return; // It could not be taken over, and was closed.
      }
    }
    // Written before the request: if this window dies between the two, the next one finds what to finish.
    await sync.update(record.id, { closing: true }, 'now');
    const query =
      record.level === 'session' ? protocolOf(connection).sessions?.query(record.view) : undefined;
    const attempt = () => this.deps.calls.close(record, options, query);
    try {
      await attempt().catch(async (error: unknown) => {
        if (record.level !== 'session') {
          throw error; // A token that has gone already counts as closed: this error has another cause.
        }
        await this.#endRefused(record, attempt, options, error);
      });
    } catch (error) {
      await sync.update(record.id, { closing: false }, 'now');
      throw error;
    }
    await sync.removeEnded(record);
    const held = table.get(record.id);
    if (held !== undefined && isClosable(held) && held.value !== record.value) {
      await this.#endNow(held, options); // A renewal has replaced the value meanwhile.
    }
  }

  /** A refused close: the session may have gone already, or its user token has. */
  async #endRefused(
    session: Session,
    attempt: () => Promise<void>,
    options: OperationOptions,
    refusal: unknown,
  ): Promise<void> {
    const { clock, logins, table } = this.deps;
    const user = table.owner(session);
    if (user !== undefined && !mayRefuseToken(refusal)) {
      throw refusal;
    }
    if (!mayLive(session, clock.now())) {
      return;
    }
    if (user === undefined || !(await this.deps.calls.answers(user))) {
      const { connection } = await this.deps.calls.gatewayOf(session);
      const login = await logins.usable(connection);
      if (login === undefined && options.askLogin === undefined) {
        if (user === undefined) {
          throw refusal;
        }
        return; // With its user token dead the session is too (docs/protocols.md 2).
      }
      try {
        await this.deps.signIn.again({ connection, service: session.service }, options, user);
      } catch (error) {
        if (isLoginRefused(error) && options.askLogin === undefined) {
          return; // The remembered login was refused just now; the session is dead as above.
        }
        throw error;
      }
    }
    try {
      await attempt();
    } catch (error) {
      // The user token lives, so the refusal means that the session has gone, unless it still answers.
      if (!mayRefuseToken(error) || (await this.deps.calls.answers(session))) {
        throw error;
      }
    }
  }

  /**
   * Ends a session without waiting for the secret storage, which may be shut down already: a claim notes it, and the next
   * window that starts does the rest.
   */
  async #endAtExit(record: Session | SoleToken): Promise<void> {
    const { claims, log } = this.deps;
    try {
      await claims.claim(leavingKey(record.id), Number.POSITIVE_INFINITY);
      await this.deps.calls.close(record, {});
      void this.deps.sync.removeEnded(record);
    } catch (error) {
      log.warn(`Closing ${record.id} failed: ${String(error)}`);
    }
  }

  /** A window that has begun to close something may die before it is done. */
  #watchClosing({ id }: Change): void {
    const { scheduler, table } = this.deps;
    const record = table.get(id);
    if (record === undefined || !isEnding(record)) {
      scheduler.cancel(closeKey(id));
    } else if (!scheduler.has(closeKey(id))) {
      scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
    }
  }

  /** Finishes a closing that a window claimed as it exited; the claim is released in any case, so that nobody tries again. */
  async #finishLeaving(id: string): Promise<void> {
    const { claims, log, table } = this.deps;
    const record = table.get(id);
    const key = leavingKey(id);
    try {
      if (!(await claims.claimed(key)).includes('')) {
        return; // Another window was faster.
      }
      // A living window that has used it since keeps it.
      if (record !== undefined && !(await claims.lives(record.usedBy))) {
        await this.#finishClosing(id);
      }
      await claims.release(key);
    } catch (error) {
      log.warn(`Other windows cannot be seen: ${String(error)}`);
    }
  }

  /** Finishes a closing that was begun by a window that died or exited. */
  async #finishClosing(id: string): Promise<void> {
    const { connections, log, scheduler, sync, table } = this.deps;
    for (const other of this.#othersOfValue(id)) {
      await sync.readAgain(other.id); // If it has another value by now, this record alone holds the old one.
    }
    const record = table.get(id);
    if (record === undefined) {
      return;
    }
    try {
      if (this.#othersOfValue(id).length > 0) {
        await sync.remove(id); // The window died before it had replaced the token, which is in use.
      } else if (isClosable(record)) {
        await this.end(record);
      } else if (record.level === 'replaced') {
        const connection = connections.find(record.connection);
        await (connection === undefined
          ? sync.removeEnded(record)
          : this.deps.takeover.finish(connection, record));
        if (table.get(id) !== undefined) {
          scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
        }
      }
    } catch (error) {
      log.warn(`Closing ${id} again failed: ${String(error)}`);
    }
  }

  /** The other records of a token's value; of several to be closed, every window keeps the one with the lowest id. */
  #othersOfValue(id: string): TokenRecord[] {
    const { table } = this.deps;
    const record = table.get(id);
    return [...table.of(record?.connection ?? '')].filter(
      (other) => other.id !== id && other.value === record?.value && (!isEnding(other) || other.id < id),
    );
  }
}

function closeKey(id: string): string {
  return `close/${id}`;
}

/** The claim of a window that closes a session as it goes. */
function leavingKey(id: string): string {
  return `leaving-${id}`;
}
