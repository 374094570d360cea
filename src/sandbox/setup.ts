import type { State } from './state.ts';
import type { View } from './views/view.ts';

/** A release of the CRA gateway (docs/protocols.md 2). The newest one answers the classic calls as well. */
export const profiles = ['classic', 'cmi', 'newest'] as const;
export type Profile = (typeof profiles)[number];

/** What every handler is given: the gateway's settings, its memory and its clocks. */
export interface Setup {
  readonly state: State;
  readonly lifeMs: number;
  readonly maxSessions: number;
  readonly services: readonly string[];
  readonly profile: Profile;
  readonly basic: boolean;
  readonly sarusQuota: number;
  readonly sarusRate: number;
  readonly moreViews: readonly View[];
  /** Epoch milliseconds, moved by the same clock as the lives. */
  readonly wall: () => number;
  /** Of the listener; known once it listens. */
  readonly port: () => number;
}
