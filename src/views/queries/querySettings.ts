import * as vscode from 'vscode';
import { EntryList, type Owner } from '../../connections/entryList.ts';
import { parseQuery, type SavedQuery } from '../../core/requests/queries.ts';

/** A query and where it comes from: one of a workspace is not trusted until a person has agreed to it. */
export interface StoredQuery extends SavedQuery {
  readonly from: Owner;
}

const owners = ['user', 'workspace'] as const;

/** Reads and writes `sessionTokens.queries`. */
export class QuerySettings extends EntryList<SavedQuery> {
  constructor() {
    super('queries', parseQuery);
  }

  /** All queries; of two with the same name the user's own counts. */
  all(): StoredQuery[] {
    const found = owners.flatMap((from) => this.read(from).values.map((query) => ({ ...query, from })));
    const byName = new Map(found.reverse().map((query) => [query.name, query]));
    return [...byName.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  /** The entries of the settings that cannot be used. */
  problems() {
    return owners.flatMap((from) => this.read(from).problems);
  }

  /** Opens the settings where the queries of a place are written. */
  async open(from: Owner): Promise<void> {
    await vscode.commands.executeCommand(
      from === 'user' ? 'workbench.action.openSettingsJson' : 'workbench.action.openWorkspaceSettingsFile',
      { revealSetting: { key: 'sessionTokens.queries' } },
    );
  }

  find(name: string): StoredQuery | undefined {
    return this.all().find((query) => query.name === name);
  }
}
