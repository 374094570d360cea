import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { extension, heapUsed, takeEntries, tell, timed } from './support.ts';

export interface Activation {
  /** From asking VS Code for the extension to having it. */
  readonly totalMs: number;
  readonly requireMs: number;
  readonly activateMs: number;
  /** What the extension holds, with no token and with 100. */
  readonly heapBytes: number;
  /** With all parts loaded, and no token yet. */
  readonly loadedHeapBytes: number;
  readonly fullHeapBytes: number;
  readonly loaded: readonly { readonly file: string; readonly bytes: number }[];
}

/** What it costs to activate the extension in this fresh host. */
export async function run(): Promise<void> {
  // A window that has just opened has other things to do.
  await delay(500);
  const before = heapUsed();
  const begun = performance.now();
  const api = await extension().activate();
  const totalMs = performance.now() - begun;
  await delay(500);
  const { requireMs, activateMs, loaded } = timed();
  const files = loaded().map((file) => ({ file: basename(file), bytes: statSync(file).size }));
  const heapBytes = heapUsed() - before;
  await api?.tokens();
  const loadedHeapBytes = heapUsed() - before;
  // The empty one has no API, and nothing to hold.
  if (api !== undefined) {
    await takeEntries(api);
    await delay(500);
  }
  const fullHeapBytes = heapUsed() - before;
  tell({
    totalMs,
    requireMs,
    activateMs,
    heapBytes,
    loadedHeapBytes,
    fullHeapBytes,
    loaded: files,
  } satisfies Activation);
}
