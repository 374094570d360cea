import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type Verdict, World } from './world.ts';

/*
 * npm run simulate -- [--seeds N] [--first N] [--hours H] [--workers N] [--seed N [--trace]]: simulates days of the
 * core, each from its seed, on all processors. One that fails is named, and `--seed` repeats it exactly.
 */

/** What the threads share out among each other. */
interface Share {
  readonly last: number;
  readonly hours: number;
  /** The next seed that nobody has taken yet. */
  readonly next: Int32Array<SharedArrayBuffer>;
}

/** After so many failed seeds the run stops: further ones rarely show another fault. */
const maxFailures = 20;

/** Interval of progress messages, in milliseconds. */
const tellEveryMs = 30_000;

async function runDays({ last, hours, next }: Share, tell: (verdict: Verdict) => void): Promise<void> {
  Error.stackTraceLimit = 1; // A day throws thousands of errors, whose stacks take time: running the seed alone shows them.
  for (let seed = Atomics.add(next, 0, 1); seed <= last; seed = Atomics.add(next, 0, 1)) {
    tell(await new World(seed).run(hours));
  }
}

/** Runs the seeds in so many threads; stops when `tell` returns false. */
async function share(work: Share, workers: number, tell: (verdict: Verdict) => boolean): Promise<void> {
  const threads = Array.from(
    { length: workers },
    () => new Worker(import.meta.filename, { workerData: work }),
  );
  await Promise.all(
    threads.map(
      (thread) =>
        new Promise<void>((resolve, reject) => {
          thread.on('message', (verdict: Verdict) => {
            if (!tell(verdict)) {
              Atomics.store(work.next, 0, work.last + 1); // Days that have begun are finished.
            }
          });
          thread.once('error', reject);
          thread.once('exit', () => resolve());
        }),
    ),
  );
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '10000' },
      first: { type: 'string', default: '1' },
      hours: { type: 'string', default: '24' },
      workers: { type: 'string', default: String(availableParallelism()) },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
    },
  });
  const first = Number(values.seed ?? values.first);
  const count = values.seed === undefined ? Number(values.seeds) : 1;
  const hours = Number(values.hours);
  const begun = performance.now();
  const seconds = () => (performance.now() - begun) / 1000;
  let told = begun;
  let [operations, requests, lived] = [0, 0, 0];
  const bad: number[] = [];
  const hear = (verdict: Verdict): boolean => {
    lived++;
    operations += verdict.operations;
    requests += verdict.requests;
    if (verdict.violations.length > 0) {
      bad.push(verdict.seed);
      console.log(
        `seed ${verdict.seed} went wrong; live it again with: npm run simulate -- --seed ${verdict.seed}`,
      );
      for (const violation of verdict.violations.slice(0, 5)) {
        console.log(`  ${violation}`);
      }
    }
    if (performance.now() - told > tellEveryMs) {
      told = performance.now();
      console.log(`${lived} of ${count} after ${seconds().toFixed(0)} s`);
    }
    return bad.length < maxFailures;
  };
  if (values.seed === undefined) {
    const next = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    next[0] = first;
    await share({ last: first + count - 1, hours, next }, Number(values.workers), hear);
  } else {
    hear(await new World(first, values.trace ? console.log : undefined).run(hours));
  }
  if (lived < count) {
    console.log(
      `${count - lived} seeds were not lived${bad.length >= maxFailures ? ': maxFailures has gone wrong' : ''}.`,
    );
  }
  console.log(
    `${lived - bad.length} of ${count} seeds of ${hours} simulated hours passed: ` +
      `${operations} operations, ${requests} requests, ${seconds().toFixed(1)} s`,
  );
  if (bad.length > 0) {
    console.log(`went wrong: ${bad.sort((a, b) => a - b).join(', ')}`);
  }
  process.exitCode = lived - bad.length === count ? 0 : 1;
}

if (isMainThread) {
  await main();
} else {
  await runDays(workerData as Share, (verdict) => parentPort?.postMessage(verdict));
}
