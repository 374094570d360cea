import { setImmediate as turn } from 'node:timers/promises';
import * as vscode from 'vscode';
import { options } from '../../../src/connections/options.ts';
import type { TreeNode } from '../../../src/views/nodes.ts';
import { StatusBar } from '../../../src/views/statusBar.ts';
import { TokenTree } from '../../../src/views/tree.ts';
import { FakeClock } from '../../unit/fakeClock.ts';
import { Rig } from './rig.ts';
import { tell } from './support.ts';

const rounds = 15;
/** One tick is too short for a clock: so many are timed together. */
const ticksAtOnce = 20;
const hourMs = 3_600_000;

export interface AtSize {
  readonly tokens: number;
  readonly treeMs: readonly number[];
  readonly tickMs: readonly number[];
  readonly renewalMs: readonly number[];
  readonly closeMs: readonly number[];
}

export interface Scale {
  readonly sizes: readonly AtSize[];
  readonly keepAlive: { readonly tokens: number; readonly requests: number; readonly least: number };
  readonly writes: { readonly renewals: number; readonly writes: number; readonly idleWrites: number };
}

/** The keeper and the views that hang on it, over a gateway and a store in memory, on a clock that is turned. */
export async function run(): Promise<void> {
  const sizes: AtSize[] = [];
  // Once for the compiler: what is measured first would else be measured slow.
  await atSize(1_000);
  for (const tokens of [10, 100, 1_000, 10_000]) {
    sizes.push(await atSize(tokens));
  }
  tell({ sizes, keepAlive: await keepAlive(), writes: await writes() } satisfies Scale);
}

async function atSize(tokens: number): Promise<AtSize> {
  const clock = new FakeClock(Date.now());
  const rig = new Rig(clock, { tokens, keepAlive: 'manual' });
  const { tree, views } = withViews(rig, clock);
  await rig.open();
  await settle(clock);
  const times: Record<'treeMs' | 'tickMs' | 'renewalMs' | 'closeMs', number[]> = {
    treeMs: [],
    tickMs: [],
    renewalMs: [],
    closeMs: [],
  };
  const sessions = rig.keeper.tokens().filter(({ kind }) => kind === 'session');
  const step = Math.max(Math.floor(sessions.length / (rounds * 2)), 1);
  for (let round = 0; round < rounds; round++) {
    times.treeMs.push(await took(() => firstChildren(tree)));
    const ticksMs = await took(async () => {
      for (let tick = 0; tick < ticksAtOnce; tick++) {
        clock.advance(1_000);
      }
    });
    times.tickMs.push(ticksMs / ticksAtOnce);
    const renewed = sessions[(round * step) % sessions.length]?.id ?? '';
    times.renewalMs.push(await took(() => rig.keeper.keepAlive(renewed)));
    await settle(clock);
  }
  // Not those renewed above, where there are enough.
  for (const { id } of sessions.slice(-3 * rounds)) {
    times.closeMs.push(await took(() => rig.keeper.close(id)));
    await settle(clock);
  }
  views.dispose();
  rig.dispose();
  return { tokens, ...times };
}

/** What VS Code asks when the view opens: the first level, all below it that is open, and how each row looks. */
async function firstChildren(tree: TokenTree): Promise<void> {
  const look = async (parent?: TreeNode): Promise<void> => {
    for (const node of await tree.getChildren(parent)) {
      tree.getTreeItem(node);
    }
  };
  await look();
  const [first] = await tree.getChildren();
  await look(first);
  if (first !== undefined) {
    const [user] = await tree.getChildren(first);
    await look(user);
  }
}

/** 1,000 tokens over four hours, at a gateway that answers at once. */
async function keepAlive(): Promise<Scale['keepAlive']> {
  const clock = new FakeClock(Date.now());
  const rig = new Rig(clock, { tokens: 1_000, keepAlive: 'auto' });
  await rig.open();
  await settle(clock);
  rig.requests = 0;
  const sessions = rig.keeper.tokens().filter(({ kind }) => kind === 'session');
  const hours = 4;
  await pass(clock, hours * hourMs);
  const expired = rig.keeper.tokens().filter(({ state }) => state === 'expired').length;
  if (expired > 0) {
    throw new Error(`${expired} tokens have expired.`);
  }
  const { requests } = rig;
  rig.dispose();
  // Renewed at the last moment of each life; a user token lives by its sessions (docs/protocols.md 2).
  const lives = (hours * hourMs) / rig.lifeMs;
  return { tokens: 1_000, requests, least: sessions.length * (lives - 1) };
}

/** One session for an hour under automatic renewal, and one without, while the status bar counts. */
async function writes(): Promise<Scale['writes']> {
  const counts: { renewals: number; writes: number }[] = [];
  for (const mode of ['auto', 'manual'] as const) {
    const clock = new FakeClock(Date.now());
    const rig = new Rig(clock, { tokens: 2, keepAlive: mode });
    const { views } = withViews(rig, clock);
    await rig.open();
    await pass(clock, 10_000);
    rig.requests = 0;
    rig.writes = 0;
    await pass(clock, mode === 'auto' ? hourMs : rig.lifeMs - 60_000);
    counts.push({ renewals: rig.requests, writes: rig.writes });
    views.dispose();
    rig.dispose();
  }
  const [auto, manual] = counts;
  return { renewals: auto?.renewals ?? 0, writes: auto?.writes ?? 0, idleWrites: manual?.writes ?? 0 };
}

function withViews(rig: Rig, clock: FakeClock): { tree: TokenTree; views: vscode.Disposable } {
  const view = vscode.window.createTreeView<TreeNode>('sessionTokens.tokens', {
    treeDataProvider: { getChildren: () => [], getTreeItem: () => new vscode.TreeItem('') },
  });
  const services = { keeper: rig.keeper, clock, scheduler: rig.scheduler, options };
  const relays = { of: () => undefined, onDidChange: new vscode.EventEmitter<string>().event };
  const ready = Promise.resolve();
  const tree = new TokenTree({ ...services, relays, connections: rig.connections, ready }, view);
  const statusBar = new StatusBar(services);
  return { tree, views: vscode.Disposable.from(tree, statusBar, view) };
}

async function took(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 1_000) {
    clock.advance(1_000);
    await turn();
  }
}

/** Lets follow-up work happen that would else be counted to what comes next. */
async function settle(clock: FakeClock): Promise<void> {
  for (let round = 0; round < 3; round++) {
    clock.advance(700);
    await turn();
    await turn();
  }
}
