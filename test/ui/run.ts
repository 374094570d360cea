import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { glob, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { ensureBrowser } from '../workbench/browser.ts';
import { type Counts, countsOf, none, sum, tellNames, writeCounts } from '../workbench/counts.ts';
import { ensureServer } from '../workbench/install.ts';
import { ensurePackage } from '../workbench/package.ts';
import { cacheDir, outDir, root } from '../workbench/paths.ts';
import { onStop } from '../workbench/processes.ts';
import { runMocha } from '../workbench/runMocha.ts';
import { fewBuiltIn, installExtension, startServer } from '../workbench/server.ts';
import { changeSettings, quietSettings } from '../workbench/settings.ts';

/*
 * npm run test:ui [-- options] [part of a file name]…
 *   --grep <pattern>   only tests whose title matches
 *   --vsix <file>      another package than the one of the working tree
 *   --told             the files that are named on stdin, as long as it lasts, in this process
 *
 * Files mostly wait, so several run side by side, in lanes: each has a process, a browser, and a VS Code server with
 * the packaged extension, and takes the next file that nobody has begun. Each test opens its own page (workbench.ts).
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    grep: { type: 'string', short: 'g' },
    vsix: { type: 'string' },
    told: { type: 'boolean' },
  },
});

/** How many files run side by side: two processors are busy with this many; with more, everything is slow. */
const lanes = 2;

async function main(): Promise<void> {
  // What each page and each process starts anew, an extension host above all, is compiled once.
  process.env.NODE_COMPILE_CACHE = join(cacheDir, 'compiled');
  const files = await testFiles();
  const vsixFile = values.vsix ?? (await ensurePackage());
  await ensureBrowser();
  if (values.told) {
    return inVsCode(vsixFile, runTold);
  }
  // A pattern may leave nothing of most files, so those that it is meant for run in one process.
  return files.length === 1 || values.grep
    ? inVsCode(vsixFile, () => runHere(files))
    : runApart(files, vsixFile);
}

/** Files that mostly wait for tokens to end: they have a lane of their own, which does what is left of the others when they have. */
const waiting = ['machines', 'notices', 'windows'];

/** Files with many steps that follow fast upon each other: before these have ended only files that wait run beside them. */
const alone = ['canary'];

/** How many files are tried a second time. More failures are no bad luck. */
const secondTries = 3;

/** Runs files side by side; what each says is shown when it has ended. */
async function runApart(files: readonly string[], vsixFile: string): Promise<void> {
  const sizes = new Map(
    await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)),
  );
  // The longest first: what is begun last should not be what takes longest.
  const sorted = [...files].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  const first = sorted.filter((file) => alone.includes(nameOf(file)));
  const waits = sorted.filter((file) => waiting.includes(nameOf(file)));
  const others = sorted.filter((file) => !first.includes(file) && !waits.includes(file));
  const all: Counts[] = [];
  let triedAgain = 0;
  const quiet = Promise.withResolvers<void>();
  const lane = (...queues: string[][]) =>
    withServer(vsixFile, async (place) => {
      const next = (): string | undefined => queues.find((queue) => queue.length > 0)?.shift();
      let runner: Runner | undefined;
      const isFirst = queues[0] === first;
      await (queues[0] === others && quiet.promise);
      for (let file = next(); file !== undefined; file = next()) {
        runner ??= startRunner(vsixFile, place);
        const counts = await runner.run(file);
        if (counts.failed.length === 0) {
          all.push(counts);
        } else {
          // What it has left behind is nothing for the next one.
          await runner.end();
          runner = undefined;
          all.push(triedAgain++ < secondTries ? await tryAgain(file, vsixFile, counts) : counts);
        }
        if (isFirst && first.length === 0) {
          quiet.resolve();
        }
      }
      await runner?.end();
    });
  if (first.length === 0) {
    quiet.resolve();
  }
  await Promise.all([
    lane(first, others, waits),
    ...Array.from({ length: lanes - 1 }, () => lane(others, waits)),
    lane(waits, others),
  ]);
  const total = sum(all);
  if (process.env.TEST_RESULTS) {
    writeCounts(process.env.TEST_RESULTS, total);
  }
  tellNames(total);
  if (total.failed.length > 0) {
    throw new Error(`${total.failed.length} UI tests failed`);
  }
}

/** A process that runs files one after the other, as it is told: its browser and its first page take as long as a test. */
interface Runner {
  readonly run: (file: string) => Promise<Counts>;
  readonly end: () => Promise<void>;
}

function startRunner(vsixFile: string, place: NodeJS.ProcessEnv, more: readonly string[] = []): Runner {
  const args = [import.meta.filename, '--told', '--vsix', vsixFile, ...more];
  const child = spawn(process.execPath, args, { cwd: root, env: { ...process.env, ...place } });
  const ended = once(child, 'close');
  child.stdin.on('error', () => undefined); // It has ended before it was told to.
  let output = '';
  let heard: () => void = () => undefined;
  const hear = (chunk: Buffer): void => {
    output += chunk.toString('utf8');
    heard();
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const tell = async (file: string): Promise<number> => {
    output = '';
    child.stdin.write(`${file}\n`);
    const answer = new Promise<number>((resolve) => {
      heard = () => {
        const [, code] = endOfFile.exec(output) ?? [];
        if (code !== undefined) {
          resolve(Number(code));
        }
      };
    });
    const started = Date.now();
    const code = await Promise.race([answer, ended.then(() => 1)]);
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`\n== ${relative(root, file)}: ${seconds} s\n${output.replace(endOfFile, '').trim()}`);
    return code;
  };
  return {
    run: (file) => countsOf(resultsOf(file), () => tell(file)),
    end: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

/** What a runner says when a file has ended, with an exit code. */
const endOfFile = /^== ended with (\d)\n/m;

function resultsOf(file: string): string {
  return join(outDir, 'results', `${nameOf(file)}.ui.json`);
}

/** Runs the files that are named in its input. */
async function runTold(): Promise<void> {
  for await (const file of createInterface({ input: process.stdin })) {
    process.env.TEST_RESULTS = resultsOf(file);
    const code = await runHere([file]).then(
      () => 0,
      (error: unknown) => {
        console.error(error instanceof Error ? error.message : error);
        return 1;
      },
    );
    console.log(`== ended with ${code}`);
  }
}

/** Tests that failed may have had bad luck, which is to be mended the same day; in a VS Code of their own they must pass. */
async function tryAgain(file: string, vsixFile: string, first: Counts): Promise<Counts> {
  const { failed } = first;
  console.log(`\n!! ${nameOf(file)} FAILED and is tried again: ${failed.join('; ')}`);
  // What broke outside of a test has kept others from being run.
  const isBroken = failed.some((name) => / hook(?: |:)|, outside of its tests$/.test(name));
  const only = [
    '--grep',
    `^(?:${failed.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})$`,
  ];
  const runner = startRunner(vsixFile, {}, isBroken ? [] : only);
  const again = await runner.run(file);
  await runner.end();
  const flaky = again.failed.length > 0 ? [] : failed;
  return sum([isBroken ? none : { ...first, failed: [] }, { ...again, flaky }]);
}

function nameOf(file: string): string {
  return basename(file, '.test.ts');
}

/** Runs files one after the other in this process. */
async function runHere(files: readonly string[]): Promise<void> {
  return runMocha({ files, grep: values.grep, timeoutMs: 120_000 });
}

/** Works in the VS Code of a lane, where this process is part of one; else in one of its own. */
async function inVsCode(vsixFile: string, work: () => Promise<void>): Promise<void> {
  console.log(`UI tests in VS Code ${(await ensureServer()).version}`);
  if (process.env.UI_PORT) {
    return work();
  }
  return withServer(vsixFile, (place) => {
    Object.assign(process.env, place);
    return work();
  });
}

/** Starts VS Code with the package, and tells by the environment where it is. */
async function withServer(
  vsixFile: string,
  work: (place: { readonly UI_PORT: string; readonly UI_DATA_DIR: string }) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'st-ui-'));
  const options = { dataDir, graceSeconds: 1, builtIn: fewBuiltIn };
  await changeSettings(dataDir, quietSettings);
  await installExtension(options, vsixFile);
  const server = await startServer(options);
  const clean = async (): Promise<void> => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  onStop(clean);
  try {
    await work({ UI_PORT: String(server.port), UI_DATA_DIR: dataDir });
  } finally {
    await clean();
  }
}

async function testFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob('test/ui/**/*.test.ts', { cwd: root })) {
    if (positionals.length === 0 || positionals.some((part) => file.includes(part))) {
      files.push(join(root, file));
    }
  }
  return files.sort();
}

main().then(
  // A test that failed half-way may have left a handle open; the result is known.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
