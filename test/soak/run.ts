import { parseArgs } from 'node:util';
import { soak } from './soak.ts';

/* npm run soak -- [--minutes M] [--tokens N]: tokens of a short life, renewed by themselves for long. */
const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, tokens: { type: 'string', default: '500' } },
});
const result = await soak(Number(values.tokens), Number(values.minutes) * 60, (line) => console.log(line));
console.log(
  `${result.expired} expired; ${result.renewals} renewals, ${(result.renewals / result.least).toFixed(2)} × the least ` +
    `possible number; the heap grew by ${(result.grownBytes / 1e6).toFixed(2)} MB; at most ${result.mostTimers} live ` +
    `timers of ours; ${result.writes} writes`,
);
const good =
  result.expired === 0 &&
  result.renewals <= 1.3 * result.least &&
  result.grownBytes < 5e6 &&
  result.mostTimers <= 1;
console.log(good ? 'passed' : 'FAILED');
process.exitCode = good ? 0 : 1;
