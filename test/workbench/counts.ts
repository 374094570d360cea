import { mkdirSync, writeFileSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** How tests ended. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const none: Counts = { passed: 0, failed: 0, skipped: 0 };
export const onePassed: Counts = { ...none, passed: 1 };
export const oneFailed: Counts = { ...none, failed: 1 };

export function sum(all: readonly Counts[]): Counts {
  return all.reduce(
    (total, { passed, failed, skipped }) => ({
      passed: total.passed + passed,
      failed: total.failed + failed,
      skipped: total.skipped + skipped,
    }),
    none,
  );
}

/**
 * Runs a suite that writes its counts to a file, and returns them. A suite that broke outside its tests has failed,
 * whatever its tests say; so has one without tests.
 */
export async function countsOf(file: string, run: () => Promise<number>): Promise<Counts> {
  await rm(file, { force: true });
  const code = await run();
  const counts = await readFile(file, 'utf8').then(
    (text) => JSON.parse(text) as Counts,
    () => oneFailed,
  );
  const broken = counts.failed === 0 && (code !== 0 || counts.passed === 0);
  return broken ? { ...counts, failed: 1 } : counts;
}

/** Tells the counts to whoever waits for them in countsOf(); at once, for who ends in the same breath. */
export function writeCounts(file: string, counts: Counts): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(counts));
}
