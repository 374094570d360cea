import { Part } from '../disposable.ts';
import { TokensError } from '../errors.ts';
import { Emitter } from '../event.ts';
import { logFault } from '../log.ts';
import { elapsed, isFromHere, isGuess, remaining, renewalMargin } from './deadline.ts';
import type { Environment } from './environment.ts';
import { lease, release } from './leases.ts';
import { isEnding, modeOf, type Session, type TokenRecord, type UserToken } from './record.ts';
import type { Renewal } from './renewal.ts';
import { answeredMs } from './store.ts';

/** What became of automatic renewal, for a person to be told once. */
export interface RenewalEnd {
  readonly id: string;
  /** `unused`: nobody has worked with it for long; `refused`: the gateway does not renew it any more. */
  readonly why: 'unused' | 'refused';
}

/** Weight of the latest round trip in the running mean. */
const latestWeight = 0.3;
/** Between two tries for a token, at least, whatever a gateway says; in milliseconds. */
const minPauseMs = 500;
/** Part of the time left that a window has for a renewal before another one tries. */
const leaseShare = 2 / 3;
/** Machines that did not get the life from the gateway themselves renew at this part of the margin, with this jitter. */
const otherMachines = { share: 0.4, jitterShare: 0.2 };

type RenewalTimesDeps = Environment & { renewal: Renewal };

/** Has tokens that are to be renewed automatically renewed in time, and as seldom as can be. */
export class RenewalTimes extends Part<RenewalTimesDeps> {
  readonly #ends = this.add(new Emitter<RenewalEnd>((error) => logFault(this.deps.log, error)));
  readonly #running = new Set<string>();
  /** Tokens whose person has been told that renewal ended, with the `lastActive` that it counted from. */
  readonly #told = new Map<string, number>();
  /** The earliest next try for a token, by the clock's `up`. */
  readonly #notBefore = new Map<string, number>();
  /** The key of this window's latest lease, by token. */
  readonly #leases = new Map<string, string>();
  #roundTripMs = 0;

  readonly onDidEnd = this.#ends.event;

  constructor(deps: RenewalTimesDeps) {
    super(deps);
    this.add(
      deps.table.onDidChange(({ id, what }) => {
        if (what === 'removed') {
          deps.scheduler.cancel(taskKey(id));
          this.#told.delete(id);
          this.#notBefore.delete(id);
          this.#releaseLease(id);
        } else {
          this.#plan(id);
        }
      }),
    );
  }

  #plan(id: string): void {
    const { clock, scheduler, table } = this.deps;
    const record = table.get(id);
    if (record === undefined || !isAuto(this.deps, record) || isEnding(record)) {
      scheduler.cancel(taskKey(id));
      return;
    }
    if (this.#running.has(id)) {
      return; // Planned when it is done.
    }
    const now = clock.now();
    const left = this.#left(record);
    if (left <= 0) {
      scheduler.cancel(taskKey(id)); // It has died: the next call signs in or opens another one.
      return;
    }
    const wait = isGuess(record, now) ? answeredMs : left - this.#margin(record);
    const due = now.up + wait;
    scheduler.set(taskKey(id), Math.max(due, this.#notBefore.get(id) ?? now.up), () => void this.#renew(id));
  }

  async #renew(id: string): Promise<void> {
    const { clock, log, table } = this.deps;
    const record = table.get(id);
    if (record === undefined || this.#running.has(id)) {
      return;
    }
    if (isPaused(this.deps, record)) {
      this.#tellUnused(record);
      return;
    }
    const left = this.#left(record);
    if (left <= 0) {
      return;
    }
    this.#holdOff(id, left / 3);
    if (record.level === 'user' && this.#sessionRenewsIt(record)) {
      this.#plan(id); // Checked again later: the session's renewal may fail.
      return;
    }
    this.#running.add(id);
    try {
      // Of several windows one renews for this deadline; if it dies or does not come back, another one does.
      if (await this.#lease(record, left * leaseShare)) {
        const begun = clock.now();
        await this.deps.renewal.renewInTime(id);
        const tookMs = elapsed(begun, clock.now());
        this.#roundTripMs = this.#roundTripMs * (1 - latestWeight) + tookMs * latestWeight;
        this.#holdOff(id, minPauseMs);
      }
    } catch (error) {
      log.warn(`Renewing ${id} failed: ${String(error)}`);
      if (error instanceof TokensError && isFinal(error)) {
        this.#ends.fire({ id, why: 'refused' });
        this.#holdOff(id, left);
      } else if (error instanceof TokensError) {
        this.#holdOff(id, Math.max(this.#left(record) / 3, error.details.retryAfterMs ?? 0));
      }
    } finally {
      this.#running.delete(id);
    }
    this.#plan(id);
  }

  /** Delays the next try to renew a token by at least so many milliseconds. */
  #holdOff(id: string, ms: number): void {
    if (this.deps.table.get(id) !== undefined) {
      this.#notBefore.set(id, this.deps.clock.now().up + Math.max(ms, minPauseMs));
    }
  }

  /** Each deadline has a lease of its own, which is kept beyond the renewal: a window may hear of that late. */
  async #lease({ id, valueVersion, sent }: TokenRecord, staleMs: number): Promise<boolean> {
    const key = `renew-${id}-${valueVersion}-${Math.round(sent.wall)}`;
    const isMine = await lease(this.deps, key, staleMs);
    if (isMine && this.#leases.get(id) !== key) {
      this.#releaseLease(id); // That of an earlier deadline: all windows know the new one by now.
      this.#leases.set(id, key);
    }
    return isMine;
  }

  #releaseLease(id: string): void {
    const key = this.#leases.get(id);
    this.#leases.delete(id);
    if (key !== undefined) {
      void release(this.deps, key);
    }
  }

  /** A live session keeps its user token alive (docs/protocols.md 2), if it is itself renewed in time. */
  #sessionRenewsIt(user: UserToken): boolean {
    const { clock, table } = this.deps;
    const now = clock.now();
    // Close to its end it is renewed itself, in case the session's renewal fails.
    const isNear = remaining(user, now) < this.#margin(user) / 3;
    const isRenewed = (session: Session) =>
      isAuto(this.deps, session) && !isPaused(this.deps, session) && remaining(session, now) > 0;
    return !isNear && table.sessionsOpenUnder(user).some(isRenewed);
  }

  /** The life left, in milliseconds; half of the full one where that is a guess: the renewal that follows soon tells it. */
  #left(record: TokenRecord): number {
    const now = this.deps.clock.now();
    return isGuess(record, now) ? record.lifeMs / 2 : remaining(record, now);
  }

  /**
   * How long before its end a token is renewed, in milliseconds. Machines, and containers of one, share no claims: the one
   * that got the life from the gateway renews first, and others if they do not know of that by half of the margin.
   */
  #margin({ id, sent, lifeMs }: TokenRecord): number {
    const now = this.deps.clock.now();
    const { share, jitterShare } = otherMachines;
    const part = isFromHere(sent, now) ? 1 : share + jitterShare * jitterOf(now.machine ?? now.boot);
    return part * renewalMargin(lifeMs, this.#roundTripMs, jitterOf(id));
  }

  #tellUnused(record: TokenRecord): void {
    if (this.#told.get(record.id) !== record.lastActive.wall) {
      this.#told.set(record.id, record.lastActive.wall);
      this.#ends.fire({ id: record.id, why: 'unused' });
    }
  }
}

/** Whether a token is `auto` but no longer renewed, because nobody has worked with it for long. */
export function isPaused(env: Environment, record: TokenRecord): boolean {
  return isAuto(env, record) && elapsed(record.lastActive, env.clock.now()) >= env.maxIdleMs();
}

function isAuto({ connections }: Environment, record: TokenRecord): boolean {
  return modeOf(record, connections.find(record.connection)) === 'auto';
}

/** A refusal that no further try will change. */
function isFinal(error: TokensError): boolean {
  return ['E_EXPIRED', 'E_CREDENTIALS', 'E_UNKNOWN_TOKEN', 'E_CONFIG'].includes(error.code);
}

function taskKey(id: string): string {
  return `renew/${id}`;
}

/** 0 to 1, the same for an id in every window and at every time. */
function jitterOf(id: string): number {
  let hash = 0;
  for (let index = 0; index < id.length; index++) {
    hash = (hash * 31 + id.charCodeAt(index)) >>> 0;
  }
  return (hash % 1000) / 1000;
}
