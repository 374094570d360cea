import { pause, Turns } from '../async.ts';
import { Part } from '../disposable.ts';
import type { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { logFault } from '../log.ts';
import { elapsed, isLater, isOwn, mayLive, remaining, runTogether } from './deadline.ts';
import type { Ports } from './ports.ts';
import {
  isClosable,
  isPartOfLife,
  isReplacedBy,
  keptAfter,
  type LifeNews,
  merge,
  parseRecord,
  serialize,
  type TokenChange,
  type TokenRecord,
  type UserToken,
} from './record.ts';
import { storageTrouble, syncDelayMs, type Unreadable } from './store.ts';
import type { TokenTable } from './tokenTable.ts';
import { Unheard } from './unheard.ts';

type SyncDeps = Pick<Ports, 'store' | 'clock' | 'scheduler' | 'log' | 'newId' | 'redactor'> & {
  readonly table: TokenTable;
};

/** Uses come in bursts and a write takes tens of milliseconds, so they are collected for so long, in milliseconds. */
const writeDelayMs = syncDelayMs / 2;

/** A write that failed is tried again after so long, in milliseconds. */
const retryMs = 30_000;

/** Keeps the table and the store the same, in all windows: what one of them changes the others take over. */
export class TokenSync extends Part<SyncDeps> {
  /** What the store is known to hold, by id: its text, and the same without what is said of its writing. */
  readonly #stored = new Map<string, { readonly json: string; readonly text: string }>();
  readonly #unheard: Unheard;
  /** One step at a time for each entry, so that steps cannot overtake each other. */
  readonly #turns = new Turns();
  readonly #onFault = (error: unknown) => logFault(this.deps.log, error);
  readonly #trouble = this.add(new Emitter<TokensError>(this.#onFault));
  readonly #replaced = this.add(new Emitter<UserToken>(this.#onFault));
  #inTrouble = false;

  /** Another window has replaced the value of a user token, or forgotten it; fires with the token as it was before. */
  readonly onDidHearReplaced = this.#replaced.event;
  /** The store failed; tokens are in memory alone until it works again. Fires once for each such time. */
  readonly onTrouble = this.#trouble.event;

  constructor(deps: SyncDeps) {
    super(deps);
    this.#unheard = new Unheard(deps.clock);
    this.add(deps.store.onDidChange((id) => this.#onRemoteChange(id)));
  }

  /** Reads the store. Entries that cannot be read are set aside and named. */
  async load(): Promise<Unreadable[]> {
    const ids = await this.deps.store.ids().catch((error: unknown) => this.#report(error));
    const look = async (id: string) => ({ id, reason: await this.#inTurn(id, () => this.#read(id, false)) });
    const read = await Promise.all((ids ?? []).map(look));
    return read.flatMap(({ id, reason }) => (reason === undefined ? [] : [{ id, reason }]));
  }

  /** Reads what the store has of a token: another window may have written it just before. */
  async readAgain(id: string): Promise<void> {
    await this.#inTurn(id, () => this.#read(id));
  }

  /** Adds a token; when this resolves the store has it, or {@link onTrouble} has fired. */
  async put(record: TokenRecord): Promise<void> {
    this.deps.table.put(record);
    await this.#write(record.id);
  }

  /**
   * Changes a token. It is written `now` (when this resolves) or `soon`, together with what else happens to it
   * within a second. Nothing happens to a token that is not held.
   */
  async update(id: string, change: TokenChange, written: 'now' | 'soon'): Promise<void> {
    const { scheduler, table } = this.deps;
    const record = table.stored(id);
    if (record === undefined) {
      return;
    }
    const replaced = isReplacedBy(record, change);
    if (replaced) {
      this.#unheard.replaced(id);
    }
    const next = {
      ...record,
      ...change,
      valueVersion: record.valueVersion + (replaced ? 1 : 0),
      lifeVersion: record.lifeVersion + (isPartOfLife(change, record) ? 1 : 2),
    };
    if (change.lastUsedAt !== undefined && change.lastUsedAt <= record.lastUsedAt) {
      // The wall clock was set back; of two uses the later one must still count as that.
      next.lastUsedAt = record.lastUsedAt + (next.usedBy === record.usedBy ? 0 : 1);
    }
    table.put(next);
    if (written === 'now') {
      await this.#write(id);
    } else if (!scheduler.has(writeKey(id))) {
      scheduler.after(writeKey(id), writeDelayMs, () => void this.#write(id));
    }
  }

  /**
   * Stores what an answer told of a token's life, with other changes. Answers can arrive out of order: one to an earlier
   * request tells nothing new of the life, unless it is that of a new value; one about a value that was replaced counts for
   * the record that keeps it for closing, if there is one.
   * @param news absent where the life is unchanged; in `change`, `more` has only what is new
   */
  async applyLife(
    token: Pick<TokenRecord, 'id' | 'value'>,
    news: LifeNews | undefined,
    change: TokenChange,
    written: 'now' | 'soon',
  ): Promise<void> {
    const { clock, table } = this.deps;
    const held = table.stored(token.id);
    const aside = [...table.of(held?.connection ?? '')].filter((one) => isClosable(one) && one.closing);
    const record = [held, ...aside].find((one) => one?.value === token.value);
    if (record !== undefined) {
      const isOfNew = change.value !== undefined && change.value !== token.value;
      const isNews = news !== undefined && (isOfNew || !isLater(record.sent, news.sent, clock.now()));
      const life = isNews ? { lifeMs: record.lifeMs, ...news } : {};
      const more = change.more === undefined ? {} : { more: keptAfter(record.more, change.more) };
      await this.update(record.id, { ...life, ...change, ...more }, written);
    }
  }

  /**
   * Notes that a gateway knows a token no more, unless its value was replaced meanwhile.
   * @param asked when the refused call began; news from a later call is not overwritten
   */
  async markDead(token: TokenRecord, asked = this.deps.clock.now()): Promise<void> {
    await this.applyLife(token, { sent: asked, leftMs: 0, source: token.source }, {}, 'now');
  }

  /**
   * Counts lives from now on where wall clock and uptime have diverged since, or the machine was restarted: a second jump
   * or restart would make the past time unknown. Entries of other machines are left to them.
   */
  anchor(): void {
    const { clock, table } = this.deps;
    const now = clock.now();
    for (const held of [...table.all()]) {
      const record = table.stored(held.id);
      if (record !== undefined && isOwn(record.sent, now) && !runTogether(record.sent, now)) {
        const leftMs = Math.max(remaining(record, now), 0);
        // A user token kept alive by its sessions must stay older than news of those.
        const isKept = leftMs === 0 && mayLive(held, now);
        void this.update(held.id, isKept ? { leftMs } : { sent: now, leftMs }, 'soon');
      }
    }
  }

  /** Forgets a token, here and in the store. */
  async remove(id: string): Promise<void> {
    this.#markRemoved(id);
    await this.#inTurn(id, async () => {
      this.#stored.delete(id);
      await this.deps.store.delete(id);
    });
  }

  /**
   * Forgets a token that has ended, and whatever else is held of the same value: two windows that replaced it at once
   * have each kept it for closing. What has another value by now, here or in another window, has not ended; nor has what
   * another window keeps of a user token, to close with it what it was opening meanwhile.
   */
  async removeEnded(record: TokenRecord): Promise<void> {
    const { connection, id: first, value } = record;
    if (isClosable(record)) {
      this.#unheard.ended(value);
    }
    const closable = this.deps.table.of(connection).filter(isClosable);
    const same = closable.filter((other) => other.value === value);
    await Promise.all(
      [...new Set([first, ...same.map(({ id }) => id)])].map((id) => this.#removeValue(id, value)),
    );
    this.deps.redactor.delete(value);
  }

  /** Writes at once what was to be written soon. */
  async flush(): Promise<void> {
    const { scheduler, table } = this.deps;
    for (const { id } of table.all()) {
      if (scheduler.has(writeKey(id))) {
        void this.#write(id);
      }
    }
    await this.#turns.idle();
  }

  #write(id: string): Promise<void> {
    const { scheduler } = this.deps;
    scheduler.cancel(writeKey(id));
    return this.#inTurn(id, async () => {
      try {
        await this.#writeNow(id);
      } catch (error) {
        if (this.deps.table.stored(id) !== undefined) {
          scheduler.after(writeKey(id), retryMs, () => void this.#write(id));
        }
        throw error;
      }
    });
  }

  /** @param greets whether other machines are asked or answered even if there is nothing new to write */
  async #writeNow(id: string, greets = false): Promise<void> {
    const { clock, scheduler, store, table } = this.deps;
    // Another window may have written since; what it knows must not be lost.
    if ((await this.#read(id)) !== undefined) {
      return; // There is something under this id that is not ours to write over.
    }
    const record = table.stored(id);
    if (record === undefined || (serialize(record) === this.#stored.get(id)?.text && !greets)) {
      return;
    }
    const stamp = clock.stamp(id);
    const json = serialize(record, stamp);
    scheduler.cancel(writeKey(id)); // Merging what was read may have planned this same write.
    await store.write(id, json);
    this.#stored.set(id, { json, text: serialize(record) });
    this.#unheard.written(id);
    this.#inTrouble = false;
    if (elapsed(stamp.written, clock.now()) > syncDelayMs) {
      await pause(clock, syncDelayMs); // The machine slept meanwhile: a window that was overwritten writes again.
      await this.#read(id);
    }
  }

  /**
   * Takes over what the store has under an id; says what is wrong with it if it cannot be read.
   * @param isNews whether what this window does not know yet was written just now
   */
  async #read(id: string, isNews = true): Promise<string | undefined> {
    const { clock, store, table } = this.deps;
    const json = await store.read(id);
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
    const { value: record, stamp } = parsed;
    // A later value that is held here is good, whatever was removed before.
    const isOld = record.valueVersion < (table.stored(id)?.valueVersion ?? 0);
    if (!isOld && this.#unheard.isGone(record)) {
      this.#markRemoved(id, record.valueVersion);
      await store.delete(id);
      return undefined;
    }
    const text = serialize(record);
    this.#stored.set(id, { json, text });
    const { better, greets } = clock.read(id, record.sent, stamp, isNews);
    if (better !== undefined) {
      table.announceMachine(better);
    }
    this.#join(record, text);
    if (greets) {
      void this.#inTurn(id, () => this.#writeNow(id, true));
    }
    return undefined;
  }

  #markRemoved(id: string, valueVersion = 0): void {
    const { clock, table } = this.deps;
    this.#unheard.removed(id, Math.max(table.stored(id)?.valueVersion ?? 0, valueVersion));
    this.#stored.delete(id);
    this.deps.scheduler.cancel(writeKey(id));
    table.drop(id);
    for (const other of clock.lost(id) ? table.all().filter((one) => clock.ask(one.id, one.sent)) : []) {
      void this.#inTurn(other.id, () => this.#writeNow(other.id, true)); // Asks again: nobody can answer in a deleted entry.
    }
  }

  /** Forgets what is held of a value under an id, unless that has another value by now. */
  async #removeValue(id: string, value: string): Promise<void> {
    const { store, table } = this.deps;
    await this.#inTurn(id, async () => {
      await this.#read(id).catch((error: unknown) => this.#report(error));
      if (table.stored(id)?.value === value) {
        this.#markRemoved(id);
        await store.delete(id);
      }
    });
  }

  /** Keeps one of several entries of a value, in all windows the same: each may have made one of what was replaced. */
  async #keepOnce({ connection, value }: TokenRecord): Promise<void> {
    const { table } = this.deps;
    const held = table.of(connection).filter(isClosable);
    const same = held.filter((one) => one.value === value && !one.closing);
    const [stays = '', ...others] = Array.from(same, ({ id }) => id).sort();
    if (others.length > 0) {
      await this.readAgain(stays); // If it has another value by now, the others alone hold this one.
    }
    if (table.stored(stays)?.value === value) {
      await Promise.all(others.map((id) => this.#removeValue(id, value)));
    }
  }

  #removedElsewhere(id: string): void {
    if (!this.#stored.has(id)) {
      return; // It has not been written yet.
    }
    const { newId, table } = this.deps;
    const mine = table.stored(id);
    const isUnheard = this.#unheard.lost(id);
    this.#markRemoved(id);
    if (mine?.level === 'user') {
      this.#replaced.fire(mine);
    }
    if (mine !== undefined && isClosable(mine) && isUnheard) {
      // That window has closed the value before, and did not know of this one, which is still to be closed.
      void this.put({ ...mine, id: newId(), closing: true });
    }
  }

  /** Merges what another window has written, and its text, with what is known here. */
  #join(theirs: TokenRecord, theirText: string): void {
    const { id } = theirs;
    const { newId, scheduler, table } = this.deps;
    const mine = table.stored(id);
    if (mine === undefined) {
      table.put(theirs);
      // Only when all windows know which of several new values an entry keeps.
      scheduler.after(`once/${id}`, syncDelayMs, () => void this.#keepOnce(theirs));
      return;
    }
    const both = merge(mine, theirs);
    const text = serialize(both);
    if (text !== serialize(mine)) {
      table.put(both);
      if (mine.level === 'user' && both.value !== mine.value) {
        this.#replaced.fire(mine);
      }
    }
    if (text !== theirText) {
      // That window has overwritten something that it did not know of.
      scheduler.after(writeKey(id), writeDelayMs, () => void this.#write(id));
    }
    const isMineLost = both.value !== mine.value;
    const lost = isMineLost ? mine : theirs;
    const isUnheard = isMineLost && this.#unheard.lost(id);
    this.#unheard.read(id, both.value === theirs.value);
    if (both.value !== lost.value && isClosable(lost)) {
      if (mine.valueVersion === theirs.valueVersion) {
        // Two windows replaced the same value at once: both new ones are open, so both stay listed, even if a window dies.
        void this.put({ ...lost, id: newId() });
      } else if (isUnheard && both.signInId !== mine.signInId) {
        // Another window has replaced the value before, and did not know of this one, which is still to be closed.
        void this.put({ ...lost, id: newId(), closing: true });
      }
    }
  }

  #onRemoteChange(id: string): void {
    void this.#inTurn(id, () => this.#read(id)).then((problem) => {
      if (problem !== undefined) {
        this.deps.log.warn(`Token entry ${id} ${problem}; it is left alone.`);
      }
    });
  }

  /** The result of a step; undefined where the store fails, which is reported. */
  #inTurn<T>(id: string, step: () => Promise<T>): Promise<T | undefined> {
    return this.#turns.run(id, () => step().catch((error: unknown) => this.#report(error)));
  }

  #report(error: unknown): undefined {
    this.deps.log.error(`The secret storage failed: ${String(error)}`);
    if (!this.#inTrouble) {
      this.#inTrouble = true;
      this.#trouble.fire(storageTrouble());
    }
  }
}

function writeKey(id: string): string {
  return `write/${id}`;
}
