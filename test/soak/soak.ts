import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { eachOf } from '../../src/core/async.ts';
import { SystemClock } from '../../src/core/clock.ts';
import { readerMaker } from '../../src/core/results/readers.ts';
import { WorkerClient } from '../../src/core/results/workerClient.ts';
import { service, startSandboxProcess } from '../bench/sandboxProcess.ts';
import { connect } from '../connect.ts';
import { connectionOf } from '../connectionOf.ts';
import { CountingClock } from '../simulate/countingClock.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../simulate/shared.ts';
import { TestWindow } from '../simulate/window.ts';
import { root } from '../workbench/paths.ts';

/** Life of a token, in seconds. */
const lifeSeconds = 10;

/** Before this the heap is still filling, in seconds. */
const settledAfter = 60;

interface SoakResult {
  /** Tokens that were ever seen expired, or that the gateway has let expire. */
  readonly expired: number;
  readonly renewals: number;
  /** Every token once in each of its lives. */
  readonly least: number;
  /** Of the heap, after its first minute (of a shorter run: the second half); in bytes. */
  readonly grownBytes: number;
  /** Of the scheduler's clock: what waits for a deadline. A request under way has its own time-out. */
  readonly mostTimers: number;
  readonly writes: number;
}

/** Keeps CRA sessions of 10 s alive against a gateway in another process. */
export async function soak(
  tokens: number,
  seconds: number,
  tell: (line: string) => void,
): Promise<SoakResult> {
  const gateway = await startSandboxProcess({ maxSessions: tokens + 10, lifeSeconds });
  try {
    return await keepAlive(gateway.url, tokens, seconds, tell);
  } finally {
    await gateway.stop();
  }
}

async function keepAlive(
  url: string,
  tokens: number,
  seconds: number,
  tell: (line: string) => void,
): Promise<SoakResult> {
  const clock = new CountingClock();
  const requests = new SystemClock();
  const storage = new SharedStorage();
  const credentials = new MemoryCredentials();
  const claims = new SharedClaims(() => clock.now().up);
  const connection = connectionOf({
    name: 'c',
    kind: 'bmc-cra',
    dialect: 'views',
    url,
    service,
    keepAlive: 'auto',
    maxSessions: tokens,
  });
  const window = new TestWindow({
    clock,
    store: storage.window(),
    credentials,
    claims: claims.window('w'),
    connections: [connection],
    connect: (_, { redactor, log }) =>
      connect(connection, { clock: requests, redactor, log, maxResponseBytes: () => 1 << 20 }),
    name: 'w',
    keepsLog: false,
  });
  const { keeper } = window;
  const worker = new WorkerClient(join(root, 'src/core/results/worker.ts'), new SystemClock());
  const makeReader = readerMaker(worker, { maxBytes: 1 << 20 });
  await keeper.signIn('c', { login: { username: 'demo', password: 'demo' } });
  const views = ['JCPU', 'JCSA', 'XCFMBR', 'ZFSFSZ'];
  await eachOf(Array(tokens).keys(), 8, async (index) => {
    const view = views[index % views.length];
    const request = { connection: 'c', product: 'MVMVS', view, rows: 1, session: 'new' };
    (await keeper.getData(request, { makeReader })).answer.dispose();
  });
  const before = await statsOf(url);
  tell(`${before.sessions} sessions of ${lifeSeconds} s`);

  const dead = new Set<string>();
  const begun = performance.now();
  const warm = Math.min(settledAfter, seconds / 2);
  let heapBefore = 0;
  let told = 0;
  const writesBefore = storage.writes;
  for (let passed = 0; passed < seconds; passed = (performance.now() - begun) / 1_000) {
    await sleep(250);
    for (const { id, state } of keeper.tokens()) {
      if (state === 'expired') {
        dead.add(id);
      }
    }
    if (heapBefore === 0 && passed >= warm) {
      heapBefore = heap();
    }
    if (Math.floor(passed / 60) > told) {
      told = Math.floor(passed / 60);
      const { keepAlives } = await statsOf(url);
      tell(`${told} min: ${keepAlives - before.keepAlives} renewals, ${(heap() / 1e6).toFixed(1)} MB`);
    }
  }
  const ran = (performance.now() - begun) / 1_000;
  const after = await statsOf(url);
  const grownBytes = heap() - heapBefore;
  const writes = storage.writes - writesBefore;
  window.dispose();
  return {
    expired: dead.size + after.expired - before.expired,
    renewals: after.keepAlives - before.keepAlives,
    least: (tokens * ran) / lifeSeconds,
    grownBytes,
    mostTimers: clock.most,
    writes,
  };
}

async function statsOf(url: string): Promise<Record<'sessions' | 'keepAlives' | 'expired', number>> {
  return (await fetch(`${url}/sandbox/stats`)).json() as Promise<
    Record<'sessions' | 'keepAlives' | 'expired', number>
  >;
}

/** What is in use, once the garbage is out; in bytes. */
function heap(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
