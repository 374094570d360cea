import type { Clock, Instant } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { answeredMs, syncDelayMs } from './store.ts';
import type { TokenState } from './token.ts';

/** What is known of a token's end: the life it had left at the moment a request was sent, in milliseconds. */
export interface Deadline {
  readonly sent: Instant;
  readonly leftMs: number;
}

/** What is to be added to another machine's clocks to have our uptime, in milliseconds: our wall clock can be set. */
interface Offset {
  readonly up: number;
  readonly wall: number;
  /** The other machine's uptime in the entry that told it. */
  readonly theirUp: number;
  /** Whether it is exact but for the delay of the entry that told it; otherwise the true offset is this or less. */
  readonly isHeard: boolean;
}

/** What an entry says of its writing: when that was, and whether its writer asks other machines for their clocks. */
export interface Stamp {
  readonly written?: Instant | undefined;
  readonly asks?: boolean | undefined;
}

/** What was known of other machines' clocks, by {@link startOf} them, when an instant was read from the clock. */
const learned = new WeakMap<Instant, ReadonlyMap<string, Offset>>();

/** Wall clock and uptime may drift apart by this much; more is a jump of the wall clock. In milliseconds. */
const jumpMs = 2_000;

/** How far two processes' readings of a coarse uptime may differ, in milliseconds. */
const uptimeGrainMs = 1_000;

/**
 * Milliseconds that have passed since an instant, never too few: where wall clock and uptime disagree the uptime counts,
 * because nobody can set it, and after a restart the wall clock; `Infinity` where neither can tell. For an instant of
 * another machine it is a guess by the wall clocks, which may differ, until that machine's clocks are known ({@link
 * isKnown}).
 */
export function elapsed(since: Instant, now: Instant): number {
  const byUp = now.up - since.up;
  const byWall = now.wall - since.wall;
  if (!isOwn(since, now)) {
    const min = sinceHeard(since, now);
    // Negative without a boot id: noted before that machine was restarted.
    const isGuessed = !isKnown(since, now) || min < -syncDelayMs;
    return isGuessed ? Math.max(byWall, min, 0) : Math.max(min, 0) + syncDelayMs;
  }
  const known = since.boot !== '' && now.boot !== '';
  if (known ? since.boot !== now.boot : byUp < 0) {
    // The machine has been started since: at least so long ago as it runs now. A wall clock that says less is wrong.
    return byWall >= now.up - jumpMs ? Math.max(byWall, 0) : Number.POSITIVE_INFINITY;
  }
  if (Math.abs(byUp - byWall) <= jumpMs) {
    // The wall clock is read in whole milliseconds: that alone must not shift a deadline.
    return Math.max(byWall, byUp - 1, 0);
  }
  return known ? Math.max(byUp + uptimeGrainMs, 0) : Math.max(byUp, byWall);
}

/** The least time since another machine's instant, in milliseconds: this machine has known of it for so long. */
function sinceHeard(since: Instant, now: Instant): number {
  return now.up - since.up - (learned.get(now)?.get(startOf(since))?.up ?? Number.POSITIVE_INFINITY);
}

/** Whether an instant was noted on this machine, be it before its last start; or may have been, by version 0.1. */
export function isOwn({ boot, machine }: Instant, now: Instant): boolean {
  if (boot === now.boot && (boot !== '' || machine === undefined)) {
    return true; // Containers of one machine differ in its id alone: they have one clock.
  }
  return machine !== undefined && machine === now.machine;
}

/** Whether {@link elapsed} is more than a guess. */
function isKnown(since: Instant, now: Instant): boolean {
  return isOwn(since, now) || learned.get(now)?.get(startOf(since))?.isHeard === true;
}

/** Whether nobody here can know what is left of a life: its gateway does. */
export function isGuess({ leftMs, sent }: Deadline, now: Instant): boolean {
  return leftMs > 0 && !isKnown(sent, now);
}

/** Whether a token is worth trying. */
export function mayLive(deadline: Deadline, now: Instant): boolean {
  return remaining(deadline, now) > 0 || isGuess(deadline, now);
}

/** Whether an instant was noted in this container of this machine: those of one machine share its clock, but no claims. */
export function isFromHere(then: Instant, now: Instant): boolean {
  return isOwn(then, now) && (then.machine ?? now.machine) === now.machine;
}

/** Identifies one start of one machine; empty where nothing does. */
export function startOf({ boot, machine = '' }: Instant): string {
  return boot === '' ? machine : boot;
}

/** This machine's clock, and what has been learned of those of other machines. */
export class LearningClock implements Clock {
  readonly #own: Clock;
  readonly #others = new Map<string, Offset>();
  /** Starts of other machines, in which entry they are asked for their clocks, and until when, by our `up`. */
  readonly #asking = new Map<string, { readonly entry: string; readonly until: number }>();

  constructor(own: Clock) {
    this.#own = own;
  }

  now(): Instant {
    const now = this.#own.now();
    if (this.#others.size > 0) {
      learned.set(now, this.#others);
    }
    return now;
  }

  setTimeout(callback: () => void, ms: number): Disposable {
    return this.#own.setTimeout(callback, ms);
  }

  /** The stamp for an entry that is written now. */
  stamp(entry: string): Stamp & { readonly written: Instant } {
    const written = this.now();
    // A machine that was asked in this entry and has not answered may be asleep: the question stays.
    const asks = [...this.#asking.values()].some(
      (asked) => asked.until > written.up || (asked.entry === entry && asked.until > 0),
    );
    return asks ? { written, asks } : { written };
  }

  /**
   * Learns from an entry that was read.
   * @param noted an instant in it
   * @param isNews whether it was written `syncDelayMs` ago at most
   * @returns the start of the machine whose clocks are known better by now; and whether to write the entry once more, which
   * asks another machine for its clocks, or answers it
   */
  read(
    entry: string,
    noted: Instant,
    { written, asks = false }: Stamp,
    isNews: boolean,
  ): { better: string | undefined; greets: boolean } {
    this.#learn(noted, false, entry);
    const isBetter = written !== undefined && this.#learn(written, isNews, entry);
    const isFromElsewhere = written !== undefined && !isOwn(written, this.#own.now());
    // Another window of this machine may have written over the question.
    const isDue = isFromElsewhere ? asks : !asks && this.#askedIn(entry).length > 0;
    return {
      better: isBetter ? startOf(written) : undefined,
      greets: this.ask(entry, noted, written) || isDue,
    };
  }

  /**
   * Asks machines for their clocks that are unknown here, or seem to have changed: an entry alone may have been long under
   * way. True if there is any: then `entry` is to be written with the question.
   * @param noted instants of which some may be theirs
   */
  ask(entry: string, ...noted: (Instant | undefined)[]): boolean {
    const now = this.#own.now();
    const strange = noted.flatMap((one) =>
      one === undefined || isOwn(one, now) || startOf(one) === '' || this.#asking.has(startOf(one))
        ? []
        : [startOf(one)],
    );
    for (const start of strange) {
      this.#asking.set(start, { entry, until: now.up + answeredMs });
    }
    return strange.length > 0;
  }

  /** An entry is gone. True if a question is with it that was not answered: it may be asked again, in another one. */
  lost(entry: string): boolean {
    return this.#askedIn(entry).filter((start) => this.#asking.delete(start)).length > 0;
  }

  /** Learns from what was written or noted then. True if that changes what is known of those clocks. */
  #learn(written: Instant, isNews: boolean, entry: string): boolean {
    const isChanged = this.#hear(written, isNews);
    if (isChanged) {
      this.#asking.delete(startOf(written));
    }
    if (isNews && !isOwn(written, this.#own.now())) {
      for (const start of this.#askedIn(entry)) {
        this.#asking.set(start, { entry, until: 0 }); // Answered. What is in other entries may be older than the question.
      }
    }
    return isChanged;
  }

  #askedIn(entry: string): string[] {
    const asked = [...this.#asking].filter(([, one]) => one.entry === entry && one.until > 0);
    return asked.map(([start]) => start);
  }

  #hear(written: Instant, isNews: boolean): boolean {
    const now = this.#own.now();
    const start = startOf(written);
    if (start === '' || isOwn(written, now)) {
      return false;
    }
    const known = this.#others.get(start);
    const theirUp = written.up;
    const offset = { up: now.up - theirUp, wall: now.up - written.wall, theirUp, isHeard: isNews };
    const lateMs = offset.up - (known?.up ?? Number.POSITIVE_INFINITY);
    if (known !== undefined && !isNews) {
      if (!known.isHeard && lateMs < 0) {
        this.#others.set(start, offset);
      }
      return false;
    }
    if (known?.isHeard && lateMs > 0) {
      const isWallAsBefore = Math.abs(offset.wall - known.wall) <= syncDelayMs;
      if (lateMs <= syncDelayMs) {
        // It was longer under way than an earlier one: by this offset deadlines would be too late.
        this.#others.set(start, { ...offset, up: known.up, ...(isWallAsBefore ? { wall: known.wall } : {}) });
        return false;
      }
      // Either its uptime stood still or was reset while its wall clock went on, or this entry took long to arrive.
      const isAnew = written.boot === '' && theirUp < known.theirUp - syncDelayMs;
      if (!isAnew && !isWallAsBefore) {
        return false;
      }
    }
    this.#others.set(start, offset);
    return !known?.isHeard || Math.abs(lateMs) > syncDelayMs;
  }
}

/** Whether both clocks have gone at one pace since an instant, on one start of the machine. */
export function runTogether(since: Instant, now: Instant): boolean {
  return since.boot === now.boot && Math.abs(now.up - since.up - (now.wall - since.wall)) <= jumpMs;
}

/** Milliseconds of life left, negative after the end. */
export function remaining(deadline: Deadline, now: Instant): number {
  return deadline.leftMs - elapsed(deadline.sent, now);
}

/** Whether `a` was later than `b`, as far as this machine can tell at a moment; what it cannot place was earlier. */
export function isLater(a: Instant, b: Instant, now: Instant): boolean {
  if (a.boot === b.boot && a.boot !== '') {
    return a.up > b.up;
  }
  const [sinceA, sinceB] = [a, b].map((one) => (isKnown(one, now) ? elapsed(one, now) : Infinity));
  return sinceA === sinceB || sinceA === undefined || sinceB === undefined
    ? a.wall > b.wall
    : sinceA < sinceB;
}

/** Whether `a` may have been later than `b`, for all that this machine can tell at a moment. */
export function mayBeLater(a: Instant, b: Instant, now: Instant): boolean {
  const isComparable = isKnown(a, now) || (startOf(a) === startOf(b) && startOf(a) !== '');
  return isComparable ? isLater(a, b, now) : !isKnown(b, now) || sinceHeard(a, now) < elapsed(b, now);
}

/** @param warnMs the life left from which a token counts as expiring, in milliseconds. */
export function stateOf(remainingMs: number, warnMs: number): TokenState {
  if (remainingMs <= 0) {
    return 'expired';
  }
  return remainingMs < warnMs ? 'expiring' : 'live';
}

/** The margin is at most this part of the life, so that renewals are few. */
const marginShare = 0.12;
/** The margin is at most so long, in milliseconds. */
const maxMarginMs = 60_000;
/** Part of the margin by which the renewals of many tokens differ. */
const jitterShare = 0.4;

/**
 * How long before its end a token is renewed, in milliseconds: a share of its life, more when the gateway is
 * slow to answer, with a jitter so that tokens of one age are not renewed at once.
 * @param roundTripMs what renewals took lately
 * @param jitter 0 to 1, constant for a token
 */
export function renewalMargin(lifeMs: number, roundTripMs: number, jitter: number): number {
  const base = Math.min(lifeMs * marginShare, maxMarginMs);
  return Math.min(base * (1 + jitterShare * jitter) + 4 * roundTripMs, lifeMs / 2);
}
