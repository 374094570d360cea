import type { Quirks } from './quirks.ts';
import type { State } from './state.ts';

/** What every handler is given: the gateway's settings, its memory and its clocks. */
export interface Setup {
  readonly state: State;
  readonly lifeMs: number;
  readonly maxSessions: number;
  readonly services: readonly string[];
  readonly basic: boolean;
  readonly secure: boolean;
  readonly sarusQuota: number;
  readonly quirks: Quirks;
  /** Epoch milliseconds, moved by the same clock as the lives. */
  readonly wall: () => number;
  /** Of the listener; known once it listens. */
  readonly port: () => number;
}
