import { eachOf, unlessCancelled, within } from '../async.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { isLoginRefused } from '../errors.ts';
import type { Log } from '../log.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { Gateway, Grant } from '../protocols/protocol.ts';
import type { Redactor } from '../redact.ts';
import { remaining } from './deadline.ts';
import { atATime, belongsTo, type Gateways } from './gateways.ts';
import type { Change, Holdings } from './holdings.ts';
import type { Logins } from './logins.ts';
import type { Reach } from './reach.ts';
import type { TokenRecord } from './record.ts';
import { mayRefuseToken } from './refusal.ts';
import type { Scheduler } from './scheduler.ts';
import type { OperationOptions, SignIns } from './signIns.ts';
import type { Claims } from './store.ts';

export interface EndingsDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly claims: Claims;
  readonly holdings: Holdings;
  readonly gateways: Gateways;
  readonly logins: Logins;
  readonly signIns: SignIns;
  readonly reach: Reach;
  readonly redactor: Redactor;
  readonly log: Log;
  /** This window's id. */
  readonly window: string;
  /** An id that nobody has had before. */
  readonly newId: () => string;
}

/** How many sessions were ended, and how many could not be. */
export interface ClosedCount {
  closed: number;
  failed: number;
}

/** Longer than anyone waits for a session to be closed, in milliseconds. */
export const closingMs = 60_000;

/** What a window that closes a session as it goes may take for it before others look, in milliseconds. */
const leavingMs = 1_000;

/** Ends tokens at their gateways and forgets them, and finishes what a window had begun to end when it died. */
export class Endings implements Disposable {
  readonly #deps: EndingsDeps;
  readonly #owned = new DisposableStore();
  /** Sessions being ended, by id. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(deps: EndingsDeps) {
    this.#deps = deps;
    const { claims, holdings, scheduler } = deps;
    this.#owned.add(holdings.onDidChange((change) => this.#watchClosing(change)));
    this.#owned.add(
      claims.onDidClaim((key) => {
        const id = key.startsWith(leavingKey('')) ? key.slice(leavingKey('').length) : undefined;
        if (id !== undefined && holdings.get(id) !== undefined) {
          // Its window has a moment to do it; then it is done, whoever does it.
          scheduler.after(leavingKey(id), leavingMs, () => void this.#finishLeaving(id));
        }
      }),
    );
  }

  /** Ends what windows were closing when they died, or as they went. */
  async resume(): Promise<void> {
    const { claims, holdings, log, scheduler } = this.#deps;
    // Nothing that a window does at its end is sure to reach the store; its claims are.
    const leaving = new Set(
      await claims.claimed(leavingKey('')).catch((error: unknown) => {
        log.warn(`What windows closed at their end cannot be seen: ${String(error)}`);
        return [];
      }),
    );
    for (const id of leaving) {
      scheduler.after(leavingKey(id), 0, () => void this.#finishLeaving(id));
    }
    for (const { id, closing } of holdings.all()) {
      if (closing && !leaving.has(id)) {
        scheduler.after(closeKey(id), 0, () => void this.#finishClosing(id));
      }
    }
  }

  /** Ends a session. Of a user token, which has no end of its own (PROTOCOLS.md 2): its sessions, then forgets it. */
  async close(record: TokenRecord, options: OperationOptions): Promise<void> {
    if (record.kind === 'session') {
      await unlessCancelled(this.end(record, options), options.signal);
    } else if (record.closing) {
      // One that was replaced goes when its sessions have been taken over: only with it they can be closed.
      await unlessCancelled(this.#finishClosing(record.id), options.signal);
    } else {
      await this.#endUser(record, options);
    }
  }

  /** Ends a session at its gateway and forgets it, once for all who want that. Where it fails the session stays held. */
  end(record: TokenRecord, options: OperationOptions = {}): Promise<void> {
    const running = this.#ending.get(record.id);
    if (running !== undefined) {
      return running;
    }
    const ending = this.#endNow(record, options).finally(() => this.#ending.delete(record.id));
    this.#ending.set(record.id, ending);
    return ending;
  }

  /** Ends sessions; counts those that could not be. */
  async endAll(sessions: readonly TokenRecord[], options: OperationOptions): Promise<ClosedCount> {
    const count = { closed: 0, failed: 0 };
    await eachOf(sessions, atATime, async (session) => {
      try {
        await unlessCancelled(this.end(session, options), options.signal);
        count.closed++;
      } catch (error) {
        count.failed++;
        this.#deps.log.warn(`Closing ${session.id} failed: ${String(error)}`);
      }
    });
    return count;
  }

  /**
   * Ends the sessions that this window opened and no other has used since, as the window goes; and those that a
   * window left behind that lives no more. What cannot be ended within `withinMs` is left to the next start.
   */
  async closeMine(withinMs: number): Promise<void> {
    const { claims, clock, holdings, log, window } = this.#deps;
    const gone = new Map<string, boolean>([[window, true]]);
    try {
      await claims.leave();
      for (const { openedBy, usedBy } of holdings.all()) {
        for (const other of [openedBy, usedBy]) {
          gone.set(other, gone.get(other) ?? !(await claims.lives(other)));
        }
      }
    } catch (error) {
      log.warn(`Other windows cannot be seen: ${String(error)}`); // What may be theirs is left alone.
    }
    const mine = [...holdings.all()].filter(
      ({ kind, openedBy, usedBy }) => kind === 'session' && gone.get(openedBy) && gone.get(usedBy),
    );
    await within(
      clock,
      withinMs,
      eachOf(mine, atATime, (session) => this.#endAtExit(session)),
    );
  }

  /** Ends what a gateway has put in the place of a token that was closed or replaced meanwhile. */
  async discard(old: TokenRecord, { value, sent }: Grant): Promise<void> {
    const { holdings, newId } = this.#deps;
    const unwanted = { ...old, value, sent, id: newId(), closing: true };
    await holdings.add(unwanted);
    await this.#finishClosing(unwanted.id);
  }

  /** Forgets a token that has ended, or that only counted down to its end. */
  async forget(record: TokenRecord): Promise<void> {
    const { holdings, redactor } = this.#deps;
    await holdings.removeEnded(record);
    redactor.delete(record.value);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  async #endUser(user: TokenRecord, options: OperationOptions): Promise<void> {
    // While some are being closed others may open.
    for (let open = this.#sessionsUnder(user); open.length > 0; open = this.#sessionsUnder(user)) {
      const results = await unlessCancelled(
        eachOf(open, atATime, (session) =>
          this.end(session, options).then(
            () => undefined,
            (error: unknown) => error,
          ),
        ),
        options.signal,
      );
      const failure = results.find((result) => result !== undefined);
      if (failure !== undefined) {
        throw failure; // Without their user token those left could never be closed.
      }
    }
    await this.forget(user);
  }

  #sessionsUnder(user: TokenRecord): TokenRecord[] {
    const { holdings } = this.#deps;
    return [...holdings.of(user.connection)].filter(
      (record) => record.view !== undefined && holdings.owner(record)?.id === user.id,
    );
  }

  async #endNow(record: TokenRecord, options: OperationOptions): Promise<void> {
    const { clock, gateways, holdings, logins, reach, signIns } = this.#deps;
    const connection = gateways.find(record.connection);
    if (connection === undefined || !belongsTo(connection, record)) {
      await this.forget(record); // There is no way left to where it was issued.
      return;
    }
    const gateway = await gateways.gateway(connection);
    if (record.view !== undefined) {
      await signIns.settle(connection, record);
      if (holdings.get(record.id) === undefined) {
        return; // It could not be taken over, and was closed.
      }
    }
    const wasAlive = remaining(record, clock.now()) > 0;
    // Written before the request: if this window dies between the two, the next one finds what to finish.
    await holdings.update(record.id, { closing: true }, 'now');
    const query = record.view === undefined ? undefined : protocolOf(connection).sessions?.query(record.view);
    const close = async () => gateway.close(await reach.closingTokensOf(record), { query });
    const attempt = () => logins.withGatewayLogin(connection, options.askGatewayLogin, close);
    try {
      await attempt();
    } catch (error) {
      try {
        await this.#endAgain(connection, gateway, record, wasAlive, attempt, error, options);
      } catch (final) {
        await holdings.update(record.id, { closing: false }, 'now');
        throw final;
      }
    }
    await this.forget(record);
    const held = holdings.get(record.id);
    if (held !== undefined && held.value !== record.value) {
      await this.#endNow(held, options); // A renewal has put another one in its place meanwhile.
    }
  }

  /** A refused close: the session may have gone already, or its user token has. */
  async #endAgain(
    connection: Connection,
    gateway: Gateway,
    record: TokenRecord,
    wasAlive: boolean,
    attempt: () => Promise<void>,
    error: unknown,
    options: OperationOptions,
  ): Promise<void> {
    const { holdings, logins, reach, signIns } = this.#deps;
    // Of SARUS a token that is gone counts as closed; any other refusal is none of the token.
    const user = holdings.owner(record);
    const isLost = record.view !== undefined && user === undefined;
    if (record.view === undefined || !(isLost || mayRefuseToken(error))) {
      throw error;
    }
    if (!wasAlive) {
      return;
    }
    if (user === undefined || !(await reach.answers(gateway, user))) {
      const login = await logins.usable(connection);
      if (login === undefined && options.askLogin === undefined) {
        if (isLost) {
          throw error;
        }
        return; // With its user token dead the session is too (PROTOCOLS.md 2).
      }
      try {
        await signIns.again(connection, record.service, options, user);
      } catch (refusal) {
        if (isLoginRefused(refusal) && options.askLogin === undefined) {
          return; // The same, found out just now.
        }
        throw refusal;
      }
    }
    try {
      await attempt();
    } catch (second) {
      // Its user token lives, so it is the session that the gateway knows no more; unless it still answers.
      if (!mayRefuseToken(second) || (await reach.answers(gateway, record))) {
        throw second;
      }
    }
  }

  /**
   * Ends a session without waiting for the store, whose other side may be gone already: what is done is written
   * beside it, and the next window that starts does the rest.
   */
  async #endAtExit(record: TokenRecord): Promise<void> {
    const { claims, log, logins, reach } = this.#deps;
    try {
      await claims.claim(leavingKey(record.id), Number.POSITIVE_INFINITY);
      const { connection, gateway } = await reach.gatewayOf(record);
      await logins.withGatewayLogin(connection, undefined, async () =>
        gateway.close(await reach.closingTokensOf(record), {}),
      );
      void this.forget(record);
    } catch (error) {
      log.warn(`Closing ${record.id} failed: ${String(error)}`);
    }
  }

  /** A window that has begun to close something may die before it is done. */
  #watchClosing({ id, what }: Change): void {
    const { holdings, scheduler } = this.#deps;
    if (what === 'removed' || holdings.get(id)?.closing !== true) {
      scheduler.cancel(closeKey(id));
    } else if (!scheduler.has(closeKey(id))) {
      scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
    }
  }

  /** A window closed this as it went. Whatever comes of it, the claim has had its effect: nobody shall close it later. */
  async #finishLeaving(id: string): Promise<void> {
    const { claims, holdings, log } = this.#deps;
    const record = holdings.get(id);
    const key = leavingKey(id);
    try {
      if (!(await claims.claimed(key)).includes('')) {
        return; // Another window was faster.
      }
      // A window that has used it since has it now.
      if (record !== undefined && !(await claims.lives(record.usedBy))) {
        await this.#finishClosing(id);
      }
      await claims.release(key);
    } catch (error) {
      log.warn(`Other windows cannot be seen: ${String(error)}`);
    }
  }

  /** A window died, or was left, while it closed this. */
  async #finishClosing(id: string): Promise<void> {
    const { gateways, holdings, log, scheduler, signIns } = this.#deps;
    const record = holdings.get(id);
    if (record === undefined) {
      return;
    }
    const twin = [...holdings.of(record.connection)].some(
      (other) => other.id !== id && other.value === record.value,
    );
    try {
      const connection = gateways.find(record.connection);
      if (record.kind === 'user' && connection !== undefined && !twin) {
        await signIns.finishReplacing(connection, record);
        if (holdings.get(id) !== undefined) {
          scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
        }
        return;
      }
      // While a token was being replaced: it was not yet.
      await (twin ? holdings.remove(id) : this.end(record));
    } catch (error) {
      log.warn(`Closing ${id} again failed: ${String(error)}`);
    }
  }
}

function closeKey(id: string): string {
  return `close/${id}`;
}

/** The claim of a window that closes a session as it goes. */
function leavingKey(id: string): string {
  return `leaving-${id}`;
}
