import { eachOf, Turns, unlessCancelled } from '../async.ts';
import type { Clock } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { cancelled, isGatewayUserRefused, isLoginRefused, TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { Gateway, Grant, Login } from '../protocols/protocol.ts';
import type { Redactor } from '../redact.ts';
import { isLater, mayLive, remaining } from './deadline.ts';
import { atATime, belongsTo, type Gateways } from './gateways.ts';
import type { Holdings } from './holdings.ts';
import { type AskGatewayLogin, isByCertificate, type Logins } from './logins.ts';
import type { TokenRecord } from './record.ts';
import { mayHaveOpened, mayRefuseToken } from './refusal.ts';

/** What a person answers when asked who they are. */
export interface GivenLogin {
  readonly login: Login;
  readonly remember: boolean;
}

/** Asks the person; undefined when they turn away. `refusal`: what the gateway has said to what is remembered. */
export type AskLogin = (
  connection: Connection,
  service: string | undefined,
  why: 'unknown' | 'refused',
  refusal?: TokensError,
) => Promise<GivenLogin | undefined>;

export interface OperationOptions {
  readonly signal?: AbortSignal | undefined;
  /** Absent where nobody can be asked. */
  readonly askLogin?: AskLogin | undefined;
  /** The same for the gateway's own user. */
  readonly askGatewayLogin?: AskGatewayLogin | undefined;
}

export interface SignInsDeps {
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly gateways: Gateways;
  readonly logins: Logins;
  readonly redactor: Redactor;
  readonly log: Log;
  /** This window's id. */
  readonly window: string;
  /** An id that nobody has had before. */
  readonly newId: () => string;
}

/** Gets tokens for logins, and new tokens for those that died. */
export class SignIns {
  readonly #deps: SignInsDeps;
  readonly #flights = new Map<string, { readonly token: Promise<TokenRecord>; readonly asks: boolean }>();
  readonly #turns = new Turns();
  /** Sessions being taken over, by id. */
  readonly #carrying = new Map<string, Promise<void>>();

  constructor(deps: SignInsDeps) {
    this.#deps = deps;
  }

  /** The token that calls are made with: that of the sign-in to the service, where there are services; dead or alive. */
  find(connection: Connection, service: string | undefined): TokenRecord | undefined {
    if (protocolOf(connection).sessions !== undefined) {
      return this.#deps.holdings.user(connection.name, service, originOf(connection));
    }
    let latest: TokenRecord | undefined;
    for (const record of this.#deps.holdings.of(connection.name)) {
      if (
        !record.closing &&
        belongsTo(connection, record) &&
        (latest === undefined || isLater(record.sent, latest.sent, this.#deps.clock.now()))
      ) {
        latest = record;
      }
    }
    return latest;
  }

  /** The service that somebody is signed in to, where it is just one; whose token may have expired. */
  onlyService(connection: Connection): string | undefined {
    const services = new Set<string | undefined>();
    for (const record of this.#deps.holdings.of(connection.name)) {
      if (record.kind === 'user' && !record.closing && belongsTo(connection, record)) {
        services.add(record.service);
      }
    }
    const [only] = services;
    return services.size === 1 ? only : undefined;
  }

  /** The same, signed in again if it is known to be dead. */
  async current(
    connection: Connection,
    service: string | undefined,
    options: OperationOptions,
  ): Promise<TokenRecord> {
    const record = this.find(connection, service);
    return record !== undefined && mayLive(record, this.#deps.clock.now())
      ? record
      : this.again(connection, service, options, record);
  }

  /**
   * Signs in because `dead` is; once for all who wait for it. Uses what is remembered, else asks. Rejects with
   * `E_EXPIRED` (or `E_CREDENTIALS`, when nobody was signed in) where there is neither.
   */
  async again(
    connection: Connection,
    service: string | undefined,
    options: OperationOptions,
    dead: TokenRecord | undefined,
  ): Promise<TokenRecord> {
    const held = this.find(connection, service);
    if (held !== undefined && held.value !== dead?.value) {
      return held; // Another caller or window has been faster.
    }
    const key = JSON.stringify([connection.name, service]);
    const asks = options.askLogin !== undefined;
    const running = this.#flights.get(key);
    if (running !== undefined) {
      try {
        return await unlessCancelled(running.token, options.signal);
      } catch (error) {
        // That one could not ask, or its person turned away; this one's may not.
        if (options.signal?.aborted || !asks || running.asks || !TokensError.is(error)) {
          throw error;
        }
        return this.again(connection, service, options, dead);
      }
    }
    const token = this.#recover(connection, service, options, dead).finally(() => this.#flights.delete(key));
    this.#flights.set(key, { token, asks });
    return unlessCancelled(token, options.signal);
  }

  /** Signs in with this login. What the gateway grants is kept even if the asker has turned away meanwhile. */
  async withLogin(
    connection: Connection,
    service: string | undefined,
    given: { login: Login; remember?: boolean | undefined },
    { signal, askGatewayLogin }: OperationOptions = {},
  ): Promise<TokenRecord> {
    return unlessCancelled(this.#logOn(connection, service, given, askGatewayLogin), signal);
  }

  async #recover(
    connection: Connection,
    service: string | undefined,
    { askLogin, askGatewayLogin }: OperationOptions,
    dead: TokenRecord | undefined,
  ): Promise<TokenRecord> {
    let refusal: TokensError | undefined;
    try {
      const another = () => {
        const held = this.find(connection, service);
        return held?.value === dead?.value ? undefined : held;
      };
      const logOn = (login: Login) => this.#logOn(connection, service, { login }, askGatewayLogin);
      const token = await this.#deps.logins.send(connection, another, logOn);
      if (token !== undefined) {
        return token;
      }
    } catch (error) {
      if (!isLoginRefused(error) || askLogin === undefined || isByCertificate(connection)) {
        throw error;
      }
      refusal = error;
    }
    if (askLogin === undefined) {
      throw dead === undefined
        ? new TokensError('E_CREDENTIALS', 'Nobody is signed in to {0}.', [connection.name])
        : new TokensError(
            'E_EXPIRED',
            'The sign-in to {0} has expired, and no credentials are remembered to renew it.',
            [connection.name],
          );
    }
    const given = await askLogin(connection, service, refusal === undefined ? 'unknown' : 'refused', refusal);
    if (given === undefined) {
      throw cancelled();
    }
    return this.#logOn(connection, service, given, askGatewayLogin);
  }

  async #logOn(
    connection: Connection,
    service: string | undefined,
    { login, remember }: { login: Login; remember?: boolean | undefined },
    askGatewayLogin: AskGatewayLogin | undefined,
  ): Promise<TokenRecord> {
    const gateway = await this.#deps.gateways.gateway(connection);
    const { logins } = this.#deps;
    logins.giveGatewayLogin(connection, login);
    const signIn = async () =>
      gateway.signIn({ ...login, ...(await logins.gatewayLogin(connection)) }, service);
    const granted = logins.withGatewayLogin(connection, askGatewayLogin, signIn);
    const grant = await granted.catch(async (error: unknown) => {
      await logins.failed(connection, login, error);
      if (protocolOf(connection).sessions === undefined && mayHaveOpened(error)) {
        // Nobody can ask for it, so nobody can close it: it ends by itself.
        this.#deps.log.warn(`${connection.name}: a token may have been issued whose answer did not come.`);
      }
      throw error;
    });
    // Each sign-in replaces what the one before it has left, so one at a time.
    const record = await this.#turns.run(JSON.stringify([connection.name, service]), () =>
      this.#keep(connection, service, gateway, grant),
    );
    try {
      if (remember === true) {
        await logins.remember(connection, login);
      } else if (remember === false) {
        await logins.remember(connection, undefined);
      } else {
        await logins.worked(connection, login);
      }
    } catch (error) {
      this.#deps.log.error(
        `Forgetting the credentials failed: ${error instanceof Error ? error.message : error}`,
      );
    }
    return record;
  }

  async #keep(
    connection: Connection,
    service: string | undefined,
    gateway: Gateway,
    grant: Grant,
  ): Promise<TokenRecord> {
    const { holdings, clock, window } = this.#deps;
    const hasSessions = protocolOf(connection).sessions !== undefined;
    const { wall } = clock.now();
    const lifeMs = grant.reportedMs ?? connection.lifeMinutes * 60_000;
    const fresh = {
      value: grant.value,
      signIn: this.#deps.newId(),
      origin: originOf(connection),
      sent: grant.sent,
      leftMs: lifeMs,
      lifeMs,
      source: grant.reportedMs === undefined ? ('estimated' as const) : ('reported' as const),
      openedAt: wall,
      lastUsedAt: wall,
      worked: grant.sent,
      openedBy: window,
      usedBy: window,
      closing: false,
    };
    // The one that is replaced is open over there until it is revoked, and its sessions are under it until they
    // are taken over. If this window dies before, the next one finds it and does the rest.
    const replaced: TokenRecord[] = [];
    const isNoted = ({ value }: TokenRecord) => replaced.some((other) => other.value === value);
    let old = this.find(connection, service);
    while (
      old !== undefined &&
      old.value !== grant.value &&
      !isNoted(old) &&
      (!hasSessions || this.sessionsOf(old).length > 0)
    ) {
      const left: TokenRecord = { ...old, id: this.#deps.newId(), closing: true };
      replaced.push(left);
      await holdings.add(left);
      old = this.find(connection, service); // Another window may have signed in meanwhile.
    }
    let held: TokenRecord | undefined;
    if (old !== undefined) {
      // The new value takes the place of the old one, so that nothing can go on using that.
      const stored = holdings.update(old.id, fresh, 'now');
      held = holdings.get(old.id);
      await stored;
    }
    for (const left of replaced) {
      await (hasSessions ? this.finishReplacing(connection, left) : this.#revoke(gateway, left));
    }
    if (held !== undefined) {
      return holdings.get(held.id) ?? held; // Somebody may have closed it meanwhile.
    }
    const record: TokenRecord = {
      ...fresh,
      id: this.#deps.newId(),
      connection: connection.name,
      kind: hasSessions ? 'user' : 'session',
      ...(service === undefined ? {} : { service }),
      keepAlive: connection.keepAlive,
      keepAliveSetAt: 0,
      generation: 0,
      turn: 0,
    };
    await holdings.add(record);
    return record;
  }

  /**
   * CRA: takes over what is under a user token that was replaced. What fails leaves it on the list, so that it can be
   * tried again.
   */
  async finishReplacing(connection: Connection, replaced: TokenRecord): Promise<void> {
    const { holdings, log } = this.#deps;
    const failures = await eachOf(this.sessionsOf(replaced), atATime, (session) =>
      this.carry(connection, session, replaced).then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
    const failure = failures.find((one) => one !== undefined);
    if (failure === undefined) {
      await holdings.remove(replaced.id);
    } else {
      log.warn(`Taking over from ${replaced.id} failed: ${String(failure)}`);
    }
  }

  /** CRA: what is open under the value that a user token has, or had. */
  sessionsOf(user: TokenRecord): TokenRecord[] {
    return [...this.#deps.holdings.of(user.connection)].filter(
      ({ view, service, signIn }) => view !== undefined && service === user.service && signIn === user.signIn,
    );
  }

  /**
   * CRA: takes a session over from a user token that was replaced. Whether it serves under the new one is not
   * documented, so it is tried; if not, it is closed under the old one, which nobody will know any more. Rejects when
   * that fails as well. One that has expired cannot serve, but an answer that was lost may have renewed it.
   */
  carry(connection: Connection, session: TokenRecord, old: TokenRecord): Promise<void> {
    const running = this.#carrying.get(session.id);
    if (running !== undefined) {
      return running;
    }
    const carrying = this.#carryNow(connection, session, old).finally(() =>
      this.#carrying.delete(session.id),
    );
    this.#carrying.set(session.id, carrying);
    return carrying;
  }

  /** CRA: the same, where a session waits for it. Until then nobody can tell under which user token it may be closed. */
  async settle(connection: Connection, session: TokenRecord): Promise<void> {
    const old = this.#deps.holdings.opener(session);
    if (old?.closing) {
      await this.carry(connection, session, old);
    }
  }

  /** CRA: runs work that takes sessions over from a user token, with a note of that for whoever has to end it. */
  async whileNoted(old: TokenRecord, work: () => Promise<unknown>): Promise<void> {
    const note: TokenRecord = { ...old, id: this.#deps.newId(), closing: true };
    await this.#deps.holdings.add(note);
    await work();
    await this.#deps.holdings.remove(note.id);
  }

  async #carryNow(connection: Connection, session: TokenRecord, old: TokenRecord): Promise<void> {
    const { holdings, clock, log, logins } = this.#deps;
    const user = holdings.owner(session);
    const left = remaining(session, clock.now());
    if (!belongsTo(connection, session) || left <= -2 * session.lifeMs) {
      return; // It is out of reach, or dead whatever was lost.
    }
    const { service } = session;
    const gateway = await this.#deps.gateways.gateway(connection);
    const under = async (token: TokenRecord) => ({
      user: token.value,
      session: session.value,
      ...(service === undefined ? {} : { service }),
      gateway: await logins.gatewayLogin(connection),
    });
    const asked = <T>(work: () => Promise<T>) => logins.withGatewayLogin(connection, undefined, work);
    try {
      if (user === undefined || left <= 0) {
        throw cancelled(); // Its user token was closed meanwhile, or it has expired.
      }
      const { sent } = await asked(async () => gateway.keepAlive(await under(user)));
      const life = { sent, leftMs: session.lifeMs, source: 'estimated' } as const;
      await holdings.heardOf(session, life, { under: user.id, signIn: user.signIn }, 'soon');
    } catch (error) {
      if (isGatewayUserRefused(error)) {
        throw error; // Nothing is known of the session, which lives on meanwhile.
      }
      log.info(`Session ${session.id} does not serve under the new sign-in.`);
      try {
        await asked(async () => gateway.close(await under(old)));
      } catch (error) {
        if (!mayRefuseToken(error)) {
          await holdings.update(session.id, { closing: true }, 'now'); // Nobody uses it, and it is tried again.
          throw error;
        } // Else it has gone with its user token.
      }
      await holdings.remove(session.id);
    }
  }

  /** SARUS: the account's tokens are rationed, so one that has been replaced is given back. */
  async #revoke(gateway: Gateway, old: TokenRecord): Promise<void> {
    const { clock, holdings, log, redactor } = this.#deps;
    try {
      await gateway.close({ user: old.value });
    } catch (error) {
      if (remaining(old, clock.now()) > 0) {
        log.warn(`Revoking ${old.id} failed: ${error instanceof Error ? error.message : String(error)}`);
        // It may still be open over there: it stays on the list, so that it can be closed.
        await holdings.update(old.id, { closing: false }, 'now');
        return;
      }
    }
    await holdings.removeEnded(old);
    redactor.delete(old.value);
  }
}
