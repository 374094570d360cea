import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withSandbox } from './support.ts';

const run = promisify(execFile);
const scriptOf = (ending: string): string => join(import.meta.dirname, `publicClient.${ending}`);

/** What the client prints: by Python, or by Node where there is no Python. */
async function client(url: string): Promise<unknown> {
  const python = run('python3', [scriptOf('py'), url]);
  const { stdout } = await python.catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return run(process.execPath, [scriptOf('mjs'), url]);
    }
    throw error;
  });
  return JSON.parse(stdout);
}

describe('sandbox, a public client of SARUS', () => {
  for (const [name, told] of [
    ['by Python where there is one', client],
    [
      'by Node',
      async (url: string) => JSON.parse((await run(process.execPath, [scriptOf('mjs'), url])).stdout),
    ],
  ] as const) {
    it(`runs unchanged but for host and port, ${name}`, async () => {
      await withSandbox({}, async (sandbox) => {
        assert.deepEqual(await told(sandbox.url), {
          pages: 2,
          bates: [
            ['Open', 'Close'],
            ['Open', 'Close'],
          ],
          dates: ['2020-12-31', '2020-12-31'],
          same: true,
          columns: ['Open', 'Close', 'Open', 'Close'],
          joined: true,
          key: 'demo',
          refused: [
            [401, 401],
            [400, 400],
          ],
          revoked: 200,
          expired: [401, 401],
        });
      });
    });
  }
});
