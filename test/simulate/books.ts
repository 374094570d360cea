import type { Login } from '../../src/core/protocols/protocol.ts';
import { type Day, hearsayMs, lifeMs, maxSessions, minute, second } from './day.ts';
import type { SimWindow } from './simWindow.ts';

interface Refresh {
  readonly by: SimWindow;
  readonly boot: string;
  at: number;
  outcome: 'waiting' | 'granted' | 'failed';
}

/** A life that an answer has told: until when it is, by the request's sending. */
interface ToldLife {
  readonly sentAt: number;
  readonly until: number;
  readonly at: number;
  readonly by: SimWindow;
  /** When the last machine was awake again before that. */
  readonly awakeAt: number;
}

/** An attempt to close a token, and when it has failed: until then its window may have heard that the token lives. */
interface Attempt {
  readonly by: SimWindow;
  failedAt: number;
  /** When the last machine was awake again; before that, news may have waited. */
  awakeAt: number;
}

/** Records what has happened to tokens and logins, and reports at once what must not happen. */
export class Books {
  readonly #day: Day;
  /** Values that have been in the store. */
  readonly #stored = new Set<string>();
  /** Values that a window has got by signing in or renewing. */
  readonly #granted = new Map<string, { readonly at: number; readonly by: SimWindow }>();
  /** When each entry of the store was written last. */
  readonly writtenAt = new Map<string, number>();
  /** When any of them was. */
  lastWrittenAt = 0;
  /** When a gateway answered last. */
  answeredAt = 0;
  /** The windows that were at work on each start of a machine. */
  readonly #seen = new Map<string, Set<SimWindow>>();
  /** Sessions that turned up when their askers had given up: they are closed as soon as they are known. */
  readonly #unwanted = new Set<string>();
  /** Tokens whose closing was confirmed, with the time, and the window that knows it. */
  readonly #closed = new Map<string, { readonly at: number; readonly by: SimWindow }>();
  /** The last automatic renewal of each token: a life counts from its sending, and is known with its answer. */
  readonly #renewed = new Map<
    string,
    { readonly sentAt: number; readonly at: number; readonly by: SimWindow; readonly boot: string }
  >();
  /** Logins that a window has heard a refusal of. */
  readonly #refused = new Map<string, { readonly at: number; readonly by: SimWindow }>();
  /** How the last use of each refresh token has ended, as far as its window has heard. */
  readonly #refreshes = new Map<string, Refresh>();
  /** The attempts to close each token. */
  readonly #attempts = new Map<string, Attempt[]>();
  /** What answers have told of the life of each token. */
  readonly #lives = new Map<string, ToldLife[]>();
  /** When the last request about each token was sent that was answered as if it were dead. */
  readonly #calledDead = new Map<string, number>();
  #overBudgetSince = Number.POSITIVE_INFINITY;

  constructor(day: Day) {
    this.#day = day;
  }

  /** An entry of the store was written. */
  written(id: string, json: string): void {
    this.lastWrittenAt = this.#day.time.now;
    this.writtenAt.set(id, this.lastWrittenAt);
    const value = /"value":"([^"]+)"/.exec(json)?.[1];
    if (value !== undefined) {
      if (!this.#stored.has(value) && json.includes('"closing":true')) {
        this.#unwanted.add(value);
      }
      this.#stored.add(value);
      this.#checkBudget();
    }
  }

  granted(value: string, by: SimWindow): void {
    this.#granted.set(value, { at: this.#day.time.now, by });
  }

  /**
   * Whether a value could be kept: the window that got it has had the time to store it, and, once it was stored, to
   * hear of another one that had written over it unheard. Storage writes whatever is there by now, and only who knows better
   * can write it once more.
   */
  #isOurs(value: string): boolean {
    const granted = this.#granted.get(value);
    const isStored = this.#stored.has(value);
    if (granted === undefined || isStored) {
      return granted === undefined ? isStored : granted.by.diedAt - granted.at > hearsayMs;
    }
    // The storage answers while its machine is awake.
    return granted.by.diedAt - Math.max(granted.at, this.#day.lastAwake) > second;
  }

  /** A window tries to close a token. */
  async closes(token: string, by: SimWindow, call: Promise<void>): Promise<void> {
    const attempt: Attempt = { by, failedAt: Number.POSITIVE_INFINITY, awakeAt: 0 };
    this.#attempts.set(token, [...(this.#attempts.get(token) ?? []), attempt]);
    await call.catch((error: unknown) => {
      Object.assign(attempt, { failedAt: this.#day.time.now, awakeAt: this.#day.lastAwake });
      throw error;
    });
  }

  /** An answer has told a token's life. */
  lives(token: string, sentAt: number, leftMs: number, by: SimWindow): void {
    const { lastAwake, time } = this.#day;
    const told = { sentAt, until: sentAt + leftMs, at: time.now, by, awakeAt: lastAwake };
    this.#lives.set(token, [...(this.#lives.get(token) ?? []), told]);
  }

  /** An answer has called a token dead, be that true or not. */
  callsDead(token: string, sentAt: number): void {
    this.#calledDead.set(token, Math.max(sentAt, this.#calledDead.get(token) ?? sentAt));
  }

  /**
   * Whether nobody may lose an open token any more. What was called dead, or has run out by all that was told of it, is
   * forgotten when it is closed, though that fails. Nobody can go by what another window was told at that moment (a
   * machine that slept hears of the closing when it is awake), nor by an answer that was still under way.
   * @param user what a session is under
   */
  mayNotBeLost(token: string, user: string): boolean {
    const never = Number.NEGATIVE_INFINITY;
    const deadAt = Math.max(this.#calledDead.get(token) ?? never, this.#calledDead.get(user) ?? never);
    const attempts = this.#attempts.get(token) ?? [];
    const isUnheard = (told: ToldLife) =>
      attempts.some(
        ({ by, failedAt, awakeAt }) =>
          Math.max(told.at, awakeAt) > failedAt - (by === told.by ? 0 : hearsayMs) &&
          told.sentAt < (by === told.by ? failedAt : Math.max(failedAt, told.awakeAt) + hearsayMs),
      );
    const isAlive = (told: ToldLife) =>
      told.sentAt > deadAt &&
      told.until > this.#day.time.now &&
      told.by.diedAt - told.at > hearsayMs &&
      !isUnheard(told);
    return this.#isOurs(token) && (attempts.length === 0 || (this.#lives.get(token) ?? []).some(isAlive));
  }

  /** Notes which windows are running together. */
  see(): void {
    for (const window of this.#day.windows) {
      this.#seen.set(window.boot, (this.#seen.get(window.boot) ?? new Set()).add(window));
    }
  }

  /**
   * Whether one of another machine's windows, by its start, and a window have been at work together: how long ago that
   * machine wrote what was there when this one opened, nobody can tell it but such a window.
   */
  hasHeard(window: SimWindow, boot: string): boolean {
    const { lastAwake, time } = this.#day;
    const since = Math.max(window.openedAt, lastAwake) + hearsayMs;
    const isTogether = (one: SimWindow) =>
      Math.min(one.diedAt, time.now) > Math.max(since, one.openedAt + hearsayMs);
    return [...(this.#seen.get(boot) ?? [])].some(isTogether);
  }

  closed(token: string, by: SimWindow): void {
    this.#closed.set(token, { at: this.#day.time.now, by });
  }

  loginRefused(login: Login, by: SimWindow): void {
    const key = JSON.stringify(login);
    if (!this.#refused.has(key)) {
      this.#refused.set(key, { at: this.#day.time.now, by });
    }
  }

  /** A refused login is sent no more: accounts are locked for that. Another machine may not have heard of it yet. */
  sendsLogin(login: Login, window: SimWindow): void {
    const first = this.#refused.get(JSON.stringify(login));
    if (
      first !== undefined &&
      first.by.diedAt - first.at > second &&
      (first.by.machine === window.machine ||
        this.#day.time.now - Math.max(first.at, this.#day.lastAwake) > hearsayMs)
    ) {
      this.#day.blame(
        `${window.name} sends a login that ${first.by.name} was refused with at ${first.at} ms`,
      );
    }
  }

  /** A window is about to renew a token. Whether that is automatic. */
  renews(token: string, window: SimWindow): boolean {
    if (!window.unclosed.has(token)) {
      this.#checkOpen(token);
    }
    const since = window.renewing.get(token) ?? Number.NEGATIVE_INFINITY;
    const isAutomatic = this.#day.time.now - Math.max(since, this.#day.lastAwake) < hearsayMs && since >= 0;
    window.renewing.delete(token);
    if (isAutomatic) {
      this.#checkAgreed(token, window);
    }
    return isAutomatic;
  }

  /** It has renewed it by itself. */
  renewed(token: string, sentAt: number, by: SimWindow): void {
    this.#renewed.set(token, { sentAt, at: this.#day.time.now, by, boot: by.boot });
  }

  /** A window sends a refresh token. What has failed may be tried again: nobody knows whether it was used. */
  async refreshes<T>(token: string | undefined, by: SimWindow, call: Promise<T>): Promise<T> {
    if (token === undefined) {
      return call;
    }
    this.#checkUnused(token, by);
    const use: Refresh = { by, boot: by.boot, at: this.#day.time.now, outcome: 'waiting' };
    this.#refreshes.set(token, use);
    const end = (outcome: Refresh['outcome']) => Object.assign(use, { at: this.#day.time.now, outcome });
    call.then(
      () => end('granted'),
      () => end('failed'),
    );
    return call;
  }

  /** Of one machine no two windows send a refresh token; of two machines not when the second one has heard of the first. */
  #checkUnused(token: string, window: SimWindow): void {
    const last = this.#refreshes.get(token);
    if (last === undefined || last.outcome === 'failed' || (last.outcome === 'waiting' && !last.by.alive)) {
      return;
    }
    const isStored = last.outcome === 'granted' && last.by.diedAt - last.at > second;
    const isHeard =
      isStored &&
      this.hasHeard(window, last.boot) &&
      this.#day.time.now - Math.max(last.at, this.#day.lastAwake, window.openedAt) > hearsayMs;
    const isNear = last.by.machine === window.machine && (isStored || last.outcome === 'waiting');
    if (isNear || isHeard) {
      this.#day.blame(`${window.name} sends ${token}, and ${last.by.name} did: ${last.outcome}`);
    }
  }

  /** Whether somebody has closed a token, or has had it replaced. */
  isClosed(token: string): boolean {
    return this.#closed.has(token);
  }

  /** What was closed is not renewed, once whoever closed it has had the time to tell. */
  #checkOpen(token: string): void {
    const closed = this.#closed.get(token);
    const { lastAwake, time } = this.#day;
    if (
      closed !== undefined &&
      time.now - Math.max(closed.at, lastAwake) > hearsayMs &&
      closed.by.diedAt - closed.at > second
    ) {
      this.#day.blame(`${token} was renewed, and was closed ${Math.round(time.now - closed.at)} ms before`);
    }
  }

  /**
   * Two machines do not renew one token for the same deadline, if the second one has had the time to hear of the first.
   * By half of the life the second one may step in; it counts that from when it asked, the first one's request was
   * answered later. So it may where a question overtook the renewal, whose answer told what had been left before: which of
   * two machines asked first nobody can tell within the time that news take.
   */
  #checkAgreed(token: string, window: SimWindow): void {
    const last = this.#renewed.get(token);
    const { now } = this.#day.time;
    const isToldLess = ({ sentAt, until }: ToldLife) =>
      last !== undefined && sentAt > last.sentAt - hearsayMs && until < last.sentAt + lifeMs - hearsayMs;
    if (
      last !== undefined &&
      !(this.#lives.get(token) ?? []).some(isToldLess) &&
      last.by.machine !== window.machine &&
      this.hasHeard(window, last.boot) &&
      last.by.diedAt - last.at > second &&
      now - Math.max(last.at, this.#day.lastAwake, window.openedAt) > hearsayMs &&
      now - last.sentAt < lifeMs / 2 - hearsayMs
    ) {
      this.#day.blame(
        `${window.name} renews ${token}, and ${last.by.name} did ${Math.round(now - last.at)} ms before`,
      );
    }
  }

  /** All windows together keep the limit of sessions at every moment. */
  #checkBudget(): void {
    const { lastAwake, machines, servers, time } = this.#day;
    servers.cra?.sweep();
    const known = [...(servers.cra?.sessions.keys() ?? [])].filter(
      (value) => this.#stored.has(value) && !this.#unwanted.has(value),
    );
    // Machines hear of each other's only when they are stored.
    const graceMs = machines.length > 1 ? minute : 0;
    this.#overBudgetSince =
      known.length > maxSessions ? Math.min(this.#overBudgetSince, time.now) : Number.POSITIVE_INFINITY;
    if (known.length > maxSessions && time.now - Math.max(this.#overBudgetSince, lastAwake) >= graceMs) {
      this.#day.blame(`${known.length} sessions are open, and ${maxSessions} may be: ${known.join(', ')}`);
    }
  }
}
