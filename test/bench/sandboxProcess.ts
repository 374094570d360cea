import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from '../workbench/paths.ts';
import { endTree } from '../workbench/processes.ts';

interface SandboxProcess {
  readonly url: string;
  stop(): Promise<void>;
}

/** The service that the sandbox gateway offers first. */
export const service = 'BBI3SYSA';

/** A sandbox gateway in a process of its own: it must not share a thread with anything that is measured. */
export async function startSandboxProcess({
  maxSessions = 1000,
  lifeSeconds = 3600,
} = {}): Promise<SandboxProcess> {
  const child = spawn(
    process.execPath,
    [
      ...[
        '--disable-warning=MODULE_TYPELESS_PACKAGE_JSON',
        '--import',
        join(root, 'test/workbench/guard.ts'),
      ],
      join(root, 'test/sandbox/cli.ts'),
      ...['--max-sessions', String(maxSessions), '--life-seconds', String(lifeSeconds)],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'], detached: process.platform !== 'win32' },
  );
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString('utf8');
      const found = /listening on (\S+)/.exec(said)?.[1];
      if (found !== undefined) {
        resolve(found);
      }
    });
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`The sandbox gateway ended with ${code}.`)));
  });
  return { url, stop: () => endTree(child) };
}
