import { pause, Turns } from '../async.ts';
import type { Instant } from '../clock.ts';
import { type Connection, originOf, withoutUndefined } from '../connection.ts';
import { Part } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { logFault } from '../log.ts';
import type { CallOptions, Gateway, Grant, Query, Tokens } from '../protocols/protocol.ts';
import { isFromHere, mayLive } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { AskGatewayLogin } from './gatewayLogins.ts';
import { belongsTo } from './gateways.ts';
import { lease, pollMs, release, releaseWhenHeard } from './leases.ts';
import {
  type AnyUser,
  isClosable,
  keptAfter,
  lifeOf,
  type Session,
  type SoleToken,
  type TokenChange,
  type TokenRecord,
} from './record.ts';
import { mayRefuseToken, refusesSession, refusesToken } from './refusal.ts';
import { syncDelayMs } from './store.ts';

/** By then a window that exits has stopped working, in milliseconds. */
const goneMs = 5_000;

interface CallAbout {
  readonly askGatewayLogin?: AskGatewayLogin | undefined;
  /** As of {@link GatewayLogins.use}. */
  readonly how?: 'alone' | 'together';
}

/** Makes calls about tokens, and notes what their answers tell of the tokens' lives. */
export class GatewayCalls extends Part<Environment> {
  /** One renewal at a time for each token, among this window's callers. */
  readonly #turns = new Turns();
  /**
   * How many calls are under way with a user token or a token that is one, by its value; and a user token that is logged
   * off after them.
   */
  readonly #underWay = new Map<string, { calls: number; leaving?: AnyUser }>();
  readonly #unwanted = new Emitter<string>((error) => logFault(this.deps.log, error));

  /** Fires with the id of a token to be closed: it was issued in place of one that was closed or replaced meanwhile. */
  readonly onUnwanted = this.#unwanted.event;

  /** @throws `E_CONFIG` where the connection has gone or leads elsewhere than where the token was issued */
  async gatewayOf(record: TokenRecord): Promise<{ connection: Connection; gateway: Gateway }> {
    const { connections, gateways } = this.deps;
    const connection = connections.get(record.connection);
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
    user: AnyUser | undefined = record.level === 'session' ? this.deps.table.owner(record) : undefined,
  ): Promise<T> {
    const { logins } = this.deps;
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
    const underWay = this.#underWay.get(tokens.user) ?? { calls: 0 };
    underWay.calls++;
    this.#underWay.set(tokens.user, underWay);
    try {
      return await logins.gateways.use(connection, askGatewayLogin, attempt, how);
    } finally {
      underWay.calls--;
      if (underWay.calls === 0) {
        this.#underWay.delete(tokens.user);
        void (underWay.leaving && this.logOff(underWay.leaving));
      }
    }
  }

  /** Closes a token at its gateway: a session with the user token that it is open under, be that replaced or not. */
  close(record: Session | SoleToken, options: CallAbout, query?: Query): Promise<void> {
    const { table } = this.deps;
    const held = table.get(record.id) ?? record; // It may have been taken over since.
    const user = held.level === 'session' ? table.opener(held) : undefined;
    return this.call(record, options, (gateway, tokens) => gateway.close(tokens, { query }), user);
  }

  /**
   * Renews a token at its gateway, and stores the result before anything else is done. A refresh token that works only once
   * is used by one window at a time; the others find the new token.
   * @param change what else is to be noted
   */
  async renew(
    record: TokenRecord,
    change: TokenChange = {},
    askGatewayLogin?: AskGatewayLogin,
  ): Promise<void> {
    const { clock, sync, table } = this.deps;
    const { connection, gateway } = await this.gatewayOf(record);
    const attempt = async (current: TokenRecord): Promise<void> => {
      const grant = await this.call(current, { askGatewayLogin }, (_, tokens) => gateway.keepAlive(tokens));
      const { value } = grant;
      if (value !== current.value && table.get(current.id)?.value !== current.value) {
        await this.discard(current, grant);
        return;
      }
      const life = grant.isUnchanged ? undefined : lifeOf(grant, current.lifeMs);
      const news = withoutUndefined({ lastUsedAt: clock.now().wall, value, ...change, more: grant.more });
      await sync.applyLife(current, life, news, 'now'); // At once, so that no other window renews as well.
      if (value !== current.value && isClosable(current)) {
        await sync.removeEnded(current); // A window that was signing in may keep it for closing, and would renew it.
      }
    };
    await (gateway.renewsDead
      ? this.#turns.run(familyOf(record), () => this.#once(connection, record, attempt))
      : attempt(record));
  }

  /**
   * Keeps a token for closing that was issued in place of one that was closed or replaced meanwhile. The old value has
   * ended, so no window need close it.
   */
  async discard(old: TokenRecord, grant: Grant): Promise<void> {
    const { newId, sync } = this.deps;
    if (isClosable(old)) {
      const more = keptAfter(old.more, grant.more ?? {});
      const life = lifeOf(grant, old.lifeMs); // Not what was left of the old one: it may have been dead.
      const unwanted = { ...old, ...life, value: grant.value, more, id: newId(), closing: true };
      await sync.put(unwanted);
      await sync.removeEnded(old);
      this.#unwanted.fire(unwanted.id);
    }
  }

  /** Uses a refresh token that works only once, unless another window has used it. */
  async #once(
    connection: Connection,
    record: TokenRecord,
    work: (current: TokenRecord) => Promise<void>,
  ): Promise<void> {
    const { claims, clock, scheduler } = this.deps;
    const key = `refresh-${familyOf(record)}-${record.valueVersion}`;
    // Another window with this claim may be exiting, or have slept with the machine, and be about to store its result.
    const isFirst =
      scheduler.has(key) || (await claims.claim(key, Number.POSITIVE_INFINITY).catch(() => true));
    let waitMs = isFirst ? 0 : goneMs;
    let current = await this.#unused(record);
    if (current !== undefined && !isFromHere(current.sent, clock.now())) {
      // Machines share no claims: the one that got the token goes first, and the others look again once they would know.
      await pause(clock, syncDelayMs);
      current = await this.#unused(record);
    }
    while (current !== undefined) {
      // Another window may have leased it during the reading.
      const isMine = await lease(this.deps, key, 4_000 * connection.requestTimeoutSeconds);
      if (isMine && waitMs <= 0) {
        break;
      }
      waitMs = isMine ? waitMs - pollMs : goneMs;
      await pause(clock, pollMs);
      current = await this.#unused(record);
    }
    if (current === undefined) {
      return;
    }
    try {
      await work(current);
      // A window that wrote at the same time has overwritten the new token, and learns of that a moment later.
      releaseWhenHeard(this.deps, key);
    } catch (error) {
      const isUsed = await this.#isUsedElsewhere(error, record);
      await release(this.deps, key);
      if (!isUsed) {
        throw error;
      }
    }
  }

  /** Whether a refusal means that another machine has used the token: its result arrives within `syncDelayMs`. */
  async #isUsedElsewhere(error: unknown, record: TokenRecord): Promise<boolean> {
    if (!(error instanceof TokensError) || (error.details.status ?? 0) < 400) {
      return false;
    }
    await pause(this.deps.clock, syncDelayMs);
    return (await this.#unused(record)) === undefined;
  }

  /** The token, if nobody has put another one in its place. */
  async #unused({ id, valueVersion }: TokenRecord): Promise<TokenRecord | undefined> {
    const { sync, table } = this.deps;
    await sync.readAgain(id);
    const current = table.get(id);
    return current?.valueVersion === valueVersion ? current : undefined;
  }

  /** Whether its gateway still knows a token, which is renewed for that. @throws errors that do not tell it */
  async answers(record: TokenRecord): Promise<boolean> {
    const asked = this.deps.clock.now();
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
   * Ends a user token at its gateway, if that can be asked for and no other record has the value; after the calls that are
   * under way with it, whose sessions could not be closed without it. A failure is only logged: the token is forgotten in
   * any case, and expires by itself.
   */
  async logOff(record: AnyUser, options: CallOptions = {}): Promise<void> {
    const { clock, log, table } = this.deps;
    const isInUse = table
      .of(record.connection)
      .some(({ id, level, value }) => id !== record.id && level !== 'replaced' && value === record.value);
    if (isInUse || !mayLive(record, clock.now())) {
      return;
    }
    const underWay = this.#underWay.get(record.value);
    if (underWay !== undefined) {
      underWay.leaving = record;
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
   * Marks a token as expired if the error says that its gateway has refused it.
   * @param asked when the refused call began; news from a later call is not overwritten
   */
  async heardRefusal(error: unknown, record: TokenRecord, asked: Instant): Promise<void> {
    if (record.level === 'session' ? refusesSession(error) : refusesToken(error)) {
      await this.deps.sync.markDead(record, asked);
    }
  }
}

/** What all records of a token share: another window may keep it for closing under an id of its own. */
function familyOf({ id, signInId }: TokenRecord): string {
  return signInId || id;
}
