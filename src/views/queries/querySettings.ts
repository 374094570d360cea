import * as vscode from 'vscode';
import type { Disposable } from '../../core/disposable.ts';
import { readEntries } from '../../core/entries.ts';
import { Emitter } from '../../core/event.ts';
import { parseQuery, type SavedQuery } from '../../core/requests/queries.ts';
import { translated } from '../../userError.ts';

const section = 'sessionTokens';
const key = 'queries';

/** A query and where it comes from: one of a workspace is not trusted until a person has agreed to it. */
export interface StoredQuery extends SavedQuery {
  readonly from: 'user' | 'workspace';
}

/** An entry that is no query, or one that another hides. */
interface BadQuery {
  /** Its name, or its place in the list. */
  readonly entry: string;
  readonly reason: string;
  readonly from: StoredQuery['from'];
}

const places = ['user', 'workspace'] as const;

/** Reads and writes `sessionTokens.queries`. */
export class QuerySettings implements Disposable {
  readonly #changes = new Emitter<void>();
  readonly #listening = vscode.workspace.onDidChangeConfiguration((change) => {
    if (change.affectsConfiguration(`${section}.${key}`)) {
      this.#changes.fire();
    }
  });

  readonly onDidChange = this.#changes.event;

  dispose(): void {
    this.#listening.dispose();
  }

  /** All queries; of two with the same name the user's own counts. */
  all(): StoredQuery[] {
    const found = new Map<string, StoredQuery>();
    for (const from of places) {
      for (const query of this.#read(from).values) {
        if (!found.has(query.name)) {
          found.set(query.name, { ...query, from });
        }
      }
    }
    return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** What is in the settings and cannot be used. */
  problems(): BadQuery[] {
    return places.flatMap((from) =>
      this.#read(from).problems.map(({ entry, reason }) => ({
        entry,
        reason: translated(reason),
        from,
      })),
    );
  }

  /** Opens the settings where the queries of a place are written. */
  async open(from: StoredQuery['from']): Promise<void> {
    await vscode.commands.executeCommand(
      from === 'user' ? 'workbench.action.openSettingsJson' : 'workbench.action.openWorkspaceSettingsFile',
      { revealSetting: { key: 'sessionTokens.queries', edit: true } },
    );
  }

  find(name: string): StoredQuery | undefined {
    return this.all().find((query) => query.name === name);
  }

  /** Writes a query in the place of `before`, or after the others. */
  async put({ name, request, from }: StoredQuery, before?: string): Promise<void> {
    const entries = this.#raw(from);
    const at = entries.findIndex((entry) => savedName(entry) === before);
    const entry = { name, request };
    await this.#write(from, at < 0 ? [...entries, entry] : entries.with(at, entry));
  }

  async remove({ name, from }: StoredQuery): Promise<void> {
    await this.#write(
      from,
      this.#raw(from).filter((entry) => savedName(entry) !== name),
    );
  }

  #read(from: StoredQuery['from']) {
    return readEntries(this.#raw(from), parseQuery);
  }

  /** The setting as it is written, invalid entries included: they must survive our changes. */
  #raw(from: StoredQuery['from']): unknown[] {
    const inspected = vscode.workspace.getConfiguration(section).inspect<unknown>(key);
    const value = from === 'user' ? inspected?.globalValue : inspected?.workspaceValue;
    return Array.isArray(value) ? value : [];
  }

  async #write(from: StoredQuery['from'], entries: unknown[]): Promise<void> {
    const target = from === 'user' ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.Workspace;
    await vscode.workspace.getConfiguration(section).update(key, entries, target);
  }
}

function savedName(entry: unknown): unknown {
  const parsed = parseQuery(entry);
  return parsed.ok ? parsed.value.name : undefined;
}
