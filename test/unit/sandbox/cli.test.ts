import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { get, withSandbox } from './support.ts';

const cli = join(process.cwd(), 'test', 'sandbox', 'cli.ts');

/** Runs the command line; what it said and how it ended. */
function run(...flags: string[]): { child: ChildProcess; out: () => string; err: () => string } {
  const child = spawn(process.execPath, ['--no-warnings', cli, ...flags]);
  const said = { out: '', err: '' };
  child.stdout.on('data', (chunk) => {
    said.out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    said.err += String(chunk);
  });
  return { child, out: () => said.out, err: () => said.err };
}

/** The URL of the one line that a started gateway prints. */
async function listening(child: ChildProcess): Promise<string> {
  assert.ok(child.stdout);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /^listening on (\S+)\n$/.exec(String(line))?.[1];
  assert.ok(url, String(line));
  return url;
}

describe('sandbox, command line', () => {
  it('prints one line, serves what its flags say, and ends cleanly on a signal', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const { child, out, err } = run('--service', 'ONE', '--service', 'TWO', '--max-sessions', '1');
      try {
        const url = await listening(child);
        const reply = await get(`${url}/cra/serviceGateway/services`);
        assert.deepEqual(reply.text.match(/ONE|TWO/g), ['ONE', 'TWO']);
      } finally {
        child.kill(signal);
      }
      assert.deepEqual(await once(child, 'exit'), [0, null]);
      assert.deepEqual([out().split('\n').length, err()], [2, '']);
    }
  });

  it('serves https with a certificate made in memory, written down only when asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));
    const file = join(folder, 'ca.pem');
    const { child } = run('--tls', '--tls-cert-file', file);
    try {
      const url = await listening(child);
      assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
      assert.equal(await statusOf(`${url}/sandbox/stats`, readFileSync(file, 'utf8')), 200);
      await assert.rejects(statusOf(`${url}/sandbox/stats`, undefined), /self-signed certificate/);
    } finally {
      child.kill();
      await once(child, 'exit');
      rmSync(folder, { recursive: true });
    }
  });

  it('says in one sentence what is wrong with its flags, and exits with 2', async () => {
    const wrong: readonly [string[], RegExp][] = [
      [['--bogus'], /^Unknown option '--bogus'/],
      [['surplus'], /^Unexpected argument 'surplus'/],
      [['--port', 'x'], /^--port cannot be "x"\.\n$/],
      [['--port', '65536'], /^--port cannot be/],
      [['--life-seconds', '0'], /^--life-seconds cannot be "0"\.\n$/],
      [['--max-sessions', '1.5'], /^--max-sessions cannot be/],
      [['--tls-cert-file', 'x'], /^--tls-cert-file goes with --tls\.\n$/],
    ];
    await Promise.all(
      wrong.map(async ([flags, message]) => {
        const { child, out, err } = run(...flags);
        assert.deepEqual(await once(child, 'close'), [2, null]);
        assert.match(err(), message);
        assert.equal(out(), '');
      }),
    );
  });

  it('says in one sentence that the port is taken, and exits with 1', async () => {
    await withSandbox({}, async ({ port }) => {
      const { child, err } = run('--port', String(port));
      assert.deepEqual(await once(child, 'close'), [1, null]);
      assert.match(err(), /^[^\n]*EADDRINUSE[^\n]*\n$/);
    });
  });
});

function statusOf(url: string, ca: string | undefined): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { agent: false, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume();
      resolve(response.statusCode);
    })
      .once('error', reject)
      .end();
  });
}
