import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { packagedFiles, vsix } from '../workbench/package.ts';
import { outDir, root } from '../workbench/paths.ts';
import { runOrThrow } from '../workbench/processes.ts';
import { type Figure, kb } from './figures.ts';
import type { Hosts } from './hosts.ts';

const largestOfBundle = 6;

/** The weight of the package, and what each bundle in it is made of. */
export async function sizeFigures({ beside }: Hosts): Promise<Figure[]> {
  const { size } = await stat(vsix);
  const analysis = await runOrThrow(process.execPath, ['esbuild.js', '--analyze'], { cwd: root });
  await mkdir(outDir, { recursive: true });
  await writeFile(join(outDir, 'bundles.txt'), analysis);
  const files = await packagedFiles();
  console.log(`The package: ${files.join(', ')}`);
  console.log('The bundles and the largest parts of each (all of them: out/bundles.txt):');
  let line = 0;
  for (const text of analysis.split('\n').filter((one) => one.trim() !== '')) {
    line = text.startsWith('  dist/') ? 0 : line + 1;
    if (line <= largestOfBundle && !text.includes('.map')) {
      console.log(text);
    }
  }
  return [
    {
      group: 'size',
      what: `the .vsix, ${files.length} files`,
      ours: kb(size),
      reference: beside === undefined ? '' : kb((await stat(join(beside, relative(root, vsix)))).size),
      ratio: undefined,
      goal: '≤ 360.0 KB',
      reached: size <= 360_000,
    },
  ];
}
