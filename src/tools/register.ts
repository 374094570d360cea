import * as vscode from 'vscode';
import type { ToolName, ToolServices } from './tools.ts';

/**
 * Offers the tools where the editor has language models; what they do is loaded when one is first called.
 * @param declared the tools in package.json
 */
export function registerTools(
  declared: readonly { readonly name: ToolName }[],
  load: () => Promise<ToolServices>,
): vscode.Disposable {
  if (typeof vscode.lm?.registerTool !== 'function') {
    return new vscode.Disposable(() => undefined);
  }
  return vscode.Disposable.from(
    ...declared.map(({ name }) =>
      vscode.lm.registerTool<Record<string, unknown>>(name, {
        prepareInvocation: async ({ input }) =>
          (await import('./tools.ts')).tools[name].prepare(await load(), input),
        invoke: async (options) => (await import('./tools.ts')).invoke(name, await load(), options),
      }),
    ),
  );
}
