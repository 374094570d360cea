import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import { TokensError } from '../core/errors.ts';
import { resolvePath } from '../core/paths.ts';
import { incomplete } from '../core/requests/request.ts';
import type { Relays } from '../relay/relays.ts';
import type { SandboxServer } from '../sandbox/gateway.ts';
import type { Services } from '../services.ts';
import type { QuerySettings } from '../views/queries/querySettings.ts';
import type { Recents } from '../views/queries/recents.ts';
import type { ResultPanel } from '../views/results/resultPanel.ts';
import type { Results } from '../views/results/results.ts';
import type { TokenTree } from '../views/tree.ts';

/** What commands work with. */
export interface CommandServices extends Services {
  readonly tree: TokenTree;
  /** Reads and shows results; loaded when it is first used. */
  readonly results: () => Promise<Results>;
  readonly queries: QuerySettings;
  /** The requests made last. */
  readonly recents: Recents;
  /** Has the sandbox gateway that this window started last. */
  readonly sandbox: { server?: SandboxServer };
  readonly relays: Relays;
  readonly output: vscode.LogOutputChannel;
}

/** How a command was called. */
export interface Call {
  /** The members of the one optional argument object. */
  readonly args: Readonly<Record<string, unknown>>;
  /** Whether a person called it, by the palette, a row or a key: they are shown the result. */
  readonly interactive: boolean;
  /** The connection that the person chose: what helps against an error is about it. */
  chosen?: string;
}

/** Runs one command. Resolves to plain JSON; rejects with a `TokensError`. */
export type Handler = (services: CommandServices, call: Call) => Promise<unknown>;

/** Runs one command that is about a result. */
export type ResultCommand = (panel: ResultPanel, call: Call, services: CommandServices) => Promise<unknown>;

/** The handlers of commands, by the commands' ids. */
export type CommandTable = Readonly<Record<string, Handler>>;

/** An argument of a closed set; undefined where it is left out. @throws E_CONFIG */
export function oneOf<T extends string>(name: string, value: unknown, allowed: readonly T[]): T | undefined {
  const found = allowed.find((one) => one === value);
  if (found === undefined && value !== undefined) {
    throw new TokensError('E_CONFIG', '"{0}" must be one of {1}.', [name, allowed.join(' ')]);
  }
  return found;
}

type Types = { string: string; number: number; boolean: boolean };

/** An argument of a type; undefined where it is left out. @throws E_CONFIG */
export function argument<T extends keyof Types>({ args }: Call, name: string, type: T): Types[T] | undefined {
  const value = args[name];
  if (value !== undefined && typeof value !== type) {
    throw incomplete(name);
  }
  return value as Types[T] | undefined;
}

/** The file that an argument `path` names as a whole. @throws E_CONFIG */
export function fileOf(path: unknown): vscode.Uri {
  const file = typeof path === 'string' ? resolvePath(path) : '';
  if (!isAbsolute(file)) {
    throw incomplete('path');
  }
  return vscode.Uri.file(file);
}
