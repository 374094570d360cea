import * as vscode from 'vscode';
import { type Danger, dangerOf } from '../core/connection.ts';
import { Part } from '../core/disposable.ts';
import type { Event } from '../core/event.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { ConnectionSource } from '../core/tokens/gateways.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Change } from '../core/tokens/tokenTable.ts';
import type { Services } from '../services.ts';
import { translated } from '../userError.ts';
import { TreeNode } from './nodes.ts';

interface TreeServices extends Pick<Services, 'keeper' | 'scheduler' | 'ready'> {
  readonly connections: ConnectionSource;
  readonly relays: {
    of(connection: string): { readonly terminals: number; readonly requests: number } | undefined;
    readonly onDidChange: Event<string>;
  };
}

const task = 'tree';
/** Changes within this time are shown together, in milliseconds. */
const gatherMs = 50;

/** The tokens held: connection → user token → sessions, or connection → token where that is the session. */
export class TokenTree extends Part<TreeServices> implements vscode.TreeDataProvider<TreeNode> {
  readonly #keeper = this.deps.keeper;
  readonly #changes = this.add(new vscode.EventEmitter<TreeNode | undefined>());
  readonly #view: vscode.TreeView<TreeNode>;
  /** The rows that are shown, by {@link keyOf}. */
  readonly #nodes = new Map<string, TreeNode>();
  readonly #lastItems = new WeakMap<TreeNode, vscode.TreeItem>();
  /** Whether a connection's row says that somebody is signed in. */
  readonly #drawnSignedIn = new Map<string, boolean>();
  /** Rows to refresh; `undefined` means all of them. */
  readonly #stale = new Set<TreeNode | undefined>();

  /** The connection whose row gets the focus once it is shown. */
  #toFocus: string | undefined;

  readonly onDidChangeTreeData = this.#changes.event;

  constructor(services: TreeServices, view: vscode.TreeView<TreeNode>) {
    super(services);
    const { keeper, connections, relays, scheduler, ready } = services;
    this.add(keeper.onDidChange((change) => this.#heard(change)));
    this.add(connections.onDidChange(() => this.refresh()));
    this.add(relays.onDidChange((name) => this.#redraw(this.#nodes.get(keyOf({ connection: name })))));
    this.add(keeper.onDidChangeLogin(() => this.refresh()));
    this.#view = view;
    this.add(this.#view.onDidChangeVisibility(() => this.#soon()));
    this.add({ dispose: () => scheduler.cancel(task) });
    void ready.then(() => this.#describe());
  }

  refresh(): void {
    this.#redraw(undefined);
  }

  #redraw(node: TreeNode | undefined): void {
    this.#stale.add(node);
    this.#soon();
  }

  selectedConnection(): string | undefined {
    return this.#view.selection.find(({ args }) => args.id === undefined)?.args.connection;
  }

  /** Focuses the row of a connection, if the view is visible. */
  focusConnection(name: string): void {
    this.#toFocus = name;
    this.refresh();
  }

  async getChildren(parent?: TreeNode): Promise<TreeNode[]> {
    await this.deps.ready;
    if (parent === undefined) {
      return this.#rootNames().map((name) => this.#connectionNode(name));
    }
    const { connection, id: user } = parent.args;
    const tokens =
      user === undefined
        ? this.#keeper.tokens(connection).filter(({ id }) => this.#keeper.ownerOf(id) === undefined)
        : this.#keeper.sessionsOf(user);
    return tokens
      .sort(byLabel)
      .map(({ id }) => this.#node({ connection, id }, this.#keeper.sessionsOf(id).length > 0));
  }

  getTreeItem(node: TreeNode): vscode.TreeItem {
    const { id } = node.args;
    return id === undefined ? this.#connectionItem(node) : this.#tokenItem(node, id);
  }

  getParent(node: TreeNode): TreeNode | undefined {
    const { connection, id } = node.args;
    if (id === undefined) {
      return undefined;
    }
    const user = this.#keeper.ownerOf(id);
    return user ? this.#node({ connection, id: user.id }, true) : this.#connectionNode(connection);
  }

  /** Held tokens are shown even if their connection was removed from the settings. */
  #rootNames(): string[] {
    const names = this.deps.connections.all().map(({ name }) => name);
    return [...new Set([...names, ...this.#keeper.connectionNames()])];
  }

  #connectionItem(node: TreeNode): vscode.TreeItem {
    const { connection: name } = node.args;
    const connection = this.deps.connections.find(name);
    const protocol = connection === undefined ? undefined : protocolOf(connection);
    const signedIn = this.#isSignedIn(name);
    this.#drawnSignedIn.set(name, signedIn);
    const item = itemOf(node, name);
    const relay = this.deps.relays.of(name);
    const states = [signedIn ? 'signedIn' : 'signedOut', ...(relay === undefined ? [] : ['relay'])];
    item.contextValue = ['connection', protocol?.contextValue ?? 'unknown', ...states].join('.');
    const danger = connection && wordsOf(dangerOf(connection));
    const out = connection ? vscode.l10n.t('signed out') : vscode.l10n.t('not in the settings');
    const state = connection && signedIn ? undefined : out;
    const refusal = this.#keeper.refusal(name);
    const refused = refusal && vscode.l10n.t('credentials refused');
    const relayed =
      relay && vscode.l10n.t('relay: terminals {0}, requests {1}', relay.terminals, relay.requests);
    item.description = joined(' · ', state, refused, danger?.short, relayed);
    const trouble = refused ? 'error' : danger && 'warning';
    item.iconPath = iconOf(trouble, signedIn ? 'vm-active' : 'vm-outline');
    const shown = state ?? vscode.l10n.t('signed in');
    const whyRefused = refusal && translated(refusal);
    item.tooltip = joined('\n', name, connection?.url, shown, whyRefused, danger?.long, relayed);
    if ((!signedIn || refused) && connection !== undefined) {
      const title = vscode.l10n.t('Sign In');
      item.command = { command: 'sessionTokens.signIn', title, arguments: [node] };
    }
    const label = joined(', ', vscode.l10n.t('Connection {0}', name), item.description || shown);
    item.accessibilityInformation = { label };
    return item;
  }

  #isSignedIn(name: string): boolean {
    const connection = this.deps.connections.find(name);
    const isSignIn = connection !== undefined && protocolOf(connection).sessions === undefined;
    const isLive = ({ state, kind }: TokenInfo) => state !== 'expired' && (kind === 'user' || isSignIn);
    return this.#keeper.holdsAny(name, isLive);
  }

  #tokenItem(node: TreeNode, id: string): vscode.TreeItem {
    const token = this.#keeper.find(id);
    if (token === undefined) {
      // The token is gone since VS Code asked for the row: the row stays unchanged until it is removed.
      return this.#lastItems.get(node) ?? new vscode.TreeItem('');
    }
    const { kind, state, keepAlive, lifeMs } = token;
    // Icon and indentation show the kind of token; the side bar has no room for more text before the time.
    const item = itemOf(node, (kind === 'user' ? token.service : undefined) ?? labelOf(token));
    item.contextValue = `token.${kind}.${state}`;
    const isOver = state === 'expired';
    const isPaused = this.#keeper.isPaused(id);
    const auto = isPaused ? vscode.l10n.t('auto, paused') : vscode.l10n.t('auto');
    const mode = keepAlive === 'auto' ? auto : undefined;
    const until = timeOf(token.expiresAt, lifeMs);
    const end = {
      live: vscode.l10n.t('until {0}', until),
      expiring: vscode.l10n.t('ends at {0}', until),
      expired: vscode.l10n.t('expired'),
    }[state];
    const holder = kind === 'user' && !isOver ? this.#keeper.keptAliveBy(id)?.target : undefined;
    const kept = holder && vscode.l10n.t('kept alive by {0}', holder);
    // Only the time: what it means is in the icon, and in the text for screen readers below. The rest is cut off there.
    item.description = joined(' · ', isOver ? end : until, mode);
    const trouble = { live: undefined, expiring: 'warning', expired: 'error' }[state];
    item.iconPath = iconOf(trouble, kind === 'user' ? 'account' : 'key');
    const renewed = isPaused
      ? vscode.l10n.t('Automatic renewal is paused: the token has not been used for a long time.')
      : vscode.l10n.t('Renewed automatically');
    item.tooltip = joined(
      '\n',
      `${labelOf(token)} ${token.masked}`,
      isOver ? vscode.l10n.t('Expired at {0}', until) : vscode.l10n.t('Lives until {0}', until),
      token.source === 'reported'
        ? vscode.l10n.t('The gateway told this life.')
        : vscode.l10n.t('Estimated from the timeout of {0} minutes.', Math.round(lifeMs / 6_000) / 10),
      vscode.l10n.t('Opened {0}, last used {1}', timeOf(token.openedAt), timeOf(token.lastUsedAt)),
      mode ? renewed : vscode.l10n.t('Renewed manually'),
      kept,
    );
    item.accessibilityInformation = { label: joined(', ', labelOf(token), end, mode, kept) };
    this.#lastItems.set(node, item);
    return item;
  }

  #heard({ id, connection, what }: Change): void {
    const key = keyOf({ connection, id });
    const node = this.#nodes.get(key);
    const isHeld = this.#keeper.find(id) !== undefined;
    const isSignInChanged = this.#drawnSignedIn.get(connection) !== this.#isSignedIn(connection);
    if (what === 'changed' && node !== undefined && isHeld) {
      this.#stale.add((isSignInChanged && this.#nodes.get(keyOf({ connection }))) || node);
    } else if (what !== 'changed' || node !== undefined || isHeld) {
      // A session that is being closed is hidden, and shown again if that fails.
      const parent = this.#nodes.get(keyOf({ connection }));
      const hasChildren = this.#keeper.holdsAny(connection);
      this.#stale.add(parent?.hasChildren === hasChildren ? parent : undefined);
      this.#nodes.delete(key);
    }
    this.#soon();
  }

  #soon(): void {
    if (this.#stale.size > 0 && !this.deps.scheduler.has(task)) {
      this.deps.scheduler.after(task, gatherMs, () => this.#draw());
    }
  }

  #draw(): void {
    this.#describe();
    if (!this.#view.visible) {
      return; // Refreshed when it becomes visible.
    }
    const stale = this.#stale.has(undefined) ? [undefined] : [...this.#stale];
    this.#stale.clear();
    for (const node of stale) {
      this.#changes.fire(node);
    }
    const name = this.#toFocus;
    this.#toFocus = undefined;
    if (name !== undefined) {
      const node = this.#connectionNode(name);
      // It rejects when the row is gone already, which does not matter.
      this.#view.reveal(node, { select: true, focus: true }).then(undefined, () => undefined);
    }
  }

  #describe(): void {
    const connections = this.deps.connections.all().length;
    const first = this.#keeper.first();
    // An empty text removes the message.
    this.#view.message =
      connections > 0 && first === undefined
        ? vscode.l10n.t('Nobody is signed in. Choose a connection to sign in.')
        : '';
  }

  #connectionNode(connection: string): TreeNode {
    return this.#node({ connection }, this.#keeper.holdsAny(connection));
  }

  #node(args: TreeNode['args'], hasChildren: boolean): TreeNode {
    const key = keyOf(args);
    let node = this.#nodes.get(key);
    if (node?.hasChildren !== hasChildren) {
      node = new TreeNode(args, hasChildren);
      this.#nodes.set(key, node);
    }
    return node;
  }
}

function keyOf({ connection, id }: TreeNode['args']): string {
  return id === undefined ? `connection/${connection}` : `token/${id}`;
}

function itemOf(node: TreeNode, label: string): vscode.TreeItem {
  const id = keyOf(node.args);
  const { Expanded, None } = vscode.TreeItemCollapsibleState;
  const item = new vscode.TreeItem(label, node.hasChildren ? Expanded : None);
  item.id = node.hasChildren ? `${id}/open` : id;
  return item;
}

function labelOf(token: TokenInfo): string {
  if (token.target !== undefined) {
    return token.target;
  }
  return token.kind === 'user'
    ? vscode.l10n.t('User token {0}', token.service ?? '')
    : vscode.l10n.t('Session token');
}

function byLabel(a: TokenInfo, b: TokenInfo): number {
  return (a.target ?? a.service ?? '').localeCompare(b.target ?? b.service ?? '') || a.openedAt - b.openedAt;
}

function iconOf(trouble: string | undefined, usual: string): vscode.ThemeIcon {
  return trouble === undefined
    ? new vscode.ThemeIcon(usual)
    : new vscode.ThemeIcon(trouble, new vscode.ThemeColor(`list.${trouble}Foreground`));
}

function joined(between: string, ...parts: readonly (string | undefined)[]): string {
  return parts.filter(Boolean).join(between);
}

/** How the tree shows a danger. */
function wordsOf(danger: Danger | undefined) {
  const unverified = vscode.l10n.t(
    'TLS is not verified (rejectUnauthorized is false): anybody may stand in for this gateway.',
  );
  const unencrypted = vscode.l10n.t('Plain http: everybody on the way can read the tokens of this gateway.');
  const words = {
    unverified: { short: vscode.l10n.t('TLS not verified'), long: unverified },
    unencrypted: { short: vscode.l10n.t('not encrypted'), long: unencrypted },
  };
  return danger && words[danger];
}

// Kept, because making one takes far longer than using it, and every row shows three times.
const ofDay = { hour: 'numeric', minute: '2-digit' } as const;
const toMinutes = new Intl.DateTimeFormat(vscode.env.language, ofDay);
const toSeconds = new Intl.DateTimeFormat(vscode.env.language, { ...ofDay, second: '2-digit' });

/** A time of day, with seconds only for short lives. */
function timeOf(ms: number, lifeMs = 0): string {
  return (lifeMs >= 600_000 ? toMinutes : toSeconds).format(ms);
}
