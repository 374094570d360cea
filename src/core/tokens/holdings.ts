import type { Clock, Instant } from '../clock.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { KeyedHeap } from '../heap.ts';
import { type Log, logFault } from '../log.ts';
import type { Redactor } from '../redact.ts';
import { elapsed, isLater, isOwn, LearningClock, remaining, runTogether, startOf } from './deadline.ts';
import { merge, parseRecord, parseStamp, type Stamp, serialize, type TokenRecord } from './record.ts';
import type { Scheduler } from './scheduler.ts';
import { answeredMs, heardMs, type TokenStore } from './store.ts';

/** What happened to a token that is held. */
export interface Change {
  readonly id: string;
  readonly connection: string;
  readonly what: 'added' | 'changed' | 'removed';
}

/** An entry of the store that could not be read; it is left where it is. */
export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

export interface HoldingsDeps {
  readonly store: TokenStore;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly redactor: Redactor;
  readonly log: Log;
  /** An id that nobody has had before. */
  readonly newId: () => string;
}

/** Uses come in bursts and a write costs tens of milliseconds; other windows still hear of it in time. In milliseconds. */
const writeDelayMs = heardMs / 2;

/** A write that failed is tried again after so long, in milliseconds. */
const retryMs = 30_000;

/** What was heard of a token's life. */
export interface LifeNews {
  readonly sent: Instant;
  readonly leftMs: number;
  readonly source: 'reported' | 'estimated';
  readonly lifeMs?: number;
}

/** The tokens held: in memory for speed, in the store for life, and the same in all windows. */
export class Holdings implements Disposable {
  readonly #deps: HoldingsDeps;
  readonly #records = new Map<string, TokenRecord>();
  readonly #byConnection = new Map<string, Set<string>>();
  /** CRA: the user tokens of a connection and service; more than one only if two windows signed in at once. */
  readonly #users = new Map<string, Set<string>>();
  /** User tokens that live longer than their own record says, because a session of theirs was used. Never written. */
  readonly #lifted = new Map<string, TokenRecord>();
  readonly #ends = new KeyedHeap<string>();
  /** What the store is known to hold, by id: its text, and the same without what is said of its writing. */
  readonly #stored = new Map<string, { readonly json: string; readonly text: string }>();
  /** Starts of other machines, and until when they are asked for their clocks, by ours. */
  readonly #asking = new Map<string, number>();
  /** Generations, by id: what was removed stays removed whoever writes it again, unless its value was replaced since. */
  readonly #removed = new Map<string, number>();
  /** When this window replaced the value of a token, by id. */
  readonly #replacedAt = new Map<string, Instant>();
  /** Values that have ended not long ago, and when: another window may still have put one aside for closing. */
  readonly #ended = new Map<string, Instant>();
  readonly #writes = new Map<string, Promise<void>>();
  readonly #owned = new DisposableStore();
  readonly #onFault = (error: unknown) => logFault(this.#deps.log, error);
  readonly #changes = this.#owned.add(new Emitter<Change>(this.#onFault));
  readonly #trouble = this.#owned.add(new Emitter<TokensError>(this.#onFault));
  readonly #replaced = this.#owned.add(new Emitter<TokenRecord>(this.#onFault));
  #inTrouble = false;

  /** This machine's clock, which learns of other machines' from what they write. */
  readonly clock: LearningClock;
  /** Another window has replaced the value of a user token, or forgotten it; hears of it as it was before. */
  readonly onDidHearReplaced = this.#replaced.event;
  readonly onDidChange = this.#changes.event;
  /** The store refused; tokens live in memory alone until it works again. Fires once for each such time. */
  readonly onTrouble = this.#trouble.event;

  constructor(deps: HoldingsDeps) {
    this.#deps = deps;
    this.clock = new LearningClock(deps.clock);
    this.#owned.add(deps.store.onDidChange((id) => this.#heard(id)));
  }

  /** Reads the store. Entries that cannot be read are set aside and named. */
  async load(): Promise<Unreadable[]> {
    const unreadable: Unreadable[] = [];
    let ids: string[];
    try {
      ids = await this.#deps.store.ids();
    } catch (error) {
      this.#report(error);
      return unreadable;
    }
    await Promise.all(
      ids.map(async (id) => {
        const problem = await this.#read(id, false);
        if (problem !== undefined) {
          unreadable.push({ id, reason: problem });
        }
      }),
    );
    return unreadable;
  }

  get size(): number {
    return this.#records.size;
  }

  get(id: string): TokenRecord | undefined {
    return this.#lifted.get(id) ?? this.#records.get(id);
  }

  *all(): IterableIterator<TokenRecord> {
    for (const [id, record] of this.#records) {
      yield this.#lifted.get(id) ?? record;
    }
  }

  connectionNames(): IterableIterator<string> {
    return this.#byConnection.keys();
  }

  *of(connection: string): IterableIterator<TokenRecord> {
    for (const id of this.#byConnection.get(connection) ?? []) {
      const record = this.get(id);
      if (record !== undefined) {
        yield record;
      }
    }
  }

  /**
   * CRA: the token of a connection and service that sessions are opened under, issued by that origin and no other;
   * not one that was replaced and only waits for its sessions to be taken over.
   */
  user(connection: string, service: string | undefined, origin: string): TokenRecord | undefined {
    let latest: TokenRecord | undefined;
    for (const id of this.#users.get(userKey(connection, service)) ?? []) {
      const record = this.get(id);
      if (
        record?.origin === origin &&
        !record.closing &&
        (latest === undefined || isLater(record.sent, latest.sent, this.clock.now()))
      ) {
        latest = record;
      }
    }
    return latest;
  }

  /** CRA: the user token that a session is under. */
  owner(session: TokenRecord): TokenRecord | undefined {
    const own = session.under === undefined ? undefined : this.get(session.under);
    // A session never gets to see the user token of another origin.
    return own?.origin === session.origin
      ? own
      : this.user(session.connection, session.service, session.origin);
  }

  /**
   * CRA: the user token whose value a session is open under, until it is taken over: its owner, or what that was
   * before somebody signed in anew. Only with that value it can be closed.
   */
  opener(session: TokenRecord): TokenRecord | undefined {
    const owner = this.owner(session);
    return owner?.signIn === session.signIn
      ? owner
      : [...this.of(session.connection)].find(
          ({ kind, origin, signIn }) =>
            kind === 'user' && origin === session.origin && signIn === session.signIn,
        );
  }

  /** The token that ends first of those that are not about to be closed. */
  first(): TokenRecord | undefined {
    const first = this.#ends.peek();
    return first === undefined ? undefined : this.get(first.key);
  }

  /** Takes a token in; when this resolves the store has it, or {@link onTrouble} has fired. */
  async add(record: TokenRecord): Promise<void> {
    this.#put(record);
    await this.#write(record.id);
  }

  /**
   * Changes a token. It is written `now` (when this resolves) or `soon`, together with what else happens to it
   * within a second. Nothing happens to a token that is not held.
   */
  async update(id: string, change: Partial<TokenRecord>, written: 'now' | 'soon'): Promise<void> {
    const record = this.#records.get(id);
    if (record === undefined) {
      return;
    }
    const replaced = change.value !== undefined && change.value !== record.value;
    if (replaced) {
      this.#replacedAt.set(id, this.clock.now());
    }
    const next = {
      ...record,
      ...change,
      generation: record.generation + (replaced ? 1 : 0),
      turn: record.turn + 1,
    };
    if (change.lastUsedAt !== undefined && change.lastUsedAt <= record.lastUsedAt) {
      // The wall clock was set back; of two uses the later one must still count as that.
      next.lastUsedAt = record.lastUsedAt + (next.usedBy === record.usedBy ? 0 : 1);
    }
    this.#put(next);
    if (written === 'now') {
      await this.#write(id);
    } else if (!this.#deps.scheduler.has(writeKey(id))) {
      this.#deps.scheduler.after(writeKey(id), writeDelayMs, () => void this.#write(id));
    }
  }

  /**
   * Takes in what an answer told of a token's life, with what else it changes. Answers overtake each other: one to
   * an earlier request tells nothing new of the life, and one about a value that was replaced tells nothing at all.
   */
  async heardOf(
    token: Pick<TokenRecord, 'id' | 'value'>,
    life: LifeNews,
    change: Partial<TokenRecord>,
    written: 'now' | 'soon',
  ): Promise<void> {
    const record = this.#records.get(token.id);
    if (record?.value === token.value) {
      const news = isLater(record.sent, life.sent, this.clock.now()) ? {} : life;
      await this.update(token.id, { ...news, ...change }, written);
    }
  }

  /**
   * Reckons lives from now on where the clocks have parted since, or the machine has been started anew: while both
   * can still be told apart. Otherwise the next restart or change of the wall clock would be one too many. Other
   * machines' clocks are theirs to watch.
   */
  anchor(): void {
    const now = this.clock.now();
    for (const [id, record] of [...this.#records]) {
      if (isOwn(record.sent, now) && !runTogether(record.sent, now)) {
        const leftMs = Math.max(remaining(record, now), 0);
        void this.update(id, { sent: now, leftMs }, 'soon');
      }
    }
  }

  /** Says that a token has changed without a change of its record: time has passed. */
  announce(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined) {
      this.#rank(id);
      this.#changes.fire({ id, connection: record.connection, what: 'changed' });
    }
  }

  /** Forgets a token, here and in the store. */
  async remove(id: string): Promise<void> {
    this.#markRemoved(id);
    await this.#inTurn(id, async () => {
      this.#stored.delete(id);
      await this.#deps.store.delete(id);
    });
  }

  /**
   * Forgets a token that has ended, and whatever else is held of the same value: two windows that replaced it at once
   * have each kept it for closing. What has another value by now, here or in another window, has not ended.
   */
  async removeEnded({ connection, id: first, value }: TokenRecord): Promise<void> {
    const now = this.clock.now();
    for (const [old, at] of this.#ended) {
      if (elapsed(at, now) > heardMs) {
        this.#ended.delete(old);
      }
    }
    this.#ended.set(value, now);
    const same = [...this.of(connection)].filter((other) => other.value === value);
    await Promise.all(
      [...new Set([first, ...same.map(({ id }) => id)])].map((id) =>
        this.#inTurn(id, async () => {
          await this.#read(id).catch((error: unknown) => this.#report(error));
          if (this.#records.get(id)?.value === value) {
            this.#markRemoved(id);
            await this.#deps.store.delete(id);
          }
        }),
      ),
    );
  }

  /** Writes at once what was to be written soon. */
  async flush(): Promise<void> {
    for (const id of this.#records.keys()) {
      if (this.#deps.scheduler.has(writeKey(id))) {
        void this.#write(id);
      }
    }
    await Promise.all(this.#writes.values());
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #put(record: TokenRecord): void {
    const { id, connection } = record;
    const known = this.#records.get(id);
    if (known?.value !== record.value) {
      this.#deps.redactor.add(record.value);
    }
    this.#records.set(id, record);
    if (known === undefined) {
      addTo(this.#byConnection, connection, id);
      if (record.kind === 'user') {
        addTo(this.#users, userKey(connection, record.service), id);
      }
    }
    if (record.kind === 'user') {
      this.#lift(record);
    }
    this.#rank(id);
    this.#changes.fire({ id, connection, what: known === undefined ? 'added' : 'changed' });
    if (record.view !== undefined) {
      const user = record.under === undefined ? this.owner(record) : this.get(record.under);
      if (user?.signIn === record.signIn && this.#outlives(record, user)) {
        this.#lifted.set(user.id, lifted(user, record));
        this.announce(user.id);
      }
    }
  }

  /** A user token lives as long as any of its sessions does (PROTOCOLS.md 2). */
  #lift(user: TokenRecord): void {
    this.#lifted.delete(user.id);
    let last = user;
    for (const session of this.of(user.connection)) {
      if (
        session.view !== undefined &&
        (session.under ?? this.owner(session)?.id) === user.id &&
        session.signIn === user.signIn &&
        this.#outlives(session, last)
      ) {
        last = session;
      }
    }
    if (last !== user) {
      this.#lifted.set(user.id, lifted(user, last));
    }
  }

  /** What was heard of a session before its user token was refused says nothing of that one's life. */
  #outlives(session: TokenRecord, other: TokenRecord): boolean {
    const now = this.clock.now();
    const left = remaining(session, now);
    const isNews = other.leftMs > 0 || isLater(session.sent, other.sent, now);
    return isNews && left > 0 && left > remaining(other, now);
  }

  #rank(id: string): void {
    const record = this.get(id);
    if (record?.closing) {
      this.#ends.delete(id);
    } else if (record !== undefined) {
      const now = this.clock.now();
      this.#ends.set(id, now.up + remaining(record, now));
    }
  }

  #drop(id: string): void {
    const record = this.#records.get(id);
    this.#deps.scheduler.cancel(writeKey(id));
    if (record === undefined) {
      return;
    }
    const { connection, service } = record;
    this.#records.delete(id);
    this.#lifted.delete(id);
    this.#replacedAt.delete(id);
    this.#ends.delete(id);
    removeFrom(this.#byConnection, connection, id);
    removeFrom(this.#users, userKey(connection, service), id);
    this.#changes.fire({ id, connection, what: 'removed' });
  }

  #write(id: string): Promise<void> {
    const { scheduler } = this.#deps;
    scheduler.cancel(writeKey(id));
    return this.#inTurn(id, async () => {
      try {
        await this.#writeNow(id);
      } catch (error) {
        if (this.#records.has(id)) {
          scheduler.after(writeKey(id), retryMs, () => void this.#write(id));
        }
        throw error;
      }
    });
  }

  /** @param greets whether other machines are asked or answered even if there is nothing new to write */
  async #writeNow(id: string, greets = false): Promise<void> {
    const { scheduler, store } = this.#deps;
    // Another window may have written since; what it knows must not be lost.
    if ((await this.#read(id)) !== undefined) {
      return; // There is something under this id that is not ours to write over.
    }
    const record = this.#records.get(id);
    const text = record === undefined ? undefined : serialize(record);
    const before = this.#stored.get(id);
    if (record === undefined || text === undefined || (text === before?.text && !greets)) {
      return;
    }
    const written = this.clock.now();
    const asks = [...this.#asking.values()].some((until) => until > written.up);
    const json = serialize(record, asks ? { written, asks } : { written });
    this.#stored.set(id, { json, text });
    scheduler.cancel(writeKey(id)); // Joining with what was read may have asked for this very write.
    try {
      await store.write(id, json);
      this.#inTrouble = false;
    } catch (error) {
      if (before === undefined) {
        this.#stored.delete(id);
      } else {
        this.#stored.set(id, before);
      }
      throw error;
    }
  }

  /**
   * Takes over what the store has under an id; says what is wrong with it if it cannot be read.
   * @param isNews whether what this window does not know yet was written just now
   */
  async #read(id: string, isNews = true): Promise<string | undefined> {
    const json = await this.#deps.store.read(id);
    if (json === undefined) {
      this.#removedElsewhere(id);
      return undefined;
    }
    if (json === this.#stored.get(id)?.json) {
      return undefined;
    }
    const parsed = parseRecord(id, json);
    if (!parsed.ok) {
      return parsed.reason;
    }
    const { value, sent, generation } = parsed.value;
    const endedAt = this.#ended.get(value);
    const isRemoved = generation <= (this.#removed.get(id) ?? -1);
    if (isRemoved || (endedAt !== undefined && isLater(endedAt, sent, this.clock.now()))) {
      this.#markRemoved(id, generation);
      await this.#deps.store.delete(id);
      return undefined;
    }
    this.#removed.delete(id);
    this.#stored.set(id, { json, text: serialize(parsed.value) });
    const stamp = parseStamp(json);
    this.clock.hear(sent, false);
    if (stamp.written !== undefined) {
      const start = startOf(stamp.written);
      if (this.clock.hear(stamp.written, isNews)) {
        this.#asking.delete(start);
        this.#reckonAnew(start);
      } else if (isNews && this.#asking.has(start)) {
        this.#asking.set(start, 0); // It has answered.
      }
    }
    this.#join(parsed.value);
    this.#compareClocks(parsed.value, stamp);
    return undefined;
  }

  /** More is known of another machine's clocks. */
  #reckonAnew(start: string): void {
    const theirs = [...this.#records.values()].filter(({ sent }) => startOf(sent) === start);
    for (const { connection } of theirs) {
      for (const record of this.of(connection)) {
        if (record.kind === 'user') {
          this.#lift(this.#records.get(record.id) ?? record);
        }
      }
    }
    for (const { id } of theirs) {
      this.announce(id);
    }
  }

  /** Asks machines for their clocks that are new here, or seem to have changed; news alone may have been long under way. */
  #compareClocks({ id, sent }: TokenRecord, { written = sent, asks = false }: Stamp): void {
    const now = this.clock.now();
    const strange = [sent, written]
      .filter((one) => !isOwn(one, now) && startOf(one) !== '' && !this.#asking.has(startOf(one)))
      .map(startOf);
    for (const start of strange) {
      this.#asking.set(start, now.up + answeredMs);
    }
    if (strange.length > 0 || (asks && !isOwn(written, now))) {
      void this.#inTurn(id, () => this.#writeNow(id, true));
    }
  }

  #markRemoved(id: string, generation = 0): void {
    const mine = this.#records.get(id)?.generation ?? 0;
    this.#removed.set(id, Math.max(mine, generation, this.#removed.get(id) ?? 0));
    this.#stored.delete(id);
    this.#drop(id);
  }

  #removedElsewhere(id: string): void {
    if (!this.#stored.has(id)) {
      return; // It has not been written yet.
    }
    const mine = this.#records.get(id);
    const replacedAt = this.#replacedAt.get(id);
    this.#markRemoved(id);
    if (mine?.kind === 'user' && !mine.closing) {
      this.#replaced.fire(mine);
    }
    const isUnknown = replacedAt !== undefined && elapsed(replacedAt, this.clock.now()) <= heardMs;
    if (mine?.kind === 'session' && isUnknown) {
      // That window has closed the value before, and cannot have known of this one: it is still to be closed.
      void this.add({ ...mine, id: this.#deps.newId(), closing: true });
    }
  }

  /** Joins what another window has written with what is known here. */
  #join(theirs: TokenRecord): void {
    const { id } = theirs;
    const mine = this.#records.get(id);
    if (mine === undefined) {
      this.#put(theirs);
      return;
    }
    const both = merge(mine, theirs);
    const text = serialize(both);
    if (text !== serialize(mine)) {
      this.#put(both);
      if (mine.kind === 'user' && both.value !== mine.value) {
        this.#replaced.fire(mine);
      }
    }
    if (text !== serialize(theirs)) {
      // That window has written over something that it had not heard of.
      const { scheduler } = this.#deps;
      scheduler.after(writeKey(id), writeDelayMs, () => void this.#write(id));
    }
    if (mine.generation === theirs.generation && both.value !== mine.value && mine.kind === 'session') {
      // Two windows replaced the same value at once: both new ones are open, so both stay on the list.
      void this.add({ ...mine, id: this.#deps.newId() });
    }
  }

  #heard(id: string): void {
    void this.#inTurn(id, async () => {
      const problem = await this.#read(id);
      if (problem !== undefined) {
        this.#deps.log.warn(`Token entry ${id} ${problem}; it is left alone.`);
      }
    });
  }

  /** One step at a time for each entry, so that steps cannot overtake each other. */
  #inTurn(id: string, step: () => Promise<void>): Promise<void> {
    const turn = (this.#writes.get(id) ?? Promise.resolve())
      .then(step)
      .catch((error: unknown) => this.#report(error));
    this.#writes.set(id, turn);
    void turn.then(() => {
      if (this.#writes.get(id) === turn) {
        this.#writes.delete(id);
      }
    });
    return turn;
  }

  #report(error: unknown): void {
    this.#deps.log.error(
      `The secret storage failed: ${error instanceof Error ? error.message : String(error)}`,
    );
    if (!this.#inTrouble) {
      this.#inTrouble = true;
      this.#trouble.fire(
        new TokensError(
          'E_STORAGE',
          'The secret storage of this computer does not work, so tokens are kept in memory and end with this window. Unlock its keyring, or set one up, to keep them.',
        ),
      );
    }
  }
}

function lifted(user: TokenRecord, by: TokenRecord): TokenRecord {
  return { ...user, sent: by.sent, leftMs: by.leftMs, source: 'estimated' };
}

function addTo(sets: Map<string, Set<string>>, key: string, id: string): void {
  const ids = sets.get(key);
  if (ids === undefined) {
    sets.set(key, new Set([id]));
  } else {
    ids.add(id);
  }
}

function removeFrom(sets: Map<string, Set<string>>, key: string, id: string): void {
  const ids = sets.get(key);
  if (ids?.delete(id) && ids.size === 0) {
    sets.delete(key);
  }
}

function writeKey(id: string): string {
  return `write/${id}`;
}

function userKey(connection: string, service: string | undefined): string {
  return `${connection}\n${service ?? ''}`;
}
