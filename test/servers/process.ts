import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { endTree, onStop } from '../workbench/processes.ts';

/** A server that runs, until `stop` has resolved. */
export interface Running {
  readonly url: string;
  /** Ends it and removes what it has written. */
  stop(): Promise<void>;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** How long a server may take to be ready, on a computer that is busy with other tests. */
const readyWithinMs = 60_000;

/**
 * Starts a server that listens on a free port of 127.0.0.1, in a folder of its own, and waits until it answers `ready`,
 * a path, with 2xx. It ends with this process;
 * where that may be killed too hard to end it, the program has to see to it itself.
 */
export async function startProgram(
  ready: string,
  program: (place: { readonly port: number; readonly folder: string }) => Promise<Program>,
): Promise<Running> {
  const folder = await mkdtemp(join(tmpdir(), 'st-server-'));
  const port = await freePort();
  const { command, args, env, cwd } = await program({ port, folder });
  const child = spawn(command, args, {
    cwd: cwd ?? folder,
    env: { ...process.env, ...env },
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => {
      said = `${said}${chunk.toString('utf8')}`.slice(-4000);
    });
  }
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    await endTree(child);
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  onStop(stop);
  try {
    await untilReady(new URL(ready, url), child);
  } catch (error) {
    await stop();
    throw new Error(`${command} did not start: ${error instanceof Error ? error.message : error}\n${said}`);
  }
  return { url, stop };
}

async function untilReady(url: URL, child: ChildProcess): Promise<void> {
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => reject(new Error(`it ended (${code ?? signal})`)));
  });
  const answered = async (): Promise<void> => {
    const until = performance.now() + readyWithinMs;
    while (
      !(await fetch(url, { signal: AbortSignal.timeout(5000) }).then(
        ({ ok }) => ok,
        () => false,
      ))
    ) {
      if (performance.now() > until) {
        throw new Error(`${url} does not answer`);
      }
      await delay(50);
    }
  };
  ended.catch(() => undefined);
  await Promise.race([answered(), ended]);
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) {
    throw new Error('There is no free port.');
  }
  return address.port;
}
