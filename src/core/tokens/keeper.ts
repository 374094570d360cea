import { unlessCancelled } from '../async.ts';
import { TokensError } from '../errors.ts';
import type { Event } from '../event.ts';
import type { Column, Service } from '../protocols/protocol.ts';
import type { ScriptRequest } from '../protocols/relayed.ts';
import { type ClosedCount, Closing } from './closing.ts';
import { type About, DataCalls, type RelayOptions } from './dataCall.ts';
import { isGuess } from './deadline.ts';
import { GatewayCalls } from './gatewayCalls.ts';
import { HeldTokens } from './heldTokens.ts';
import type { KeeperDeps } from './ports.ts';
import { isClosable } from './record.ts';
import { serviceOf } from './refusal.ts';
import { Renewal } from './renewal.ts';
import { type RenewalEnd, RenewalTimes } from './renewalTimes.ts';
import type { DataOptions, Fetched } from './sessionCall.ts';
import { SessionLimit } from './sessionLimit.ts';
import { type LogOn, type OperationOptions, SignIn } from './signIn.ts';
import { watchStates } from './stateTimes.ts';
import { answeredMs, type Unreadable } from './store.ts';
import { Takeover } from './takeover.ts';
import type { TokenInfo } from './token.ts';

/**
 * Opens, stores, renews and closes tokens. Every method rejects with a `TokensError` alone, and leaves every token that it
 * was not about untouched.
 */
export class Keeper extends HeldTokens {
  readonly #signIn: SignIn;
  readonly #renewal: Renewal;
  readonly #closing: Closing;
  readonly #dataCalls: DataCalls;

  readonly onDidChange = this.env.table.onDidChange;
  /** A connection's remembered login is refused now, or is not any more; see {@link refusal}. */
  readonly onDidChangeLogin = this.env.logins.onDidChange;
  /** Tokens cannot be stored; fires once for each time that this begins. */
  readonly onStorageTrouble = this.env.sync.onTrouble;
  /** A token's automatic renewal has ended. */
  readonly onDidEndRenewal: Event<RenewalEnd>;

  constructor(deps: KeeperDeps) {
    super(deps);
    const { env } = this;
    const calls = new GatewayCalls(env);
    const takeover = this.add(new Takeover({ ...env, calls }));
    const signIn = new SignIn({ ...env, calls, takeover });
    const closing = this.add(new Closing({ ...env, calls, signIn, takeover }));
    const limit = this.add(new SessionLimit({ ...env, closing }));
    const renewal = new Renewal({ ...env, calls, signIn, closing });
    const times = this.add(new RenewalTimes({ ...env, renewal }));
    this.#signIn = signIn;
    this.#closing = closing;
    this.#renewal = renewal;
    this.#dataCalls = new DataCalls({ ...env, calls, signIn, takeover, closing, limit });
    this.onDidEndRenewal = times.onDidEnd;
    this.add(watchStates(env));
    this.add(deps.scheduler.onJump(() => this.wake()));
    this.add(
      deps.connections.onDidChange(() => {
        env.logins.readAll();
        this.replanAll();
      }),
    );
  }

  /** Reads the stored tokens, and ends those whose closing was interrupted. Returns the entries that could not be read. */
  async load(): Promise<Unreadable[]> {
    const { claims, clock, log, logins, scheduler, sync } = this.env;
    await claims
      .enter()
      .catch((error: unknown) => log.warn(`Other windows cannot see this one: ${String(error)}`));
    logins.readAll();
    const unreadable = await sync.load();
    sync.anchor();
    await this.#closing.resume();
    // By then other machines have answered with their clocks, if they have a window open.
    scheduler.after('strange', answeredMs, () =>
      this.#renewal.askAll((record) => isGuess(record, clock.now())),
    );
    return unreadable;
  }

  /** Whether a connection's login is remembered, and may be sent. */
  async isRemembered(connection: string): Promise<boolean> {
    return (await this.env.logins.usable(this.env.connections.get(connection))) !== undefined;
  }

  /** Says that a connection's remembered login was refused, where it was; the gateway's words are its detail. */
  refusal(connection: string): TokensError | undefined {
    return this.env.logins.refusal(connection);
  }

  /**
   * Signs in: with the login given, else with what is remembered, else with what the person answers.
   * `remember` undefined leaves what is remembered as it is, unless that was refused: then another login ends it.
   */
  async signIn(
    name: string,
    options: OperationOptions & Partial<LogOn> & { service?: string | undefined },
  ): Promise<TokenInfo> {
    const connection = this.env.connections.get(name);
    const audience = { connection, service: serviceOf(connection, options.service) };
    const { login, remember, tried } = options;
    if (login !== undefined) {
      const given = { login, remember, tried };
      return this.info(await this.#signIn.withLogin(audience, given, options));
    }
    const held = this.#signIn.find(audience);
    return this.info(await this.#signIn.again(audience, options, held));
  }

  /** Closes a connection's sessions, and forgets its tokens and its login. @throws `E_STORAGE` where that stays stored */
  async signOut(name: string, options: OperationOptions = {}): Promise<ClosedCount> {
    const count = await this.#closing.leave(name, options);
    try {
      await this.env.logins.forgetAll(name);
    } catch {
      throw new TokensError(
        'E_STORAGE',
        'The credentials of {0} could not be removed from the secret storage.',
        [name],
      );
    }
    return count;
  }

  /** Gets data. @throws `E_CONFIG` without a connection in the request, else as {@link DataCalls.run} */
  async getData(request: unknown, options: DataOptions): Promise<Fetched> {
    const name = (request as { connection?: unknown } | null | undefined)?.connection;
    if (typeof name !== 'string') {
      throw new TokensError('E_CONFIG', 'The request does not say which connection it is for.');
    }
    return this.#dataCalls.run(this.env.connections.get(name), request, options);
  }

  /** Sends a script's request on; see {@link DataCalls.relay}. */
  async relay(name: string, request: ScriptRequest, options: RelayOptions): Promise<Fetched> {
    return this.#dataCalls.relay(this.env.connections.get(name), request, options);
  }

  /** Renews a token by hand. A user token that has died is replaced, if a login is to be had. */
  async keepAlive(id: string, options: OperationOptions = {}): Promise<TokenInfo> {
    const change = { lastActive: this.env.clock.now() };
    await unlessCancelled(this.#renewal.renew(id, options, change), options.signal);
    return this.token(id);
  }

  /** The token of a connection's sign-in, which `keepAlive {connection}` is about. @throws `E_UNKNOWN_TOKEN` */
  main(name: string): TokenInfo {
    const connection = this.env.connections.get(name);
    const found =
      this.#signIn.find({ connection, service: connection.service }) ??
      this.env.table.of(name).find(({ level }) => level === 'user');
    if (found === undefined) {
      throw new TokensError('E_UNKNOWN_TOKEN', 'Nobody is signed in to {0}.', [name]);
    }
    return this.info(found);
  }

  /** Asks the gateway for the life left; without such a request it is only calculated. */
  async remainingLife(id: string, options: OperationOptions = {}): Promise<TokenInfo> {
    await this.#renewal.ask(id, options);
    return this.token(id);
  }

  /** Whether {@link remainingLife} asks the gateway. */
  canAsk(id: string): Promise<boolean> {
    return this.#renewal.canAsk(id);
  }

  /** Ends a session. Of a user token: its sessions, then itself. */
  async close(id: string, options: OperationOptions = {}): Promise<void> {
    await this.#closing.close(this.env.table.held(id), options);
  }

  /** Ends all sessions, of one connection or of all; counts those that could not be. */
  closeAll(connection?: string, options: OperationOptions = {}): Promise<ClosedCount> {
    return this.#closing.endAll([...this.records(connection)].filter(isClosable), options);
  }

  /** Ends what is this window's alone, as the window exits; see {@link Closing.closeMine}. */
  async closeMine(withinMs: number): Promise<void> {
    await this.#closing.closeMine(withinMs);
  }

  /** Turns automatic renewal of a token on or off. */
  async setKeepAlive(id: string, keepAlive: 'manual' | 'auto'): Promise<TokenInfo> {
    const record = this.env.table.held(id);
    const now = this.env.clock.now();
    // Later than the last one even if the clock was set back: the person's latest choice holds in all windows.
    const keepAliveSetAt = Math.max(now.wall, record.keepAliveSetAt + 1);
    await this.env.sync.update(id, { keepAlive, keepAliveSetAt, lastActive: now }, 'now');
    return this.token(id);
  }

  /** The service that somebody is signed in to, where it is just one. */
  onlyService(name: string): string | undefined {
    return this.#signIn.onlyService(this.env.connections.get(name));
  }

  /** The services that a gateway lists; empty where it has none. */
  async services(name: string, options: OperationOptions = {}): Promise<Service[]> {
    const gateway = await this.env.gateways.gateway(this.env.connections.get(name));
    return (await gateway.services?.({ signal: options.signal })) ?? [];
  }

  /** The columns of a session's view by its definition; empty where there is none. */
  columns(about: About, options: OperationOptions = {}): Promise<Column[]> {
    return this.#dataCalls.columns(about, options);
  }

  /** What the gateway has to choose from for a member of a query; nothing where it has no such list. */
  offers(about: About, member: string, options: OperationOptions = {}): Promise<string[]> {
    return this.#dataCalls.offers(about, member, options);
  }

  /** To be called when settings of renewal and warning may have changed: plans and shows every token anew. */
  replanAll(): void {
    for (const { id } of [...this.env.table.all()]) {
      this.env.table.announce(id);
    }
  }

  /** To be called when the clock may have jumped or the computer slept: checks everything, and asks gateways. */
  wake(): void {
    this.env.sync.anchor();
    this.replanAll();
    this.#renewal.askAll(() => true);
  }

  /** Waits until everything known is stored. */
  async flush(): Promise<void> {
    await this.env.sync.flush();
  }
}
