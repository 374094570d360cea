import { Part } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { logFault } from '../log.ts';
import { isNameField } from '../redact.ts';
import { isGuess, isLater, mayBeLater, mayLive, remaining, startOf } from './deadline.ts';
import type { KeeperDeps } from './ports.ts';
import {
  type AnyUser,
  isEnding,
  isMain,
  type MainToken,
  type Session,
  type TokenRecord,
  type UserToken,
} from './record.ts';

/** What happened to a token that is held. */
export interface Change {
  readonly id: string;
  readonly connection: string;
  readonly what: 'added' | 'changed' | 'removed';
}

/** The tokens that are held, and how they belong together. */
export class TokenTable extends Part<Pick<KeeperDeps, 'clock' | 'redactor' | 'log'>> {
  readonly #records = new Map<string, TokenRecord>();
  readonly #byConnection = new Map<string, Set<string>>();
  /** User tokens that live longer than their own record says, because a session of theirs was used. Never stored. */
  readonly #prolonged = new Map<string, UserToken>();
  readonly #changes = this.add(new Emitter<Change>((error) => logFault(this.deps.log, error)));
  /** The id of what {@link first} has found, until something changes that may end before it. */
  #first: string | undefined;

  readonly onDidChange = this.#changes.event;

  get size(): number {
    return this.#records.size;
  }

  /** A token with its effective expiry: a user token lives as long as its sessions. */
  get(id: string): TokenRecord | undefined {
    return this.#prolonged.get(id) ?? this.#records.get(id);
  }

  /** A token as it is stored. */
  stored(id: string): TokenRecord | undefined {
    return this.#records.get(id);
  }

  /** The same of one that must be there. @throws `E_UNKNOWN_TOKEN` */
  held(id: string): TokenRecord {
    const record = this.get(id);
    if (record === undefined) {
      throw notHeld();
    }
    return record;
  }

  *all(): Generator<TokenRecord> {
    for (const [id, record] of this.#records) {
      yield this.#prolonged.get(id) ?? record;
    }
  }

  connectionNames(): MapIterator<string> {
    return this.#byConnection.keys();
  }

  *of(connection: string): Generator<TokenRecord> {
    for (const id of this.#byConnection.get(connection) ?? []) {
      const record = this.get(id);
      if (record !== undefined) {
        yield record;
      }
    }
  }

  /** The token that a sign-in at that origin has handed out, dead or alive; the latest, if two windows signed in at once. */
  main(connection: string, service: string | undefined, origin: string): MainToken | undefined {
    const now = this.deps.clock.now();
    const all = this.of(connection).filter(isMain);
    return bestOf(
      all.filter((one) => !isEnding(one) && one.service === service && one.origin === origin),
      (one, than) => isLater(one.sent, than.sent, now),
    );
  }

  /** The user token that a session belongs to, even if it is still to be taken over from one that was replaced. */
  owner(session: Session): UserToken | undefined {
    const { connection, service, origin, under } = session;
    const own = under === undefined ? undefined : this.get(under);
    // A session never gets to see the user token of another origin.
    const user =
      own?.level === 'user' && own.origin === origin ? own : this.main(connection, service, origin);
    return user?.level === 'user' ? user : undefined;
  }

  /** The user token whose value a session is open under: its owner, or what that has replaced. Only with it it is closed. */
  opener(session: Session): AnyUser | undefined {
    const owner = this.owner(session);
    if (owner?.signInId === session.signInId) {
      return owner;
    }
    return this.of(session.connection)
      .filter((record) => record.level === 'user' || record.level === 'replaced')
      .find(({ origin, signInId }) => origin === session.origin && signInId === session.signInId);
  }

  /** The sessions of a connection. */
  sessions(connection: string): IteratorObject<Session, undefined> {
    return this.of(connection).filter((record) => record.level === 'session');
  }

  /** The sessions that belong to a user token, those included that are still to be taken over from what it has replaced. */
  sessionsOf(user: UserToken): Session[] {
    return [...this.sessions(user.connection).filter((session) => this.owner(session)?.id === user.id)];
  }

  /** The sessions that are open under the value that a user token has, or had: they alone keep it alive. */
  sessionsOpenUnder(user: AnyUser): Session[] {
    const isUnder = (session: Session) =>
      session.signInId === user.signInId &&
      session.service === user.service &&
      (this.opener(session)?.value ?? user.value) === user.value;
    return [...this.sessions(user.connection).filter(isUnder)];
  }

  /** The token that ends first of those that can be used. */
  first(): TokenRecord | undefined {
    if (this.#first !== undefined) {
      return this.get(this.#first); // Kept because it is asked for each second, with many tokens.
    }
    const now = this.deps.clock.now();
    const usable = this.all().filter((record) => !isEnding(record));
    const first = bestOf(usable, (one, than) => remaining(one, now) < remaining(than, now));
    this.#first = first?.id;
    return first;
  }

  put(record: TokenRecord): void {
    const { id, connection } = record;
    const known = this.#records.get(id);
    this.#records.set(id, record);
    if (known?.value !== record.value || known.more !== record.more) {
      this.#tellSecrets(record, known);
    }
    if (known === undefined) {
      const ids = this.#byConnection.get(connection) ?? new Set();
      this.#byConnection.set(connection, ids.add(id));
    }
    if (record.level === 'user') {
      this.#prolong(record);
    }
    this.#changed({ id, connection, what: known === undefined ? 'added' : 'changed' });
    if (record.level === 'session') {
      const user = this.opener(record);
      const own = user && this.#records.get(user.id);
      if (user?.level === 'user' && this.#outlives(record, user)) {
        this.#prolonged.set(user.id, prolonged(user, record));
        this.announce(user.id);
      } else if (own?.level === 'user' && user && isGuess(user, this.deps.clock.now())) {
        this.#prolong(own); // The guess may have been by this session, of which more is known now.
        this.announce(own.id);
      }
    }
  }

  drop(id: string): void {
    const record = this.#records.get(id);
    if (record === undefined) {
      return;
    }
    const { connection } = record;
    this.#records.delete(id);
    this.#prolonged.delete(id);
    const ids = this.#byConnection.get(connection);
    if (ids?.delete(id) && ids.size === 0) {
      this.#byConnection.delete(connection);
    }
    this.#changed({ id, connection, what: 'removed' });
  }

  /** Says that a token has changed without a change of its record: time has passed. */
  announce(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined) {
      this.#changed({ id, connection: record.connection, what: 'changed' });
    }
  }

  /** To be called when more is known of a machine's clocks: announces its tokens, and what those keep alive. */
  announceMachine(start: string): void {
    const theirs = [...this.#records.values()].filter(({ sent }) => startOf(sent) === start);
    for (const connection of new Set(theirs.map((record) => record.connection))) {
      for (const { id } of this.of(connection)) {
        const record = this.#records.get(id);
        if (record?.level === 'user') {
          this.#prolong(record);
        }
      }
    }
    this.#first = undefined;
    for (const { id } of theirs) {
      this.announce(id);
    }
  }

  /** Tells the redactor of the secrets of a token, and of those that it had before and no token has any more. */
  #tellSecrets(record: TokenRecord, before: TokenRecord | undefined): void {
    const has = (one: TokenRecord, secret: string) => secretsOf(one).some(([, value]) => value === secret);
    for (const [name, value] of secretsOf(record)) {
      isNameField(name) ? this.deps.redactor.addName(value) : this.deps.redactor.add(value);
    }
    for (const [name, value] of before === undefined ? [] : secretsOf(before)) {
      const isOver = !isNameField(name) && !has(record, value);
      if (isOver && ![...this.#records.values()].some((other) => has(other, value))) {
        this.deps.redactor.delete(value);
      }
    }
  }

  #changed(change: Change): void {
    const now = this.deps.clock.now();
    const first = this.#first === undefined ? undefined : this.get(this.#first);
    const record = this.get(change.id);
    const mayBeFirst =
      record !== undefined && first !== undefined && remaining(record, now) < remaining(first, now);
    if (change.id === this.#first || mayBeFirst) {
      this.#first = undefined;
    }
    this.#changes.fire(change);
  }

  /** A user token lives as long as any of its sessions does (docs/protocols.md 2). */
  #prolong(user: UserToken): void {
    this.#prolonged.delete(user.id);
    let last: TokenRecord = user;
    for (const session of this.sessionsOpenUnder(user)) {
      if (this.#outlives(session, last)) {
        last = session;
      }
    }
    if (last !== user) {
      this.#prolonged.set(user.id, prolonged(user, last));
    }
  }

  /**
   * Whether a session keeps its user token alive for longer than `other` does; one whose life is a guess may, which makes
   * it worth trying. What was known of a session before its user token was refused does not count.
   */
  #outlives(session: Session, other: TokenRecord): boolean {
    const now = this.deps.clock.now();
    if (isGuess(session, now) && !mayLive(other, now)) {
      return other.leftMs > 0 || mayBeLater(session.sent, other.sent, now);
    }
    const left = remaining(session, now);
    const isNews = other.leftMs > 0 || isLater(session.sent, other.sent, now);
    return isNews && left > 0 && left > remaining(other, now);
  }
}

/** The best of some things, of equal ones the first; undefined where there are none. */
export function bestOf<T>(all: Iterable<T>, isBetter: (one: T, than: T) => boolean): T | undefined {
  let best: T | undefined;
  for (const one of all) {
    if (best === undefined || isBetter(one, best)) {
      best = one;
    }
  }
  return best;
}

/** The error for a token that is not held (any more). */
export function notHeld(): TokensError {
  return new TokensError('E_UNKNOWN_TOKEN', 'This token is not held any more.');
}

/** What is secret of a token, by name. */
function secretsOf({ value, more = {} }: TokenRecord): (readonly [name: string, value: string])[] {
  return [['token', value], ...Object.entries(more)];
}

function prolonged(user: UserToken, by: TokenRecord): UserToken {
  return { ...user, sent: by.sent, leftMs: by.leftMs, source: 'estimated' };
}
