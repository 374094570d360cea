import { SystemClock } from '../../../../src/core/clock.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';

/* A process of its own that opens a table, and has nothing more to do. */
const file = new URL('../../../../src/core/results/worker.ts', import.meta.url);
new WorkerClient(file, new SystemClock()).open({ member: 'Rows', mayWrap: false }, () => undefined);
