import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { TokensError } from '../../core/errors.ts';
import type { DataRequest } from '../../core/request.ts';
import type { Fetched } from '../../core/tokens/dataCalls.ts';
import { resultCommands } from './commandIds.ts';
import { type GetOptions, jsonScheme, type ResultsDeps, viewType } from './deps.ts';
import type { Results } from './results.ts';

/**
 * The door to the results: registers what VS Code must know from the start, and loads the rest when the first
 * result is wanted.
 */
export class ResultsView implements Disposable {
  readonly #deps: () => Promise<ResultsDeps>;
  readonly #owned = new DisposableStore();
  #results: Promise<Results> | undefined;

  constructor(deps: () => Promise<ResultsDeps>) {
    this.#deps = deps;
    this.#owned.add(
      vscode.window.registerWebviewPanelSerializer(viewType, {
        deserializeWebviewPanel: async (panel, state) => (await this.#load()).restore(panel, state),
      }),
    );
    void closeJsonTabs();
    for (const id of resultCommands) {
      this.#owned.add(vscode.commands.registerCommand(id, (input: unknown) => this.#run(id, input)));
    }
  }

  /**
   * Gets data, and shows them if asked to: the tab opens with the first rows, which may be long before the last
   * ones. A failure before any row is only thrown, and nothing is shown for it. The answer is the caller's to
   * dispose of; a tab has its own share of the rows.
   */
  async get(request: DataRequest, options: GetOptions): Promise<Fetched> {
    return (await this.#load()).get(request, options);
  }

  /** The request of the result that has the focus. */
  async activeRequest(): Promise<DataRequest | undefined> {
    return (await this.#results)?.active?.request;
  }

  dispose(): void {
    this.#owned.dispose();
    void this.#results?.then((results) => results.dispose());
  }

  async #load(): Promise<Results> {
    this.#results ??= Promise.all([import('./results.ts'), this.#deps()]).then(
      ([{ Results }, deps]) => new Results(deps),
    );
    return this.#results;
  }

  /** A person is told what went wrong; a program, which gives arguments of its own, gets the error. */
  async #run(id: (typeof resultCommands)[number], input: unknown): Promise<unknown> {
    const args = typeof input === 'object' && input !== null ? (input as Record<string, unknown>) : {};
    const isMenu = 'webview' in args || 'webviewSection' in args || input instanceof vscode.Uri;
    const byPerson = isMenu || Object.keys(args).length === 0;
    try {
      return await (await this.#load()).command(id, args);
    } catch (error) {
      if (TokensError.is(error) && error.code === 'E_CANCELLED') {
        return undefined;
      }
      if (!byPerson) {
        throw error;
      }
      (await this.#deps()).report(error);
      return undefined;
    }
  }
}

/** Closes what is open as JSON from before a reload: its text has gone with the window, and only an error would be shown. */
async function closeJsonTabs(): Promise<void> {
  const { tabGroups } = vscode.window;
  const left = tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.scheme === jsonScheme);
  if (left.length > 0) {
    await tabGroups.close(left, true).then(undefined, () => undefined); // Its person was faster.
  }
}
