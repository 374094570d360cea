import type { Clock } from '../clock.ts';
import type { Connection } from '../connection.ts';
import type { Log } from '../log.ts';
import type { Gateway } from '../protocols/protocol.ts';
import type { Redactor } from '../redact.ts';
import type { LearningClock } from './deadline.ts';
import type { ConnectionSource } from './gateways.ts';
import type { Scheduler } from './scheduler.ts';
import type { Claims, CredentialStore, TokenStore } from './store.ts';

/** What a window gives to its keeper. */
export interface KeeperDeps {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly store: TokenStore;
  readonly credentials: CredentialStore;
  readonly claims: Claims;
  readonly connections: ConnectionSource;
  readonly connect: (connection: Connection) => Promise<Gateway>;
  readonly redactor: Redactor;
  readonly log: Log;
  /** This window's id. */
  readonly window: string;
  /** The life left from which a token counts as expiring (`statusBar.warnAtSeconds`), in milliseconds. */
  readonly warnMs: () => number;
  /** How long a token nobody works with is renewed automatically (`keepAlive.maxHours`), in milliseconds. */
  readonly maxIdleMs: () => number;
  /** Gives an id that nobody has had before; by default a random one. */
  readonly newId?: () => string;
}

/** The same as the keeper passes it on. */
export interface Ports extends Omit<KeeperDeps, 'clock' | 'newId'> {
  readonly clock: LearningClock;
  readonly newId: () => string;
}
