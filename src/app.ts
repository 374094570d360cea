import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type ApiVerbs, createApi } from './api.ts';
import { TokenProvider } from './authentication/provider.ts';
import { callOf, report, run } from './commands/boundary.ts';
import type { CommandId } from './commands/ids.ts';
import type { Parts } from './commands/parts.ts';
import { Recents } from './commands/recents.ts';
import { Consents } from './connections/consents.ts';
import { options } from './connections/options.ts';
import { SandboxHost } from './connections/sandboxHost.ts';
import { ConnectionSettings } from './connections/settings.ts';
import { SystemClock } from './core/clock.ts';
import type { Connection, Kind } from './core/connection.ts';
import { type Disposable, DisposableStore } from './core/disposable.ts';
import type { Event } from './core/event.ts';
import { RedactingLog } from './core/log.ts';
import type { Gateway } from './core/protocols/gateway.ts';
import { Redactor } from './core/redact.ts';
import { credentialsOf } from './core/tokens/gateways.ts';
import { Keeper } from './core/tokens/keeper.ts';
import { Scheduler } from './core/tokens/scheduler.ts';
import type { ToolsDeps } from './tools/register.ts';
import { CredentialVault } from './vault/credentialVault.ts';
import { FileClaims, machineIdIn } from './vault/fileClaims.ts';
import { TokenVault } from './vault/tokenVault.ts';
import { Contexts } from './views/contexts.ts';
import type { TreeNode } from './views/nodes.ts';
import { Notices } from './views/notices.ts';
import type { QueriesDeps } from './views/queries/deps.ts';
import type { ResultsDeps } from './views/results/deps.ts';
import type { ResultsView } from './views/results/resultsView.ts';
import { StatusBar } from './views/statusBar.ts';
import { TokenTree } from './views/tree.ts';

/** VS Code waits 5 s for what has to be done before a window goes; this much of it is for gateways. In milliseconds. */
const exitMs = 3_500;

/** What is registered at activation, for the parts to be behind. */
export interface Doors {
  readonly tree: vscode.TreeView<TreeNode>;
  readonly results: ResultsView;
  /** There is a request more among those made last. */
  readonly remembered: () => void;
}

/** All parts, joined; made when the first of them is needed. */
export interface App extends Disposable {
  readonly tree: TokenTree;
  readonly api: ApiVerbs;
  readonly onDidChangeTokens: Event<unknown>;
  readonly providers: Readonly<Record<Kind, TokenProvider>>;
  readonly results: ResultsDeps;
  readonly queries: QueriesDeps;
  readonly tools: ToolsDeps;
  /** Runs a command behind the one boundary that errors are told at. */
  run(id: CommandId, input: unknown): Promise<unknown>;
  /** Does what has to be done before the window goes. */
  leave(): Promise<void>;
}

/** Builds the parts and joins them. Reads the secret storage, and does no other input or output. */
export function createApp(context: vscode.ExtensionContext, doors: Doors): App {
  const owned = new DisposableStore();
  const own = <T extends Disposable>(item: T): T => owned.add(item);
  const storage = context.globalStorageUri.fsPath;
  const machine = machineIdIn(storage, process.platform === 'linux' ? hostname() : process.platform);
  const clock = new SystemClock(machine);
  const scheduler = own(new Scheduler(clock));
  const redactor = new Redactor();
  const output = own(vscode.window.createOutputChannel('Session Tokens', { log: true }));
  const log = new RedactingLog(output, (text) => redactor.redact(text));
  const connections = own(new ConnectionSettings());
  const consents = new Consents(context.globalState);
  const credentials = own(new CredentialVault(context.secrets));
  const window = { id: `${machine}.${randomUUID()}`, boot: clock.now().boot };
  const claims = own(new FileClaims(join(storage, 'claims'), window));

  const rememberedDialect = (connection: Connection) => {
    const dialect = context.globalState.get(dialectKey(connection));
    return dialect === 'getData' || dialect === 'views' ? dialect : undefined;
  };
  const connect = async (connection: Connection): Promise<Gateway> => {
    consents.check(connection);
    // The only way to the network; loaded when it is first used.
    const { connect } = await import('./core/protocols/connect.ts');
    const remembered = rememberedDialect(connection);
    return connect(connection, {
      clock,
      redactor,
      log,
      maxResponseBytes: options.maxResponseBytes(),
      proxySupport: options.proxySupport,
      secrets: async () => (await credentialsOf(connection, credentials, log))?.secrets ?? {},
      ...(remembered === undefined ? {} : { remembered }),
      onDialect: (dialect) => void context.globalState.update(dialectKey(connection), dialect),
    });
  };
  const keeper = own(
    new Keeper({
      clock,
      scheduler,
      store: own(new TokenVault(context.secrets)),
      credentials,
      claims,
      connections,
      connect,
      redactor,
      log,
      window: window.id,
      warnMs: options.warnMs,
      longestIdleMs: options.longestIdleMs,
    }),
  );
  const ready = keeper.load().then(
    (unreadable) => {
      notices.tellUnreadable(unreadable);
      for (const { id, reason } of unreadable) {
        log.warn(`Token entry ${id} ${reason}; it is left alone.`);
      }
    },
    (error: unknown) => report(log, error),
  );
  own(
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('sessionTokens.statusBar.warnAtSeconds')) {
        keeper.lookAnew();
      }
    }),
  );
  const tree = own(new TokenTree(keeper, connections, scheduler, ready, doors.tree));
  own(new StatusBar(keeper, clock, scheduler, options));
  own(new Contexts(keeper, connections));
  const notices = own(new Notices({ keeper, connections, scheduler, claims, warnMs: options.warnMs }));
  const sandbox = own(new SandboxHost());
  const results: ResultsDeps = {
    extensionUri: context.extensionUri,
    clock,
    workerFile: join(__dirname, 'worker.js'),
    maxBytes: options.maxResponseBytes,
    run: (request, how) => keeper.getData(request, how),
    columns: (fetched) => keeper.columns(fetched),
    connection: (name) => {
      const connection = connections.get(name);
      const dialect = rememberedDialect(connection);
      return { connection, ...(dialect === undefined ? {} : { dialect }) };
    },
    openAs: options.resultsOpen,
    hasSecret: (text) => redactor.finds(text),
    hide: (text) => redactor.hide(text),
    redact: (text) => redactor.redact(text),
    log,
    report: (error) => report(log, error),
  };
  const parts: Parts = {
    ready,
    keeper,
    connections,
    credentials,
    consents,
    connect,
    options,
    scheduler,
    hasSecret: (text) => redactor.finds(text),
    results: doors.results,
    state: context.globalState,
    sandbox,
    log,
    output,
    refreshTree: () => tree.refresh(),
    selectedConnection: () => tree.selectedConnection(),
    focusConnection: (name) => tree.focusConnection(name),
    remembered: doors.remembered,
  };
  const queries: QueriesDeps = {
    hasSecret: (text) => redactor.finds(text),
    run: async (request) => (await import('./commands/table.ts')).runForPerson(parts, request),
    recents: () => new Recents(context.globalState).all(),
    active: () => doors.results.activeRequest(),
    state: context.workspaceState,
    report: (error) => report(log, error),
  };
  const api = createApi(parts);
  notices.tellProblems();
  return {
    tree,
    api,
    onDidChangeTokens: keeper.onDidChange,
    providers: {
      'bmc-cra': own(new TokenProvider('bmc-cra', parts)),
      sarus: own(new TokenProvider('sarus', parts)),
    },
    results,
    queries,
    tools: { api, connections: () => connections.all(), redact: (text) => redactor.redact(text) },
    run: (id, input) => run(parts, id, callOf(input)),
    leave: async () => {
      if (options.closeOnExit()) {
        await keeper.closeMine(exitMs);
      }
      await keeper.flush();
      await sandbox.stop();
    },
    dispose: () => owned.dispose(),
  };
}

/** Under which the dialect that a gateway was found to speak is remembered. */
function dialectKey({ url }: Connection): string {
  return `dialect/${url}`;
}
