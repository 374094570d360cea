import type { State } from './state.ts';
import type { View } from './views/view.ts';

/** What every handler is given: the gateway's settings, its memory and its clocks. */
export interface Setup {
  readonly state: State;
  readonly lifeMs: number;
  readonly maxSessions: number;
  readonly services: readonly string[];
  readonly views: readonly View[];
  /** Epoch milliseconds, moved by the same clock as the lives. */
  readonly wall: () => number;
  /** Of the listening socket; known once it listens. */
  readonly port: () => number;
}
