import * as vscode from 'vscode';
import { Turns } from '../core/async.ts';
import type { Parsed } from '../core/connection.ts';
import type { Disposable } from '../core/disposable.ts';
import { entryName, readEntries } from '../core/entries.ts';
import { type Message, TokensError } from '../core/errors.ts';
import { Emitter } from '../core/event.ts';
import { translated } from '../userError.ts';

/** Whose settings: a person's own, or those of the workspace. */
export type Owner = 'user' | 'workspace';

const section = 'sessionTokens';

/** A list of named entries in the settings. Entries that cannot be used stay as they are written. */
export class EntryList<T extends { readonly name: string }> implements Disposable {
  readonly #key: string;
  readonly #parse: (entry: unknown) => Parsed<T, Message>;
  readonly #changes = new Emitter<void>();
  readonly #listening: Disposable;
  readonly #turns = new Turns<Owner>();

  readonly onDidChange = this.#changes.event;

  constructor(key: string, parse: (entry: unknown) => Parsed<T, Message>) {
    this.#key = key;
    this.#parse = parse;
    this.#listening = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${section}.${key}`)) {
        this.#changes.fire();
      }
    });
  }

  dispose(): void {
    this.#listening.dispose();
  }

  /** The entries that can be used, and what is wrong with the others, in the person's language. */
  read(from: Owner) {
    const raw = this.#raw(from) ?? [];
    const { values, problems } = readEntries(Array.isArray(raw) ? raw : [], this.#parse);
    const noList = { entry: `${section}.${this.#key}`, reason: { template: 'must be a list' } };
    const wrong = Array.isArray(raw) ? problems : [noList];
    return {
      values,
      problems: wrong.map(({ entry, reason }) => ({ entry, reason: translated(reason), from })),
    };
  }

  /** Writes entries in the places of those of the same names, or after the others. */
  async put(written: readonly { readonly name: string }[], from: Owner = 'user'): Promise<void> {
    await this.write(from, (entries) =>
      written.reduce<readonly unknown[]>((all, entry) => {
        const at = all.findIndex((one) => entryName(one) === entry.name);
        return at < 0 ? all.concat([entry]) : all.with(at, entry);
      }, entries),
    );
  }

  async remove({ name, from = 'user' }: { readonly name: string; readonly from?: Owner }): Promise<void> {
    await this.write(from, (entries) => entries.filter((entry) => entryName(entry) !== name));
  }

  /**
   * Changes the list, after the changes before it. VS Code has told of the change when it resolves.
   * @throws `E_CONFIG` where VS Code cannot write its file, or what is written there is no list
   */
  write(from: Owner, change: (entries: readonly unknown[]) => readonly unknown[]): Promise<void> {
    const target = from === 'user' ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.Workspace;
    return this.#turns.run(from, async () => {
      const raw = this.#raw(from) ?? [];
      const cannot = new TokensError(
        'E_CONFIG',
        'The settings could not be written; open them and correct what is marked there.',
      );
      if (!Array.isArray(raw)) {
        throw cannot; // What a person has written there must not get lost.
      }
      const changed = change(raw);
      try {
        await vscode.workspace.getConfiguration(section).update(this.#key, changed, target);
      } catch {
        throw cannot;
      }
    });
  }

  /** The setting as it is written there. Without the default, which another extension may have set. */
  #raw(from: Owner): unknown {
    const inspected = vscode.workspace.getConfiguration(section).inspect(this.#key);
    return from === 'user' ? inspected?.globalValue : inspected?.workspaceValue;
  }
}
