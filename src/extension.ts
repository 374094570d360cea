import * as vscode from 'vscode';
import type { ApiVerbs, SessionTokensApi } from './api.ts';
import type { App } from './app.ts';
import { registerAuthentication } from './authentication/register.ts';
import { copyOf } from './core/json.ts';
import { registerTools } from './tools/register.ts';
import { lazyTree } from './views/lazyTree.ts';
import { registerResults } from './views/results/register.ts';

/** The part of package.json that is registered; what a command does is found when it runs. */
interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string }[];
    readonly authentication: Parameters<typeof registerAuthentication>[0];
    readonly languageModelTools: Parameters<typeof registerTools>[0];
  };
}

/** What has to be done before the window exits. */
let leave: (() => Promise<void>) | undefined;

/**
 * Registers what VS Code must know from the start, and loads what is behind it (app.ts) when it is first used: without
 * tokens and use of the extension only this file is loaded. Waits for nothing, and only reads the secret storage.
 */
export function activate(context: vscode.ExtensionContext): SessionTokensApi {
  const own = <T extends vscode.Disposable>(item: T): T => {
    context.subscriptions.push(item);
    return item;
  };
  let app: Promise<App> | undefined;
  const appLoaded = Promise.withResolvers<void>();
  const load = (): Promise<App> => {
    app ??= import('./app.ts').then(({ createApp }) => {
      const made = own(createApp(context, tree));
      own(made.onDidChangeTokens(() => tokensChanged.fire()));
      leave = made.leave;
      appLoaded.resolve();
      return made;
    });
    return app;
  };
  const holdsTokens = async (): Promise<boolean> =>
    app !== undefined || (await context.secrets.keys()).some(isTokenKey);

  const { authentication, commands, languageModelTools } = (context.extension.packageJSON as Manifest)
    .contributes;
  for (const { command } of commands) {
    own(
      vscode.commands.registerCommand(command, async (input: unknown) => (await load()).run(command, input)),
    );
  }
  const tokensChanged = own(new vscode.EventEmitter<void>());
  const tree = own(
    vscode.window.createTreeView('sessionTokens.tokens', {
      treeDataProvider: lazyTree(async () => (await load()).tree),
      showCollapseAll: true,
    }),
  );
  const queries = lazyTree(async () => (await load()).queries);
  own(vscode.window.registerTreeDataProvider('sessionTokens.queries', queries));
  own(registerResults(async () => (await load()).results()));
  const provider = async (kind: string) => (await load()).provider(kind);
  own(registerAuthentication(authentication, holdsTokens, provider, appLoaded.promise));
  own(registerTools(languageModelTools, async () => (await load()).tools));
  own(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (['connections', 'queries'].some((name) => change.affectsConfiguration(`sessionTokens.${name}`))) {
        void load(); // Loading reads the settings, and shows what is wrong in them.
      }
    }),
  );
  // Tokens from earlier, or of other windows, have to be shown and renewed.
  own(context.secrets.onDidChange(({ key }) => isTokenKey(key) && void load()));
  // Saved queries that cannot be used have to be reported. They are not read at once: whoever is the first to read a
  // setting in a window waits until VS Code has merged all settings.
  const hasQueries = (): boolean =>
    Boolean(vscode.workspace.getConfiguration('sessionTokens').get<unknown[]>('queries')?.length);
  holdsTokens().then(
    (held) => (held || hasQueries()) && void load(),
    () => void load(), // Loading shows what is wrong with the storage.
  );
  return lazyApi(tokensChanged.event, async () => (await load()).api);
}

function lazyApi(
  onDidChangeTokens: SessionTokensApi['onDidChangeTokens'],
  api: () => Promise<ApiVerbs>,
): SessionTokensApi {
  const names = ['tokens', 'signIn', 'getData', 'keepAlive', 'query', 'close', 'closeAll'] as const;
  const verbs = names.map((name: keyof ApiVerbs) => {
    const verb = async (...given: unknown[]): Promise<unknown> => {
      const args = given.map(copyOf); // Until all is loaded its program may have put something else into its objects.
      return Reflect.apply((await api())[name], undefined, args);
    };
    return [name, verb];
  });
  return Object.freeze({ apiVersion: 1, onDidChangeTokens, ...Object.fromEntries(verbs) });
}

/** Whether a key's entry needs the extension to be loaded: a token, or the relay of a terminal. */
function isTokenKey(key: string): boolean {
  return /^(?:token|relay)\//.test(key);
}

/** Closes what this window opened, if its person wants that. */
export async function deactivate(): Promise<void> {
  await leave?.();
}
