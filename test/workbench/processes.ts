import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';

export interface Outcome {
  readonly code: number;
  /** stdout and stderr, interleaved as they came. */
  readonly output: string;
}

/** Runs a program to its end. Never rejects for a bad exit code: the caller knows what that means. */
export async function run(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<Outcome> {
  const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  try {
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, output };
  } catch (error) {
    // 'error' comes instead of 'close' when there is no such program.
    return { code: 127, output: error instanceof Error ? error.message : String(error) };
  }
}

/** Like run(), but a bad exit code is an error that carries the last lines the program said. */
export async function runOrThrow(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<string> {
  const { code, output } = await run(command, args, options);
  if (code !== 0) {
    const last = output.trim().split('\n').slice(-15).join('\n');
    throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${last}`);
  }
  return output;
}

/**
 * Ends a child and all it started. The child leads a process group of its own (spawned `detached`), so the
 * extension hosts that VS Code forks go with it.
 */
export async function endTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
    return;
  }
  const closed = once(child, 'exit');
  signalTree(child, 'SIGTERM');
  const force = setTimeout(() => signalTree(child, 'SIGKILL'), 3000);
  await closed;
  clearTimeout(force);
  // The leader is gone; what it left behind of its group has no reason to stay.
  signalTree(child, 'SIGKILL');
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) {
    return;
  }
  try {
    if (process.platform === 'win32') {
      spawn('taskkill', ['/pid', String(child.pid), '/t', '/f'], { stdio: 'ignore' });
    } else {
      process.kill(-child.pid, signal);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') {
      throw error;
    }
  }
}

const cleaners: (() => Promise<void>)[] = [];

/**
 * Calls `clean` once when this process is told to stop, or when its parent is gone without telling (npm does not
 * pass every signal on), then leaves with the code that says so. Given several, it calls all of them before.
 */
export function onStop(clean: () => Promise<void>): void {
  cleaners.push(clean);
  if (cleaners.length > 1) {
    return;
  }
  let stopping = false;
  const stop = (code: number): void => {
    // A terminal may deliver Ctrl-C twice (to the group, and through npm): the first one is enough.
    if (!stopping) {
      stopping = true;
      Promise.allSettled(cleaners.map((one) => one())).finally(() => process.exit(code));
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => stop(128 + constants.signals[signal]));
  }
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && stop(1), 1000).unref();
}
