import type * as vscode from 'vscode';
import type { Consents } from '../connections/consents.ts';
import type { Options } from '../connections/options.ts';
import type { ConnectionSettings } from '../connections/settings.ts';
import type { Connection } from '../core/connection.ts';
import type { Log } from '../core/log.ts';
import type { Gateway } from '../core/protocols/gateway.ts';
import type { DataRequest } from '../core/request.ts';
import type { Fetched } from '../core/tokens/dataCalls.ts';
import type { Keeper } from '../core/tokens/keeper.ts';
import type { Scheduler } from '../core/tokens/scheduler.ts';
import type { OperationOptions } from '../core/tokens/signIns.ts';
import type { CredentialStore } from '../core/tokens/store.ts';
import type { Sandbox } from '../sandbox/gateway.ts';

/** What commands are built from. */
export interface Parts {
  /** The tokens held from earlier have been found. */
  readonly ready: Promise<void>;
  readonly keeper: Keeper;
  readonly connections: ConnectionSettings;
  readonly credentials: CredentialStore;
  readonly consents: Consents;
  readonly connect: (connection: Connection) => Promise<Gateway>;
  readonly options: Options;
  readonly scheduler: Scheduler;
  readonly results: Results;
  readonly state: vscode.Memento;
  readonly sandbox: SandboxSlot;
  /** Whether there is a secret in a text. */
  readonly hasSecret: (text: string) => boolean;
  readonly log: Log;
  readonly output: vscode.LogOutputChannel;
  readonly refreshTree: () => void;
  /** The connection whose row is selected in the tree. */
  readonly selectedConnection: () => string | undefined;
  /** Puts the focus on a connection's row, where the tree is seen. */
  readonly focusConnection: (name: string) => void;
  /** Says that there is a request more among those made last. */
  readonly remembered: () => void;
}

/** Where answers are read, and shown. */
export interface Results {
  /** Gets data; shows them, from their first rows on, where that is wanted. The answer's rows are the caller's. */
  get(request: DataRequest, options: OperationOptions & { readonly show: boolean }): Promise<Fetched>;
}

/** The sandbox gateway of this window, if it runs. */
export interface SandboxSlot {
  readonly running: Sandbox | undefined;
  start(options: { port?: number | undefined; lifeSeconds?: number | undefined }): Promise<Sandbox>;
  stop(): Promise<void>;
}

/** How a command was called. */
export interface Call {
  /** The members of the one optional argument object. */
  readonly args: Readonly<Record<string, unknown>>;
  /** By a person, at the palette, a row or a key: they are shown what comes of it. */
  readonly interactive: boolean;
}

/** Does what one command is for. Resolves to plain JSON; rejects with a `TokensError`. */
export type Handler = (parts: Parts, call: Call) => Promise<unknown>;
