import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { outDir } from '../workbench/paths.ts';
import { onStop } from '../workbench/processes.ts';
import { step } from '../workbench/progress.ts';
import { activationFigures } from './activation.ts';
import { type Figure, printTable } from './figures.ts';
import { getDataFigures } from './getData.ts';
import { Hosts } from './hosts.ts';
import { idleFigures } from './idle.ts';
import { relayFigures } from './relay.ts';
import { resultsFigures } from './results.ts';
import { scaleFigures } from './scale.ts';
import { sizeFigures } from './size.ts';

/*
 * npm run bench [-- group…] [--beside FOLDER]
 *
 * Every figure is a ratio to a reference taken in the same run, side by side, and a median of at least 7: what is
 * asked is not how fast this machine is. The table is printed, all samples go to out/bench.json. A goal that is
 * not reached is said, and is no failure of the run. The folder is another checkout, with its bundles and its package
 * made, whose activation, size, `getData` and results are measured beside ours.
 */
const groups: Readonly<Record<string, (hosts: Hosts) => Promise<Figure[]>>> = {
  size: sizeFigures,
  activation: activationFigures,
  getData: getDataFigures,
  relay: relayFigures,
  scale: scaleFigures,
  results: resultsFigures,
  idle: idleFigures,
};

async function main(): Promise<void> {
  const { positionals: wanted, values } = parseArgs({
    allowPositionals: true,
    options: { beside: { type: 'string' } },
  });
  const unknown = wanted.filter((name) => !(name in groups));
  if (unknown.length > 0) {
    throw new Error(
      `There is no group ${unknown.join(', ')}: the groups are ${Object.keys(groups).join(', ')}.`,
    );
  }
  const begun = Date.now();
  const hosts = await step('Starting VS Code and a sandbox gateway', () => Hosts.start(values.beside));
  onStop(() => hosts.stop());
  const figures: Figure[] = [];
  const took: Record<string, number> = {};
  try {
    for (const [name, measure] of Object.entries(groups)) {
      if (wanted.length === 0 || wanted.includes(name)) {
        const start = Date.now();
        figures.push(...(await step(`Measuring ${name}`, () => measure(hosts))));
        took[name] = Math.round((Date.now() - start) / 1_000);
      }
    }
  } finally {
    await hosts.stop();
  }
  console.log();
  printTable(figures);
  const missed = figures.filter(({ reached }) => reached === false).length;
  const goals = figures.filter(({ reached }) => reached !== undefined).length;
  const seconds = Math.round((Date.now() - begun) / 1_000);
  console.log(
    `\n${goals - missed} of ${goals} goals reached, in ${seconds} s (${Object.entries(took)
      .map(([name, part]) => `${name} ${part} s`)
      .join(', ')}); all samples are in out/bench.json`,
  );
  await mkdir(outDir, { recursive: true });
  await writeFile(
    join(outDir, 'bench.json'),
    `${JSON.stringify({ seconds, took, figures }, undefined, 2)}\n`,
  );
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
