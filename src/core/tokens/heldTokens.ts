import { Part } from '../disposable.ts';
import { remaining } from './deadline.ts';
import { environmentOf } from './environment.ts';
import { belongsTo } from './gateways.ts';
import type { KeeperDeps } from './ports.ts';
import { infoOf, isEnding, type TokenRecord } from './record.ts';
import { isPaused } from './renewalTimes.ts';
import type { TokenInfo } from './token.ts';
import { bestOf } from './tokenTable.ts';

/** The tokens that are held, as people and programs see them. */
export class HeldTokens extends Part<KeeperDeps> {
  protected readonly env = environmentOf(this.deps, this);

  /** All tokens that can be used or at least renewed, as of now: not those that only wait for being closed. */
  tokens(connection?: string): TokenInfo[] {
    return [...this.records(connection)]
      .filter((record) => !isEnding(record))
      .map((record) => this.info(record));
  }

  /** The connections of these {@link tokens}. */
  connectionNames(): string[] {
    return [...this.env.table.connectionNames().filter((name) => this.holdsAny(name))];
  }

  /** Whether any of a connection's {@link tokens} is as asked for; the first one that is ends the search. */
  holdsAny(connection: string, accept: (token: TokenInfo) => boolean = () => true): boolean {
    return this.env.table.of(connection).some((record) => !isEnding(record) && accept(this.info(record)));
  }

  /** @throws `E_UNKNOWN_TOKEN` */
  token(id: string): TokenInfo {
    return this.info(this.env.table.held(id));
  }

  /** One of the {@link tokens}. */
  find(id: string): TokenInfo | undefined {
    const record = this.env.table.get(id);
    return record === undefined || isEnding(record) ? undefined : this.info(record);
  }

  /** The token that ends first; of a user token that ends with its session the session, whose renewal renews both. */
  first(): TokenInfo | undefined {
    const record = this.env.table.first();
    if (record === undefined) {
      return undefined;
    }
    const info = this.info(record);
    const session = this.keptAliveBy(record.id);
    return session !== undefined && session.expiresAt <= info.expiresAt ? session : info;
  }

  /** Whether a token is `auto` but not renewed, because nobody has worked with it for long. */
  isPaused(id: string): boolean {
    const record = this.env.table.get(id);
    return record !== undefined && isPaused(this.env, record);
  }

  /** The live session that keeps a user token alive, if there is one. */
  keptAliveBy(userId: string): TokenInfo | undefined {
    const { clock, table } = this.env;
    const user = table.get(userId);
    if (user?.level !== 'user') {
      return undefined;
    }
    const now = clock.now();
    const last = bestOf(
      table.sessionsOpenUnder(user).filter((session) => !session.closing && remaining(session, now) > 0),
      (one, than) => remaining(one, now) > remaining(than, now),
    );
    return last === undefined ? undefined : this.info(last);
  }

  /** The sessions under a user token; none under any other one. */
  sessionsOf(userId: string): TokenInfo[] {
    const user = this.env.table.get(userId);
    const sessions = user?.level === 'user' ? this.env.table.sessionsOf(user) : [];
    return sessions.filter(({ closing }) => !closing).map((session) => this.info(session));
  }

  /** The user token that a session is under. */
  ownerOf(sessionId: string): TokenInfo | undefined {
    const session = this.env.table.get(sessionId);
    const owner = session?.level === 'session' ? this.env.table.owner(session) : undefined;
    return owner === undefined ? undefined : this.info(owner);
  }

  /** Whether a token is not about to be closed, and was issued where its connection leads now: only there may it be used. */
  isUsable(id: string): boolean {
    const { connections, table } = this.env;
    const record = table.get(id);
    const connection = record === undefined ? undefined : connections.find(record.connection);
    return (
      record !== undefined && connection !== undefined && !isEnding(record) && belongsTo(connection, record)
    );
  }

  /** The value of a token, for the clipboard and for extensions that a person allows. */
  reveal(id: string): string {
    return this.env.table.held(id).value;
  }

  protected info(record: TokenRecord): TokenInfo {
    const { clock, connections, warnMs } = this.env;
    return infoOf(record, clock.now(), warnMs(), connections.find(record.connection));
  }

  protected records(connection: string | undefined): Iterable<TokenRecord> {
    const { table } = this.env;
    return connection === undefined ? table.all() : table.of(connection);
  }
}
