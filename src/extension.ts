import * as vscode from 'vscode';
import type { SessionTokensApi } from './api.ts';
import type { App } from './app.ts';
import { registerAuthentication } from './authentication/door.ts';
import { commandIds } from './commands/ids.ts';
import { registerTools } from './tools/register.ts';
import { QueriesView } from './views/queries/queriesView.ts';
import { ResultsView } from './views/results/resultsView.ts';
import { TreeDoor } from './views/treeDoor.ts';

/** What has to be done before the window goes. */
let leave: (() => Promise<void>) | undefined;

/**
 * Registers what VS Code must know from the start, each with a door that loads the parts behind it (app.ts) when it
 * is first used: whoever has no token and does nothing with the extension pays for the doors alone. Waits for
 * nothing, and does no input or output but a look into the secret storage.
 */
export function activate(context: vscode.ExtensionContext): SessionTokensApi {
  const own = <T extends vscode.Disposable>(item: T): T => {
    context.subscriptions.push(item);
    return item;
  };
  let app: Promise<App> | undefined;
  const load = (): Promise<App> => {
    app ??= import('./app.ts').then(({ createApp }) => {
      const made = own(createApp(context, { tree: tree.view, results, remembered: () => remembered.fire() }));
      own(made.tree.onDidChangeTreeData((node) => tree.changed(node)));
      own(made.onDidChangeTokens(() => tokensChanged.fire()));
      leave = made.leave;
      return made;
    });
    return app;
  };
  const holdsTokens = async (): Promise<boolean> =>
    app !== undefined || (await context.secrets.keys()).some(isTokenKey);

  for (const id of commandIds) {
    own(vscode.commands.registerCommand(id, async (input: unknown) => (await load()).run(id, input)));
  }
  const remembered = own(new vscode.EventEmitter<void>());
  const tokensChanged = own(new vscode.EventEmitter<void>());
  const tree = own(new TreeDoor(async () => (await load()).tree));
  const results: ResultsView = own(new ResultsView(async () => (await load()).results));
  own(new QueriesView(async () => (await load()).queries, remembered.event));
  own(registerAuthentication(holdsTokens, async (kind) => (await load()).providers[kind]));
  own(registerTools(async () => (await load()).tools));
  own(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('sessionTokens.connections')) {
        void load();
      }
    }),
  );
  // Tokens held from earlier, or opened in another window, are to be shown, counted and renewed.
  own(context.secrets.onDidChange(({ key }) => isTokenKey(key) && void load()));
  holdsTokens().then(
    (held) => held && void load(),
    () => void load(), // Whoever loads them tells what is wrong with the storage.
  );
  return Object.freeze<SessionTokensApi>({
    apiVersion: 1,
    onDidChangeTokens: tokensChanged.event,
    tokens: async () => (await load()).api.tokens(),
    signIn: async (...args) => (await load()).api.signIn(...args),
    getData: async (...args) => (await load()).api.getData(...args),
    keepAlive: async (...args) => (await load()).api.keepAlive(...args),
    query: async (...args) => (await load()).api.query(...args),
    close: async (...args) => (await load()).api.close(...args),
    closeAll: async (...args) => (await load()).api.closeAll(...args),
  });
}

function isTokenKey(key: string): boolean {
  return key.startsWith('token/');
}

/** Closes what this window opened, if its person wants that. */
export async function deactivate(): Promise<void> {
  await leave?.();
}
