import { SingleFlight, Turns, unlessCancelled } from '../async.ts';
import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { cancelled, isLoginRefused, TokensError } from '../errors.ts';
import { identityOf, protocolOf } from '../protocols/kinds.ts';
import type { Grant, Login, Tried } from '../protocols/protocol.ts';
import { mayLive } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import type { AskGatewayLogin } from './gatewayLogins.ts';
import { belongsTo } from './gateways.ts';
import { isByCertificate, partsOf } from './loginParts.ts';
import { initial, isMain, issued, type MainToken, type ReplacedToken, type SoleToken } from './record.ts';
import { mayHaveOpened, mayRefuseToken, refusesToken } from './refusal.ts';
import type { Takeover } from './takeover.ts';

/** What a person answers when asked who they are. */
export interface GivenLogin {
  readonly login: Login;
  readonly remember: boolean;
}

/** A login that a person need not be asked for. */
export interface LogOn {
  readonly login: Login;
  /** Undefined leaves what is remembered as it is. */
  readonly remember?: boolean | undefined;
  /** The gateway's answer to it, if it was tried already: the sign-in goes on from there. */
  readonly tried?: Tried | undefined;
}

/** Asks the person; undefined when they cancel. `refusal`: how the gateway refused the remembered login. */
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

/** Whom tokens of a sign-in are for: a connection's gateway and, where it consists of services, one of them. */
export interface Audience {
  readonly connection: Connection;
  readonly service: string | undefined;
}

/** After so many new tokens in a row that were refused at once, only a person signs in. */
const maxRefusedInRow = 3;

type SignInDeps = Environment & { calls: GatewayCalls; takeover: Takeover };

/** Signs in, and signs in again for tokens that have died. */
export class SignIn extends Part<SignInDeps> {
  /** By connection, service, and whether the person may be asked. */
  readonly #flights = new SingleFlight<string, MainToken>();
  readonly #turns = new Turns();
  /** How many tokens in a row were refused at their first use, by connection. */
  readonly #refusedInRow = new Map<string, number>();
  /** How often somebody has signed out, by connection. */
  readonly #signOuts = new Map<string, number>();

  /** To be called when somebody signs out of a connection: sign-ins under way are undone once they are granted. */
  signedOut(name: string): void {
    this.#signOuts.set(name, (this.#signOuts.get(name) ?? 0) + 1);
  }

  /** The token that calls of a connection, and of a service if it has any, are made with; dead or alive. */
  find({ connection, service }: Audience): MainToken | undefined {
    return this.deps.table.main(connection.name, service, identityOf(connection));
  }

  /** The service that somebody is signed in to, where it is just one; whose token may have expired. */
  onlyService(connection: Connection): string | undefined {
    const users = this.deps.table
      .of(connection.name)
      .filter((record) => record.level === 'user' && belongsTo(connection, record));
    const services = new Set(users.map(({ service }) => service));
    const [only] = services;
    return services.size === 1 ? only : undefined;
  }

  /** The token that {@link find} finds, signed in again if it is known to be dead. */
  async current(audience: Audience, options: OperationOptions): Promise<MainToken> {
    const record = this.find(audience);
    return record !== undefined && mayLive(record, this.deps.clock.now())
      ? record
      : this.again(audience, options, record);
  }

  /** Does work with {@link current}; where the gateway refuses that, once more with a new one, unless it was new. */
  async withToken<T>(
    audience: Audience,
    options: OperationOptions,
    work: (token: MainToken) => Promise<T>,
  ): Promise<T> {
    const { name } = audience.connection;
    const before = this.find(audience);
    let token = await this.current(audience, options);
    for (let isNew = token.value !== before?.value; ; isNew = true) {
      const asked = this.deps.clock.now();
      try {
        const result = await work(token);
        this.#refusedInRow.delete(name);
        return result;
      } catch (error) {
        if (!refusesToken(error)) {
          throw error;
        }
        if (isNew) {
          // Signing in has not helped. The token is not marked as dead: it is new, so it can be closed.
          this.#refusedInRow.set(name, (this.#refusedInRow.get(name) ?? 0) + 1);
          throw error;
        }
        await this.deps.sync.markDead(token, asked);
        token = await this.again(audience, options, token);
      }
    }
  }

  /**
   * Signs in because `dead` is; once for all who wait for it. Uses what is remembered, else asks. Rejects with `E_EXPIRED`
   * (or `E_CREDENTIALS`, when nobody was signed in) where there is neither.
   * @param mayRenew whether its refresh token may be tried; false if that was refused just now
   */
  async again(
    audience: Audience,
    options: OperationOptions,
    dead: MainToken | undefined,
    mayRenew = true,
  ): Promise<MainToken> {
    const another = this.#anotherThan(dead, audience);
    if (another !== undefined) {
      return another; // Another caller or window has signed in.
    }
    const key = (asks: boolean) => JSON.stringify([audience.connection.name, audience.service, asks]);
    const asks = options.askLogin !== undefined;
    const asking = this.#flights.get(key(true));
    const running = asking ?? this.#flights.get(key(false));
    if (running === undefined) {
      const token = this.#flights.run(key(asks), () => this.#recover(audience, options, dead, mayRenew));
      return unlessCancelled(token, options.signal);
    }
    try {
      return await unlessCancelled(running, options.signal);
    } catch (error) {
      // That sign-in could not ask a person; this one can.
      if (options.signal?.aborted || !asks || asking !== undefined || !(error instanceof TokensError)) {
        throw error;
      }
      return this.again(audience, options, dead, mayRenew);
    }
  }

  /** Signs in with this login. What the gateway grants is kept even if the caller has cancelled meanwhile. */
  async withLogin(
    audience: Audience,
    given: LogOn,
    { signal, askGatewayLogin }: OperationOptions = {},
  ): Promise<MainToken> {
    this.#refusedInRow.delete(audience.connection.name);
    return unlessCancelled(this.#logOn(audience, given, askGatewayLogin), signal);
  }

  /** The token that has replaced a dead one by now; undefined where there is none. */
  #anotherThan(dead: MainToken | undefined, audience: Audience): MainToken | undefined {
    const held = this.find(audience);
    return held?.value === dead?.value ? undefined : held;
  }

  async #recover(
    audience: Audience,
    { askLogin, askGatewayLogin }: OperationOptions,
    dead: MainToken | undefined,
    mayRenew: boolean,
  ): Promise<MainToken> {
    const { connection, service } = audience;
    let refusal: TokensError | undefined;
    const isStopped = (this.#refusedInRow.get(connection.name) ?? 0) >= maxRefusedInRow;
    try {
      const renewed = mayRenew && !isStopped && dead ? await this.#renewed(connection, dead) : undefined;
      if (renewed !== undefined) {
        return renewed;
      }
      const another = () => this.#anotherThan(dead, audience);
      const logOn = (login: Login) => this.#logOn(audience, { login }, askGatewayLogin);
      const token = isStopped ? undefined : await this.deps.logins.send(connection, another, logOn);
      if (token !== undefined) {
        return token;
      }
    } catch (error) {
      if (!isLoginRefused(error) || askLogin === undefined || isByCertificate(connection)) {
        throw error;
      }
      refusal = error;
    }
    if (isStopped) {
      refusal = new TokensError(
        'E_EXPIRED',
        '{0} has refused {1} new tokens in a row, so there is no more automatic sign-in: sign in manually.',
        [connection.name, maxRefusedInRow],
      );
    }
    if (askLogin === undefined) {
      throw refusal ?? nobodySignedIn(connection, dead);
    }
    const given = await askLogin(connection, service, refusal === undefined ? 'unknown' : 'refused', refusal);
    if (given === undefined) {
      throw cancelled();
    }
    this.#refusedInRow.delete(connection.name);
    return this.#logOn(audience, given, askGatewayLogin);
  }

  /** The same token with a new value, if its refresh token works; undefined if not. */
  async #renewed(connection: Connection, dead: MainToken): Promise<MainToken | undefined> {
    const gateway = await this.deps.gateways.gateway(connection);
    if (!gateway.renewsDead || !belongsTo(connection, dead)) {
      return undefined;
    }
    try {
      await this.deps.calls.renew(dead);
    } catch (error) {
      const lacksLogin = error instanceof TokensError && error.code === 'E_CREDENTIALS';
      if (!lacksLogin && !mayRefuseToken(error)) {
        throw error;
      }
      return undefined;
    }
    return this.#anotherThan(dead, { connection, service: dead.service });
  }

  async #logOn(
    audience: Audience,
    { login, remember, tried }: LogOn,
    askGatewayLogin: AskGatewayLogin | undefined,
  ): Promise<MainToken> {
    const { connection, service } = audience;
    const signOuts = this.#signOuts.get(connection.name);
    const gateway = await this.deps.gateways.gateway(connection);
    const { log, logins } = this.deps;
    logins.gateways.give(connection, login);
    let sent = login;
    const signIn = async () => {
      sent = { ...login, ...(await logins.gateways.login(connection)) };
      return gateway.signIn(sent, service, { tried });
    };
    const before = await logins.read(connection);
    const granted = logins.gateways.use(connection, askGatewayLogin, signIn);
    const grant = await granted.catch(async (error: unknown) => {
      await logins.failed(connection, login, error);
      if (protocolOf(connection).sessions === undefined && mayHaveOpened(error)) {
        // Its value is unknown, so it cannot be closed: it expires by itself.
        log.warn(`${connection.name}: a token may have been issued whose answer did not come.`);
      }
      throw error;
    });
    if (this.#signOuts.get(connection.name) !== signOuts) {
      // The gateway's own login is forgotten by now.
      const { gateway: own } = partsOf(connection, sent);
      const tokens = { user: grant.value, more: grant.more, service, gateway: own, login: async () => login };
      await (gateway.logOff?.(tokens) ?? gateway.close(tokens)).catch((error: unknown) =>
        log.warn(`Logging off ${connection.name} failed: ${String(error)}`),
      );
      throw nobodySignedIn(connection, undefined);
    }
    // Noted now, and not when sessions have been taken over: by then the login may have been refused.
    const noted = logins.granted(connection, login, remember, before).catch((error: unknown) => {
      log.error(`Forgetting the credentials failed: ${String(error)}`);
    });
    // Each sign-in replaces the token of the one before, so one at a time.
    const key = JSON.stringify([connection.name, service]);
    const kept = this.#turns.run(key, () => this.#keep(audience, grant));
    const [{ record, replaced }] = await Promise.all([kept, noted]);
    // Outside of the turn, so that the next sign-in does not wait for it.
    await Promise.all(replaced.map((old) => this.#revoke(old)));
    const held = this.deps.table.get(record.id);
    return held !== undefined && isMain(held) ? held : record; // Somebody may have closed it meanwhile.
  }

  /**
   * Stores the granted token in place of the one that calls were made with so far. The replaced one is open at the gateway
   * until it is revoked, and its sessions are under it until they are taken over: it is stored for that first, and if this
   * window dies the next one does the rest.
   * @returns also the tokens that are still to be revoked
   */
  async #keep(audience: Audience, grant: Grant): Promise<{ record: MainToken; replaced: SoleToken[] }> {
    const { connection, service } = audience;
    const { clock, newId, sync, table, window } = this.deps;
    const lifeMs = connection.lifeMinutes * 60_000;
    const fresh = { ...issued(connection, grant, lifeMs, clock.now(), window), signInId: newId() };
    const replaced: (ReplacedToken | SoleToken)[] = [];
    const isNoted = ({ value }: MainToken) => [fresh, ...replaced].some((other) => other.value === value);
    let old = this.find(audience);
    for (; old !== undefined && !isNoted(old); old = this.find(audience)) {
      const id = newId();
      const note: ReplacedToken | SoleToken =
        old.level === 'user' ? { ...old, id, level: 'replaced' } : { ...old, id, closing: true };
      if (old.level === 'sole' || table.sessionsOpenUnder(old).length > 0) {
        await sync.put(note); // Meanwhile another window may have signed in.
        if (table.get(note.id) === undefined) {
          continue; // It took so long that it was taken for what a dead window had left.
        }
      }
      replaced.push(note);
    }
    const level =
      protocolOf(connection).sessions === undefined
        ? ({ level: 'sole', closing: false } as const)
        : ({ level: 'user' } as const);
    const record: MainToken =
      old === undefined
        ? { ...initial(connection, service), ...fresh, ...level, id: newId() }
        : { ...old, ...fresh };
    await (old === undefined ? sync.put(record) : sync.update(old.id, fresh, 'now'));
    for (const one of replaced) {
      if (one.level === 'replaced') {
        await this.deps.takeover.finish(connection, one);
      }
    }
    return { record, replaced: replaced.filter((one) => one.level === 'sole') };
  }

  /** An account may have few tokens, so one that has been replaced is revoked. */
  async #revoke(old: SoleToken): Promise<void> {
    const { clock, log, sync, table } = this.deps;
    try {
      await this.deps.calls.close(old, { how: 'together' });
    } catch (error) {
      if (mayLive(table.get(old.id) ?? old, clock.now())) {
        log.warn(`Revoking ${old.id} failed: ${String(error)}`);
        // It may still be open at the gateway: it stays listed, so that it can be closed.
        await sync.update(old.id, { closing: false }, 'now');
        return;
      }
    }
    await sync.removeEnded(old);
  }
}

function nobodySignedIn({ name }: Connection, dead: MainToken | undefined): TokensError {
  return dead === undefined
    ? new TokensError('E_CREDENTIALS', 'Nobody is signed in to {0}.', [name])
    : new TokensError(
        'E_EXPIRED',
        'The sign-in to {0} has expired, and no credentials are remembered to renew it.',
        [name],
      );
}
