import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

/** How tests ended. */
export interface Counts {
  readonly passed: number;
  readonly skipped: number;
  /** The names of those that failed. */
  readonly failed: readonly string[];
  /** The names of those that failed, and passed when they were tried again. */
  readonly flaky: readonly string[];
}

export const none: Counts = { passed: 0, skipped: 0, failed: [], flaky: [] };
export const onePassed: Counts = { ...none, passed: 1 };

export function oneFailed(name: string): Counts {
  return { ...none, failed: [name] };
}

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, { passed, skipped, failed, flaky }) => ({
      passed: total.passed + passed,
      skipped: total.skipped + skipped,
      failed: [...total.failed, ...failed],
      flaky: [...total.flaky, ...flaky],
    }),
    none,
  );
}

/** Says by name what has to be looked at. */
export function tellNames({ failed, flaky }: Counts): void {
  for (const name of failed) {
    console.log(`failed: ${name}`);
  }
  for (const name of flaky) {
    console.log(`flaky: ${name}`);
  }
}

/**
 * Runs a suite that writes its counts to a file, and returns them. A suite that broke outside its tests has failed,
 * whatever its tests say; so has one without tests.
 */
export async function countsOf(file: string, run: () => Promise<number>): Promise<Counts> {
  const broken = `${basename(file, '.json')}, outside of its tests`;
  await rm(file, { force: true });
  const code = await run();
  const counts = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Counts,
    () => oneFailed(broken),
  );
  return counts.failed.length === 0 && (code !== 0 || counts.passed === 0)
    ? { ...counts, failed: [broken] }
    : counts;
}

/** Tells the counts to whoever waits for them in countsOf(); at once, for who ends in the same breath. */
export function writeCounts(file: string, counts: Counts): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(counts));
}
