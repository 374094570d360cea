import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as vscode from 'vscode';
import type { SessionTokensApi } from '../../../src/api.ts';

/** What ../timed.js leaves behind. */
interface Timed {
  readonly requireMs: number;
  readonly activateMs: number;
  /** The secret storage of the extension. */
  readonly secrets: vscode.SecretStorage;
  answer(words: string): void;
  loaded(): string[];
}

export function tell(result: object): void {
  console.log(`BENCH ${JSON.stringify(result)}`);
}

/** The extension that is measured, or an empty one. */
export function extension(name = 'session-tokens'): vscode.Extension<SessionTokensApi> {
  const found = vscode.extensions.getExtension<SessionTokensApi>(`session-tokens.${name}`);
  if (found === undefined) {
    throw new Error('There is no extension to measure.');
  }
  return found;
}

export function timed(): Timed {
  return (globalThis as unknown as Record<symbol, Timed>)[Symbol.for('session-tokens.bench')] as Timed;
}

/** Entries of 100 tokens, as one window leaves them for others; made anew in each run, for its sandbox gateway. */
const entriesFile = join(__dirname, 'entries.json');

export async function keepEntries(): Promise<void> {
  const { secrets } = timed();
  const entries: [string, string][] = [];
  for (const key of await secrets.keys()) {
    entries.push([key, (await secrets.get(key)) ?? '']);
  }
  writeFileSync(entriesFile, JSON.stringify(entries));
}

/** Brings in the tokens of the other window; resolves when they are held here. */
export async function takeEntries(api: SessionTokensApi, { secrets } = timed()): Promise<number> {
  const entries = JSON.parse(readFileSync(entriesFile, 'utf8')) as [string, string][];
  for (const [key, value] of entries) {
    await secrets.store(key, value);
  }
  for (let tries = 0; tries < 100; tries++) {
    const held = (await api.tokens()).length;
    if (held >= entries.length) {
      return held;
    }
    await delay(100);
  }
  throw new Error('The tokens of the other window were not taken in.');
}

/** Bytes in use after everything that can go has gone. */
export function heapUsed(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

export function environment(name: string): string {
  return process.env[name] ?? '';
}

/** A time in which this process did not get to its timers. */
interface Block {
  /** Of `performance.now()`. */
  readonly from: number;
  readonly ms: number;
  /** What this thread worked of it; the rest it waited for a processor, or for other threads. */
  readonly cpuMs: number;
}

/** Watches for how long at a time this process does not get to its timers. */
export class Blocks {
  readonly #blocks: Block[] = [];
  #last = performance.now();
  #cpu = process.threadCpuUsage();
  readonly #timer = setInterval(() => this.#look(), 2);

  stop(): void {
    clearInterval(this.#timer);
    this.#look();
  }

  /** The longest block that began between two moments; its processor time is the most that any of them had. */
  longest(from = 0, to = Number.POSITIVE_INFINITY): Omit<Block, 'from'> {
    const blocks = this.#blocks.filter((one) => one.from >= from && one.from < to);
    return {
      ms: Math.max(0, ...blocks.map(({ ms }) => ms)),
      cpuMs: Math.max(0, ...blocks.map(({ cpuMs }) => cpuMs)),
    };
  }

  #look(): void {
    const now = performance.now();
    const { user, system } = process.threadCpuUsage(this.#cpu);
    this.#blocks.push({ from: this.#last, ms: now - this.#last, cpuMs: (user + system) / 1_000 });
    this.#last = now;
    this.#cpu = process.threadCpuUsage();
  }
}
