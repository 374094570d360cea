import { type SingleFlight, unlessCancelled } from '../async.ts';
import { withoutUndefined } from '../connection.ts';
import { cancelled, isCancelled, TokensError, tabClosed } from '../errors.ts';
import type { Answer, MakeReader } from '../protocols/answer.ts';
import { identityOf } from '../protocols/kinds.ts';
import type { DataAnswer, Gateway, Grant, Query, Tokens } from '../protocols/protocol.ts';
import type { Relayed } from '../protocols/relayed.ts';
import { isNameField } from '../redact.ts';
import { type CheckedRequest, titleOf } from '../requests/request.ts';
import type { Closing } from './closing.ts';
import { elapsed, mayLive } from './deadline.ts';
import type { Environment } from './environment.ts';
import type { GatewayCalls } from './gatewayCalls.ts';
import { belongsTo } from './gateways.ts';
import { infoOf, initial, issued, lifeOf, type MainToken, type Session, type TokenRecord } from './record.ts';
import { mayHaveOpened, mayRefuseToken } from './refusal.ts';
import type { SessionLimit } from './sessionLimit.ts';
import type { Audience, OperationOptions, SignIn } from './signIn.ts';
import type { Takeover } from './takeover.ts';
import type { TokenInfo } from './token.ts';
import { bestOf } from './tokenTable.ts';

/** Data, and how it was got. */
export interface Fetched extends Pick<DataAnswer, 'totalRows' | 'warnings' | 'apiCalls'> {
  readonly connection: string;
  readonly service?: string;
  readonly query: Query;
  readonly answer: Answer;
  /** From the sending of the request that was answered to the last byte, in milliseconds. */
  readonly elapsedMs: number;
  /** The session it ran in, if that is still open. */
  readonly session?: TokenInfo;
  /** Whether an open session served it. */
  readonly reused: boolean;
}

export type DataOptions = OperationOptions & {
  readonly makeReader: MakeReader;
  /** The script that it is for. */
  readonly relayed?: Relayed;
  /** Is called with the ids of sessions that the call opens. */
  readonly onOpened?: (id: string) => void;
};

/** What a data call is made with. */
export interface DataCallDeps extends Environment {
  readonly calls: GatewayCalls;
  readonly signIn: SignIn;
  readonly closing: Closing;
  readonly takeover: Takeover;
  readonly limit: SessionLimit;
}

/** What a gateway has answered to a data call. */
export interface Opened {
  readonly got: DataAnswer;
  /** The session that is still open. */
  readonly held: TokenRecord | undefined;
  /** As in {@link Fetched}. */
  readonly elapsedMs: number;
}

/** What is asked for, and of whom. */
export interface SessionQuery extends Audience {
  /** Tells views apart: requests with the same text may share a session. */
  readonly view: string;
  readonly request: CheckedRequest;
  readonly options: DataOptions;
}

/** The secrets to be masked in answers to scripts. */
function secretsOf({ user, session = '', more, gateway }: Tokens): string[] {
  const kept = Object.entries({ ...more, ...gateway });
  return [user, session, ...kept.flatMap(([name, value]) => (isNameField(name) ? [] : value))];
}

/** One data call in a session under a user token, or with a token that is one. */
export class SessionCall {
  readonly #deps: DataCallDeps;
  readonly #openings: SingleFlight<string, Opened>;
  readonly #query: SessionQuery;
  /** The values of sessions that this call was refused in. */
  readonly #refused = new Set<string>();

  constructor(deps: DataCallDeps, openings: SingleFlight<string, Opened>, query: SessionQuery) {
    this.#deps = deps;
    this.#openings = openings;
    this.#query = query;
  }

  /** Makes the call with the token of the sign-in, which is the session. */
  withToken(): Promise<Fetched> {
    const { signIn } = this.#deps;
    const before = signIn.find(this.#query);
    return signIn.withToken(this.#query, this.#query.options, async (token) =>
      this.#fetched(await this.#inSession(token), token.value === before?.value),
    );
  }

  /** Makes the call in a session under the token of the sign-in. */
  async run(): Promise<Fetched> {
    const chosen = this.#chosen();
    await this.#deps.signIn.current(this.#query, this.#query.options);
    return chosen === undefined ? this.#inAnySession() : this.#inSessionOrNew(chosen);
  }

  /**
   * Makes the call in an open session of the view, in one that another call is opening, or else in a new one.
   * @param dead a session that was refused
   */
  async #inAnySession(dead?: Session): Promise<Fetched> {
    const { connection, service, view, request, options } = this.#query;
    const key = JSON.stringify([connection.name, service, view]);
    const isShared = request.session === 'reuse' && request.keepOpen;
    while (request.session === 'reuse') {
      const session = this.#reusable();
      if (session !== undefined) {
        return this.#inSessionOrNew(session);
      }
      const other = isShared ? this.#openings.get(key) : undefined;
      if (other === undefined) {
        break;
      }
      // If that fails, its own caller gets the error, and this call tries by itself.
      await unlessCancelled(
        other.catch(() => undefined),
        options.signal,
      );
    }
    const opening = isShared ? this.#openings.run(key, () => this.#open(dead)) : this.#open(dead);
    return this.#fetched(await opening, false);
  }

  async #inSessionOrNew(session: Session): Promise<Fetched> {
    const { calls, clock, closing, log, table } = this.#deps;
    const asked = clock.now();
    try {
      return this.#fetched(await this.#inSession(session), true);
    } catch (error) {
      if (!mayRefuseToken(error)) {
        throw error;
      }
      log.info(`Session ${session.id} was refused; trying without it.`);
      this.#refused.add(session.value);
      await calls.heardRefusal(error, session, asked);
    }
    const fetched = await this.#inAnySession(session);
    if (table.get(session.id) !== undefined && session.id !== fetched.session?.id) {
      // The request worked without that session, so it is bad: it is closed in case it still exists.
      await closing.tryEnd(session);
    }
    return fetched;
  }

  #open(dead?: Session): Promise<Opened> {
    return this.#deps.signIn.withToken(this.#query, this.#query.options, (user) =>
      this.#openWithinLimit(user, dead),
    );
  }

  #openWithinLimit(lastUser: MainToken, dead?: Session): Promise<Opened> {
    const { connection } = this.#query;
    const { limit, log, newId, signIn, table } = this.#deps;
    const id = newId();
    const attempt = () => this.#opening(signIn.find(this.#query) ?? lastUser, id);
    return limit.opening(connection, id, dead, async () => {
      try {
        return await attempt();
      } catch (error) {
        // The gateway's own limit may be lower than ours, or others may use it too.
        const mayMakeRoom = error instanceof TokensError && error.code === 'E_LIMIT';
        const room = mayMakeRoom && limit.makeRoom(connection, dead);
        if (!(await Promise.resolve(room).catch(() => false))) {
          throw error; // It says more than why no session could be closed.
        }
        log.info(`${connection.name} had no session left; ${table.size} tokens are held now.`);
        return attempt();
      }
    });
  }

  async #inSession(session: Session | MainToken): Promise<Opened> {
    const { calls, clock, sync, table, window } = this.#deps;
    let known = session.value;
    // Another id in the answer means that the gateway has opened another session and the old one has gone.
    const moved = async ({ value, sent }: Grant) => {
      if (value === known) {
        return;
      }
      known = value;
      const held = table.get(session.id);
      if (held?.value === session.value) {
        await sync.update(session.id, { value, sent, leftMs: session.lifeMs }, 'now');
      } else if (held?.value !== value) {
        await calls.discard(session, { value, sent });
      }
    };
    const { got, elapsedMs } = await this.#send(session, session.id, moved);
    if (got.session === undefined && !this.#query.request.keepOpen) {
      await sync.remove(session.id);
      return { got, held: undefined, elapsedMs };
    }
    const value = got.session ?? session.value;
    await moved({ value, sent: got.sent });
    // A successful data call gives the token its full life (docs/protocols.md 1 and 2), unless the answer says otherwise.
    const { lifeMs: _, ...life } = lifeOf(got, session.lifeMs);
    const now = clock.now();
    const used = { lastUsedAt: now.wall, lastActive: now, usedBy: window };
    const replaced = withoutUndefined({ value: got.value, more: got.more });
    await sync.applyLife(
      { id: session.id, value },
      got.isUnchanged ? undefined : life,
      { ...used, ...replaced },
      'soon',
    );
    return { got, held: table.get(session.id), elapsedMs };
  }

  /** A call that opens a session, whose record gets this id; even if the call fails, the session is not lost. */
  async #opening(user: MainToken, id: string): Promise<Opened> {
    const { connection, request, options } = this.#query;
    const { clock, closing, limit, log, sync, table } = this.#deps;
    if (options.signal?.aborted) {
      throw cancelled();
    }
    const life = { sent: clock.now(), leftMs: user.lifeMs };
    const keepOpen = request.keepOpen && !limit.namesNone(connection.name);
    let isOver = false;
    // If the call was over before the gateway told the session's id, nobody will use the session.
    const onSession = (granted: Grant) => this.#takeIn(this.#sessionOf(granted, user, id, isOver), user);
    try {
      const { got, elapsedMs } = await this.#send(user, id, onSession, keepOpen);
      if (got.session === undefined && table.get(id) !== undefined) {
        await sync.remove(id);
      } else if (got.session === undefined && keepOpen) {
        limit.mayBeOpen(connection.name, id, life, got.answer.bytes > 0);
        log.info(`${connection.name}: the answer for ${titleOf(request.query)} named no session.`);
      }
      return { got, held: table.get(id), elapsedMs };
    } catch (error) {
      isOver = true;
      const opened = table.get(id);
      if (opened?.level === 'session') {
        // The answer is lost, but the session is good for the next call, unless a person has cancelled.
        if (!keepOpen || (isCancelled(error) && options.signal?.reason !== tabClosed)) {
          await closing.tryEnd(opened);
        }
      } else if (mayHaveOpened(error)) {
        limit.mayBeOpen(connection.name, id, life);
        const title = titleOf(request.query);
        log.warn(`${connection.name}: a session of ${title} may have been opened whose id did not come.`);
      }
      throw error;
    }
  }

  /** Stores a session as soon as its id is known, under the user token that is current then. */
  async #takeIn(session: Session, user: MainToken): Promise<void> {
    const { closing, sync, table, takeover } = this.#deps;
    // Whether the user token was replaced since, so that the session is under a value that is not held any more.
    const isOrphan = () => table.owner(session)?.value !== user.value;
    const kept = isOrphan() ? await takeover.keep(user) : undefined;
    await sync.put(session);
    this.#query.options.onOpened?.(session.id);
    if (isOrphan()) {
      await takeover.finish(this.#query.connection, kept ?? (await takeover.keep(user)), [session]);
    }
    if (session.closing && table.get(session.id) !== undefined) {
      await closing.tryEnd(session);
    }
  }

  #sessionOf(granted: Grant, user: MainToken, id: string, closing: boolean): Session {
    const { connection, request, view } = this.#query;
    const { clock, window } = this.#deps;
    const { service, signInId, lifeMs, id: under } = user;
    return {
      ...initial(connection, service),
      ...issued(connection, granted, lifeMs, clock.now(), window),
      ...{ id, level: 'session', target: titleOf(request.query), view, under, signInId, closing },
    };
  }

  /**
   * Sends the call.
   * @param token what it is made with: the session, or what one is opened under
   * @param id the session's, which is not closed for another one meanwhile
   * @param onSession is called with a new session
   */
  async #send(
    token: TokenRecord,
    id: string,
    onSession: (granted: Grant) => Promise<void>,
    keepOpen = this.#query.request.keepOpen,
  ) {
    const { calls, clock, limit } = this.#deps;
    const { query } = this.#query.request;
    const { askGatewayLogin, makeReader, relayed, signal } = this.#query.options;
    const ask = (gateway: Gateway, tokens: Tokens) => {
      const call = { tokens, makeReader, onSession, signal };
      relayed?.script.onSecrets(secretsOf(tokens));
      return relayed !== undefined && gateway.relay !== undefined && this.#query.view === ''
        ? gateway.relay({ ...call, relayed })
        : gateway.getData({ ...call, relayed, query, keepOpen });
    };
    try {
      const got = await limit.using(id, () => calls.call(token, { askGatewayLogin, how: 'together' }, ask));
      return { got, elapsedMs: elapsed(got.sent, clock.now()) };
    } catch (error) {
      relayed?.script.onError(error);
      throw error;
    }
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
    const record = this.#deps.table.get(request.session);
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
    const { clock, limit, table } = this.#deps;
    const now = clock.now();
    const origin = identityOf(connection);
    const fits = (session: Session) =>
      session.view === view &&
      session.service === service &&
      session.origin === origin &&
      !session.closing &&
      !this.#refused.has(session.value) &&
      !limit.isMakingRoom(session.id) &&
      mayLive(session, now);
    const fitting = table.sessions(connection.name).filter(fits);
    return bestOf(fitting, (one, than) => one.lastUsedAt > than.lastUsedAt);
  }

  #fetched({ got, held, elapsedMs }: Opened, reused: boolean): Fetched {
    const { connection, service, request } = this.#query;
    const { clock, warnMs } = this.#deps;
    return {
      connection: connection.name,
      ...withoutUndefined({ service, warnings: got.warnings, apiCalls: got.apiCalls }),
      query: request.query,
      answer: got.answer,
      totalRows: got.totalRows,
      elapsedMs,
      ...(held === undefined ? {} : { session: infoOf(held, clock.now(), warnMs(), connection) }),
      reused,
    };
  }
}
