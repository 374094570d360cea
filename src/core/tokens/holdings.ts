import type { Clock } from '../clock.ts';
import { type Disposable, DisposableStore } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { KeyedHeap } from '../heap.ts';
import type { Log } from '../log.ts';
import type { Redactor } from '../redact.ts';
import { isLater, remaining } from './deadline.ts';
import { merge, parseRecord, type TokenRecord } from './record.ts';
import type { Scheduler } from './scheduler.ts';
import type { TokenStore } from './store.ts';

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
}

/** Uses come in bursts and a write costs tens of milliseconds; other windows may lag by 2 s. In milliseconds. */
const writeDelayMs = 1_000;

/** The tokens held: in memory for speed, in the store for life, and the same in all windows. */
export class Holdings implements Disposable {
  readonly #deps: HoldingsDeps;
  readonly #records = new Map<string, TokenRecord>();
  readonly #byConnection = new Map<string, Set<string>>();
  /** CRA: the user token of a connection and service. */
  readonly #users = new Map<string, string>();
  readonly #ends = new KeyedHeap<string>();
  /** What the store is known to hold, by id. */
  readonly #stored = new Map<string, string>();
  /** Ids are never used twice, so what was removed stays removed whoever writes it again. */
  readonly #removed = new Set<string>();
  readonly #writes = new Map<string, Promise<void>>();
  readonly #owned = new DisposableStore();
  readonly #changes = this.#owned.add(new Emitter<Change>());
  readonly #trouble = this.#owned.add(new Emitter<TokensError>());
  #inTrouble = false;

  readonly onDidChange = this.#changes.event;
  /** The store refused; tokens live in memory alone until it works again. Fires once for each such time. */
  readonly onTrouble = this.#trouble.event;

  constructor(deps: HoldingsDeps) {
    this.#deps = deps;
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
        const problem = await this.#read(id);
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
    return this.#records.get(id);
  }

  all(): IterableIterator<TokenRecord> {
    return this.#records.values();
  }

  *of(connection: string): IterableIterator<TokenRecord> {
    for (const id of this.#byConnection.get(connection) ?? []) {
      const record = this.#records.get(id);
      if (record !== undefined) {
        yield record;
      }
    }
  }

  /** CRA: the token of a connection and service under which its sessions are. */
  user(connection: string, service: string | undefined): TokenRecord | undefined {
    const id = this.#users.get(userKey(connection, service));
    return id === undefined ? undefined : this.#records.get(id);
  }

  /** The token that ends first. */
  first(): TokenRecord | undefined {
    const first = this.#ends.peek();
    return first === undefined ? undefined : this.#records.get(first.key);
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
    this.#put({ ...record, ...change });
    if (written === 'now') {
      await this.#write(id);
    } else if (!this.#deps.scheduler.has(writeKey(id))) {
      this.#deps.scheduler.after(writeKey(id), writeDelayMs, () => void this.#write(id));
    }
  }

  /** Says that a token has changed without a change of its record: time has passed. */
  announce(id: string): void {
    const record = this.#records.get(id);
    if (record !== undefined) {
      this.#changes.fire({ id, connection: record.connection, what: 'changed' });
    }
  }

  /** Forgets a token, here and in the store. */
  async remove(id: string): Promise<void> {
    this.#drop(id);
    this.#removed.add(id);
    await this.#inTurn(id, async () => {
      this.#stored.delete(id);
      await this.#deps.store.delete(id);
    });
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
    const known = this.#records.get(record.id);
    if (known?.value !== record.value) {
      this.#deps.redactor.add(record.value);
    }
    this.#records.set(record.id, record);
    const { up } = this.#deps.clock.now();
    this.#ends.set(record.id, up + remaining(record, this.#deps.clock.now()));
    if (known === undefined) {
      let ids = this.#byConnection.get(record.connection);
      if (ids === undefined) {
        ids = new Set();
        this.#byConnection.set(record.connection, ids);
      }
      ids.add(record.id);
      if (record.kind === 'user') {
        this.#users.set(userKey(record.connection, record.service), record.id);
      }
    }
    this.#changes.fire({
      id: record.id,
      connection: record.connection,
      what: known === undefined ? 'added' : 'changed',
    });
    if (record.view !== undefined) {
      this.#keepUserAlive(record);
    }
  }

  /** A user token lives as long as any of its sessions does (PROTOCOLS.md 2). Reckoned, so not written. */
  #keepUserAlive(session: TokenRecord): void {
    const user = this.user(session.connection, session.service);
    if (user !== undefined && isLater(session.sent, user.sent)) {
      this.#put({ ...user, sent: session.sent, leftMs: user.lifeMs, source: 'estimated' });
    }
  }

  #drop(id: string): void {
    const record = this.#records.get(id);
    this.#deps.scheduler.cancel(writeKey(id));
    if (record === undefined) {
      return;
    }
    this.#records.delete(id);
    this.#ends.delete(id);
    this.#byConnection.get(record.connection)?.delete(id);
    const key = userKey(record.connection, record.service);
    if (this.#users.get(key) === id) {
      this.#users.delete(key);
    }
    this.#changes.fire({ id, connection: record.connection, what: 'removed' });
  }

  #write(id: string): Promise<void> {
    this.#deps.scheduler.cancel(writeKey(id));
    return this.#inTurn(id, async () => {
      // Another window may have written since; what it knows must not be lost.
      if ((await this.#read(id)) === undefined) {
        const record = this.#records.get(id);
        const json = record === undefined ? undefined : JSON.stringify(record);
        if (json !== undefined && json !== this.#stored.get(id)) {
          const before = this.#stored.get(id);
          this.#stored.set(id, json);
          try {
            await this.#deps.store.write(id, json);
          } catch (error) {
            if (before === undefined) {
              this.#stored.delete(id);
            } else {
              this.#stored.set(id, before);
            }
            throw error;
          }
        }
      }
    });
  }

  /** Takes over what the store has under an id; says what is wrong with it if it cannot be read. */
  async #read(id: string): Promise<string | undefined> {
    const json = await this.#deps.store.read(id);
    if (json === undefined) {
      if (this.#stored.delete(id)) {
        this.#removed.add(id);
        this.#drop(id); // Closed in another window.
      }
      return undefined;
    }
    if (this.#removed.has(id)) {
      await this.#deps.store.delete(id);
      return undefined;
    }
    if (json === this.#stored.get(id)) {
      return undefined;
    }
    const parsed = parseRecord(id, json);
    if (!parsed.ok) {
      return parsed.reason;
    }
    this.#stored.set(id, json);
    const mine = this.#records.get(id);
    this.#put(mine === undefined ? parsed.value : merge(mine, parsed.value));
    return undefined;
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
    const turn = (this.#writes.get(id) ?? Promise.resolve()).then(step).then(
      () => {
        this.#inTrouble = false;
      },
      (error: unknown) => this.#report(error),
    );
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
          'The secret storage of this computer does not work, so tokens are kept in memory and end with this window.',
        ),
      );
    }
  }
}

function writeKey(id: string): string {
  return `write/${id}`;
}

function userKey(connection: string, service: string | undefined): string {
  return `${connection}\n${service ?? ''}`;
}
