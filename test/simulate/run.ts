import { parseArgs } from 'node:util';
import { World } from './world.ts';

/*
 * npm run simulate -- [--seeds N] [--first N] [--hours H] [--seed N [--trace]]: days in the life of the core, each from its seed.
 * One that goes wrong is named, and `--seed` lives it again exactly.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    first: { type: 'string', default: '1' },
    hours: { type: 'string', default: '24' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed ?? values.first);
const last = values.seed === undefined ? first + Number(values.seeds) - 1 : first;
const hours = Number(values.hours);

const begun = performance.now();
let operations = 0;
let requests = 0;
const bad: number[] = [];
for (let seed = first; seed <= last; seed++) {
  const verdict = await new World(seed, values.trace ? console.log : undefined).run(hours);
  operations += verdict.operations;
  requests += verdict.requests;
  if (verdict.violations.length > 0) {
    bad.push(seed);
    console.log(`seed ${seed} went wrong; live it again with: npm run simulate -- --seed ${seed}`);
    for (const violation of verdict.violations.slice(0, 5)) {
      console.log(`  ${violation}`);
    }
  }
  if (bad.length >= 20) {
    console.log('Enough has gone wrong.');
    break;
  }
}
const seconds = (performance.now() - begun) / 1000;
console.log(
  `${last - first + 1 - bad.length} of ${last - first + 1} seeds of ${hours} simulated hours passed: ` +
    `${operations} operations, ${requests} requests, ${seconds.toFixed(1)} s`,
);
process.exitCode = bad.length === 0 ? 0 : 1;
