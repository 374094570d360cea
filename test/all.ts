import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { checkPackage } from './workbench/checkPackage.ts';
import { type Counts, countsOf, oneFailed, onePassed, sum, tellNames } from './workbench/counts.ts';
import { makePackage, vsix } from './workbench/package.ts';
import { outDir, root } from './workbench/paths.ts';
import { run } from './workbench/processes.ts';

/*
 * npm test: everything that must hold, in the order of what is cheap and telling. A check counts as one, a mocha
 * suite as its tests; whatever could not run has failed.
 */
interface Step {
  readonly name: string;
  readonly run: (start: Start) => Promise<Counts>;
  /** The steps after it need it. */
  readonly needed?: boolean;
}

/** Runs a script of Node to its end, and answers its exit code. */
type Start = (script: string, args: readonly string[], env?: NodeJS.ProcessEnv) => Promise<number>;

const first: readonly Step[] = [
  check('types', 'node_modules/typescript/bin/tsc', ['--noEmit']),
  check('types of the webviews', 'node_modules/typescript/bin/tsc', ['--noEmit', '-p', 'media']),
  check('lint', 'node_modules/@biomejs/biome/bin/biome', ['check', '--error-on-warnings', '.']),
  { ...check('build', 'esbuild.js', []), needed: true },
];

/** Whoever needs the package waits for it. */
const packaged = Promise.withResolvers<void>();

/** What keeps two processors busy. */
const busy: readonly Step[] = [
  mocha('unit', ['--ignore', 'test/soak/**']),
  suite('ui', 'test/ui/run.ts', ['--vsix', vsix], packaged.promise),
];

/** Steps that mostly wait (for tokens to expire, servers to start, VS Code) run beside those. */
const waiting: readonly Step[] = [
  { name: 'package', run: () => verify('package', packageAndCheck), needed: true },
  mocha('soak', ['--no-config', 'test/soak/*.test.ts']),
  mocha('servers', ['--no-config', '--parallel', '--jobs=4', '--timeout=60000', 'test/servers/*.test.ts']),
  suite('host', 'test/runTest.ts', []),
];

/** Shows what a step says while it says it. */
function shown(name: string): Start {
  console.log(`\n== ${name}`);
  return async (script, args, env) => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, ...env },
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    return code ?? 1;
  };
}

/** Shows it when the step has ended: something else is being shown meanwhile. */
function beside(name: string): Start {
  return async (script, args, env) => {
    const options = { cwd: root, env: { ...process.env, ...env } };
    const { code, output } = await run(process.execPath, [script, ...args], options);
    console.log(`\n== ${name}, beside the others\n${output.trim()}`);
    return code;
  };
}

function check(name: string, script: string, args: readonly string[]): Step {
  const done = (code: number) => (code === 0 ? onePassed : oneFailed(name));
  return { name, run: async (start) => done(await start(script, args)) };
}

function suite(name: string, script: string, args: readonly string[], after?: Promise<void>): Step {
  const file = join(outDir, 'results', `${name}.json`);
  const suiteOf = (start: Start) => countsOf(file, () => start(script, args, { TEST_RESULTS: file }));
  return { name, run: async (start) => after?.then(() => suiteOf(start)) ?? suiteOf(start) };
}

function mocha(name: string, args: readonly string[]): Step {
  const reporter = ['--reporter', 'test/workbench/countingReporter.ts'];
  return suite(name, 'node_modules/mocha/bin/mocha.js', [...reporter, ...args]);
}

async function verify(name: string, work: () => Promise<void>): Promise<Counts> {
  try {
    await work();
    return onePassed;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return oneFailed(name);
  }
}

async function packageAndCheck(): Promise<void> {
  try {
    await makePackage();
    await checkPackage();
  } finally {
    packaged.resolve();
  }
}

const all: Counts[] = [];
const times: string[] = [];
let missing: string | undefined;

async function inOrder(steps: readonly Step[], show: (name: string) => Start): Promise<void> {
  for (const { name, run, needed } of steps) {
    const started = Date.now();
    const counts = missing
      ? oneFailed(`${name}, which cannot run without ${missing}`)
      : await run(show(name));
    all.push(counts);
    const failed = counts.failed.length > 0;
    times.push(`${name} ${failed ? 'FAILED' : 'ok'} ${((Date.now() - started) / 1000).toFixed(1)} s`);
    if (needed && failed) {
      missing ??= name;
    }
  }
}

async function main(): Promise<void> {
  // Meanwhile, because it takes a minute the first time; who needs a server waits for it, and tells what went wrong.
  void shown('servers of others')('--import', ['./test/workbench/guard.ts', 'test/servers/fetch.ts']);
  await inOrder(first, shown);
  await Promise.all([inOrder(busy, shown), inOrder(waiting, beside)]);
  const total = sum(all);
  console.log(`\n${times.join(', ')}`);
  tellNames(total);
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  console.log(`${total.passed} passed, ${total.failed.length} failed${skipped}`);
  // Servers that are still being fetched are of no use any more.
  process.exit(total.failed.length > 0 ? 1 : 0);
}

await main();
