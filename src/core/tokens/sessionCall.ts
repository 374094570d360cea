import { type SingleFlight, unlessCancelled } from '../async.ts';
import { originOf } from '../connection.ts';
import { TokensError } from '../errors.ts';
import type { Grant } from '../protocols/protocol.ts';
import { elapsed, mayLive } from './deadline.ts';
import {
  type DataCallDeps,
  type Fetched,
  fetchedOf,
  lifeAfter,
  type Opened,
  type SessionQuery,
  usedNow,
} from './fetched.ts';
import { belongsTo } from './gateways.ts';
import { Opening } from './opening.ts';
import type { MainToken, Session } from './record.ts';
import { mayRefuseToken, refusesToken } from './refusal.ts';

/** One data call in a session under a user token. */
export class SessionCall {
  readonly #deps: DataCallDeps;
  readonly #openings: SingleFlight<string, Opened>;
  readonly #query: SessionQuery;

  constructor(deps: DataCallDeps, openings: SingleFlight<string, Opened>, query: SessionQuery) {
    this.#deps = deps;
    this.#openings = openings;
    this.#query = query;
  }

  async run(): Promise<Fetched> {
    const { connection, service, request, options } = this.#query;
    const chosen = this.#chosen();
    const user = await this.#deps.signIn.current(connection, service, options);
    const session = chosen ?? (request.session === 'reuse' ? this.#reusable() : undefined);
    if (session !== undefined) {
      return this.#inSessionOrNew(session, user);
    }
    return request.session === 'reuse' && request.keepOpen
      ? this.#inSharedSession(user)
      : this.#fetched(await this.#open(user, undefined), false);
  }

  /** In the session that somebody else is opening for the same view, or in one that others may share. */
  async #inSharedSession(user: MainToken): Promise<Fetched> {
    const { connection, service, view, options } = this.#query;
    const key = JSON.stringify([connection.name, service, view]);
    for (let other = this.#openings.get(key); other !== undefined; other = this.#openings.get(key)) {
      // Its own asker hears of its failure; this one tries for itself.
      await unlessCancelled(
        other.catch(() => undefined),
        options.signal,
      );
      const session = this.#reusable();
      if (session !== undefined) {
        return this.#inSessionOrNew(session, user);
      }
    }
    return this.#fetched(await this.#openings.run(key, () => this.#open(user, undefined)), false);
  }

  async #inSessionOrNew(session: Session, lastUser: MainToken): Promise<Fetched> {
    const { connection, service } = this.#query;
    const { calls, closing, env, signIn } = this.#deps;
    const asked = env.clock.now();
    try {
      return this.#fetched(await this.#inSession(session), true);
    } catch (error) {
      if (!mayRefuseToken(error)) {
        throw error;
      }
      env.log.info(`Session ${session.id} was refused; trying without it.`);
      await calls.heardRefusal(error, session, asked);
    }
    const opened = await this.#open(signIn.find(connection, service) ?? lastUser, session);
    if (env.table.get(session.id) !== undefined && session.id !== opened.held?.id) {
      // The request was good, so the session was not: what may be left of it is closed.
      await closing
        .end(session)
        .catch((error: unknown) => env.log.warn(`Closing ${session.id} failed: ${String(error)}`));
    }
    return this.#fetched(opened, false);
  }

  /** Opens a session; where the user token is refused, once more with a new one. */
  async #open(user: MainToken, suspect: Session | undefined): Promise<Opened> {
    const { connection, service, options } = this.#query;
    const { calls, env, signIn } = this.#deps;
    const asked = env.clock.now();
    try {
      return await this.#openWithinLimit(user, suspect);
    } catch (error) {
      if (!refusesToken(error)) {
        throw error;
      }
      await calls.markDead(user, asked);
      await signIn.again(connection, service, options, user);
      return this.#openWithinLimit(user, suspect);
    }
  }

  #openWithinLimit(lastUser: MainToken, suspect: Session | undefined): Promise<Opened> {
    const { connection, service } = this.#query;
    const { env, limit, signIn } = this.#deps;
    const id = env.newId();
    const attempt = () => {
      const user = signIn.find(connection, service) ?? lastUser;
      return new Opening(this.#deps, this.#query, user, id).run();
    };
    return limit.opening(connection, id, suspect, async () => {
      try {
        return await attempt();
      } catch (error) {
        // The gateway's own limit may be lower than ours, or others may use it too.
        const mayMakeRoom = TokensError.is(error) && error.code === 'E_LIMIT';
        if (!mayMakeRoom || !(await limit.makeRoom(connection, suspect))) {
          throw error;
        }
        env.log.info(`${connection.name} had no session left; ${env.table.size} tokens are held now.`);
        return attempt();
      }
    });
  }

  async #inSession(session: Session): Promise<Opened> {
    const { connection, request, options } = this.#query;
    const { calls, closing, env, limit } = this.#deps;
    const { clock, gateways, logins, sync, table } = env;
    const gateway = await gateways.gateway(connection);
    let known = session.value;
    // A gateway that has quietly opened another session says so by another id; the old one has gone.
    const moved = async ({ value, sent }: Grant) => {
      if (value === known) {
        return;
      }
      known = value;
      const held = table.get(session.id);
      if (held?.value === session.value) {
        await sync.update(session.id, { value, sent, leftMs: session.lifeMs }, 'now');
      } else if (held?.value !== value) {
        await closing.discard(session, { value, sent });
      }
    };
    const call = async () =>
      gateway.getData({
        tokens: await calls.tokensOf(session),
        query: request.query,
        keepOpen: request.keepOpen,
        makeReader: options.makeReader,
        onSession: moved,
        signal: options.signal,
      });
    return limit.using(session, async () => {
      const got = await logins.withGatewayLogin(connection, options.askGatewayLogin, call, 'together');
      const elapsedMs = elapsed(got.sent, clock.now());
      if (got.session === undefined && !request.keepOpen) {
        await sync.remove(session.id);
        return { got, held: undefined, elapsedMs };
      }
      const value = got.session ?? session.value;
      await moved({ value, sent: got.sent });
      await sync.applyLife({ id: session.id, value }, lifeAfter(got, session), usedNow(env), 'soon');
      return { got, held: table.get(session.id), elapsedMs };
    });
  }

  /**
   * The session that a request names by its id.
   * @throws `E_UNKNOWN_TOKEN` where it is not one of this connection and service
   */
  #chosen(): Session | undefined {
    const { connection, service, request } = this.#query;
    if (request.session === 'reuse' || request.session === 'new') {
      return undefined;
    }
    const record = this.#deps.env.table.get(request.session);
    if (
      record?.level !== 'session' ||
      record.connection !== connection.name ||
      record.service !== service ||
      !belongsTo(connection, record)
    ) {
      throw new TokensError('E_UNKNOWN_TOKEN', 'This session is not held any more.');
    }
    return record;
  }

  /** The live session of the same view that was used last. */
  #reusable(): Session | undefined {
    const { connection, service, view } = this.#query;
    const { env, limit } = this.#deps;
    const now = env.clock.now();
    const origin = originOf(connection);
    let best: Session | undefined;
    for (const record of env.table.of(connection.name)) {
      if (
        record.level === 'session' &&
        record.view === view &&
        record.service === service &&
        record.origin === origin &&
        !record.closing &&
        !limit.isLeaving(record.id) &&
        mayLive(record, now) &&
        (best === undefined || record.lastUsedAt > best.lastUsedAt)
      ) {
        best = record;
      }
    }
    return best;
  }

  #fetched(opened: Opened, reused: boolean): Fetched {
    return fetchedOf(this.#deps.env, { ...this.#query, query: this.#query.request.query }, opened, reused);
  }
}
