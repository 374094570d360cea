import { eachOf, SingleFlight } from '../async.ts';
import type { Connection } from '../connection.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { cancelled, isGatewayUserRefused } from '../errors.ts';
import { remaining } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { atATime, belongsTo } from './gateways.ts';
import type { MainToken, ReplacedToken, Session, UserToken } from './record.ts';
import { mayRefuseToken } from './refusal.ts';

/**
 * Moves sessions to the user token of a new sign-in. Whether a session serves under it is not documented, so it is
 * tried; if not, it is closed under the old one. That is kept as a {@link ReplacedToken} until all is done, so that
 * another window can go on if this one dies.
 */
export class Takeover implements Disposable {
  readonly #env: Environment;
  readonly #calls: GatewayCalls;
  readonly #owned = new DisposableStore();
  /** By the session's id. */
  readonly #flights = new SingleFlight<string, void>();

  constructor(env: Environment, calls: GatewayCalls) {
    this.#env = env;
    this.#calls = calls;
    this.#owned.add(env.sync.onDidHearReplaced((old) => this.#carryMine(old)));
  }

  /** A note of a user token whose value is about to be replaced. */
  noteOf(user: MainToken): ReplacedToken {
    return { ...user, id: this.#env.newId(), level: 'replaced' };
  }

  /**
   * Moves all that is open under a value, and ends that where nothing was left to move. What fails leaves the note, so
   * that it can be tried again.
   */
  async finish(connection: Connection, replaced: ReplacedToken): Promise<void> {
    const { log, sync, table } = this.#env;
    const open = table.sessionsOpenUnder(replaced);
    const results = await eachOf(open, atATime, (session) =>
      this.carry(connection, session, replaced).catch((error: unknown) => String(error)),
    );
    const failure = results.find((result) => result !== undefined);
    if (failure === undefined) {
      await sync.remove(replaced.id);
      if (open.every(({ id }) => table.get(id) === undefined)) {
        await this.#calls.logOff(replaced);
      }
    } else {
      log.warn(`Taking over from ${replaced.id} failed: ${failure}`);
    }
  }

  /**
   * Moves one session. One that has expired cannot serve, but an answer that was lost may have renewed it: it is closed.
   * @throws what the gateway said where it can be neither moved nor closed
   */
  carry(connection: Connection, session: Session, old: MainToken | ReplacedToken): Promise<void> {
    return this.#flights.run(session.id, () => this.#carryNow(connection, session, old));
  }

  /** The same, where a session waits for it. Until then nobody can tell under which user token it may be closed. */
  async settle(connection: Connection, session: Session): Promise<void> {
    const old = this.#env.table.opener(session);
    if (old?.level === 'replaced') {
      await this.carry(connection, session, old);
    }
  }

  /** Runs work that moves sessions, with a note of that for whoever has to end it. */
  async whileNoted(old: MainToken, work: () => Promise<unknown>): Promise<void> {
    const { sync } = this.#env;
    const note = this.noteOf(old);
    await sync.add(note);
    await work();
    await sync.remove(note.id);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Another window has replaced this user token, or forgotten it, and cannot know what was being opened here meanwhile. */
  #carryMine(old: UserToken): void {
    const { gateways, log, table, window } = this.#env;
    const connection = gateways.find(old.connection);
    const mine = table.sessionsOpenUnder(old).filter(({ openedBy }) => openedBy === window);
    if (connection !== undefined && mine.length > 0) {
      const work = () => eachOf(mine, atATime, (session) => this.carry(connection, session, old));
      this.whileNoted(old, work).catch((error: unknown) =>
        log.warn(`Taking over from ${old.id} failed: ${String(error)}`),
      );
    }
  }

  async #carryNow(connection: Connection, session: Session, old: MainToken | ReplacedToken): Promise<void> {
    const { clock, gateways, log, logins, sync, table } = this.#env;
    const user = table.owner(session);
    const left = remaining(session, clock.now());
    if (!belongsTo(connection, session) || left <= -2 * session.lifeMs) {
      return; // It is out of reach, or dead whatever was lost.
    }
    const gateway = await gateways.gateway(connection);
    const under = (token: MainToken | ReplacedToken) => this.#calls.tokensUnder(session, token);
    const ask = <T>(work: () => Promise<T>) => logins.withGatewayLogin(connection, undefined, work);
    try {
      if (user === undefined || left <= 0) {
        throw cancelled(); // Its user token was closed meanwhile, or it has expired.
      }
      const { sent } = await ask(async () => gateway.keepAlive(await under(user)));
      const life = { sent, leftMs: session.lifeMs, source: 'estimated' } as const;
      await sync.applyLife(session, life, { under: user.id, signInId: user.signInId }, 'soon');
    } catch (error) {
      if (isGatewayUserRefused(error)) {
        throw error; // Nothing is known of the session, which lives on meanwhile.
      }
      log.info(`Session ${session.id} does not serve under the new sign-in.`);
      try {
        await ask(async () => gateway.close(await under(old)));
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
