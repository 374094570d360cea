import { parseArgs } from 'node:util';
import { targets } from './targets.ts';

/*
 * npm run fuzz [-- --runs N] [--seed N] [--only part of a name]
 * Every parser with 100,000 inputs; a failure prints the smallest input that fails, its seed and its path.
 */
const { values } = parseArgs({
  options: { runs: { type: 'string' }, seed: { type: 'string' }, only: { type: 'string' } },
});
const runs = Number(values.runs ?? 100_000);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
console.log(`seed ${seed}, ${runs.toLocaleString('en')} inputs each`);
let failed = 0;
for (const { name, run } of targets) {
  if (values.only !== undefined && !name.includes(values.only)) {
    continue;
  }
  const begun = Date.now();
  try {
    await run({ numRuns: runs, seed });
    console.log(`ok      ${name} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}`);
    console.log(error instanceof Error ? `${error.message}\n${error.cause ?? ''}` : error);
  }
}
process.exitCode = failed > 0 ? 1 : 0;
