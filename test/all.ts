import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { checkPackage } from './workbench/checkPackage.ts';
import { type Counts, countsOf, oneFailed, onePassed, sum } from './workbench/counts.ts';
import { makePackage, vsix } from './workbench/package.ts';
import { outDir, root } from './workbench/paths.ts';

/*
 * npm test: everything that must hold, in the order of what is cheap and telling. A check counts as one, a mocha
 * suite as its tests; whatever could not run has failed.
 */
interface Step {
  readonly name: string;
  readonly run: () => Promise<Counts>;
  /** Without it the steps after it have nothing to stand on. */
  readonly needed?: boolean;
}

const steps: readonly Step[] = [
  { name: 'types', run: () => check('node_modules/typescript/bin/tsc', ['--noEmit']) },
  {
    name: 'types of the webviews',
    run: () => check('node_modules/typescript/bin/tsc', ['--noEmit', '-p', 'media']),
  },
  {
    name: 'lint',
    run: () => check('node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
  },
  {
    name: 'unit tests',
    run: () =>
      suite('unit', 'node_modules/mocha/bin/mocha.js', ['--reporter', 'test/workbench/countingReporter.ts']),
  },
  { name: 'build', run: () => check('esbuild.js', []), needed: true },
  { name: 'package', run: () => verify(packageAndCheck), needed: true },
  { name: 'host tests', run: () => suite('host', 'test/runTest.ts', []) },
  {
    name: 'tests against servers of others',
    run: () => suite('servers', 'node_modules/mocha/bin/mocha.js', serverTests),
  },
  { name: 'UI tests', run: () => suite('ui', 'test/ui/run.ts', ['--vsix', vsix]) },
];

const serverTests = [
  ...['--no-config', '--parallel', '--jobs', '4', '--timeout', '60000'],
  ...['--reporter', 'test/workbench/countingReporter.ts', 'test/servers/*.test.ts'],
];

async function node(script: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<number> {
  const child = spawn(process.execPath, [script, ...args], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

async function check(script: string, args: readonly string[]): Promise<Counts> {
  return (await node(script, args)) === 0 ? onePassed : oneFailed;
}

async function verify(work: () => Promise<void>): Promise<Counts> {
  try {
    await work();
    return onePassed;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return oneFailed;
  }
}

async function packageAndCheck(): Promise<void> {
  await makePackage();
  await checkPackage();
}

function suite(name: string, script: string, args: readonly string[]): Promise<Counts> {
  const file = join(outDir, 'results', `${name}.json`);
  return countsOf(file, () => node(script, args, { TEST_RESULTS: file }));
}

async function main(): Promise<void> {
  const all: Counts[] = [];
  const times: string[] = [];
  let missing: string | undefined;
  // Meanwhile, because it takes a minute the first time; who needs a server waits for it, and tells what went wrong.
  void node('--import', ['./test/workbench/guard.ts', 'test/servers/fetch.ts']);
  for (const { name, run, needed } of steps) {
    const started = Date.now();
    console.log(`\n== ${name}${missing ? `: cannot run, ${missing} failed` : ''}`);
    const counts = missing ? oneFailed : await run();
    all.push(counts);
    times.push(
      `${name} ${counts.failed > 0 ? 'FAILED' : 'ok'} ${((Date.now() - started) / 1000).toFixed(1)} s`,
    );
    if (needed && counts.failed > 0) {
      missing ??= name;
    }
  }
  console.log(`\n${times.join(', ')}`);
  const total = sum(all);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
  process.exitCode = total.failed > 0 ? 1 : 0;
}

await main();
