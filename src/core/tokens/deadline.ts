import type { Instant } from '../clock.ts';
import type { TokenState } from './token.ts';

/** What is known of a token's end: the life it had left at the moment a request was sent, in milliseconds. */
export interface Deadline {
  readonly sent: Instant;
  readonly leftMs: number;
}

/** The two clocks differ by this much in every honest minute; more is a jump of the wall clock. In milliseconds. */
const jumpMs = 2_000;

/** What two processes' readings of a coarse uptime may differ by, in milliseconds. */
const uptimeGrainMs = 1_000;

/**
 * Milliseconds that have passed since an instant, never too few: where the clocks disagree the one that cannot
 * be set is believed, and where that one started anew with the machine, the wall clock is; `Infinity` where
 * neither can tell.
 */
export function elapsed(since: Instant, now: Instant): number {
  const byUp = now.up - since.up;
  const byWall = now.wall - since.wall;
  const known = since.boot !== '' && now.boot !== '';
  if (known ? since.boot !== now.boot : byUp < 0) {
    // The machine has been started since: at least so long ago as it runs now. A wall clock that says less is wrong.
    return byWall >= now.up - jumpMs ? Math.max(byWall, 0) : Number.POSITIVE_INFINITY;
  }
  if (Math.abs(byUp - byWall) <= jumpMs) {
    // The wall clock is read in whole milliseconds: that much alone must not make a deadline tremble.
    return Math.max(byWall, byUp - 1, 0);
  }
  return known ? Math.max(byUp + uptimeGrainMs, 0) : Math.max(byUp, byWall);
}

/** Whether both clocks have gone at one pace since an instant, on one start of the machine. */
export function runTogether(since: Instant, now: Instant): boolean {
  return since.boot === now.boot && Math.abs(now.up - since.up - (now.wall - since.wall)) <= jumpMs;
}

/** Milliseconds of life left, negative after the end. */
export function remaining(deadline: Deadline, now: Instant): number {
  return deadline.leftMs - elapsed(deadline.sent, now);
}

/** Whether `a` was later than `b`, as far as this machine's clocks can tell. */
export function isLater(a: Instant, b: Instant): boolean {
  return a.boot === b.boot && a.boot !== '' ? a.up > b.up : a.wall > b.wall;
}

/** @param warnMs the life left from which a token counts as expiring, in milliseconds. */
export function stateOf(remainingMs: number, warnMs: number): TokenState {
  if (remainingMs <= 0) {
    return 'expired';
  }
  return remainingMs < warnMs ? 'expiring' : 'live';
}

/** Of the life, at most; so that renewals stay near the least number possible. */
const marginShare = 0.12;
/** Enough for any life, in milliseconds. */
const longestMarginMs = 60_000;
/** Part of the margin over which many tokens' renewals are spread. */
const spreadShare = 0.4;

/**
 * How long before its end a token is renewed, in milliseconds: a share of its life, more when the gateway is
 * slow to answer, and spread so that tokens of one age do not fire together.
 * @param roundTripMs what renewals took lately
 * @param spread 0 to 1, constant for a token
 */
export function renewalMargin(lifeMs: number, roundTripMs: number, spread: number): number {
  const base = Math.min(lifeMs * marginShare, longestMarginMs);
  return Math.min(base * (1 + spreadShare * spread) + 4 * roundTripMs, lifeMs / 2);
}
