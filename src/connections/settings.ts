import * as vscode from 'vscode';
import { within } from '../core/async.ts';
import type { Clock } from '../core/clock.ts';
import type { Connection } from '../core/connection.ts';
import { type Disposable, DisposableStore } from '../core/disposable.ts';
import { entryName, readEntries } from '../core/entries.ts';
import { noConnection, TokensError } from '../core/errors.ts';
import { Emitter } from '../core/event.ts';
import { parseConnection } from '../core/protocols/kinds.ts';
import type { ConnectionSource } from '../core/tokens/gateways.ts';
import { translated } from '../userError.ts';

/** An entry of the setting that cannot be used. */
interface Problem {
  /** Its name, or its place in the list. */
  readonly entry: string;
  readonly reason: string;
}

const section = 'sessionTokens';
const key = 'connections';

/** How long a change that was written may take to be read, in milliseconds. */
const settleMs = 2_000;

/** The connections in the person's settings. Only application scope is read, so that no workspace can add one. */
export class ConnectionSettings implements ConnectionSource, Disposable {
  readonly #clock: Clock;
  readonly #owned = new DisposableStore();
  readonly #changes = this.#owned.add(new Emitter<void>());
  #connections: readonly Connection[] = [];
  #problems: readonly Problem[] = [];

  readonly onDidChange = this.#changes.event;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#read();
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${section}.${key}`)) {
          this.#read();
          this.#changes.fire();
        }
      }),
    );
  }

  all(): readonly Connection[] {
    return this.#connections;
  }

  problems(): readonly Problem[] {
    return this.#problems;
  }

  find(name: unknown): Connection | undefined {
    return this.#connections.find((connection) => connection.name === name);
  }

  /** @throws `E_CONFIG` where there is no connection of that name */
  get(name: unknown): Connection {
    const connection = this.find(name);
    if (connection === undefined) {
      throw noConnection(name);
    }
    return connection;
  }

  /**
   * Stores a connection; returns it as stored.
   * @throws `E_CONFIG` when it is not one or its name is taken
   */
  async add(input: unknown): Promise<Record<string, unknown>> {
    const connection = this.check(input);
    if (this.find(connection.name) !== undefined) {
      throw new TokensError('E_CONFIG', 'There is a connection called {0} already.', [connection.name]);
    }
    const stored = { ...(input as Record<string, unknown>), name: connection.name, url: connection.url };
    await this.#write((entries) => [...entries, stored], connection.name);
    return stored;
  }

  /** Stores connections in place of those of the same names. */
  async put(connections: readonly Record<string, unknown>[]): Promise<void> {
    const names = connections.map((connection) => connection.name);
    await this.#write(
      (entries) => [...entries.filter((entry) => !names.includes(entryName(entry))), ...connections],
      String(names[0]),
    );
  }

  /** Changes members of a stored connection. */
  async change(name: string, members: Readonly<Record<string, unknown>>): Promise<void> {
    await this.#write(
      (entries) =>
        entries.map((entry) => (entryName(entry) === name ? { ...(entry as object), ...members } : entry)),
      name,
    );
  }

  async remove(name: string): Promise<void> {
    await this.#write((entries) => entries.filter((entry) => entryName(entry) !== name), name, false);
  }

  /** @throws `E_CONFIG` that names what is wrong */
  check(input: unknown): Connection {
    const parsed = parseConnection(input);
    if (!parsed.ok) {
      throw new TokensError('E_CONFIG', 'This is not a connection: {0}.', [translated(parsed.reason)]);
    }
    return parsed.value;
  }

  dispose(): void {
    this.#owned.dispose();
  }

  #read(): void {
    const raw = stored();
    const { values, problems } = readEntries(Array.isArray(raw) ? raw : [], parseConnection);
    this.#connections = values;
    this.#problems = problems.map(({ entry, reason }) => ({ entry, reason: translated(reason) }));
    if (raw !== undefined && !Array.isArray(raw)) {
      this.#problems = [{ entry: `${section}.${key}`, reason: vscode.l10n.t('must be a list') }];
    }
  }

  async #write(
    change: (entries: readonly unknown[]) => readonly unknown[],
    name: string,
    present = true,
  ): Promise<void> {
    const isSettled = (): boolean => (this.find(name) !== undefined) === present;
    const settled = Promise.withResolvers<void>();
    const listening = this.onDidChange(() => isSettled() && settled.resolve());
    try {
      const raw = stored();
      await vscode.workspace
        .getConfiguration(section)
        .update(key, change(Array.isArray(raw) ? raw : []), vscode.ConfigurationTarget.Global)
        .then(undefined, () => {
          throw new TokensError(
            'E_CONFIG',
            'The settings could not be written; open them and mend what is marked there.',
          );
        });
      if (!isSettled()) {
        await within(this.#clock, settleMs, settled.promise);
      }
    } finally {
      listening.dispose();
    }
  }
}

function stored(): unknown {
  // No default either: another extension may have put one there.
  return vscode.workspace.getConfiguration(section).inspect(key)?.globalValue;
}
