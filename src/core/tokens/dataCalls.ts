import { unlessCancelled } from '../async.ts';
import type { Clock } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { cancelled, notLookedAt, TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Answer, MakeReader } from '../protocols/answer.ts';
import { protocolOf } from '../protocols/kinds.ts';
import type { Column, DataAnswer, Grant, Query, Sessions } from '../protocols/protocol.ts';
import { type CheckedRequest, checkRequest, titleOf } from '../requests/request.ts';
import type { Budget } from './budget.ts';
import { elapsed, mayLive } from './deadline.ts';
import type { Endings } from './endings.ts';
import { belongsTo, type Gateways } from './gateways.ts';
import type { Holdings, LifeNews } from './holdings.ts';
import type { Logins } from './logins.ts';
import type { Reach } from './reach.ts';
import type { TokenRecord } from './record.ts';
import { mayHaveOpened, mayRefuseToken, refusesToken, serviceOf } from './refusal.ts';
import type { OperationOptions, SignIns } from './signIns.ts';
import type { TokenInfo } from './token.ts';

/** Data, and how it was come by. */
export interface Fetched {
  readonly connection: string;
  readonly service?: string;
  readonly query: Query;
  readonly answer: Answer;
  readonly totalRows: number;
  /** From the sending of the request that was answered to the last byte, in milliseconds. */
  readonly elapsedMs: number;
  /** The session it ran in, if that is still open. */
  readonly session?: TokenInfo;
  /** Whether an open session served it. */
  readonly reused: boolean;
}

export interface DataCallsDeps {
  readonly clock: Clock;
  readonly holdings: Holdings;
  readonly gateways: Gateways;
  readonly logins: Logins;
  readonly signIns: SignIns;
  readonly budget: Budget;
  readonly log: Log;
  readonly window: string;
  readonly newId: () => string;
  readonly reach: Reach;
  readonly endings: Endings;
  readonly info: (record: TokenRecord) => TokenInfo;
}

type Options = OperationOptions & { readonly makeReader: MakeReader };

/** Gets data: in the open session of the same view where there is one, and mends what has expired on the way. */
export class DataCalls {
  readonly #deps: DataCallsDeps;
  /** Sessions being opened, by view: who asks for the same view waits for it. */
  readonly #openings = new Map<string, Promise<unknown>>();

  constructor(deps: DataCallsDeps) {
    this.#deps = deps;
  }

  async run(connection: Connection, input: unknown, options: Options): Promise<Fetched> {
    const request = checkRequest(input, connection);
    const { sessions } = protocolOf(connection);
    return sessions === undefined
      ? this.#withToken(connection, request, options)
      : this.#withSession(connection, sessions, request, options);
  }

  async columns(fetched: Fetched, { signal }: OperationOptions): Promise<Column[]> {
    const { gateways, logins, signIns, reach } = this.#deps;
    const connection = gateways.connection(fetched.connection);
    const gateway = await gateways.gateway(connection);
    const user = signIns.find(connection, fetched.service);
    const { query } = fetched;
    if (user === undefined) {
      return [];
    }
    const columns = async () => gateway.columns?.(await reach.tokensOf(user), query, { signal });
    return (await logins.withGatewayLogin(connection, undefined, columns)) ?? [];
  }

  async #withToken(connection: Connection, request: CheckedRequest, options: Options): Promise<Fetched> {
    const { clock, gateways, holdings, reach, signIns, info } = this.#deps;
    const gateway = await gateways.gateway(connection);
    const call = async (token: TokenRecord): Promise<Fetched> => {
      const got = await gateway.getData({
        tokens: { user: token.value },
        query: request.query,
        keepOpen: true,
        makeReader: options.makeReader,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      const elapsedMs = elapsed(got.sent, clock.now());
      // A successful data call renews the token to its full life (docs/protocols.md 1).
      await holdings.heardOf(token, lifeOf(got, token), this.#used(), 'soon');
      const held = holdings.get(token.id);
      return {
        connection: connection.name,
        query: request.query,
        answer: got.answer,
        totalRows: got.totalRows,
        elapsedMs,
        ...(held === undefined ? {} : { session: info(held) }),
        reused: true,
      };
    };
    const before = signIns.find(connection, undefined);
    const token = await signIns.current(connection, undefined, options);
    const reused = token.value === before?.value;
    const asked = clock.now();
    try {
      return { ...(await call(token)), reused };
    } catch (error) {
      if (!refusesToken(error)) {
        throw error;
      }
      await reach.markDead(token, asked);
      return { ...(await call(await signIns.again(connection, undefined, options, token))), reused: false };
    }
  }

  async #withSession(
    connection: Connection,
    sessions: Sessions,
    request: CheckedRequest,
    options: Options,
  ): Promise<Fetched> {
    const { clock, endings, holdings, log, reach, signIns } = this.#deps;
    const service = serviceOf(connection, request.service ?? signIns.onlyService(connection));
    const key = sessions.key(request.query);
    const chosen = this.#chosen(connection, service, request);
    let user = await signIns.current(connection, service, options);
    let session =
      chosen ?? (request.session === 'reuse' ? this.#reusable(connection, service, key) : undefined);
    const finish = ({ got, held, elapsedMs }: Opened, reused: boolean): Fetched => ({
      connection: connection.name,
      ...(service === undefined ? {} : { service }),
      query: request.query,
      answer: got.answer,
      totalRows: got.totalRows,
      elapsedMs,
      ...(held === undefined ? {} : { session: this.#deps.info(held) }),
      reused,
    });
    const open = (suspect: TokenRecord | undefined) =>
      this.#open(connection, service, key, user, request, suspect, options);

    if (session === undefined && request.session === 'reuse' && request.keepOpen) {
      const openingKey = JSON.stringify([connection.name, service, key]);
      for (
        let opening = this.#openings.get(openingKey);
        opening !== undefined && session === undefined;
        opening = this.#openings.get(openingKey)
      ) {
        // Its own asker hears of its failure; this one tries for itself.
        await unlessCancelled(
          opening.catch(() => undefined),
          options.signal,
        );
        session = this.#reusable(connection, service, key);
      }
      if (session === undefined) {
        const mine = this.#openRecovering(open, connection, service, user, options);
        this.#openings.set(openingKey, mine);
        try {
          return finish(await mine, false);
        } finally {
          if (this.#openings.get(openingKey) === mine) {
            this.#openings.delete(openingKey);
          }
        }
      }
    }

    let suspect: TokenRecord | undefined;
    if (session !== undefined) {
      const asked = clock.now();
      try {
        return finish(await this.#inSession(connection, session, request, options), true);
      } catch (error) {
        if (!mayRefuseToken(error)) {
          throw error;
        }
        log.info(`Session ${session.id} was refused; trying without it.`);
        await reach.heardRefusal(error, session, asked);
        suspect = session;
        user = signIns.find(connection, service) ?? user;
      }
    }
    const opened = await this.#openRecovering(open, connection, service, user, options, suspect);
    if (suspect !== undefined && holdings.get(suspect.id) !== undefined && suspect.id !== opened.held?.id) {
      // The request was good, so the session was not: what may be left of it is closed.
      await endings
        .end(suspect)
        .catch((error: unknown) => log.warn(`Closing ${suspect.id} failed: ${String(error)}`));
    }
    return finish(opened, false);
  }

  /** Opens a session; where the user token is refused, once more with a new one. */
  async #openRecovering(
    open: (suspect: TokenRecord | undefined) => Promise<Opened>,
    connection: Connection,
    service: string | undefined,
    user: TokenRecord,
    options: Options,
    suspect?: TokenRecord,
  ): Promise<Opened> {
    const asked = this.#deps.clock.now();
    try {
      return await open(suspect);
    } catch (error) {
      if (!refusesToken(error)) {
        throw error;
      }
      await this.#deps.reach.markDead(user, asked);
      await this.#deps.signIns.again(connection, service, options, user);
      return open(suspect);
    }
  }

  /** The session that a request names by its id; rejects with `E_UNKNOWN_TOKEN`. */
  #chosen(
    connection: Connection,
    service: string | undefined,
    request: CheckedRequest,
  ): TokenRecord | undefined {
    if (request.session === 'reuse' || request.session === 'new') {
      return undefined;
    }
    const record = this.#deps.holdings.get(request.session);
    if (
      record?.view === undefined ||
      record.connection !== connection.name ||
      record.service !== service ||
      !belongsTo(connection, record)
    ) {
      throw new TokensError('E_UNKNOWN_TOKEN', 'This session is not held any more.');
    }
    return record;
  }

  /** The live session of the same view that was used last. */
  #reusable(connection: Connection, service: string | undefined, key: string): TokenRecord | undefined {
    const { holdings, budget, clock } = this.#deps;
    const now = clock.now();
    const origin = originOf(connection);
    let best: TokenRecord | undefined;
    for (const record of holdings.of(connection.name)) {
      if (
        record.view === key &&
        record.service === service &&
        record.origin === origin &&
        !record.closing &&
        !budget.isLeaving(record.id) &&
        mayLive(record, now) &&
        (best === undefined || record.lastUsedAt > best.lastUsedAt)
      ) {
        best = record;
      }
    }
    return best;
  }

  async #inSession(
    connection: Connection,
    session: TokenRecord,
    request: CheckedRequest,
    options: Options,
  ): Promise<Opened> {
    const { budget, clock, endings, gateways, holdings, logins, reach } = this.#deps;
    const gateway = await gateways.gateway(connection);
    let known = session.value;
    // A gateway that has quietly opened another session says so by another id; the old one has gone.
    const moved = async (to: Grant) => {
      if (to.value === known) {
        return;
      }
      known = to.value;
      const held = holdings.get(session.id);
      if (held?.value === session.value) {
        await holdings.update(session.id, { value: to.value, sent: to.sent, leftMs: session.lifeMs }, 'now');
      } else if (held?.value !== to.value) {
        await endings.discard(session, to);
      }
    };
    return budget.using(session, async () => {
      const call = async () =>
        gateway.getData({
          tokens: await reach.tokensOf(session),
          query: request.query,
          keepOpen: request.keepOpen,
          makeReader: options.makeReader,
          onSession: moved,
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
      const got = await logins.withGatewayLogin(connection, options.askGatewayLogin, call, 'together');
      const elapsedMs = elapsed(got.sent, clock.now());
      if (got.session === undefined && !request.keepOpen) {
        await holdings.remove(session.id);
        return { got, held: undefined, elapsedMs };
      }
      const value = got.session ?? session.value;
      await moved({ value, sent: got.sent });
      await holdings.heardOf({ id: session.id, value }, lifeOf(got, session), this.#used(), 'soon');
      return { got, held: holdings.get(session.id), elapsedMs };
    });
  }

  async #open(
    connection: Connection,
    service: string | undefined,
    key: string,
    lastUser: TokenRecord,
    request: CheckedRequest,
    suspect: TokenRecord | undefined,
    options: Options,
  ): Promise<Opened> {
    const { budget, holdings, signIns } = this.#deps;
    const id = this.#deps.newId();
    const attempt = () => {
      const user = signIns.find(connection, service) ?? lastUser;
      return this.#openWith(connection, user, id, key, request, options);
    };
    return budget.opening(connection, id, suspect, async () => {
      try {
        return await attempt();
      } catch (error) {
        // The gateway's own limit may be lower than ours, or others may use it too.
        const mayMakeRoom = TokensError.is(error) && error.code === 'E_LIMIT';
        if (!mayMakeRoom || !(await budget.makeRoom(connection, suspect))) {
          throw error;
        }
        this.#deps.log.info(`${connection.name} had no session left; ${holdings.size} tokens are held now.`);
        return attempt();
      }
    });
  }

  async #openWith(
    connection: Connection,
    user: TokenRecord,
    id: string,
    key: string,
    request: CheckedRequest,
    options: Options,
  ): Promise<Opened> {
    const { budget, clock, endings, gateways, holdings, log, logins, reach, signIns, window } = this.#deps;
    const { signal } = options;
    if (signal?.aborted) {
      throw cancelled();
    }
    const gateway = await gateways.gateway(connection);
    let over = false;
    /** Whether somebody has signed in anew since; the session is then under a token that nobody knows any more. */
    const isOrphan = (record: TokenRecord) => holdings.owner(record)?.value !== user.value;
    const endUnwanted = async (record: TokenRecord) => {
      try {
        if (holdings.get(id) !== undefined) {
          await endings.end(record);
        }
      } catch (error) {
        log.warn(`Closing ${id} failed: ${String(error)}`);
      }
    };
    const onSession = async (session: Grant) => {
      const { wall } = clock.now();
      const lifeMs = session.reportedMs ?? user.lifeMs;
      const record: TokenRecord = {
        id,
        value: session.value,
        connection: connection.name,
        origin: originOf(connection),
        kind: 'session',
        ...(user.service === undefined ? {} : { service: user.service }),
        target: titleOf(request.query),
        view: key,
        under: user.id,
        signIn: user.signIn,
        sent: session.sent,
        leftMs: lifeMs,
        lifeMs,
        source: session.reportedMs === undefined ? 'estimated' : 'reported',
        openedAt: wall,
        lastUsedAt: wall,
        worked: session.sent,
        keepAlive: connection.keepAlive,
        keepAliveSetAt: 0,
        openedBy: window,
        usedBy: window,
        // The asker may have turned away before the gateway said which session it had opened: nobody will use it.
        closing: over,
        generation: 0,
        turn: 0,
      };
      const takeIn = async () => {
        await holdings.add(record);
        if (isOrphan(record)) {
          await signIns.carry(connection, record, user);
        }
      };
      await (isOrphan(record) ? signIns.whileNoted(user, takeIn) : takeIn()).catch((error: unknown) =>
        log.warn(`Taking over ${id} failed: ${String(error)}`),
      );
      if (record.closing) {
        await endUnwanted(record);
      }
    };
    const asked = clock.now();
    try {
      const call = async () =>
        gateway.getData({
          tokens: await reach.tokensOf(user),
          query: request.query,
          keepOpen: request.keepOpen,
          makeReader: options.makeReader,
          onSession,
          ...(signal === undefined ? {} : { signal }),
        });
      const got = await budget.using({ id }, () =>
        logins.withGatewayLogin(connection, options.askGatewayLogin, call, 'together'),
      );
      const elapsedMs = elapsed(got.sent, clock.now());
      if (got.session === undefined && holdings.get(id) !== undefined) {
        await holdings.remove(id);
      } else if (got.session === undefined && request.keepOpen) {
        budget.lose(connection.name, id, { sent: asked, leftMs: user.lifeMs });
        log.info(`${connection.name}: the answer for ${titleOf(request.query)} named no session.`);
      }
      return { got, held: holdings.get(id), elapsedMs };
    } catch (error) {
      over = true;
      const opened = holdings.get(id);
      if (opened !== undefined) {
        // With the rest of the answer lost it is still good for the next call, if somebody wants one.
        const isUnwanted =
          TokensError.is(error) && error.code === 'E_CANCELLED' && signal?.reason !== notLookedAt;
        if (!request.keepOpen || isUnwanted) {
          await endUnwanted(opened);
        }
      } else if (mayHaveOpened(error)) {
        budget.lose(connection.name, id, { sent: asked, leftMs: user.lifeMs });
        log.warn(
          `${connection.name}: a session of ${titleOf(request.query)} may have been opened whose id did not come.`,
        );
      }
      throw error;
    }
  }

  #used(): Partial<TokenRecord> {
    const now = this.#deps.clock.now();
    return { lastUsedAt: now.wall, worked: now, usedBy: this.#deps.window };
  }
}

/** A successful data call gives a token its full life, unless the answer says otherwise. */
function lifeOf(got: DataAnswer, token: TokenRecord): LifeNews {
  return {
    sent: got.sent,
    leftMs: got.reportedMs ?? token.lifeMs,
    source: got.reportedMs === undefined ? 'estimated' : 'reported',
  };
}

interface Opened {
  readonly got: DataAnswer;
  readonly held: TokenRecord | undefined;
  /** As in {@link Fetched}. */
  readonly elapsedMs: number;
}
