import * as vscode from 'vscode';

/** The type of a result's tab. */
export const viewType = 'sessionTokens.result';

/** The scheme of results as JSON files. */
export const jsonScheme = 'session-tokens-result';

interface TabRestorer {
  restore(panel: vscode.WebviewPanel, state: unknown): void;
}

/** Has tabs of before a reload shown again; the results are loaded for the first of them. */
export function registerResults(load: () => Promise<TabRestorer>): vscode.Disposable {
  void closeJsonTabs();
  return vscode.window.registerWebviewPanelSerializer(viewType, {
    deserializeWebviewPanel: async (panel, state) => (await load()).restore(panel, state),
  });
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
