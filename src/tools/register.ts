import * as vscode from 'vscode';
import type { ToolName, ToolServices } from './tools.ts';

const toolNames: readonly ToolName[] = [
  'sessionTokens_listTokens',
  'sessionTokens_getData',
  'sessionTokens_keepAlive',
  'sessionTokens_closeSession',
];

/** Offers the tools where the editor has language models; what they do is loaded when one is first called. */
export function registerTools(load: () => Promise<ToolServices>): vscode.Disposable {
  if (typeof vscode.lm?.registerTool !== 'function') {
    return new vscode.Disposable(() => undefined);
  }
  return vscode.Disposable.from(
    ...toolNames.map((name) =>
      vscode.lm.registerTool<Record<string, unknown>>(name, {
        prepareInvocation: async ({ input }) =>
          (await import('./tools.ts')).tools[name].prepare(await load(), input),
        invoke: async (options) => (await import('./tools.ts')).invoke(name, await load(), options),
      }),
    ),
  );
}
