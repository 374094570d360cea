import { randomUUID } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { type Connection, originOf } from '../connection.ts';
import { cancelled, TokensError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Column, DataAnswer, DataQuery, Grant, Tokens } from '../protocols/gateway.ts';
import { type CheckedRequest, checkRequest, titleOf, viewKey } from '../request.ts';
import type { Answer, MakeReader } from '../results/answer.ts';
import type { Budget } from './budget.ts';
import { elapsed, remaining } from './deadline.ts';
import type { Gateways } from './gateways.ts';
import type { Holdings } from './holdings.ts';
import type { TokenRecord } from './record.ts';
import { isRefusal, serviceOf } from './refusal.ts';
import type { OperationOptions, SignIns } from './signIns.ts';
import type { TokenInfo } from './token.ts';

/** Data, and how it was come by. */
export interface Fetched {
  readonly connection: string;
  readonly service?: string;
  readonly query: DataQuery;
  readonly answer: Answer;
  readonly totalRows: number;
  /** From the asking to the last byte, in milliseconds. */
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
  readonly signIns: SignIns;
  readonly budget: Budget;
  readonly log: Log;
  readonly window: string;
  readonly end: (session: TokenRecord) => Promise<void>;
  readonly tokensOf: (record: TokenRecord, user?: TokenRecord) => Promise<Tokens>;
  readonly info: (record: TokenRecord) => TokenInfo;
}

type CraCall = Extract<CheckedRequest, { kind: 'bmc-cra' }>;
type SarusCall = Extract<CheckedRequest, { kind: 'sarus' }>;
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
    return request.kind === 'sarus'
      ? this.#sarus(connection, request, options)
      : this.#cra(connection, request, options);
  }

  async columns(fetched: Fetched, { signal }: OperationOptions): Promise<Column[]> {
    const { gateways, signIns, tokensOf } = this.#deps;
    const connection = gateways.connection(fetched.connection);
    const gateway = await gateways.gateway(connection);
    const user = signIns.find(connection, fetched.service);
    if (gateway.columns === undefined || user === undefined || 'endpoint' in fetched.query) {
      return [];
    }
    return gateway.columns(await tokensOf(user), fetched.query, signal === undefined ? {} : { signal });
  }

  async #sarus(connection: Connection, request: SarusCall, options: Options): Promise<Fetched> {
    const { clock, gateways, holdings, signIns, info } = this.#deps;
    const begun = clock.now();
    const gateway = await gateways.gateway(connection);
    const call = async (token: TokenRecord): Promise<Fetched> => {
      const got = await gateway.getData({
        tokens: { user: token.value },
        query: request.query,
        keepOpen: true,
        makeReader: options.makeReader,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      // A successful data call renews the token to its full life (PROTOCOLS.md 1).
      await holdings.update(token.id, { ...this.#used(got), leftMs: got.reportedMs ?? token.lifeMs }, 'soon');
      const held = holdings.get(token.id);
      return {
        connection: connection.name,
        query: request.query,
        answer: got.answer,
        totalRows: got.totalRows,
        elapsedMs: elapsed(begun, clock.now()),
        ...(held === undefined ? {} : { session: info(held) }),
        reused: true,
      };
    };
    const before = signIns.find(connection, undefined);
    const token = await signIns.current(connection, undefined, options);
    const reused = token.value === before?.value;
    try {
      return { ...(await call(token)), reused };
    } catch (error) {
      if (!isRefusal(error, 401, 410)) {
        throw error;
      }
      return { ...(await call(await signIns.again(connection, undefined, options, token))), reused: false };
    }
  }

  async #cra(connection: Connection, request: CraCall, options: Options): Promise<Fetched> {
    const { clock, holdings, signIns, end, log } = this.#deps;
    const begun = clock.now();
    const service = serviceOf(connection, request.service);
    const key = viewKey(request.query);
    const chosen = this.#chosen(connection, service, request);
    let user = await signIns.current(connection, service, options);
    let session =
      chosen ?? (request.session === 'reuse' ? this.#reusable(connection, service, key) : undefined);
    const finish = (got: DataAnswer, held: TokenRecord | undefined, reused: boolean): Fetched => ({
      connection: connection.name,
      ...(service === undefined ? {} : { service }),
      query: request.query,
      answer: got.answer,
      totalRows: got.totalRows,
      elapsedMs: elapsed(begun, clock.now()),
      ...(held === undefined ? {} : { session: this.#deps.info(held) }),
      reused,
    });
    const open = (suspect: TokenRecord | undefined) =>
      this.#open(connection, service, key, user, request, suspect, options);

    if (session === undefined && request.session === 'reuse' && request.keepOpen) {
      const openingKey = JSON.stringify([connection.name, service, key]);
      const opening = this.#openings.get(openingKey);
      if (opening !== undefined) {
        await opening.catch(() => undefined); // Its own asker hears of it; this one opens another.
        session = this.#reusable(connection, service, key);
      }
      if (session === undefined) {
        const mine = this.#openRecovering(open, connection, service, user, options);
        this.#openings.set(openingKey, mine);
        try {
          const { got, held } = await mine;
          return finish(got, held, false);
        } finally {
          if (this.#openings.get(openingKey) === mine) {
            this.#openings.delete(openingKey);
          }
        }
      }
    }

    let suspect: TokenRecord | undefined;
    if (session !== undefined) {
      try {
        const { got, held } = await this.#inSession(connection, user, session, request, options);
        return finish(got, held, true);
      } catch (error) {
        if (!isRefusal(error, 400, 401, 404, 410)) {
          throw error;
        }
        log.info(`Session ${session.id} was refused; trying without it.`);
        suspect = session;
        user = signIns.find(connection, service) ?? user;
      }
    }
    const { got, held } = await this.#openRecovering(open, connection, service, user, options, suspect);
    if (suspect !== undefined && holdings.get(suspect.id) !== undefined && suspect.id !== held?.id) {
      // The request was good, so the session was not: what may be left of it is closed.
      await end(suspect).catch((error: unknown) =>
        log.warn(`Closing ${suspect.id} failed: ${String(error)}`),
      );
    }
    return finish(got, held, false);
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
    try {
      return await open(suspect);
    } catch (error) {
      if (!isRefusal(error, 401, 410)) {
        throw error;
      }
      await this.#deps.signIns.again(connection, service, options, user);
      return open(suspect);
    }
  }

  /** The session that a request names by its id; rejects with `E_UNKNOWN_TOKEN`. */
  #chosen(connection: Connection, service: string | undefined, request: CraCall): TokenRecord | undefined {
    if (request.session === 'reuse' || request.session === 'new') {
      return undefined;
    }
    const record = this.#deps.holdings.get(request.session);
    if (record?.view === undefined || record.connection !== connection.name || record.service !== service) {
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
        record.closing !== true &&
        !budget.isLeaving(record.id) &&
        remaining(record, now) > 0 &&
        (best === undefined || record.lastUsedAt > best.lastUsedAt)
      ) {
        best = record;
      }
    }
    return best;
  }

  async #inSession(
    connection: Connection,
    user: TokenRecord,
    session: TokenRecord,
    request: CraCall,
    options: Options,
  ): Promise<Opened> {
    const { budget, gateways, holdings, tokensOf } = this.#deps;
    const gateway = await gateways.gateway(connection);
    return budget.using(session, async () => {
      const got = await gateway.getData({
        tokens: await tokensOf(session, user),
        query: request.query,
        keepOpen: request.keepOpen,
        makeReader: options.makeReader,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      if (got.session === undefined && !request.keepOpen) {
        await holdings.remove(session.id);
        return { got, held: undefined };
      }
      // A gateway that has quietly opened another session says so by another id; the old one has gone.
      const moved = got.session !== undefined && got.session !== session.value ? { value: got.session } : {};
      await holdings.update(
        session.id,
        { ...moved, ...this.#used(got), leftMs: session.lifeMs },
        'value' in moved ? 'now' : 'soon',
      );
      return { got, held: holdings.get(session.id) };
    });
  }

  async #open(
    connection: Connection,
    service: string | undefined,
    key: string,
    lastUser: TokenRecord,
    request: CraCall,
    suspect: TokenRecord | undefined,
    options: Options,
  ): Promise<Opened> {
    const { budget, holdings, signIns } = this.#deps;
    const attempt = (held: () => void) => {
      const user = signIns.find(connection, service) ?? lastUser;
      return this.#openWith(connection, user, key, request, options, held);
    };
    return budget.opening(connection, suspect, async (held) => {
      try {
        return await attempt(held);
      } catch (error) {
        // The gateway's own limit may be lower than ours, or others may use it too.
        const mayMakeRoom = TokensError.is(error) && error.code === 'E_LIMIT';
        if (!mayMakeRoom || !(await budget.makeRoom(connection, suspect))) {
          throw error;
        }
        this.#deps.log.info(`${connection.name} had no session left; ${holdings.size} tokens are held now.`);
        return attempt(held);
      }
    });
  }

  async #openWith(
    connection: Connection,
    user: TokenRecord,
    key: string,
    request: CraCall,
    options: Options,
    held: () => void,
  ): Promise<Opened> {
    const { clock, gateways, holdings, tokensOf, window, end, log } = this.#deps;
    const { signal } = options;
    if (signal?.aborted) {
      throw cancelled();
    }
    const gateway = await gateways.gateway(connection);
    const id = randomUUID();
    let over = false;
    const onSession = async (session: Grant) => {
      const { wall } = clock.now();
      const record: TokenRecord = {
        id,
        value: session.value,
        connection: connection.name,
        origin: originOf(connection),
        kind: 'session',
        ...(user.service === undefined ? {} : { service: user.service }),
        target: titleOf(request.query),
        view: key,
        sent: session.sent,
        leftMs: session.reportedMs ?? user.lifeMs,
        lifeMs: session.reportedMs ?? user.lifeMs,
        source: session.reportedMs === undefined ? 'estimated' : 'reported',
        openedAt: wall,
        lastUsedAt: wall,
        worked: session.sent,
        keepAlive: connection.keepAlive,
        keepAliveSetAt: 0,
        openedBy: window,
        usedBy: window,
      };
      await holdings.add(record);
      held();
      if (over) {
        // The asker turned away before the gateway said which session it had opened: nobody will use it.
        await end(record).catch((error: unknown) => log.warn(`Closing ${id} failed: ${String(error)}`));
      }
    };
    try {
      const got = await gateway.getData({
        tokens: await tokensOf(user),
        query: request.query,
        keepOpen: request.keepOpen,
        makeReader: options.makeReader,
        onSession,
        ...(signal === undefined ? {} : { signal }),
      });
      if (got.session === undefined) {
        if (holdings.get(id) !== undefined) {
          await holdings.remove(id);
        }
        return { got, held: undefined };
      }
      return { got, held: holdings.get(id) };
    } catch (error) {
      over = true;
      const opened = holdings.get(id);
      if (opened !== undefined && TokensError.is(error) && error.code === 'E_CANCELLED') {
        await end(opened).catch((second: unknown) => log.warn(`Closing ${id} failed: ${String(second)}`));
      }
      throw error;
    }
  }

  #used(got: DataAnswer): Partial<TokenRecord> {
    const now = this.#deps.clock.now();
    return {
      sent: got.sent,
      source: got.reportedMs === undefined ? 'estimated' : 'reported',
      lastUsedAt: now.wall,
      worked: now,
      usedBy: this.#deps.window,
    };
  }
}

interface Opened {
  readonly got: DataAnswer;
  readonly held: TokenRecord | undefined;
}
