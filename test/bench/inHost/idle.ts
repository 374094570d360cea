import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { extension, takeEntries, tell } from './support.ts';

const seconds = 60;

export interface Idle {
  readonly wakeUps: number;
  /** What each timer that woke us had been set to, in milliseconds. */
  readonly waits: readonly number[];
  readonly cpuMs: number;
  readonly tokens: number;
  readonly focused: boolean;
}

/**
 * How often our own timers wake this host while nothing happens, and the time of the processor inside. Counted at
 * the clock, because the host's own work drowns anything that is measured from outside.
 */
export async function run(): Promise<void> {
  const { extensionPath } = extension();
  const counted = { waits: [] as number[], cpuMicros: 0 };
  const original = globalThis.setTimeout;
  const counting = (callback: (...args: unknown[]) => void, wait?: number, ...args: unknown[]) => {
    // Set by our own code, not by what the host does in a call of ours: that is its way to draw.
    const ours = new Error().stack?.split('\n')[2]?.includes(extensionPath) === true;
    const work = ours
      ? () => {
          counted.waits.push(Math.round(wait ?? 0));
          const before = process.threadCpuUsage();
          try {
            callback(...args);
          } finally {
            const { user, system } = process.threadCpuUsage(before);
            counted.cpuMicros += user + system;
          }
        }
      : () => callback(...args);
    return original(work, wait);
  };
  globalThis.setTimeout = Object.assign(counting, original) as unknown as typeof setTimeout;
  const api = await extension().activate();
  const tokens = await takeEntries(api);
  await delay(5_000);
  counted.waits.length = 0;
  counted.cpuMicros = 0;
  await delay(seconds * 1_000);
  tell({
    wakeUps: counted.waits.length,
    waits: counted.waits,
    cpuMs: counted.cpuMicros / 1_000,
    tokens,
    focused: vscode.window.state.focused,
  } satisfies Idle);
}
