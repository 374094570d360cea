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
import { lookMs } from './logins.ts';
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
import { leaseOrAlone, syncDelayMs } from './store.ts';

/** A window that was asked to go is at work for no longer, in milliseconds. */
const goneMs = 5_000;

interface CallAbout {
  readonly askGatewayLogin?: AskGatewayLogin | undefined;
  /** As of {@link GatewayLogins.use}. */
  readonly how?: 'alone' | 'together';
}

/** What a call about a token is made with, and what its answer tells of the token's life. */
export class GatewayCalls extends Part<Environment> {
  /** By token: of this window's own callers, one at a time. */
  readonly #turns = new Turns();
  readonly #unwanted = new Emitter<string>((error) => logFault(this.deps.log, error));

  /** What a gateway has put in the place of a token that was closed or replaced meanwhile waits for its end; hears its id. */
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
    return logins.gateways.use(connection, askGatewayLogin, attempt, how);
  }

  /** Closes a token at its gateway: a session with the user token that it is open under, be that replaced or not. */
  close(record: Session | SoleToken, options: CallAbout, query?: Query): Promise<void> {
    const { table } = this.deps;
    const held = table.get(record.id) ?? record; // It may have been taken over since.
    const user = held.level === 'session' ? table.opener(held) : undefined;
    return this.call(record, options, (gateway, tokens) => gateway.close(tokens, { query }), user);
  }

  /**
   * Renews a token at its gateway and notes what that gives, before anything else is done. What only one can use is used by
   * one window at a time; the others find what it has got.
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
        await sync.removeEnded(current); // A window that was signing in may have put it aside, and would renew it once more.
      }
    };
    await (gateway.renewsDead
      ? this.#turns.run(familyOf(record), () => this.#once(connection, record, attempt))
      : attempt(record));
  }

  /**
   * Puts aside, to be ended, what a gateway has put in the place of a token that was closed or replaced meanwhile. The old
   * value has ended, be it kept elsewhere for closing.
   */
  async discard(old: TokenRecord, grant: Grant): Promise<void> {
    const { newId, sync } = this.deps;
    if (isClosable(old)) {
      const more = keptAfter(old.more, grant.more ?? {});
      const life = lifeOf(grant, old.lifeMs); // The old one may have been dead by then.
      const unwanted = { ...old, ...life, value: grant.value, more, id: newId(), closing: true };
      await sync.put(unwanted);
      await sync.removeEnded(old);
      this.#unwanted.fire(unwanted.id);
    }
  }

  /** Does what can be done once with what a token has, unless another window has done it. */
  async #once(
    connection: Connection,
    record: TokenRecord,
    work: (current: TokenRecord) => Promise<void>,
  ): Promise<void> {
    const { claims, clock, log, scheduler } = this.deps;
    const key = `refresh-${familyOf(record)}-${record.valueVersion}`;
    const lease = () => leaseOrAlone(claims, log, key, 4_000 * connection.requestTimeoutSeconds);
    const release = () => claims.release(key).catch(() => undefined); // It ages.
    // Whoever has it, or had it, may be going, or have slept with the machine, and be about to note what it has got.
    const isFirst =
      scheduler.has(key) || (await claims.claim(key, Number.POSITIVE_INFINITY).catch(() => true));
    let waitMs = isFirst ? 0 : goneMs;
    let current = await this.#unused(record);
    if (current !== undefined && !isFromHere(current.sent, clock.now())) {
      // Machines share no claims: the one that got the token goes first, and all others look again when that has been heard of.
      await pause(clock, syncDelayMs);
      current = await this.#unused(record);
    }
    while (current !== undefined) {
      const isMine = await lease(); // Reading may have taken so long that another window has it by now.
      if (isMine && waitMs <= 0) {
        break;
      }
      waitMs = isMine ? waitMs - lookMs : goneMs;
      await pause(clock, lookMs);
      current = await this.#unused(record);
    }
    if (current === undefined) {
      return;
    }
    try {
      await work(current);
      // A window that was writing meanwhile has written over the news, and hears of them a moment later.
      scheduler.after(key, syncDelayMs, () => void release());
    } catch (error) {
      const isUsed = await this.#isUsedElsewhere(error, record);
      await release();
      if (!isUsed) {
        throw error;
      }
    }
  }

  /** Whether, where it was refused, another machine has used it all the same. All hear of that within a moment. */
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

  /** Whether its gateway still knows a token. */
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
   * Ends a user token at its gateway, where that can be asked for and is not done yet. Nobody waits for more than the
   * attempt: it is forgotten in any case, and dies there by itself.
   */
  async logOff(record: AnyUser, options: CallOptions = {}): Promise<void> {
    const { clock, log, table } = this.deps;
    const isInUse = table
      .of(record.connection)
      .some(({ id, level, value }) => id !== record.id && level !== 'replaced' && value === record.value);
    if (isInUse || !mayLive(record, clock.now())) {
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
      await this.deps.sync.markDead(record, asked);
    }
  }
}

/** What a token has in common under all ids: another window may have put it aside under one of its own. */
function familyOf({ id, signInId }: TokenRecord): string {
  return signInId || id;
}
