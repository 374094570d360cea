import { eachOf, SingleFlight } from '../async.ts';
import type { Connection } from '../connection.ts';
import { Part } from '../disposable.ts';
import { cancelled, isGatewayUserRefused } from '../errors.ts';
import { isGuess, mayLive, remaining } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { belongsTo, maxAtOnce } from './gateways.ts';
import type { MainToken, ReplacedToken, Session, UserToken } from './record.ts';
import { mayRefuseToken } from './refusal.ts';

/**
 * Moves sessions to the user token of a new sign-in. Whether a session serves under it is not documented, so it is
 * tried; if not, it is closed under the old one. That is kept as a {@link ReplacedToken} until all is done, so that
 * another window can go on if this one dies.
 */
export class Takeover extends Part<Environment & { calls: GatewayCalls }> {
  /** By the session's id. */
  readonly #flights = new SingleFlight<string, void>();

  constructor(deps: Environment & { calls: GatewayCalls }) {
    super(deps);
    this.add(deps.sync.onDidHearReplaced((old) => this.#moveOwn(old)));
  }

  /** Keeps the value of a user token that was replaced, until the sessions that are open under it are taken over. */
  async keep(user: MainToken): Promise<ReplacedToken> {
    const replaced: ReplacedToken = { ...user, id: this.deps.newId(), level: 'replaced' };
    await this.deps.sync.put(replaced);
    return replaced;
  }

  /**
   * Moves sessions that are open under a replaced token, and ends that where none was left to move. If one fails the token
   * is kept, so that it can be tried again.
   */
  async finish(
    connection: Connection,
    replaced: ReplacedToken,
    sessions = this.deps.table.sessionsOpenUnder(replaced),
  ): Promise<void> {
    const { log, sync, table } = this.deps;
    const results = await eachOf(sessions, maxAtOnce, (session) =>
      this.move(connection, session, replaced).catch((error: unknown) => String(error)),
    );
    const failure = results.find((result) => result !== undefined);
    if (failure !== undefined) {
      log.warn(`Taking over from ${replaced.id} failed: ${failure}`);
      return;
    }
    await sync.remove(replaced.id);
    const isInUse = table.sessionsOpenUnder(replaced).length > 0;
    if (!isInUse && sessions.every(({ id }) => table.get(id) === undefined)) {
      await this.deps.calls.logOff(replaced);
    }
  }

  /**
   * Moves one session. One that has expired cannot serve, but an answer that was lost may have renewed it: it is closed.
   * @throws what the gateway said where it can be neither moved nor closed
   */
  move(connection: Connection, session: Session, old: ReplacedToken): Promise<void> {
    return this.#flights.run(session.id, () => this.#moveNow(connection, session, old));
  }

  /** Moves a session whose user token was replaced, if that is still to be done: only then it is known how to close it. */
  async settle(connection: Connection, session: Session): Promise<void> {
    const old = this.deps.table.opener(session);
    if (old?.level === 'replaced') {
      await this.move(connection, session, old);
    }
  }

  /** Another window has replaced or forgotten this user token, and does not know of sessions that were being opened here. */
  async #moveOwn(old: UserToken): Promise<void> {
    const { connections, table, window } = this.deps;
    const connection = connections.find(old.connection);
    const own = table.sessionsOpenUnder(old).filter(({ openedBy }) => openedBy === window);
    if (connection !== undefined && own.length > 0) {
      await this.finish(connection, await this.keep(old), own);
    }
  }

  async #moveNow(connection: Connection, session: Session, old: ReplacedToken): Promise<void> {
    const { clock, log, sync, table } = this.deps;
    const user = table.owner(session);
    const left = remaining(session, clock.now());
    // A lost answer may have renewed it once more than is known here: later than that it is certainly dead.
    const isDead = !isGuess(session, clock.now()) && left + 2 * session.lifeMs <= 0;
    if (!belongsTo(connection, session) || isDead) {
      return;
    }
    try {
      if (user === undefined || !mayLive(session, clock.now())) {
        throw cancelled(); // Its user token was closed meanwhile, or it has expired.
      }
      const { sent } = await this.deps.calls.call(
        session,
        {},
        (gateway, tokens) => gateway.keepAlive(tokens),
        user,
      );
      const life = { sent, leftMs: session.lifeMs, source: 'estimated' } as const;
      await sync.applyLife(session, life, { under: user.id, signInId: user.signInId }, 'soon');
    } catch (error) {
      if (isGatewayUserRefused(error)) {
        throw error; // This says nothing of the session.
      }
      log.info(`Session ${session.id} does not serve under the new sign-in.`);
      try {
        await this.deps.calls.call(session, {}, (gateway, tokens) => gateway.close(tokens), old);
      } catch (error) {
        if (!mayRefuseToken(error)) {
          await sync.update(session.id, { closing: true }, 'now'); // Nobody uses it, and it is tried again.
          throw error;
        } // Else it has gone with its user token.
      }
      await sync.remove(session.id);
    }
  }
}
