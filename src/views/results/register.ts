import * as vscode from 'vscode';

export const viewType = 'sessionTokens.result';

export const jsonScheme = 'session-tokens-result';

/** Restores tabs after a reload; the results are loaded for the first of them. */
export function registerResults(load: () => Promise<vscode.WebviewPanelSerializer>): vscode.Disposable {
  void closeJsonTabs();
  return vscode.window.registerWebviewPanelSerializer(viewType, {
    deserializeWebviewPanel: async (panel, state) => (await load()).deserializeWebviewPanel(panel, state),
  });
}

/** Closes JSON documents from before a reload: their texts were only in memory, and VS Code would show errors. */
async function closeJsonTabs(): Promise<void> {
  const { tabGroups } = vscode.window;
  const left = tabGroups.all
    .flatMap(({ tabs }) => tabs)
    .filter(({ input }) => input instanceof vscode.TabInputText && input.uri.scheme === jsonScheme);
  if (left.length > 0) {
    await tabGroups.close(left, true).then(undefined, () => undefined); // The person has closed it already.
  }
}
