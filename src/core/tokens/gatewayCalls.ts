import type { Instant } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { TokensError } from '../errors.ts';
import type { CallOptions, Gateway, Life, Tokens } from '../protocols/protocol.ts';
import { remaining } from './deadline.ts';
import type { Environment } from './environment.ts';
import { belongsTo } from './gateways.ts';
import { lifeOf, type ReplacedToken, type TokenChange, type TokenRecord, type UserToken } from './record.ts';
import { mayRefuseToken, refusesSession, refusesToken } from './refusal.ts';

/** What a call about a token is made with, and what its answer tells of the token's life. */
export class GatewayCalls {
  readonly #env: Environment;

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

  /** @throws `E_EXPIRED` for a session whose user token is not held */
  tokensOf(record: TokenRecord): Promise<Tokens> {
    return this.tokensUnder(record, record.level === 'session' ? this.#env.table.owner(record) : undefined);
  }

  /** The same for closing it: a session under the user token that it is open under, be that replaced or not. */
  closingTokensOf(record: TokenRecord): Promise<Tokens> {
    const { table } = this.#env;
    const held = table.get(record.id) ?? record;
    const user = held.level === 'session' ? (table.opener(held) ?? table.owner(held)) : undefined;
    return this.tokensUnder(record, user);
  }

  /** The same with a certain user token. */
  async tokensUnder(record: TokenRecord, user: Pick<TokenRecord, 'value'> | undefined): Promise<Tokens> {
    const { gateways, logins } = this.#env;
    const { service } = record;
    const connection = gateways.find(record.connection);
    const gateway = connection === undefined ? undefined : await logins.gatewayLogin(connection);
    if (record.level !== 'session') {
      return { user: record.value, service, gateway };
    }
    if (user === undefined) {
      throw new TokensError('E_EXPIRED', 'Nobody is signed in to {0}.', [record.connection]);
    }
    return { user: user.value, session: record.value, service, gateway };
  }

  /** Whether its gateway still knows a token. */
  async answers(record: TokenRecord): Promise<boolean> {
    const { gateway } = await this.gatewayOf(record);
    const asked = this.#env.clock.now();
    try {
      await this.renewed(record, await gateway.keepAlive(await this.tokensOf(record), {}), {});
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
  async logOff(record: UserToken | ReplacedToken, options: CallOptions = {}): Promise<void> {
    const { clock, log, logins, table } = this.#env;
    const isInUse = [...table.of(record.connection)].some(
      ({ id, level, value }) => id !== record.id && level !== 'replaced' && value === record.value,
    );
    if (isInUse || remaining(record, clock.now()) <= 0) {
      return;
    }
    try {
      const { connection, gateway } = await this.gatewayOf(record);
      const work = async () => gateway.logOff?.(await this.tokensOf(record), options);
      await logins.withGatewayLogin(connection, undefined, work, 'together');
    } catch (error) {
      log.warn(`Logging off ${record.id} failed: ${String(error)}`);
    }
  }

  /** Notes a life that a gateway has just granted: at once, so that no other window renews as well. */
  async renewed(record: TokenRecord, life: Life, change: TokenChange): Promise<void> {
    const { clock, sync } = this.#env;
    const lastUsedAt = clock.now().wall;
    await sync.applyLife(record, lifeOf(life, record.lifeMs), { lastUsedAt, ...change }, 'now');
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
