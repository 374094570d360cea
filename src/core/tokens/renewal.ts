import { eachOf, unlessCancelled } from '../async.ts';
import type { Instant } from '../clock.ts';
import { Part } from '../disposable.ts';
import { type FailureDetails, TokensError } from '../errors.ts';
import { abilitiesOf } from '../protocols/kinds.ts';
import type { Closing } from './closing.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { maxAtOnce } from './gateways.ts';
import {
  isClosable,
  isEnding,
  isMain,
  type MainToken,
  type Session,
  type TokenChange,
  type TokenRecord,
} from './record.ts';
import { mayRefuseToken, refusesToken } from './refusal.ts';
import type { OperationOptions, SignIn } from './signIn.ts';
import { notHeld } from './tokenTable.ts';

type RenewalDeps = Environment & { calls: GatewayCalls; signIn: SignIn; closing: Closing };

/** Renews tokens at their gateways, and replaces those that turn out to be dead. */
export class Renewal extends Part<RenewalDeps> {
  /**
   * Renews a token at its gateway; signs in again where it has died and a login is remembered or given.
   * @param change what else is to be noted of the token when it is renewed
   * @throws `E_EXPIRED` for one that has died for good, `E_UNKNOWN_TOKEN` for one that is not held (any more)
   */
  async renew(id: string, options: OperationOptions, change: TokenChange): Promise<void> {
    const record = this.deps.table.held(id);
    const { connection, gateway } = await this.deps.calls.gatewayOf(record);
    if (isMain(record) && !abilitiesOf(connection).renewable) {
      await this.#replaceMain(record, options, change);
      return;
    }
    const asked = this.deps.clock.now();
    const attempt = () => this.deps.calls.renew(this.deps.table.held(id), change, options.askGatewayLogin);
    try {
      await attempt();
    } catch (error) {
      const isOver = record.level === 'session' || gateway.renewsDead ? mayRefuseToken : refusesToken;
      if (!isOver(error)) {
        throw error;
      }
      await this.deps.calls.heardRefusal(error, record, asked);
      if (isEnding(this.deps.table.held(id))) {
        throw notHeld(); // It is being closed.
      }
      if (record.level === 'session') {
        await this.#recoverSession(record, asked, options, attempt);
      } else if (isMain(record)) {
        await this.#replaceMain(record, options, change);
      }
    }
  }

  /** Renews a token that is about to end; where that leaves its life as it was, a sign-in replaces it. */
  async renewInTime(id: string): Promise<void> {
    const before = this.deps.table.held(id);
    await this.renew(id, {}, {});
    const after = this.deps.table.held(id);
    const isAsBefore = after.value === before.value && after.sent === before.sent;
    if (isAsBefore && isMain(after)) {
      await this.#replaceMain(after, {}, {});
    }
  }

  /**
   * Asks the gateway for the life left; does nothing where that cannot be asked.
   * @throws `E_EXPIRED` where the gateway knows the token no more
   */
  async ask(id: string, { signal }: OperationOptions): Promise<void> {
    const { clock, sync } = this.deps;
    const record = this.deps.table.held(id);
    const asked = clock.now();
    try {
      const answer = this.deps.calls.call(record, { how: 'together' }, async (gateway, tokens) =>
        gateway.remainingLife?.(tokens, { signal }),
      );
      const life = await unlessCancelled(answer, signal);
      if (life === undefined) {
        return;
      }
      const { sent, reportedMs, more } = life;
      if (reportedMs !== undefined || more !== undefined) {
        const lifeMs = Math.max(reportedMs ?? 0, record.lifeMs);
        const news = { sent, leftMs: reportedMs ?? 0, lifeMs, source: 'reported' } as const;
        const change = more === undefined ? {} : { more };
        await sync.applyLife(record, reportedMs === undefined ? undefined : news, change, 'soon');
      }
    } catch (error) {
      if (!refusesToken(error)) {
        throw error;
      }
      await sync.markDead(record, asked);
      throw expired(record, error.details);
    }
  }

  /** Whether {@link ask} asks the gateway. */
  async canAsk(id: string): Promise<boolean> {
    const { gateway } = await this.deps.calls.gatewayOf(this.deps.table.held(id));
    return gateway.remainingLife !== undefined;
  }

  /** Asks gateways for the lives left, where they can be asked; does not wait for the answers. */
  askAll(which: (record: TokenRecord) => boolean): void {
    const { log, table } = this.deps;
    const asked = [...table.all().filter(which)];
    void eachOf(asked, maxAtOnce, ({ id }) =>
      this.ask(id, {}).catch((error: unknown) => log.info(`Asking after ${id}: ${String(error)}`)),
    );
  }

  /** A token that died is replaced by a new sign-in, if a login is to be had. */
  async #replaceMain(record: MainToken, options: OperationOptions, change: TokenChange): Promise<void> {
    const { connections, sync, table } = this.deps;
    const connection = connections.get(record.connection);
    await this.deps.signIn.again({ connection, service: record.service }, options, record, false);
    if (table.get(record.id)?.value === record.value) {
      throw expired(record); // Calls use another token of this connection.
    }
    await sync.update(record.id, change, 'soon');
  }

  /** Gateways may not say which of a session's two tokens has died (docs/protocols.md 2): the user token is tried. */
  async #recoverSession(
    session: Session,
    asked: Instant,
    options: OperationOptions,
    attempt: () => Promise<void>,
  ): Promise<void> {
    const { connections, sync, table } = this.deps;
    const user = table.owner(session);
    if (user === undefined || !(await this.deps.calls.answers(user))) {
      await sync.markDead(session, asked);
      const connection = connections.get(session.connection);
      await this.deps.signIn.again({ connection, service: session.service }, options, user);
      try {
        await attempt();
        return;
      } catch (error) {
        const isGone = error instanceof TokensError && error.code === 'E_UNKNOWN_TOKEN';
        if (!isGone && !mayRefuseToken(error)) {
          throw error;
        }
      }
    }
    const held = table.get(session.id);
    if (held !== undefined && isClosable(held)) {
      await this.deps.closing.end(held, options).catch(() => sync.markDead(session));
    }
    throw new TokensError(
      'E_EXPIRED',
      'The session {0} has ended at the gateway; get the data again to open a new one.',
      [session.target ?? session.connection],
    );
  }
}

function expired({ connection }: TokenRecord, details?: FailureDetails): TokensError {
  return new TokensError('E_EXPIRED', 'The token of {0} has expired.', [connection], details);
}
