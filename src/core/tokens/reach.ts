import type { Clock, Instant } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { TokensError } from '../errors.ts';
import type { Gateway, Life, Tokens } from '../protocols/protocol.ts';
import { belongsTo, type Gateways } from './gateways.ts';
import type { Holdings } from './holdings.ts';
import type { Logins } from './logins.ts';
import type { TokenRecord } from './record.ts';
import { mayRefuseToken, refusesSession, refusesToken } from './refusal.ts';

export interface ReachDeps {
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly gateways: Gateways;
  readonly logins: Logins;
}

/** From a token to its gateway and back: what a call about it is made with, and what the answer tells of its life. */
export class Reach {
  readonly #deps: ReachDeps;

  constructor(deps: ReachDeps) {
    this.#deps = deps;
  }

  /** The way to where a token was issued; `E_CONFIG` where the connection has gone or leads elsewhere. */
  async gatewayOf(record: TokenRecord): Promise<{ connection: Connection; gateway: Gateway }> {
    const { gateways } = this.#deps;
    const connection = gateways.connection(record.connection);
    if (!belongsTo(connection, record)) {
      throw new TokensError('E_CONFIG', '{0} leads to {1} now, and this token is from elsewhere.', [
        connection.name,
        originOf(connection),
      ]);
    }
    return { connection, gateway: await gateways.gateway(connection) };
  }

  /** What a call about a token is made with; `E_EXPIRED` for a session whose user token is not held. */
  async tokensOf(record: TokenRecord, user = this.#deps.holdings.owner(record)): Promise<Tokens> {
    const { service } = record;
    const { gateways, logins } = this.#deps;
    const connection = gateways.find(record.connection);
    const gateway = connection === undefined ? undefined : await logins.gatewayLogin(connection);
    if (record.view === undefined) {
      return { user: record.value, service, gateway };
    }
    if (user === undefined) {
      throw new TokensError('E_EXPIRED', 'Nobody is signed in to {0}.', [record.connection]);
    }
    return { user: user.value, session: record.value, service, gateway };
  }

  /** What a token is closed with: a session under the user token that it is open under, be that replaced or not. */
  closingTokensOf(record: TokenRecord): Promise<Tokens> {
    const { holdings } = this.#deps;
    return this.tokensOf(record, holdings.opener(holdings.get(record.id) ?? record));
  }

  /** Whether a gateway still knows a token. */
  async answers(gateway: Gateway, record: TokenRecord): Promise<boolean> {
    const asked = this.#deps.clock.now();
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

  /** Notes a life that a gateway has just granted: at once, so that no other window renews as well. */
  async renewed(record: TokenRecord, life: Life, change: Partial<TokenRecord>): Promise<void> {
    const lifeMs = life.reportedMs ?? record.lifeMs;
    const source = life.reportedMs === undefined ? 'estimated' : 'reported';
    const lastUsedAt = this.#deps.clock.now().wall;
    await this.#deps.holdings.heardOf(
      record,
      { sent: life.sent, leftMs: lifeMs, lifeMs, source },
      { lastUsedAt, ...change },
      'now',
    );
  }

  /**
   * Takes in what an error tells of a token: one that its gateway has refused has expired, whatever its deadline.
   * @param asked when the refused call began; what was heard of a later one holds
   */
  async heardRefusal(error: unknown, record: TokenRecord, asked: Instant): Promise<void> {
    if (record.view === undefined ? refusesToken(error) : refusesSession(error)) {
      await this.markDead(record, asked);
    }
  }

  /** Notes that a gateway knows a token no more, unless its value was replaced meanwhile. */
  async markDead(record: TokenRecord, sent = this.#deps.clock.now()): Promise<void> {
    await this.#deps.holdings.heardOf(record, { sent, leftMs: 0, source: record.source }, {}, 'now');
  }
}
