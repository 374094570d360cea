import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { type QueriesDeps, queryCommands } from './deps.ts';
import type { Queries } from './queries.ts';
import type { Node } from './queryRows.ts';

/** The door to saved queries: registers what VS Code must know from the start, and loads the rest when it is wanted. */
export class QueriesView implements vscode.TreeDataProvider<Node>, Disposable {
  readonly #deps: () => Promise<QueriesDeps>;
  readonly #owned = new DisposableStore();
  readonly #changed = this.#owned.add(new vscode.EventEmitter<void>());
  #queries: Promise<Queries> | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  /** @param onDidChangeRecents there is another request among those made last */
  constructor(deps: () => Promise<QueriesDeps>, onDidChangeRecents: vscode.Event<void>) {
    this.#deps = deps;
    this.#owned.add(vscode.window.registerTreeDataProvider('sessionTokens.queries', this));
    this.#owned.add(onDidChangeRecents(() => this.#changed.fire()));
    this.#owned.add(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration('sessionTokens.queries')) {
          this.#changed.fire();
          void this.#tellProblems();
        }
      }),
    );
    for (const id of queryCommands) {
      this.#owned.add(
        vscode.commands.registerCommand(id, async (input: unknown) =>
          (await this.#load()).command(id, input),
        ),
      );
    }
    void this.#tellProblems();
  }

  async getChildren(node?: Node): Promise<Node[]> {
    return (await this.#load()).rows.getChildren(node);
  }

  async getTreeItem(node: Node): Promise<vscode.TreeItem> {
    return (await this.#load()).rows.getTreeItem(node);
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** Without any saved query there is nothing to load them for. */
  async #tellProblems(): Promise<void> {
    const stored = vscode.workspace.getConfiguration('sessionTokens').get<unknown>('queries');
    if (this.#queries !== undefined || (Array.isArray(stored) && stored.length > 0)) {
      await (await this.#load()).tellProblems();
    }
  }

  async #load(): Promise<Queries> {
    this.#queries ??= Promise.all([import('./queries.ts'), this.#deps()]).then(
      ([{ Queries }, deps]) => new Queries(deps),
    );
    return this.#queries;
  }
}
