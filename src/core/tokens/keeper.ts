import { randomUUID } from 'node:crypto';
import { eachOf, unlessCancelled } from '../async.ts';
import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import type { Event } from '../event.ts';
import type { Log } from '../log.ts';
import type { MakeReader } from '../protocols/answer.ts';
import type { Column, Gateway, Login, Service } from '../protocols/protocol.ts';
import type { Redactor } from '../redact.ts';
import { Budget } from './budget.ts';
import { DataCalls, type Fetched } from './dataCalls.ts';
import { isGuess, isOwn, remaining, stateOf } from './deadline.ts';
import { type ClosedCount, closingMs, Endings } from './endings.ts';
import { atATime, belongsTo, type ConnectionSource, Gateways } from './gateways.ts';
import { type Change, Holdings, type Unreadable } from './holdings.ts';
import { Logins } from './logins.ts';
import { Places } from './places.ts';
import { Reach } from './reach.ts';
import { infoOf, type TokenRecord } from './record.ts';
import { mayRefuseToken, refusesToken, serviceOf } from './refusal.ts';
import { type RenewalEnd, Renewals } from './renewals.ts';
import type { Scheduler } from './scheduler.ts';
import { type OperationOptions, SignIns } from './signIns.ts';
import { answeredMs, type Claims, type CredentialStore, heardMs, type TokenStore } from './store.ts';
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

/**
 * Opens, finds again, renews and closes tokens. Every method rejects with a `TokensError` alone, and leaves
 * every token that it was not about untouched.
 */
export class Keeper implements Disposable {
  readonly #deps: KeeperDeps;
  readonly #owned = new DisposableStore();
  readonly #holdings: Holdings;
  readonly #gateways: Gateways;
  readonly #logins: Logins;
  readonly #signIns: SignIns;
  readonly #renewals: Renewals;
  readonly #budget: Budget;
  readonly #reach: Reach;
  readonly #endings: Endings;
  readonly #dataCalls: DataCalls;

  readonly onDidChange: Event<Change>;
  /** A connection's remembered login is refused now, or is not any more; see {@link refusal}. */
  readonly onDidChangeLogin: Event<string>;
  /** Tokens cannot be stored; fires once for each time that this begins. */
  readonly onStorageTrouble: Event<TokensError>;
  /** A token's automatic renewal has ended. */
  readonly onDidEndRenewal: Event<RenewalEnd>;

  constructor(given: KeeperDeps) {
    const { scheduler, claims, log, newId = randomUUID } = given;
    this.#holdings = this.#owned.add(new Holdings({ ...given, newId }));
    const { clock } = this.#holdings;
    const deps = { ...given, clock };
    this.#deps = deps;
    this.#gateways = this.#owned.add(new Gateways(deps.connections, deps.connect));
    this.#logins = this.#owned.add(new Logins({ ...deps, gateways: this.#gateways }));
    const held = { ...deps, newId, holdings: this.#holdings, gateways: this.#gateways, logins: this.#logins };
    this.#signIns = new SignIns(held);
    this.#reach = new Reach(held);
    const reached = { ...held, signIns: this.#signIns, reach: this.#reach };
    this.#endings = this.#owned.add(new Endings(reached));
    const places = new Places({
      ...deps,
      onAbandoned: (connection, id) => this.#abandoned(connection, id),
    });
    this.#budget = new Budget(this.#holdings, places, clock, (session) => this.#endings.end(session));
    this.#owned.add(this.#holdings.onDidChange((change) => this.#budget.hear(change)));
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
      ...reached,
      budget: this.#budget,
      endings: this.#endings,
      info: (record) => this.#info(record),
    });
    this.onDidChange = this.#holdings.onDidChange;
    this.onDidChangeLogin = this.#logins.onDidChange;
    this.onStorageTrouble = this.#holdings.onTrouble;
    this.onDidEndRenewal = this.#renewals.onDidEnd;
    this.#owned.add(this.#holdings.onDidChange((change) => this.#planStateChange(change)));
    this.#owned.add(this.#holdings.onDidChange((change) => this.#planTrim(change)));
    this.#owned.add(this.#holdings.onDidHearReplaced((old) => this.#carryMine(old)));
    this.#owned.add(scheduler.onJump(() => this.wake()));
    this.#owned.add(deps.connections.onDidChange(() => this.#lookAtLogins()));
  }

  /** Finds the tokens held from earlier, and ends those whose closing was interrupted. Names unreadable entries. */
  async load(): Promise<Unreadable[]> {
    const { claims, log } = this.#deps;
    await claims
      .enter()
      .catch((error: unknown) => log.warn(`Other windows cannot see this one: ${String(error)}`));
    this.#lookAtLogins();
    const unreadable = await this.#holdings.load();
    this.#holdings.anchor();
    await this.#endings.resume();
    // By then other machines have told of their clocks, if a window of theirs is open.
    this.#deps.scheduler.after('strange', answeredMs, () =>
      this.#ask((record) => isGuess(record, this.#deps.clock.now())),
    );
    return unreadable;
  }

  /** All tokens that can be used or at least renewed, as of now: not those that only wait for being closed. */
  tokens(connection?: string): TokenInfo[] {
    const records = connection === undefined ? this.#holdings.all() : this.#holdings.of(connection);
    return [...records].filter(({ closing }) => !closing).map((record) => this.#info(record));
  }

  /** The connections of these {@link tokens}. */
  connectionNames(): string[] {
    return [...this.#holdings.connectionNames()].filter((name) => this.holdsAny(name));
  }

  /** Whether any of a connection's {@link tokens} is as asked for; the first one that is ends the search. */
  holdsAny(connection: string, accept: (token: TokenInfo) => boolean = () => true): boolean {
    for (const record of this.#holdings.of(connection)) {
      if (!record.closing && accept(this.#info(record))) {
        return true;
      }
    }
    return false;
  }

  /** Rejects with `E_UNKNOWN_TOKEN`. */
  token(id: string): TokenInfo {
    return this.#info(this.#held(id));
  }

  /** One of the {@link tokens}. */
  find(id: string): TokenInfo | undefined {
    const record = this.#holdings.get(id);
    return record === undefined || record.closing ? undefined : this.#info(record);
  }

  /** The token that ends first; of a user token and the session that it ends with the session, whose renewal renews both. */
  first(): TokenInfo | undefined {
    const record = this.#holdings.first();
    if (record === undefined) {
      return undefined;
    }
    const info = this.#info(record);
    const session = this.keptAliveBy(record.id);
    return session !== undefined && session.expiresAt <= info.expiresAt ? session : info;
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
      const left = record.view !== undefined && record.service === user.service ? remaining(record, now) : 0;
      if (left > 0 && !record.closing && (last === undefined || left > remaining(last, now))) {
        last = record;
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

  /** Whether a connection's login is remembered, and may be sent. */
  async isRemembered(connection: string): Promise<boolean> {
    return (await this.#logins.usable(this.#gateways.connection(connection))) !== undefined;
  }

  /** Says that a connection's remembered login was refused, where it was; the gateway's words are its detail. */
  refusal(connection: string): TokensError | undefined {
    return this.#logins.refusal(connection);
  }

  /**
   * Signs in: with the login given, else with what is remembered, else with what the person answers.
   * `remember` undefined leaves what is remembered as it is, unless that was refused: then another login ends it.
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
      return this.#info(await this.#signIns.withLogin(connection, service, given, options));
    }
    const held = this.#signIns.find(connection, service);
    return this.#info(await this.#signIns.again(connection, service, options, held));
  }

  /** Closes a connection's sessions, and forgets its tokens and its login. */
  async signOut(name: string, options: OperationOptions = {}): Promise<ClosedCount> {
    const count = await this.closeAll(name, options);
    for (const record of [...this.#holdings.of(name)]) {
      await this.#endings.forget(record);
    }
    try {
      await this.#logins.forgetAll(name);
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
      [...this.#holdings.of(name)].find(({ kind, closing }) => kind === 'user' && !closing);
    if (found === undefined) {
      throw new TokensError('E_UNKNOWN_TOKEN', 'Nobody is signed in to {0}.', [name]);
    }
    return this.#info(found);
  }

  /** Asks the server for the life left (SARUS), or reckons it (CRA, where there is no such question). */
  async query(id: string, options: OperationOptions = {}): Promise<TokenInfo> {
    const record = this.#held(id);
    const { gateway } = await this.#reach.gatewayOf(record);
    if (gateway.remainingLife === undefined) {
      return this.#info(record);
    }
    const asked = this.#deps.clock.now();
    try {
      const { sent, reportedMs } = await unlessCancelled(
        gateway.remainingLife({ user: record.value }, { signal: options.signal }),
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
      if (refusesToken(error)) {
        await this.#reach.markDead(record, asked);
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
    const { gateway } = await this.#reach.gatewayOf(this.#held(id));
    return gateway.remainingLife !== undefined;
  }

  /** Ends a session. Of a user token, which has no end of its own (PROTOCOLS.md 2): its sessions, then forgets it. */
  async close(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#endings.close(this.#held(id), options);
  }

  /** Ends all sessions, of one connection or of all; counts those that could not be. */
  async closeAll(connection?: string, options: OperationOptions = {}): Promise<ClosedCount> {
    const records = connection === undefined ? this.#holdings.all() : this.#holdings.of(connection);
    const sessions = [...records].filter((record) => record.kind === 'session');
    return this.#endings.endAll(sessions, options);
  }

  /** Ends what is this window's alone, as the window goes; see {@link Endings.closeMine}. */
  async closeMine(withinMs: number): Promise<void> {
    await this.#endings.closeMine(withinMs);
  }

  async setKeepAlive(id: string, keepAlive: 'manual' | 'auto'): Promise<TokenInfo> {
    const record = this.#held(id);
    const now = this.#deps.clock.now();
    // Later than the last one even if the clock was set back: the person's latest word holds in all windows.
    const keepAliveSetAt = Math.max(now.wall, record.keepAliveSetAt + 1);
    await this.#holdings.update(id, { keepAlive, keepAliveSetAt, worked: now }, 'now');
    return this.token(id);
  }

  /** The service that somebody is signed in to, where it is just one. */
  onlyService(name: string): string | undefined {
    return this.#signIns.onlyService(this.#gateways.connection(name));
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
    this.#holdings.anchor();
    this.lookAnew();
    this.#ask(() => true);
  }

  /** Asks gateways for the lives left, where they can be asked. */
  #ask(which: (record: TokenRecord) => boolean): void {
    const ids = Array.from(this.#holdings.all()).flatMap((record) => (which(record) ? [record.id] : []));
    void eachOf(ids, atATime, async (id) => {
      const record = this.#holdings.get(id);
      if (record !== undefined && (await this.canAsk(id).catch(() => false))) {
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

  /** Renews at the gateway; signs in again where the token has died and a login is to be had. */
  async #renew(record: TokenRecord, options: OperationOptions, change: Partial<TokenRecord>): Promise<void> {
    const { connection, gateway } = await this.#reach.gatewayOf(record);
    const isSession = record.view !== undefined;
    const asked = this.#deps.clock.now();
    try {
      await this.#attemptRenewal(connection, gateway, record, options, change);
      return;
    } catch (error) {
      if (!(isSession ? mayRefuseToken(error) : refusesToken(error))) {
        throw error;
      }
      await this.#reach.heardRefusal(error, record, asked);
    }
    if (this.#held(record.id).closing) {
      throw gone(); // Whoever closes it does not want it back.
    }
    // Which of a session's two tokens has died need not be told (PROTOCOLS.md 2), so its user token is tried.
    const user = isSession ? this.#holdings.owner(record) : record;
    if (!isSession || user === undefined || !(await this.#reach.answers(gateway, user))) {
      await this.#reach.markDead(record, asked);
      await this.#signIns.again(connection, record.service, options, user);
      if (!isSession) {
        const replaced = this.#holdings.get(record.id);
        if (replaced?.value !== record.value) {
          await this.#holdings.update(record.id, change, 'soon');
          return;
        }
        // Calls are made with another token of this connection; this one is at its end.
        throw new TokensError('E_EXPIRED', 'The token of {0} has expired.', [record.connection]);
      }
      try {
        await this.#attemptRenewal(connection, gateway, record, options, change);
        return;
      } catch (error) {
        const gone = TokensError.is(error) && error.code === 'E_UNKNOWN_TOKEN';
        if (!gone && !mayRefuseToken(error)) {
          throw error;
        }
      }
    }
    const held = this.#holdings.get(record.id);
    if (held !== undefined) {
      await this.#endings.end(held, options).catch(() => this.#reach.markDead(record));
    }
    throw new TokensError(
      'E_EXPIRED',
      'The session {0} has ended at the gateway; get the data again to open a new one.',
      [record.target ?? record.connection],
    );
  }

  async #attemptRenewal(
    connection: Connection,
    gateway: Gateway,
    record: TokenRecord,
    { askGatewayLogin }: OperationOptions,
    change: Partial<TokenRecord>,
  ): Promise<void> {
    const current = this.#held(record.id);
    const grant = await this.#logins.withGatewayLogin(connection, askGatewayLogin, async () =>
      gateway.keepAlive(await this.#reach.tokensOf(current), {}),
    );
    const value = grant.value === current.value ? {} : { value: grant.value };
    if (grant.value !== current.value && this.#holdings.get(current.id)?.value !== current.value) {
      // It was closed or replaced meanwhile, so nobody wants what the gateway has put in its place.
      await this.#endings.discard(current, grant);
      return;
    }
    await this.#reach.renewed(current, grant, { ...value, ...change });
  }

  /** Finds out which remembered logins have been refused, for whoever shows them. */
  #lookAtLogins(): void {
    for (const connection of this.#deps.connections.all()) {
      void this.#logins.read(connection);
    }
  }

  #held(id: string): TokenRecord {
    const record = this.#holdings.get(id);
    if (record === undefined) {
      throw gone();
    }
    return record;
  }

  #info(record: TokenRecord): TokenInfo {
    return infoOf(record, this.#deps.clock.now(), this.#deps.warnMs());
  }

  /** Another window has signed in anew, or closed the user token, and cannot have known of what was being opened here meanwhile. */
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
      // Two machines share no claims: the one whose windows come first goes first, and the other hears of it.
      const wait = window < record.openedBy ? heardMs : 3 * heardMs;
      scheduler.after(`trim/${name}`, wait, () => void this.#trim(name));
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
      if (record !== undefined && record.leftMs > 0 && isOwn(record.sent, clock.now())) {
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
