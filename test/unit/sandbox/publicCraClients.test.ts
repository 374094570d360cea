import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { service, TestClock, withSandbox } from './support.ts';

const run = promisify(execFile);
const day = 86_400_000;
const scriptOf = (name: string): string => join(import.meta.dirname, name);
type Run = (script: string, ...args: string[]) => Promise<unknown>;

const byNode: Run = async (script, ...args) =>
  JSON.parse((await run(process.execPath, [scriptOf(`${script}.mjs`), ...args])).stdout);

/** By Python, or by Node where there is no Python. */
const byPython: Run = async (script, ...args) => {
  try {
    return JSON.parse((await run('python3', [scriptOf(`${script}.py`), ...args])).stdout);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return byNode(script, ...args);
    }
    throw error;
  }
};

describe('sandbox, public clients of CRA run unchanged but for host and port', () => {
  for (const [name, client] of [
    ['by Python where there is one', byPython],
    ['by Node', byNode],
  ] as const) {
    it(`a collector that knows of an expiry by a 401 alone, ${name}`, async () => {
      const clock = new TestClock();
      await withSandbox({ now: clock.now }, async (sandbox) => {
        // Its token expires while it waits after its first data.
        const ageing = setInterval(() => {
          clock.ms += sandbox.stats().opened === 1 && clock.ms < day ? day : 0;
        }, 20);
        const told = await client('publicCollector', sandbox.url, service, '1').finally(() =>
          clearInterval(ageing),
        );
        assert.deepEqual(told, {
          jobs: 48,
          cpu: true,
          stacks: ['TCPIP', 'TCPIP', 'TCPIPB', 'TCPIPB'],
          logons: 2,
        });
        assert.equal(sandbox.stats().sessions, 0);
      });
    });

    it(`a reader that wants a whole number of minutes and writes null for nothing, ${name}`, async () => {
      await withSandbox({}, async (sandbox) => {
        assert.deepEqual(await client('publicReader', sandbox.url, service), {
          minutes: 15,
          rows: [48, 48],
          rc: 0,
          view: ['MVMVS', 'JCPU'],
          once: false,
          last: true,
        });
        const { opened, reused, closed } = sandbox.stats();
        assert.deepEqual([opened, reused, closed], [2, 1, 2]);
      });
    });
  }
});
