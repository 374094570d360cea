import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { Part } from '../core/disposable.ts';
import type { TokensError } from '../core/errors.ts';
import { Emitter } from '../core/event.ts';
import { isRecord, parseJson } from '../core/http/text.ts';
import { logFault } from '../core/log.ts';
import { isRunning } from '../core/processes.ts';
import { identityOf } from '../core/protocols/kinds.ts';
import { Relay, type RelayAddress } from '../core/relay/relay.ts';
import type { TokenStore } from '../core/tokens/store.ts';
import type { Services } from '../services.ts';
import { userMessage } from '../userError.ts';
import { tell } from '../views/message.ts';

/** The environment variable that has the address of a terminal's relay. */
const variable = 'SESSION_TOKENS_URL';

interface RelaysDeps extends Pick<Services, 'clock' | 'connections' | 'keeper' | 'log' | 'ready'> {
  /**
   * The relays of this machine's terminals, by process id. They are stored because terminals stay open when the window
   * reloads.
   */
  readonly store: Pick<TokenStore, 'ids' | 'read' | 'write' | 'delete'>;
  /** Tells a person that scripts cannot go on until they have signed in. */
  readonly askSignIn: (why: string, connection: string) => unknown;
}

interface Running {
  readonly relay: Relay;
  readonly connection: string;
  /** Undefined for the relay of tasks. */
  readonly terminal: vscode.Terminal | undefined;
  /** The ids of the sessions that its scripts have opened. */
  readonly sessions: Set<string>;
}

/** The relays of this window: one for each terminal that was opened with one, and one for the tasks of a connection. */
export class Relays extends Part<RelaysDeps> {
  readonly #running = new Set<Running>();
  readonly #changes = new Emitter<string>((error) => logFault(this.deps.log, error));
  /** Connections for which the person was told to sign in. */
  readonly #asked = new Set<string>();
  /** Connections that a person has agreed to in this window. */
  readonly agreed = new Set<string>();

  /** Fires with a connection when a relay of it has started, ended or answered. */
  readonly onDidChange = this.#changes.event;

  constructor(deps: RelaysDeps) {
    super(deps);
    this.add(vscode.window.onDidOpenTerminal((terminal) => void this.#tryRestore(terminal)));
    this.add(
      vscode.window.onDidCloseTerminal((terminal) => void this.#end((one) => one.terminal === terminal)),
    );
    const isGone = ({ connection }: Running) => deps.connections.find(connection) === undefined;
    this.add(deps.connections.onDidChange(() => void this.#end(isGone)));
    void this.#restoreAll();
  }

  /** How many terminals and requests a connection's relays have; undefined where there is none. */
  of(connection: string): { terminals: number; requests: number } | undefined {
    const all = [...this.#running].filter((one) => one.connection === connection);
    const terminals = all.filter(({ terminal }) => terminal !== undefined).length;
    return all.length === 0
      ? undefined
      : { terminals, requests: all.reduce((sum, { relay }) => sum + relay.requests, 0) };
  }

  /** Opens a terminal whose scripts have a relay. */
  async openTerminal(connection: Connection): Promise<void> {
    const { terminal, sessions } = await this.#start(connection, (url) =>
      vscode.window.createTerminal({
        name: connection.name,
        iconPath: new vscode.ThemeIcon('key'),
        env: { [variable]: url },
      }),
    );
    terminal?.show();
    await this.#store(sessions);
  }

  /** The address of the relay for the tasks of a connection. */
  async urlForTasks(connection: Connection): Promise<string> {
    const { name } = connection;
    const known = [...this.#running].find((one) => one.connection === name && one.terminal === undefined);
    return (known ?? (await this.#start(connection))).relay.url;
  }

  /** Ends the relays of a connection, and the sessions that their scripts have opened. */
  async stop(connection: string): Promise<void> {
    this.agreed.delete(connection);
    await this.#end((one) => one.connection === connection);
  }

  /** The window exits. The stored relays stay, for a reload. */
  override dispose(): void {
    super.dispose();
    for (const { relay } of this.#running) {
      relay.dispose();
    }
  }

  /** @param open makes the terminal that gets this address */
  async #start(
    { name }: Connection,
    open?: (url: string) => vscode.Terminal,
    { address, sessions = new Set() }: { address?: RelayAddress; sessions?: Set<string> } = {},
  ): Promise<Running> {
    const { clock, connections, keeper, log, ready } = this.deps;
    const relay = await Relay.start(
      {
        clock,
        log,
        connection: () => connections.get(name),
        send: async (request, options) => {
          await ready;
          const onOpened = (id: string) => void this.#store(sessions.add(id));
          return keeper.relay(name, request, { ...options, onOpened });
        },
        sentence: userMessage,
        onDone: (error) => this.#done(name, error),
        onWrong: (count) => void this.#warn(name, count),
      },
      address,
    );
    const running = { relay, connection: name, terminal: open?.(relay.url), sessions };
    this.#running.add(running);
    this.agreed.add(name);
    this.#changes.fire(name);
    return running;
  }

  /** Stores what a reload of the window needs to restore the relays. */
  async #store(sessions: ReadonlySet<string>): Promise<void> {
    const running = [...this.#running].find((one) => one.sessions === sessions);
    const pid = await running?.terminal?.processId;
    if (running === undefined || pid === undefined || !this.#running.has(running)) {
      return;
    }
    const { port, capability, identity } = running.relay;
    const entry = { port, capability, identity, connection: running.connection, sessions: [...sessions] };
    await this.deps.store
      .write(String(pid), JSON.stringify(entry))
      .catch((error: unknown) => this.deps.log.warn(`A reload will end a relay: ${String(error)}`));
  }

  #done(name: string, error: TokensError | undefined): void {
    this.#changes.fire(name);
    if (error === undefined) {
      this.#asked.delete(name);
    } else if ((error.code === 'E_CREDENTIALS' || error.code === 'E_EXPIRED') && !this.#asked.has(name)) {
      this.#asked.add(name);
      this.deps.askSignIn(userMessage(error), name);
    }
  }

  #warn(name: string, count: number): Promise<void> {
    const message = vscode.l10n.t(
      'Someone on this machine has tried {0} times to use the relay of {1} without its address.',
      count,
      name,
    );
    const stop = { title: vscode.l10n.t('Stop Relay'), run: () => this.stop(name) };
    return tell(vscode.window.showWarningMessage, message, stop);
  }

  async #end(which: (one: Running) => boolean): Promise<void> {
    const { keeper, log, store } = this.deps;
    const ended = [...this.#running].filter(which);
    for (const one of ended) {
      one.relay.dispose();
      this.#running.delete(one);
      this.#changes.fire(one.connection);
    }
    const warn = (error: unknown) => log.warn(`After a relay: ${String(error)}`);
    for (const { sessions, terminal } of ended) {
      const pid = await terminal?.processId;
      const open = [...sessions].filter((id) => keeper.find(id) !== undefined);
      const closed = open.map((id) => keeper.close(id).catch(warn));
      await Promise.all([...closed, pid && store.delete(String(pid)).catch(warn)]);
    }
  }

  /** After a reload: restarts the relays of terminals that still exist, and forgets the others. */
  async #restoreAll(): Promise<void> {
    try {
      const ended = (await this.deps.store.ids()).filter((id) => !isRunning(Number(id)));
      await Promise.all(ended.map((id) => this.deps.store.delete(id)));
      await Promise.all(vscode.window.terminals.map((terminal) => this.#tryRestore(terminal)));
    } catch (error) {
      logFault(this.deps.log, error);
    }
  }

  async #tryRestore(terminal: vscode.Terminal): Promise<void> {
    const { connections, log, store } = this.deps;
    try {
      const pid = await terminal.processId;
      const entry = parseJson((pid !== undefined && (await store.read(String(pid)))) || 'null');
      const found = entry.ok && isRecord(entry.value) ? entry.value : {};
      const { port, capability } = found;
      const connection = connections.find(found.connection);
      const isSame = connection !== undefined && identityOf(connection) === found.identity;
      const isKnown = [...this.#running].some((one) => one.terminal === terminal);
      if (!isSame || isKnown || typeof port !== 'number' || typeof capability !== 'string') {
        return;
      }
      const ids = Array.isArray(found.sessions) ? found.sessions : [];
      const sessions = new Set(ids.filter((id) => typeof id === 'string'));
      await this.#start(connection, () => terminal, { address: { port, capability }, sessions });
    } catch (error) {
      log.warn(`The relay of a terminal could not be taken up again: ${String(error)}`);
    }
  }
}
