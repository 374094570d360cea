import { statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { extension, heapUsed, takeEntries, tell, timed } from './support.ts';

interface Cost {
  /** From asking VS Code for the extension to having it. */
  readonly ms: number;
  /** What the host's thread worked in that time. */
  readonly cpuMs: number;
  /** And in the 100 ms after it: for what was put off, and for what VS Code does about all that was registered. */
  readonly laterCpuMs: number;
  /** Bytes that it holds. */
  readonly heap: number;
}

export interface Activation extends Cost {
  /** Of the two empty extensions, activated before and after ours: what was faster or slower then was so for all. */
  readonly empty: Cost;
  readonly requireMs: number;
  readonly activateMs: number;
  /** With all parts loaded, and no token yet. */
  readonly loadedHeap: number;
  /** With 100 tokens. */
  readonly fullHeap: number;
  readonly loaded: readonly { readonly file: string; readonly bytes: number }[];
}

/** What it costs to activate the extension in this fresh host. */
export async function run(): Promise<void> {
  // The first extension of a host pays for what all of them use.
  await activate('first');
  const before = await activate('before');
  const cost = await activate();
  const ours = timed();
  const { requireMs, activateMs } = ours;
  const after = await activate('after');
  const files = ours.loaded().map((file) => ({ file: basename(file), bytes: statSync(file).size }));
  const start = heapUsed() - cost.heap;
  const api = extension().exports;
  await api.tokens();
  const loadedHeap = heapUsed() - start;
  // Version 0.1, measured beside ours, cannot read the entries.
  if (extension().extensionPath.endsWith('ours')) {
    await takeEntries(api, ours);
    await delay(500);
  }
  const mean = (what: keyof Cost): number => (before[what] + after[what]) / 2;
  tell({
    ...cost,
    empty: { ms: mean('ms'), cpuMs: mean('cpuMs'), laterCpuMs: mean('laterCpuMs'), heap: mean('heap') },
    requireMs,
    activateMs,
    loadedHeap,
    fullHeap: heapUsed() - start,
    loaded: files,
  } satisfies Activation);
}

async function activate(name?: string): Promise<Cost> {
  await atRest();
  const heap = heapUsed();
  const cpuBefore = cpuMs();
  const begun = performance.now();
  await extension(name).activate();
  const ms = performance.now() - begun;
  const cpuThen = cpuMs();
  await delay(100);
  const laterCpuMs = cpuMs() - cpuThen;
  await delay(400);
  return { ms, cpuMs: cpuThen - cpuBefore, laterCpuMs, heap: heapUsed() - heap };
}

function cpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/**
 * Waits until the window answers at once for half a second, or for at most some ten: VS Code asks it twice for what an
 * extension has stored before it activates one, and a window that has just opened draws itself first.
 */
async function atRest(): Promise<void> {
  for (let tries = 0, quick = 0; tries < 200 && quick < 20; tries++) {
    const asked = performance.now();
    await vscode.commands.executeCommand('setContext', 'sessionTokens.bench', tries);
    quick = performance.now() - asked < 10 ? quick + 1 : 0;
    await delay(25);
  }
}
