import { randomUUID } from 'node:crypto';
import { eachOf, unlessCancelled, within } from '../async.ts';
import type { Clock } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import type { Event } from '../event.ts';
import type { Log } from '../log.ts';
import type { Column, Gateway, Grant, Life, Login, Service, Tokens } from '../protocols/gateway.ts';
import type { Redactor } from '../redact.ts';
import { queryOfView } from '../request.ts';
import type { MakeReader } from '../results/answer.ts';
import { Budget } from './budget.ts';
import { DataCalls, type Fetched } from './dataCalls.ts';
import { remaining, stateOf } from './deadline.ts';
import { atATime, belongsTo, type ConnectionSource, Gateways } from './gateways.ts';
import { type Change, Holdings, type Unreadable } from './holdings.ts';
import { Places } from './places.ts';
import { infoOf, type TokenRecord } from './record.ts';
import { isRefusal, serviceOf } from './refusal.ts';
import { type RenewalEnd, Renewals } from './renewals.ts';
import type { Scheduler } from './scheduler.ts';
import { type OperationOptions, SignIns } from './signIns.ts';
import { type Claims, type CredentialStore, heardMs, type TokenStore } from './store.ts';
import type { TokenInfo } from './token.ts';

export interface KeeperDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly store: TokenStore;
  readonly credentials: CredentialStore;
  readonly claims: Claims;
  readonly connections: ConnectionSource;
  readonly connect: (connection: Connection) => Promise<Gateway>;
  readonly redactor: Redactor;
  readonly log: Log;
  /** This window's id. */
  readonly window: string;
  /** The life left from which a token counts as expiring (`statusBar.warnAtSeconds`), in milliseconds. */
  readonly warnMs: () => number;
  /** How long a token nobody works with is renewed automatically (`keepAlive.maxHours`), in milliseconds. */
  readonly longestIdleMs: () => number;
  /** Gives an id that nobody has had before; by default a random one. */
  readonly newId?: () => string;
}

/** How many sessions were ended, and how many could not be. */
export interface ClosedCount {
  closed: number;
  failed: number;
}

/** Longer than anyone waits for a session to be closed, in milliseconds. */
const closingMs = 60_000;

/**
 * Opens, finds again, renews and closes tokens. Every method rejects with a `TokensError` alone, and leaves
 * every token that it was not about untouched.
 */
export class Keeper implements Disposable {
  readonly #deps: KeeperDeps;
  readonly #newId: () => string;
  readonly #owned = new DisposableStore();
  readonly #holdings: Holdings;
  readonly #gateways: Gateways;
  readonly #signIns: SignIns;
  readonly #renewals: Renewals;
  readonly #budget: Budget;
  /** Sessions being ended, by id. */
  readonly #ending = new Map<string, Promise<void>>();
  readonly #dataCalls: DataCalls;

  readonly onDidChange: Event<Change>;
  /** Tokens cannot be stored; fires once for each time that this begins. */
  readonly onStorageTrouble: Event<TokensError>;
  /** A token's automatic renewal has ended. */
  readonly onDidEndRenewal: Event<RenewalEnd>;

  constructor(deps: KeeperDeps) {
    this.#deps = deps;
    const { clock, scheduler, claims, log, newId = randomUUID } = deps;
    this.#newId = newId;
    this.#gateways = this.#owned.add(new Gateways(deps.connections, deps.connect));
    this.#holdings = this.#owned.add(new Holdings({ ...deps, newId }));
    const places = new Places({
      ...deps,
      onAbandoned: (connection, id) => this.#abandoned(connection, id),
    });
    this.#budget = new Budget(this.#holdings, places, clock, (session) => this.#end(session));
    this.#owned.add(this.#holdings.onDidChange((change) => this.#budget.hear(change)));
    this.#signIns = new SignIns({
      ...deps,
      newId,
      holdings: this.#holdings,
      gateways: this.#gateways,
    });
    this.#renewals = this.#owned.add(
      new Renewals({
        clock,
        scheduler,
        claims,
        log,
        holdings: this.#holdings,
        renew: (id) => this.#renew(this.#held(id), {}, {}),
        longestIdleMs: deps.longestIdleMs,
      }),
    );
    this.#dataCalls = new DataCalls({
      ...deps,
      newId,
      holdings: this.#holdings,
      gateways: this.#gateways,
      signIns: this.#signIns,
      budget: this.#budget,
      end: (session) => this.#end(session),
      discard: (session, grant) => this.#discard(session, grant),
      tokensOf: (record) => this.#tokensOf(record),
      info: (record) => this.#info(record),
    });
    this.onDidChange = this.#holdings.onDidChange;
    this.onStorageTrouble = this.#holdings.onTrouble;
    this.onDidEndRenewal = this.#renewals.onDidEnd;
    this.#owned.add(this.#holdings.onDidChange((change) => this.#planStateChange(change)));
    this.#owned.add(this.#holdings.onDidChange((change) => this.#planTrim(change)));
    this.#owned.add(this.#holdings.onDidChange((change) => this.#watchClosing(change)));
    this.#owned.add(this.#holdings.onDidHearReplaced((old) => this.#carryMine(old)));
    this.#owned.add(scheduler.onJump(() => this.wake()));
    this.#owned.add(
      claims.onDidClaim((key) => {
        const id = key.startsWith(leavingKey('')) ? key.slice(leavingKey('').length) : undefined;
        if (id !== undefined && this.#holdings.get(id) !== undefined) {
          // Its window has a moment to do it; then it is done, whoever does it.
          scheduler.after(leavingKey(id), leavingMs, () => void this.#finishLeaving(id));
        }
      }),
    );
  }

  /** Finds the tokens held from earlier, and ends those whose closing was interrupted. Names unreadable entries. */
  async load(): Promise<Unreadable[]> {
    const { claims, log, scheduler } = this.#deps;
    await claims
      .enter()
      .catch((error: unknown) => log.warn(`Other windows cannot see this one: ${String(error)}`));
    const unreadable = await this.#holdings.load();
    this.#holdings.anchor();
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
    for (const { id, closing } of this.#holdings.all()) {
      if (closing && !leaving.has(id)) {
        scheduler.after(closeKey(id), 0, () => void this.#finishClosing(id));
      }
    }
    return unreadable;
  }

  /** All tokens held, as of now. */
  tokens(connection?: string): TokenInfo[] {
    const records = connection === undefined ? this.#holdings.all() : this.#holdings.of(connection);
    return Array.from(records, (record) => this.#info(record));
  }

  /** The connections that tokens are held of. */
  connectionNames(): string[] {
    return [...this.#holdings.connectionNames()];
  }

  /** Whether any token of a connection is held that is as asked for; the first one that is ends the search. */
  holdsAny(connection: string, accept: (token: TokenInfo) => boolean = () => true): boolean {
    for (const record of this.#holdings.of(connection)) {
      if (accept(this.#info(record))) {
        return true;
      }
    }
    return false;
  }

  /** Rejects with `E_UNKNOWN_TOKEN`. */
  token(id: string): TokenInfo {
    return this.#info(this.#held(id));
  }

  find(id: string): TokenInfo | undefined {
    const record = this.#holdings.get(id);
    return record === undefined ? undefined : this.#info(record);
  }

  /** The token that ends first. */
  first(): TokenInfo | undefined {
    const record = this.#holdings.first();
    return record === undefined ? undefined : this.#info(record);
  }

  /** Whether a token is `auto` but rests, because nobody has worked with it for long. */
  isPaused(id: string): boolean {
    const record = this.#holdings.get(id);
    return record !== undefined && this.#renewals.isPaused(record);
  }

  /** CRA: the live session that keeps a user token alive, if there is one. */
  keptAliveBy(userId: string): TokenInfo | undefined {
    const user = this.#holdings.get(userId);
    if (user?.kind !== 'user') {
      return undefined;
    }
    let last: TokenRecord | undefined;
    const now = this.#deps.clock.now();
    for (const record of this.#holdings.of(user.connection)) {
      if (record.view !== undefined && record.service === user.service && remaining(record, now) > 0) {
        if (last === undefined || remaining(record, now) > remaining(last, now)) {
          last = record;
        }
      }
    }
    return last === undefined ? undefined : this.#info(last);
  }

  /** Whether a token is not about to be closed, and was issued where its connection leads now: only there may it be used. */
  isUsable(id: string): boolean {
    const record = this.#holdings.get(id);
    const connection = record === undefined ? undefined : this.#gateways.find(record.connection);
    return record?.closing === false && connection !== undefined && belongsTo(connection, record);
  }

  /** The value of a token, for the clipboard and for whom a person lets have it. */
  reveal(id: string): string {
    return this.#held(id).value;
  }

  /** Whether a connection's login is remembered. */
  async isRemembered(connection: string): Promise<boolean> {
    return (await this.#signIns.remembered(this.#gateways.connection(connection))) !== undefined;
  }

  /**
   * Signs in: with the login given, else with what is remembered, else with what the person answers.
   * `remember` undefined leaves what is remembered as it is.
   */
  async signIn(
    name: string,
    options: OperationOptions & {
      login?: Login;
      service?: string | undefined;
      remember?: boolean | undefined;
    },
  ): Promise<TokenInfo> {
    const connection = this.#gateways.connection(name);
    const service = serviceOf(connection, options.service);
    if (options.login !== undefined) {
      const given = { login: options.login, remember: options.remember };
      return this.#info(await this.#signIns.withLogin(connection, service, given, options.signal));
    }
    const held = this.#signIns.find(connection, service);
    return this.#info(await this.#signIns.again(connection, service, options, held));
  }

  /** Closes a connection's sessions, and forgets its tokens and its login. */
  async signOut(name: string, options: OperationOptions = {}): Promise<ClosedCount> {
    const count = await this.closeAll(name, options);
    for (const record of [...this.#holdings.of(name)]) {
      await this.#forget(record);
    }
    try {
      await this.#signIns.forget(name);
    } catch {
      throw new TokensError(
        'E_STORAGE',
        'The credentials of {0} could not be removed from the secret storage.',
        [name],
      );
    }
    return count;
  }

  /** Gets data; see {@link DataCalls}. */
  async getData(request: unknown, options: OperationOptions & { makeReader: MakeReader }): Promise<Fetched> {
    const name = (request as { connection?: unknown } | null | undefined)?.connection;
    if (typeof name !== 'string') {
      throw new TokensError('E_CONFIG', 'The request does not say which connection it is for.');
    }
    return this.#dataCalls.run(this.#gateways.connection(name), request, options);
  }

  /** Renews a token by hand. A user token that has died is replaced, if a login is to be had. */
  async keepAlive(id: string, options: OperationOptions = {}): Promise<TokenInfo> {
    const record = this.#held(id);
    await unlessCancelled(this.#renew(record, options, { worked: this.#deps.clock.now() }), options.signal);
    return this.token(id);
  }

  /** The token that `keepAlive {connection}` is about: the user token; SARUS: its token. */
  main(name: string): TokenInfo {
    const connection = this.#gateways.connection(name);
    const found =
      this.#signIns.find(connection, connection.service) ??
      [...this.#holdings.of(name)].find((record) => record.kind === 'user');
    if (found === undefined) {
      throw new TokensError('E_UNKNOWN_TOKEN', 'Nobody is signed in to {0}.', [name]);
    }
    return this.#info(found);
  }

  /** Asks the server for the life left (SARUS), or reckons it (CRA, where there is no such question). */
  async query(id: string, options: OperationOptions = {}): Promise<TokenInfo> {
    const record = this.#held(id);
    const { gateway } = await this.#reach(record);
    if (gateway.query === undefined) {
      return this.#info(record);
    }
    try {
      const { sent, reportedMs } = await unlessCancelled(
        gateway.query({ user: record.value }, { signal: options.signal }),
        options.signal,
      );
      if (reportedMs !== undefined) {
        const lifeMs = Math.max(reportedMs, record.lifeMs);
        await this.#holdings.heardOf(
          record,
          { sent, leftMs: reportedMs, lifeMs, source: 'reported' },
          {},
          'soon',
        );
      }
    } catch (error) {
      if (isRefusal(error, 401, 410)) {
        await this.#markDead(record);
        throw new TokensError(
          'E_EXPIRED',
          'The token of {0} has expired.',
          [record.connection],
          error.details,
        );
      }
      throw error;
    }
    return this.token(id);
  }

  /** Whether {@link query} asks the server. */
  async canAsk(id: string): Promise<boolean> {
    const { gateway } = await this.#reach(this.#held(id));
    return gateway.query !== undefined;
  }

  /** Ends a session. Of a user token, which has no end of its own (PROTOCOLS.md 2): its sessions, then forgets it. */
  async close(id: string, options: OperationOptions = {}): Promise<void> {
    const record = this.#held(id);
    if (record.kind === 'user' && record.closing) {
      // One that was replaced goes when its sessions have been taken over: only with it they can be closed.
      await unlessCancelled(this.#finishClosing(id), options.signal);
      return;
    }
    if (record.kind === 'user') {
      // While some are being closed others may open.
      for (
        let sessions = this.#sessionsUnder(record);
        sessions.length > 0;
        sessions = this.#sessionsUnder(record)
      ) {
        const results = await unlessCancelled(
          eachOf(sessions, atATime, (session) =>
            this.#end(session, options).then(
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
      await this.#forget(record);
      return;
    }
    await unlessCancelled(this.#end(record, options), options.signal);
  }

  #sessionsUnder(user: TokenRecord): TokenRecord[] {
    return [...this.#holdings.of(user.connection)].filter(
      (record) => record.view !== undefined && this.#holdings.owner(record)?.id === user.id,
    );
  }

  /** Ends all sessions, of one connection or of all; counts those that could not be. */
  async closeAll(connection?: string, options: OperationOptions = {}): Promise<ClosedCount> {
    const records = connection === undefined ? this.#holdings.all() : this.#holdings.of(connection);
    const sessions = [...records].filter((record) => record.kind === 'session');
    return this.#endAll(sessions, options);
  }

  /**
   * Ends the sessions that this window opened and no other has used since, as the window goes; and those that a
   * window left behind that lives no more. What cannot be ended within `withinMs` is left to the next start.
   */
  async closeMine(withinMs: number): Promise<void> {
    const { claims, clock, log } = this.#deps;
    const gone = new Map<string, boolean>([[this.#deps.window, true]]);
    try {
      await claims.leave();
      for (const { openedBy, usedBy } of this.#holdings.all()) {
        for (const window of [openedBy, usedBy]) {
          gone.set(window, gone.get(window) ?? !(await claims.lives(window)));
        }
      }
    } catch (error) {
      log.warn(`Other windows cannot be seen: ${String(error)}`); // What may be theirs is left alone.
    }
    const mine = [...this.#holdings.all()].filter(
      ({ kind, openedBy, usedBy }) => kind === 'session' && gone.get(openedBy) && gone.get(usedBy),
    );
    await within(
      clock,
      withinMs,
      eachOf(mine, atATime, (session) => this.#endAtExit(session)),
    );
  }

  /**
   * Ends a session without waiting for the store, whose other side may be gone already: what is done is written
   * beside it, and the next window that starts does the rest.
   */
  async #endAtExit(record: TokenRecord): Promise<void> {
    const { claims, log } = this.#deps;
    try {
      await claims.claim(leavingKey(record.id), Number.POSITIVE_INFINITY);
      const { gateway } = await this.#reach(record);
      await gateway.close(await this.#closingTokensOf(record), {});
      void this.#forget(record);
    } catch (error) {
      log.warn(`Closing ${record.id} failed: ${String(error)}`);
    }
  }

  async setKeepAlive(id: string, keepAlive: 'manual' | 'auto'): Promise<TokenInfo> {
    const record = this.#held(id);
    const now = this.#deps.clock.now();
    // Later than the last one even if the clock was set back: the person's latest word holds in all windows.
    const keepAliveSetAt = Math.max(now.wall, record.keepAliveSetAt + 1);
    await this.#holdings.update(id, { keepAlive, keepAliveSetAt, worked: now }, 'now');
    return this.token(id);
  }

  /** The services that a gateway lists; empty where it has none. */
  async services(name: string, options: OperationOptions = {}): Promise<Service[]> {
    const gateway = await this.#gateways.gateway(this.#gateways.connection(name));
    return (await gateway.services?.({ signal: options.signal })) ?? [];
  }

  /** The columns of a session's view by its definition; empty where there is none. */
  async columns(fetched: Fetched, options: OperationOptions = {}): Promise<Column[]> {
    return this.#dataCalls.columns(fetched, options);
  }

  /** What counts as about to end may be something else now: plans and shows every token anew. */
  lookAnew(): void {
    for (const { id } of [...this.#holdings.all()]) {
      this.#holdings.announce(id);
    }
  }

  /** The clock may have jumped or the computer slept: looks at everything anew, and asks where it can. */
  wake(): void {
    const ids = Array.from(this.#holdings.all(), ({ id }) => id);
    this.#holdings.anchor();
    this.lookAnew();
    void eachOf(ids, atATime, async (id) => {
      const record = this.#holdings.get(id);
      if (record !== undefined && this.#gateways.find(record.connection)?.kind === 'sarus') {
        await this.query(id).catch((error: unknown) =>
          this.#deps.log.info(`Asking after ${id}: ${String(error)}`),
        );
      }
    });
  }

  /** Waits until everything known is stored. */
  async flush(): Promise<void> {
    await this.#holdings.flush();
  }

  dispose(): void {
    this.#owned.dispose();
  }

  async #endAll(sessions: readonly TokenRecord[], options: OperationOptions): Promise<ClosedCount> {
    const count = { closed: 0, failed: 0 };
    await eachOf(sessions, atATime, async (session) => {
      try {
        await unlessCancelled(this.#end(session, options), options.signal);
        count.closed++;
      } catch (error) {
        count.failed++;
        this.#deps.log.warn(`Closing ${session.id} failed: ${String(error)}`);
      }
    });
    return count;
  }

  /** Renews at the gateway; signs in again where the token has died and a login is to be had. */
  async #renew(record: TokenRecord, options: OperationOptions, change: Partial<TokenRecord>): Promise<void> {
    const { connection, gateway } = await this.#reach(record);
    const isSession = record.view !== undefined;
    try {
      await this.#attemptRenewal(gateway, record, change);
      return;
    } catch (error) {
      if (!(isSession ? isRefusal(error, 400, 401, 404, 410) : isRefusal(error, 401, 410))) {
        throw error;
      }
    }
    if (this.#held(record.id).closing) {
      throw gone(); // Whoever closes it does not want it back.
    }
    // Which of a session's two tokens has died need not be told (PROTOCOLS.md 2), so its user token is tried.
    const user = isSession ? this.#holdings.owner(record) : record;
    if (!isSession || user === undefined || !(await this.#answers(gateway, user))) {
      await this.#signInAgain(connection, record, user, options);
      if (!isSession) {
        const replaced = this.#holdings.get(record.id);
        if (replaced?.value !== record.value) {
          await this.#holdings.update(record.id, change, 'soon');
          return;
        }
        // Calls are made with another token of this connection; this one is at its end.
        await this.#markDead(record);
        throw new TokensError('E_EXPIRED', 'The token of {0} has expired.', [record.connection]);
      }
      try {
        await this.#attemptRenewal(gateway, record, change);
        return;
      } catch (error) {
        const gone = TokensError.is(error) && error.code === 'E_UNKNOWN_TOKEN';
        if (!gone && !isRefusal(error, 400, 401, 404, 410)) {
          throw error;
        }
      }
    }
    const held = this.#holdings.get(record.id);
    if (held !== undefined) {
      await this.#end(held, options).catch(() => this.#markDead(record));
    }
    throw new TokensError(
      'E_EXPIRED',
      'The session {0} has ended at the gateway; get the data again to open a new one.',
      [record.target ?? record.connection],
    );
  }

  async #attemptRenewal(gateway: Gateway, record: TokenRecord, change: Partial<TokenRecord>): Promise<void> {
    const current = this.#held(record.id);
    const grant = await gateway.keepAlive(await this.#tokensOf(current), {});
    const value = grant.value === current.value ? {} : { value: grant.value };
    if (grant.value !== current.value && this.#holdings.get(current.id)?.value !== current.value) {
      // It was closed or replaced meanwhile, so nobody wants what the gateway has put in its place.
      await this.#discard(current, grant);
      return;
    }
    await this.#renewed(current, grant, { ...value, ...change });
  }

  /** Ends what a gateway has put in the place of a token that was closed or replaced meanwhile. */
  async #discard(old: TokenRecord, { value, sent }: Grant): Promise<void> {
    const unwanted = { ...old, value, sent, id: this.#newId(), closing: true };
    await this.#holdings.add(unwanted);
    await this.#finishClosing(unwanted.id);
  }

  async #signInAgain(
    connection: Connection,
    record: TokenRecord,
    user: TokenRecord | undefined,
    options: OperationOptions,
  ): Promise<void> {
    try {
      await this.#signIns.again(connection, record.service, options, user);
    } catch (error) {
      if (TokensError.is(error) && (error.code === 'E_EXPIRED' || error.code === 'E_CREDENTIALS')) {
        await this.#markDead(record);
        if (user !== undefined && user.id !== record.id) {
          await this.#markDead(user);
        }
      }
      throw error;
    }
  }

  /** Whether a gateway still knows a token. */
  async #answers(gateway: Gateway, record: TokenRecord): Promise<boolean> {
    try {
      await this.#renewed(record, await gateway.keepAlive(await this.#tokensOf(record), {}), {});
      return true;
    } catch (error) {
      if (isRefusal(error, 400, 401, 404, 410)) {
        return false;
      }
      throw error;
    }
  }

  /** Notes a life that a gateway has just granted: at once, so that no other window renews as well. */
  async #renewed(record: TokenRecord, life: Life, change: Partial<TokenRecord>): Promise<void> {
    const lifeMs = life.reportedMs ?? record.lifeMs;
    const source = life.reportedMs === undefined ? 'estimated' : 'reported';
    const lastUsedAt = this.#deps.clock.now().wall;
    await this.#holdings.heardOf(
      record,
      { sent: life.sent, leftMs: lifeMs, lifeMs, source },
      { lastUsedAt, ...change },
      'now',
    );
  }

  /** A window that has begun to close something may die before it is done. */
  #watchClosing({ id, what }: Change): void {
    const { scheduler } = this.#deps;
    if (what === 'removed' || this.#holdings.get(id)?.closing !== true) {
      scheduler.cancel(closeKey(id));
    } else if (!scheduler.has(closeKey(id))) {
      scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
    }
  }

  /** A window closed this as it went. Whatever comes of it, the claim has had its effect: nobody shall close it later. */
  async #finishLeaving(id: string): Promise<void> {
    const { claims, log } = this.#deps;
    const record = this.#holdings.get(id);
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
    const record = this.#holdings.get(id);
    if (record === undefined) {
      return;
    }
    const twin = [...this.#holdings.of(record.connection)].some(
      (other) => other.id !== id && other.value === record.value,
    );
    try {
      const connection = this.#gateways.find(record.connection);
      if (record.kind === 'user' && connection !== undefined && !twin) {
        await this.#signIns.finishReplacing(connection, record);
        if (this.#holdings.get(id) !== undefined) {
          this.#deps.scheduler.after(closeKey(id), closingMs, () => void this.#finishClosing(id));
        }
        return;
      }
      // While a token was being replaced: it was not yet.
      await (twin ? this.#holdings.remove(id) : this.#end(record));
    } catch (error) {
      this.#deps.log.warn(`Closing ${id} again failed: ${String(error)}`);
    }
  }

  /** Ends a session at its gateway and forgets it, once for all who want that. Where it fails the session stays held. */
  #end(record: TokenRecord, options: OperationOptions = {}): Promise<void> {
    const running = this.#ending.get(record.id);
    if (running !== undefined) {
      return running;
    }
    const ending = this.#endNow(record, options).finally(() => this.#ending.delete(record.id));
    this.#ending.set(record.id, ending);
    return ending;
  }

  async #endNow(record: TokenRecord, options: OperationOptions): Promise<void> {
    const connection = this.#gateways.find(record.connection);
    if (connection === undefined || !belongsTo(connection, record)) {
      await this.#forget(record); // There is no way left to where it was issued.
      return;
    }
    const gateway = await this.#gateways.gateway(connection);
    if (record.view !== undefined) {
      await this.#signIns.settle(connection, record);
      if (this.#holdings.get(record.id) === undefined) {
        return; // It could not be taken over, and was closed.
      }
    }
    const wasAlive = remaining(record, this.#deps.clock.now()) > 0;
    // Written before the request: if this window dies between the two, the next one finds what to finish.
    await this.#holdings.update(record.id, { closing: true }, 'now');
    const query = record.view === undefined ? undefined : queryOfView(record.view);
    const attempt = async () =>
      gateway.close(await this.#closingTokensOf(record), query === undefined ? {} : { query });
    try {
      await attempt();
    } catch (error) {
      try {
        await this.#endAgain(connection, gateway, record, wasAlive, attempt, error, options);
      } catch (final) {
        await this.#holdings.update(record.id, { closing: false }, 'now');
        throw final;
      }
    }
    await this.#forget(record);
    const held = this.#holdings.get(record.id);
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
    // Of SARUS a token that is gone counts as closed; any other refusal is none of the token.
    if (record.view === undefined || !isRefusal(error, 400, 401, 410)) {
      throw error;
    }
    if (!wasAlive) {
      return;
    }
    const user = this.#holdings.owner(record);
    if (user === undefined || !(await this.#answers(gateway, user))) {
      const login = await this.#signIns.remembered(connection);
      if (login === undefined && options.askLogin === undefined) {
        return; // With its user token dead the session is too (PROTOCOLS.md 2).
      }
      await this.#signIns.again(connection, record.service, options, user);
    }
    try {
      await attempt();
    } catch (second) {
      // Its user token lives, so it is the session that the gateway knows no more; unless it still answers.
      if (!isRefusal(second, 400, 401, 410) || (await this.#answers(gateway, record))) {
        throw second;
      }
    }
  }

  async #forget(record: TokenRecord): Promise<void> {
    await this.#holdings.removeEnded(record);
    this.#deps.redactor.delete(record.value);
  }

  async #markDead(record: TokenRecord): Promise<void> {
    await this.#holdings.update(record.id, { sent: this.#deps.clock.now(), leftMs: 0 }, 'now');
  }

  #held(id: string): TokenRecord {
    const record = this.#holdings.get(id);
    if (record === undefined) {
      throw gone();
    }
    return record;
  }

  /** The way to where a token was issued; `E_CONFIG` where the connection has gone or leads elsewhere. */
  async #reach(record: TokenRecord): Promise<{ connection: Connection; gateway: Gateway }> {
    const connection = this.#gateways.connection(record.connection);
    if (!belongsTo(connection, record)) {
      throw new TokensError('E_CONFIG', '{0} leads to {1} now, and this token is from elsewhere.', [
        connection.name,
        originOf(connection),
      ]);
    }
    return { connection, gateway: await this.#gateways.gateway(connection) };
  }

  /** What a call about a token is made with. */
  async #tokensOf(record: TokenRecord, user = this.#holdings.owner(record)): Promise<Tokens> {
    const service = record.service === undefined ? {} : { service: record.service };
    const connection = this.#gateways.find(record.connection);
    const gatewayPassword =
      connection === undefined ? undefined : await this.#signIns.gatewayPassword(connection);
    const basic = gatewayPassword === undefined ? {} : { gatewayPassword };
    if (record.view === undefined) {
      return { user: record.value, ...service, ...basic };
    }
    return { user: user?.value ?? '', session: record.value, ...service, ...basic };
  }

  /** What a token is closed with: a session under the user token that it is open under, be that replaced or not. */
  #closingTokensOf(record: TokenRecord): Promise<Tokens> {
    return this.#tokensOf(record, this.#holdings.opener(this.#holdings.get(record.id) ?? record));
  }

  #info(record: TokenRecord): TokenInfo {
    return infoOf(record, this.#deps.clock.now(), this.#deps.warnMs());
  }

  /** Another window has signed in anew, and cannot have known of what was being opened here meanwhile. */
  #carryMine(old: TokenRecord): void {
    const { log, window } = this.#deps;
    const connection = this.#gateways.find(old.connection);
    const mine = this.#signIns.sessionsOf(old).filter(({ openedBy }) => openedBy === window);
    if (connection !== undefined && mine.length > 0) {
      this.#signIns
        .whileNoted(old, () =>
          eachOf(mine, atATime, (session) => this.#signIns.carry(connection, session, old)),
        )
        .catch((error: unknown) => log.warn(`Taking over from ${old.id} failed: ${String(error)}`));
    }
  }

  /** A window died while it opened a session: what came of it nobody may ever hear. */
  #abandoned(connection: string, id: string): void {
    const life = this.#gateways.find(connection)?.lifeMinutes;
    if (life !== undefined && this.#holdings.get(id) === undefined) {
      this.#budget.lose(connection, id, { sent: this.#deps.clock.now(), leftMs: life * 60_000 });
    }
  }

  /** Windows that could not agree on what they open hear only then that it was too much. */
  #planTrim({ id, connection: name, what }: Change): void {
    const { scheduler, window } = this.#deps;
    const record = what === 'added' ? this.#holdings.get(id) : undefined;
    if (record?.view !== undefined && record.openedBy !== window) {
      scheduler.after(`trim/${name}`, heardMs, () => void this.#trim(name));
    }
  }

  async #trim(name: string): Promise<void> {
    const { claims, log, scheduler } = this.#deps;
    const connection = this.#gateways.find(name);
    const key = `trim-${name}`;
    if (connection === undefined) {
      return;
    }
    try {
      if (!this.#budget.fits(connection) && (await claims.lease(key, closingMs))) {
        await this.#budget.trim(connection).finally(() => claims.release(key));
      }
    } catch (error) {
      log.warn(`Closing what is too much of ${name} failed: ${String(error)}`);
    }
    if (!this.#budget.fits(connection)) {
      scheduler.after(`trim/${name}`, closingMs / 2, () => void this.#trim(name));
    }
  }

  /** Time alone changes states, and whoever shows them must hear of it. */
  #planStateChange({ id, what }: Change): void {
    const { clock, scheduler, warnMs } = this.#deps;
    const record = what === 'removed' ? undefined : this.#holdings.get(id);
    const left = record === undefined ? 0 : remaining(record, clock.now());
    const state = stateOf(left, warnMs());
    if (state === 'expired') {
      scheduler.cancel(`state/${id}`);
      if (record !== undefined && record.leftMs > 0) {
        // Whatever happens to the clocks from now on, it does not come back to life.
        void this.#holdings.update(id, { leftMs: 0 }, 'soon');
      }
    } else {
      // Timers ring a little early: what is too little to wait for would be looked at for ever.
      const wait = Math.max(state === 'live' ? left - warnMs() + 1 : left, 2);
      scheduler.after(`state/${id}`, wait, () => this.#holdings.announce(id));
    }
  }
}

function gone(): TokensError {
  return new TokensError('E_UNKNOWN_TOKEN', 'This token is not held any more.');
}

function closeKey(id: string): string {
  return `close/${id}`;
}

/** What a window that closes a session as it goes may take for it before others look, in milliseconds. */
const leavingMs = 1_000;

/** The claim of a window that closes a session as it goes. */
function leavingKey(id: string): string {
  return `leaving-${id}`;
}
