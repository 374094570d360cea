import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { createApi } from './api.ts';
import { TokenProvider } from './authentication/provider.ts';
import { report, run } from './commands/boundary.ts';
import type { CommandServices } from './commands/command.ts';
import { Consents } from './connections/consents.ts';
import { options, watchOptions } from './connections/options.ts';
import { ConnectionSettings } from './connections/settings.ts';
import { once } from './core/async.ts';
import { SystemClock } from './core/clock.ts';
import type { Connection } from './core/connection.ts';
import { type Disposable, DisposableStore } from './core/disposable.ts';
import { redactingLog } from './core/log.ts';
import { protocolOf } from './core/protocols/kinds.ts';
import type { Gateway, GatewayMemory } from './core/protocols/protocol.ts';
import { Redactor } from './core/redact.ts';
import { credentialsOf } from './core/tokens/gateways.ts';
import { Keeper } from './core/tokens/keeper.ts';
import { RateLimit } from './core/tokens/rateLimit.ts';
import { Scheduler } from './core/tokens/scheduler.ts';
import { Relays } from './relay/relays.ts';
import { CredentialVault } from './vault/credentialVault.ts';
import { FileClaims, machineIdIn } from './vault/fileClaims.ts';
import { SecretEntries } from './vault/secretEntries.ts';
import { tellContexts } from './views/contexts.ts';
import type { TreeNode } from './views/nodes.ts';
import { Notices } from './views/notices.ts';
import { QueryRows } from './views/queries/queryRows.ts';
import { QuerySettings } from './views/queries/querySettings.ts';
import { Recents } from './views/queries/recents.ts';
import { StatusBar } from './views/statusBar.ts';
import { TokenTree } from './views/tree.ts';

/** How much of the 5 s that VS Code gives a window to exit is for requests to gateways, in milliseconds. */
const exitMs = 3_500;

/** All parts, joined; made when the first of them is needed. */
export type App = ReturnType<typeof createApp>;

/** Makes the services and joins them with the views. Reads the secret storage, and does no other input or output. */
export function createApp(context: vscode.ExtensionContext, view: vscode.TreeView<TreeNode>) {
  const owned = new DisposableStore();
  const own = <T extends Disposable>(item: T): T => owned.add(item);
  const core = createCore(context, own);
  const { keeper, connections, log } = core;
  const queries = own(new QuerySettings());
  const recents = new Recents(context.globalState);
  const sandbox: CommandServices['sandbox'] = {};
  own({ dispose: () => void sandbox.server?.close() });
  const notices = own(new Notices({ ...core, queries }));
  const ready = keeper.load().then(
    (unreadable) => {
      notices.tellUnreadable(unreadable);
      for (const { id, reason } of unreadable) {
        log.warn(`Token entry ${id} ${reason}; it is left alone.`);
      }
    },
    (error: unknown) => report(log, error),
  );
  const relays = own(
    new Relays({
      ...{ ...core, ready, store: core.relayEntries },
      askSignIn: async (...about) => (await import('./commands/signIn.ts')).offerSignIn(...about),
    }),
  );
  const tree = own(new TokenTree({ ...core, ready, relays }, view));
  own(new StatusBar(core));
  own(tellContexts(keeper, connections));
  const results = once(async () => {
    const { Results } = await import('./views/results/results.ts');
    return own(new Results(services));
  });
  const services: CommandServices = { ...core, ready, tree, results, queries, recents, sandbox, relays };
  const api = createApi(services);
  notices.tellProblems();
  return {
    tree,
    queries: own(new QueryRows({ settings: queries, recents })),
    results,
    api,
    onDidChangeTokens: keeper.onDidChange,
    /** Makes the provider of a kind's tokens. */
    provider: (kind: string) =>
      own(new TokenProvider({ ...services, kind, run: (id, input) => run(services, id, input, true) })),
    tools: { api, connections, redact: services.redact },
    /** Runs a command; errors are handled at the one boundary (commands/boundary.ts). */
    run: (id: string, input: unknown) => run(services, id, input),
    /** Does what has to be done before the window exits. */
    leave: async () => {
      relays.dispose();
      core.credentials.leave();
      if (options.closeOnExit()) {
        await keeper.closeMine(exitMs);
      }
      await keeper.flush();
      await sandbox.server?.close();
    },
    dispose: () => owned.dispose(),
  };
}

/** What the views and the commands are built on. */
function createCore(context: vscode.ExtensionContext, own: <T extends Disposable>(item: T) => T) {
  const { globalState: state, workspaceState, extensionUri, secrets } = context;
  own(watchOptions());
  const storage = context.globalStorageUri.fsPath;
  const machine = machineIdIn(storage, process.platform === 'linux' ? hostname() : process.platform);
  const clock = new SystemClock(machine);
  const window = { id: `${machine}.${randomUUID()}`, boot: clock.now().boot };
  const scheduler = own(new Scheduler(clock));
  const redactor = new Redactor();
  const output = own(vscode.window.createOutputChannel('Session Tokens', { log: true }));
  const log = redactingLog(output, (text) => redactor.redact(text));
  const connections = own(new ConnectionSettings());
  const consents = new Consents(state);
  const credentials = own(new CredentialVault(secrets));
  const claims = own(new FileClaims({ folder: join(storage, 'claims'), ...window }));
  const rate = new RateLimit({ clock, scheduler, claims, log });
  const memory: GatewayMemory = {
    get: (key) => state.get(key),
    set: (key, value) => void state.update(key, value),
  };
  const connect = async (connection: Connection): Promise<Gateway> => {
    consents.check(connection);
    return protocolOf(connection).connect(connection, {
      clock,
      redactor,
      log,
      memory,
      turn: rate.turn,
      maxResponseBytes: options.maxResponseBytes,
      proxySupport: options.proxySupport,
      secrets: async () => (await credentialsOf(connection, credentials, log))?.secrets ?? {},
    });
  };
  const shared = { clock, scheduler, log, connections, credentials, claims, connect };
  const { warnMs, maxIdleMs } = options;
  const store = own(new SecretEntries(secrets, 'token/'));
  const keeper = own(new Keeper({ ...shared, store, redactor, window: window.id, warnMs, maxIdleMs }));
  own(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('sessionTokens.statusBar.warnAtSeconds')) {
        keeper.replanAll();
      }
    }),
  );
  return {
    ...shared,
    ...{ extensionUri, state, workspaceState, options, output, keeper, consents, memory },
    relayEntries: own(new SecretEntries(secrets, `relay/${machine}/`)),
    hasSecret: (text: string) => redactor.finds(text),
    hide: (text: string) => redactor.hide(text),
    redact: (text: string) => redactor.redact(text),
    report: (error: unknown) => report(log, error),
  };
}
