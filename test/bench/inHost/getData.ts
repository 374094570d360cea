import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import type { DataResult } from '../../../src/commands/getData.ts';
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
  readonly blockMs: readonly number[];
  /** `fetch`, then `JSON.parse` of the text. */
  readonly referenceMs: readonly number[];
  readonly referenceBlockMs: readonly number[];
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
  const times = {
    firstMs: [] as number[],
    lastMs: [] as number[],
    allMs: [] as number[],
    blockMs: [] as number[],
    referenceMs: [] as number[],
    referenceBlockMs: [] as number[],
  };
  let bytes = 0;
  // The first of each is for warming up.
  for (let round = 0; round <= rounds; round++) {
    const ours = await shown(rows);
    bytes = ours.bytes;
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await delay(100);
    const reference = await parsed(bare, rows);
    await delay(100);
    if (round > 0) {
      times.firstMs.push(ours.firstMs);
      times.lastMs.push(ours.lastMs);
      times.allMs.push(ours.allMs);
      times.blockMs.push(ours.blockMs);
      times.referenceMs.push(reference.ms);
      times.referenceBlockMs.push(reference.blockMs);
    }
  }
  return { mb, bytes, ...times };
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
  const blockMs = blocks.stop();
  while (Number.isNaN(firstMs)) {
    await delay(1); // A small answer is read before its tab has opened.
  }
  listening.dispose();
  return { firstMs, lastMs: elapsedMs, allMs, blockMs, bytes };
}

async function parsed(bare: Bare, rows: number): Promise<{ ms: number; blockMs: number }> {
  const blocks = new Blocks();
  const begun = performance.now();
  const answer = JSON.parse(await (await post(bare, { view: 'BIG', rows: String(rows) })).text()) as {
    session?: string;
  };
  const ms = performance.now() - begun;
  const blockMs = blocks.stop();
  await fetch(`${bare.url}/close?session=${answer.session ?? ''}`, {
    method: 'POST',
    body: new URLSearchParams({ userToken: bare.userToken }),
  });
  return { ms, blockMs };
}

function middle(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
