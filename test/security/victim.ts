import { join } from 'node:path';
import { SystemClock } from '../../src/core/clock.ts';
import { TokensError } from '../../src/core/errors.ts';
import { Redactor } from '../../src/core/redact.ts';
import { readerMaker } from '../../src/core/results/readers.ts';
import { WorkerClient } from '../../src/core/results/workerClient.ts';
import { connect } from '../connect.ts';
import { connectionOf } from '../connectionOf.ts';
import { root } from '../workbench/paths.ts';

/*
 * A process of its own, so that its memory can be measured: gets one hostile answer by the real client and the real
 * readers, and prints how it ended and by how much its memory rose. Arguments: address, megabytes and seconds allowed.
 */
const [url = '', megabytes = '256', seconds = '3'] = process.argv.slice(2);
const maxBytes = Number(megabytes) * 2 ** 20;
const clock = new SystemClock();
const silent = () => undefined;
const deps = {
  clock,
  redactor: new Redactor(),
  log: { debug: silent, info: silent, warn: silent, error: silent },
  maxResponseBytes: () => maxBytes,
};
const worker = new WorkerClient(join(root, 'src/core/results/worker.ts'), clock);

async function get(url: string, kept = false): Promise<string> {
  const connection = connectionOf({ kind: 'sarus', url, requestTimeoutSeconds: Number(seconds) });
  const gateway = connect(connection, deps);
  try {
    const { answer } = await gateway.getData({
      tokens: { user: 'a token' },
      query: { endpoint: 'Data' },
      keepOpen: true,
      makeReader: readerMaker(worker, { maxBytes, wantsRows: false }),
    });
    if (!kept) {
      answer.dispose();
    }
    return 'an answer';
  } catch (error) {
    return error instanceof TokensError ? error.code : String(error);
  } finally {
    gateway.dispose();
  }
}

// A usual answer first, and kept: the code and the thread for large ones are no part of what is measured.
const usual = await get(new URL('/small/', url).href, true);
if (usual !== 'an answer') {
  throw new Error(`a usual answer ended in ${usual}`);
}
globalThis.gc?.();
const baseline = process.memoryUsage.rss();
let peak = baseline;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage.rss());
}, 5);
const begun = performance.now();
const outcome = await get(url);
const ms = Math.round(performance.now() - begun);
clearInterval(watch);
peak = Math.max(peak, process.memoryUsage.rss());
console.log(JSON.stringify({ outcome, ms, megabytes: Math.round((peak - baseline) / 2 ** 20) }));
worker.dispose();
process.exit(0);
