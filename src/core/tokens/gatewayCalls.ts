import { pause, Turns } from '../async.ts';
import type { Instant } from '../clock.ts';
import { type Connection, originOf, withoutUndefined } from '../connection.ts';
import { TokensError } from '../errors.ts';
import type { CallOptions, Gateway, Grant, Query, Tokens } from '../protocols/protocol.ts';
import { isFromHere, remaining } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { AskGatewayLogin } from './gatewayLogins.ts';
import { belongsTo } from './gateways.ts';
import { lookMs } from './logins.ts';
import {
  type AnyUser,
  lifeOf,
  type Session,
  type SoleToken,
  type TokenChange,
  type TokenRecord,
} from './record.ts';
import { mayRefuseToken, refusesSession, refusesToken } from './refusal.ts';
import { leaseOrAlone, syncDelayMs } from './store.ts';

interface CallAbout {
  readonly askGatewayLogin?: AskGatewayLogin | undefined;
  /** As of {@link GatewayLogins.use}. */
  readonly how?: 'alone' | 'together';
}

/** What a call about a token is made with, and what its answer tells of the token's life. */
export class GatewayCalls {
  readonly #env: Environment;
  /** By token: of this window's own callers, one at a time. */
  readonly #turns = new Turns();

  constructor(env: Environment) {
    this.#env = env;
  }

  /** @throws `E_CONFIG` where the connection has gone or leads elsewhere than where the token was issued */
  async gatewayOf(record: TokenRecord): Promise<{ connection: Connection; gateway: Gateway }> {
    const { gateways } = this.#env;
    const connection = gateways.connection(record.connection);
    if (!belongsTo(connection, record)) {
      throw new TokensError('E_CONFIG', '{0} leads to {1} now, and this token is from elsewhere.', [
        connection.name,
        originOf(connection),
      ]);
    }
    return { connection, gateway: await gateways.gateway(connection) };
  }

  /**
   * Makes a call about a token, with the gateway's own login where it wants that ({@link GatewayLogins.use}).
   * @param user the user token that it is made with, where it is about a session
   * @throws `E_EXPIRED` for a session whose user token is not held
   */
  async call<T>(
    record: TokenRecord,
    { askGatewayLogin, how }: CallAbout,
    work: (gateway: Gateway, tokens: Tokens) => Promise<T>,
    user: AnyUser | undefined = record.level === 'session' ? this.#env.table.owner(record) : undefined,
  ): Promise<T> {
    const { logins } = this.#env;
    const { connection, gateway } = await this.gatewayOf(record);
    const { value, more, service } = record;
    if (record.level === 'session' && user === undefined) {
      throw new TokensError('E_EXPIRED', 'Nobody is signed in to {0}.', [connection.name]);
    }
    const tokens =
      user === undefined
        ? { user: value, more, login: () => logins.usable(connection), service }
        : { user: user.value, session: value, service };
    const attempt = async () =>
      work(gateway, { ...tokens, gateway: await logins.gateways.login(connection) });
    return logins.gateways.use(connection, askGatewayLogin, attempt, how);
  }

  /** Closes a token at its gateway: a session with the user token that it is open under, be that replaced or not. */
  close(record: Session | SoleToken, options: CallAbout, query?: Query): Promise<void> {
    const { table } = this.#env;
    const held = table.get(record.id) ?? record; // It may have been taken over since.
    const user = held.level === 'session' ? table.opener(held) : undefined;
    return this.call(record, options, (gateway, tokens) => gateway.close(tokens, { query }), user);
  }

  /**
   * Renews a token at its gateway and notes what that gives, before anything else is done. What only one can use is used by
   * one window at a time; the others find what it has got.
   * @param change what else is to be noted
   * @returns what the gateway has put in the place of a token that is not held any more
   */
  async renew(
    record: TokenRecord,
    change: TokenChange = {},
    askGatewayLogin?: AskGatewayLogin,
  ): Promise<Grant | undefined> {
    const { clock, sync, table } = this.#env;
    const { connection, gateway } = await this.gatewayOf(record);
    const attempt = async (current: TokenRecord): Promise<Grant | undefined> => {
      const grant = await this.call(current, { askGatewayLogin }, (_, tokens) => gateway.keepAlive(tokens));
      const { value } = grant;
      if (value !== current.value && table.get(current.id)?.value !== current.value) {
        return grant;
      }
      const life = grant.isUnchanged ? undefined : lifeOf(grant, current.lifeMs);
      const news = withoutUndefined({ lastUsedAt: clock.now().wall, value, ...change, more: grant.more });
      await sync.applyLife(current, life, news, 'now'); // At once, so that no other window renews as well.
      return undefined;
    };
    return gateway.renewsDead
      ? this.#turns.run(record.id, () => this.#once(connection, record, attempt))
      : attempt(record);
  }

  /** Does what can be done once with what a token has, unless another window has done it. */
  async #once<T>(
    connection: Connection,
    { id, valueVersion }: TokenRecord,
    work: (current: TokenRecord) => Promise<T>,
  ): Promise<T | undefined> {
    const { claims, clock, log, sync, table } = this.#env;
    const key = `refresh-${id}`;
    /** The token, if nobody has put another one in its place. */
    const unused = async (): Promise<TokenRecord | undefined> => {
      await sync.readAgain(id);
      const current = table.get(id);
      return current?.valueVersion === valueVersion ? current : undefined;
    };
    while (!(await leaseOrAlone(claims, log, key, 4_000 * connection.requestTimeoutSeconds))) {
      await pause(clock, lookMs);
    }
    try {
      let current = await unused();
      if (current !== undefined && !isFromHere(current.sent, clock.now())) {
        // Machines share no claims: the one that got the token goes first, and all others look again when that has been heard of.
        await pause(clock, syncDelayMs);
        current = await unused();
      }
      return current && (await work(current));
    } catch (error) {
      // Another machine may have used it all the same.
      if (error instanceof TokensError && (error.details.status ?? 0) >= 400) {
        await pause(clock, syncDelayMs);
        if ((await unused()) === undefined) {
          return undefined;
        }
      }
      throw error;
    } finally {
      await claims.release(key).catch(() => undefined); // It ages.
    }
  }

  /** Whether its gateway still knows a token. */
  async answers(record: TokenRecord): Promise<boolean> {
    const asked = this.#env.clock.now();
    try {
      await this.renew(record);
      return true;
    } catch (error) {
      if (mayRefuseToken(error)) {
        await this.heardRefusal(error, record, asked);
        return false;
      }
      throw error;
    }
  }

  /**
   * Ends a user token at its gateway, where that can be asked for and is not done yet. Nobody waits for more than the
   * attempt: it is forgotten in any case, and dies there by itself.
   */
  async logOff(record: AnyUser, options: CallOptions = {}): Promise<void> {
    const { clock, log, table } = this.#env;
    const isInUse = table
      .of(record.connection)
      .some(({ id, level, value }) => id !== record.id && level !== 'replaced' && value === record.value);
    if (isInUse || remaining(record, clock.now()) <= 0) {
      return;
    }
    try {
      await this.call(record, { how: 'together' }, async (gateway, tokens) =>
        gateway.logOff?.(tokens, options),
      );
    } catch (error) {
      log.warn(`Logging off ${record.id} failed: ${String(error)}`);
    }
  }

  /**
   * Takes in what an error tells of a token: one that its gateway has refused has expired, whatever its deadline.
   * @param asked when the refused call began; what was heard of a later one holds
   */
  async heardRefusal(error: unknown, record: TokenRecord, asked: Instant): Promise<void> {
    if (record.level === 'session' ? refusesSession(error) : refusesToken(error)) {
      await this.#env.sync.markDead(record, asked);
    }
  }
}
