import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { DataResult } from '../../../src/commands/dataResult.ts';
import { Blocks, environment, extension, tell } from './support.ts';

const rounds = 7;
const callsInRound = 30;

/** Rows of the sandbox's big view, and how many MB they are about. */
const sizes = [
  { rows: 3_333, mb: 1 },
  { rows: 33_333, mb: 10 },
  { rows: 200_000, mb: 60 },
] as const;

export interface Big {
  readonly mb: number;
  readonly bytes: number;
  /** To the first rows in the table that is shown. */
  readonly firstMs: readonly number[];
  /** To the last row in the table. */
  readonly lastMs: readonly number[];
  /** To all rows in the hand of a program. */
  readonly allMs: readonly number[];
  /** Longest blocks of the event loop, and the most processor time in one: to the last row in the table… */
  readonly blockMs: readonly number[];
  readonly blockCpuMs: readonly number[];
  /** … and from then on until a program has all rows. */
  readonly allBlockMs: readonly number[];
  readonly allBlockCpuMs: readonly number[];
  /** `fetch`, then `JSON.parse` of the text. */
  readonly referenceMs: readonly number[];
  readonly referenceBlockMs: readonly number[];
  /** `fetch` of a body that is only counted: what network, machine and host do to whoever receives so much. */
  readonly droppedBlockMs: readonly number[];
}

export interface GetDataTimes {
  readonly firstCallMs: number;
  /** Medians of rounds. */
  readonly small: readonly number[];
  readonly smallReference: readonly number[];
  readonly big: readonly Big[];
}

interface Bare {
  readonly url: string;
  readonly userToken: string;
}

export async function run(): Promise<void> {
  const api = await extension().activate();
  await api.signIn('c0', { username: 'demo', password: 'demo' }, { remember: false });
  const bare = await logon();
  const begun = performance.now();
  await get({ view: 'JCPU' });
  const firstCallMs = performance.now() - begun;
  const small = await measureSmall(bare);
  const big: Big[] = [];
  for (const size of sizes) {
    big.push(await measureBig(bare, size));
  }
  tell({ firstCallMs, ...small, big } satisfies GetDataTimes);
}

function get(request: object): Thenable<DataResult> {
  return vscode.commands.executeCommand<DataResult>('sessionTokens.getData', {
    connection: 'c0',
    product: 'MVMVS',
    show: false,
    ...request,
  });
}

/** The same requests as ours, without us. */
async function logon(): Promise<Bare> {
  const url = `${environment('BENCH_URL')}/cra/ServiceGateway/Services/${environment('BENCH_SERVICE')}`;
  const body = new URLSearchParams({ username: 'demo', password: 'demo' });
  const answer = await fetch(`${url}/Logon`, { method: 'POST', body });
  return { url, userToken: ((await answer.json()) as { userToken: string }).userToken };
}

function post({ url, userToken }: Bare, query: Record<string, string>): Promise<Response> {
  const search = new URLSearchParams({ product: 'MVMVS', ...query });
  return fetch(`${url}/getData?${search}`, { method: 'POST', body: new URLSearchParams({ userToken }) });
}

async function measureSmall(bare: Bare): Promise<{ small: number[]; smallReference: number[] }> {
  const first = (await (await post(bare, { view: 'JCPU' })).json()) as Record<string, unknown>;
  const session = Object.entries(first).find(([name]) => name.toLowerCase().startsWith('session'))?.[1];
  const fetched = async () => (await post(bare, { view: 'JCPU', session: String(session) })).json();
  const one = async (work: () => PromiseLike<unknown>): Promise<number> => {
    const begun = performance.now();
    await work();
    return performance.now() - begun;
  };
  const ours = () => get({ view: 'JCPU' });
  for (let warm = 0; warm < callsInRound; warm++) {
    await one(ours);
    await one(fetched);
  }
  const small: number[] = [];
  const smallReference: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const times = { ours: [] as number[], reference: [] as number[] };
    for (let call = 0; call < callsInRound; call++) {
      times.ours.push(await one(ours));
      times.reference.push(await one(fetched));
    }
    small.push(middle(times.ours));
    smallReference.push(middle(times.reference));
  }
  return { small, smallReference };
}

async function measureBig(bare: Bare, { rows, mb }: (typeof sizes)[number]): Promise<Big> {
  const samples: Record<Exclude<keyof Big, 'mb' | 'bytes'>, number[]> = {
    firstMs: [],
    lastMs: [],
    allMs: [],
    blockMs: [],
    blockCpuMs: [],
    allBlockMs: [],
    allBlockCpuMs: [],
    referenceMs: [],
    referenceBlockMs: [],
    droppedBlockMs: [],
  };
  let bytes = 0;
  // The first of each is for warming up.
  for (let round = 0; round <= rounds; round++) {
    const ours = await shown(rows);
    bytes = ours.bytes;
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await delay(100);
    const reference = await received(bare, rows, async (answer) => JSON.parse(await answer.text()));
    await delay(100);
    const dropped = await received(bare, rows, async (answer) => {
      for await (const _ of answer.body ?? []) {
        // Only received.
      }
    });
    await delay(100);
    if (round > 0) {
      samples.firstMs.push(ours.firstMs);
      samples.lastMs.push(ours.lastMs);
      samples.allMs.push(ours.allMs);
      samples.blockMs.push(ours.block.ms);
      samples.blockCpuMs.push(ours.block.cpuMs);
      samples.allBlockMs.push(ours.allBlock.ms);
      samples.allBlockCpuMs.push(ours.allBlock.cpuMs);
      samples.referenceMs.push(reference.ms);
      samples.referenceBlockMs.push(reference.blockMs);
      samples.droppedBlockMs.push(dropped.blockMs);
    }
  }
  return { mb, bytes, ...samples };
}

async function shown(rows: number) {
  const blocks = new Blocks();
  const begun = performance.now();
  let firstMs = Number.NaN;
  // The tab opens when its table has rows.
  const listening = vscode.window.tabGroups.onDidChangeTabs(({ opened }) => {
    if (opened.some(({ input }) => input instanceof vscode.TabInputWebview)) {
      firstMs = performance.now() - begun;
    }
  });
  const { elapsedMs, bytes } = await get({ view: 'BIG', rows, show: true });
  const allMs = performance.now() - begun;
  blocks.stop();
  const block = blocks.longest(0, begun + elapsedMs);
  const allBlock = blocks.longest(begun + elapsedMs);
  while (Number.isNaN(firstMs)) {
    await delay(1); // A small answer is read before its tab has opened.
  }
  listening.dispose();
  return { firstMs, lastMs: elapsedMs, allMs, block, allBlock, bytes };
}

async function received(
  bare: Bare,
  rows: number,
  read: (answer: Response) => Promise<unknown>,
): Promise<{ ms: number; blockMs: number }> {
  const blocks = new Blocks();
  const begun = performance.now();
  const answer = await post(bare, { view: 'BIG', rows: String(rows) });
  await read(answer);
  const ms = performance.now() - begun;
  blocks.stop();
  return { ms, blockMs: blocks.longest().ms };
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
