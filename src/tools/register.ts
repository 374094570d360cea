import * as vscode from 'vscode';
import type { ApiVerbs } from '../api.ts';
import type { Services } from '../services.ts';

/** What the tools are built from: what any other extension has, and nothing that knows a secret. */
export interface ToolServices extends Pick<Services, 'redact'> {
  readonly connections: Pick<Services['connections'], 'all'>;
  readonly api: ApiVerbs;
}

/** The tools that package.json offers to language models. */
const toolNames = [
  'sessionTokens_listTokens',
  'sessionTokens_getData',
  'sessionTokens_keepAlive',
  'sessionTokens_closeSession',
] as const;

export type ToolName = (typeof toolNames)[number];

/** Offers the tools where the editor has language models; what they do is loaded when one is first called. */
export function registerTools(load: () => Promise<ToolServices>): vscode.Disposable {
  if (typeof vscode.lm?.registerTool !== 'function') {
    return new vscode.Disposable(() => undefined);
  }
  return vscode.Disposable.from(
    ...toolNames.map((name) =>
      vscode.lm.registerTool<Record<string, unknown>>(name, {
        prepareInvocation: async ({ input }) =>
          (await import('./tools.ts')).prepare(name, await load(), input),
        invoke: async (options) => (await import('./tools.ts')).invoke(name, await load(), options),
      }),
    ),
  );
}
