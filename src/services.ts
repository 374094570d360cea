import type * as vscode from 'vscode';
import type { Consents } from './connections/consents.ts';
import type { Options } from './connections/options.ts';
import type { ConnectionSettings } from './connections/settings.ts';
import type { Clock } from './core/clock.ts';
import type { Connection } from './core/connection.ts';
import type { Log } from './core/log.ts';
import type { Gateway, GatewayMemory } from './core/protocols/protocol.ts';
import type { Keeper } from './core/tokens/keeper.ts';
import type { Scheduler } from './core/tokens/scheduler.ts';
import type { CredentialStore } from './core/tokens/store.ts';

/** The services that features use: made once, in app.ts; each feature takes the members that it needs. */
export interface Services {
  readonly extensionUri: vscode.Uri;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly options: Options;
  readonly log: Log;
  readonly keeper: Keeper;
  /** Resolves when the stored tokens have been read. */
  readonly ready: Promise<void>;
  readonly connections: ConnectionSettings;
  readonly credentials: CredentialStore;
  readonly consents: Consents;
  readonly connect: (connection: Connection) => Promise<Gateway>;
  /** What clients have found out about gateways. */
  readonly memory: GatewayMemory;
  /** What is remembered for all windows, and for this workspace. */
  readonly state: vscode.Memento;
  readonly workspaceState: vscode.Memento;
  /** Whether there is a secret in a text, which then must be neither stored nor copied. */
  readonly hasSecret: (text: string) => boolean;
  /** Redacts whole secrets in data that are to be shown. */
  readonly hide: (text: string) => string;
  /** Redacts known secrets, and what looks like one, in a text that is to be stored. */
  readonly redact: (text: string) => string;
  /** Shows an error to the person, with the actions that help. */
  readonly report: (error: unknown) => void;
}
