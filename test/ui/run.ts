import { glob, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBrowser } from '../workbench/browser.ts';
import { type Counts, countsOf, none, sum, tellNames, writeCounts } from '../workbench/counts.ts';
import { ensureServer } from '../workbench/install.ts';
import { ensurePackage } from '../workbench/package.ts';
import { cacheDir, outDir, root } from '../workbench/paths.ts';
import { onStop, run } from '../workbench/processes.ts';
import { runMocha } from '../workbench/runMocha.ts';
import { installExtension, startServer } from '../workbench/server.ts';
import { changeSettings, quietSettings } from '../workbench/settings.ts';

/*
 * npm run test:ui [-- options] [part of a file name]…
 *   --grep <pattern>   only tests whose title matches
 *   --vsix <file>      another package than the one of the working tree
 *   --here             all files in this process, one after the other
 *
 * Files mostly wait, so several run side by side: a few in a process and a browser of their own, in a VS Code server
 * with the packaged extension that no other uses at that time. Each test opens its own page (workbench.ts).
 */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    grep: { type: 'string', short: 'g' },
    vsix: { type: 'string' },
    here: { type: 'boolean' },
  },
});

/** How many files run side by side: two processors are busy with this many; with more, everything is slow. */
const lanes = 2;

async function main(): Promise<void> {
  const files = await testFiles();
  const vsixFile = values.vsix ?? (await ensurePackage());
  await ensureBrowser();
  // A pattern may leave nothing of most files, so those that it is meant for run in one process.
  return files.length === 1 || values.grep || values.here
    ? runHere(files, vsixFile)
    : runApart(files, vsixFile);
}

/** Files that mostly wait for tokens to end: they have a lane of their own, which does what is left of the others when they have. */
const waiting = ['machines', 'notices', 'windows'];

/** Files with many steps that follow fast upon each other: they have the machine to themselves, when all others have ended. */
const alone = ['canary'];

/** In how many processes files run, one after the other: each with its browser and its first page takes as long as a test. */
const processes = 3 * lanes;

/** How many processes are tried a second time. More failures are no bad luck. */
const secondTries = 3;

/** Runs files side by side, some in each process, whose words are shown when it has ended. */
async function runApart(files: readonly string[], vsixFile: string): Promise<void> {
  const sizes = new Map(
    await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const)),
  );
  // The longest first: what is begun last should not be what takes longest.
  const sorted = [...files].sort((a, b) => (sizes.get(b) ?? 0) - (sizes.get(a) ?? 0));
  const special = [...waiting, ...alone];
  const waits = sorted.filter((file) => waiting.includes(nameOf(file))).map((file) => [file]);
  const last = sorted.filter((file) => alone.includes(nameOf(file))).map((file) => [file]);
  const others = sorted.filter((file) => !special.includes(nameOf(file)));
  // Dealt out, so that all take about as long.
  const works = Array.from({ length: Math.min(processes, others.length) }, (_, group) =>
    others.filter((_, at) => at % processes === group),
  );
  const all: Counts[] = [];
  let triedAgain = 0;
  const lane = (...queues: string[][][]) =>
    withServer(vsixFile, async (place) => {
      const next = (): string[] | undefined => queues.find((queue) => queue.length > 0)?.shift();
      for (let group = next(); group !== undefined; group = next()) {
        const counts = await runGroup(group, vsixFile, place);
        const isBad = counts.failed.length > 0 && triedAgain++ < secondTries;
        all.push(isBad ? await tryAgain(group, vsixFile, counts) : counts);
      }
    });
  await Promise.all([...Array.from({ length: lanes }, () => lane(works, waits)), lane(waits, works)]);
  if (last.length > 0) {
    await lane(last);
  }
  const total = sum(all);
  if (process.env.TEST_RESULTS) {
    writeCounts(process.env.TEST_RESULTS, total);
  }
  tellNames(total);
  if (total.failed.length > 0) {
    throw new Error(`${total.failed.length} UI tests failed`);
  }
}

async function runGroup(
  files: readonly string[],
  vsixFile: string,
  place: NodeJS.ProcessEnv,
  more: readonly string[] = [],
): Promise<Counts> {
  const names = files.map((file) => relative(root, file));
  const results = join(outDir, 'results', `${files.map(nameOf).join('-')}.ui.json`);
  const args = [import.meta.filename, '--here', '--vsix', vsixFile, ...more, ...names];
  const env = { ...process.env, ...place, TEST_RESULTS: results };
  const started = Date.now();
  return countsOf(results, async () => {
    const { code, output } = await run(process.execPath, args, { cwd: root, env });
    const seconds = Math.round((Date.now() - started) / 1000);
    console.log(`\n== ${names.join(', ')}: ${seconds} s\n${output.trim()}`);
    return code;
  });
}

/** Tests that failed may have had bad luck, which is to be mended the same day; in a VS Code of their own they must pass. */
async function tryAgain(files: readonly string[], vsixFile: string, first: Counts): Promise<Counts> {
  const { failed } = first;
  console.log(`\n!! ${files.map(nameOf).join(', ')} FAILED and is tried again: ${failed.join('; ')}`);
  // What broke outside of a test has kept others from being run.
  const isBroken = failed.some((name) => / hook(?: |:)|, outside of its tests$/.test(name));
  const only = [
    '--grep',
    `^(?:${failed.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|')})$`,
  ];
  const again = await runGroup(files, vsixFile, {}, isBroken ? [] : only);
  const flaky = again.failed.length > 0 ? [] : failed;
  return sum([isBroken ? none : { ...first, failed: [] }, { ...again, flaky }]);
}

function nameOf(file: string): string {
  return basename(file, '.test.ts');
}

/** Runs files one after the other in this process; in the VS Code of its lane, where it is part of one. */
async function runHere(files: readonly string[], vsixFile: string): Promise<void> {
  console.log(`UI tests in VS Code ${(await ensureServer()).version}`);
  const tests = { files, grep: values.grep, timeoutMs: 120_000 };
  if (process.env.UI_PORT) {
    return runMocha(tests);
  }
  return withServer(vsixFile, (place) => {
    Object.assign(process.env, place);
    return runMocha(tests);
  });
}

/** Starts VS Code with the package, and tells by the environment where it is. */
async function withServer(
  vsixFile: string,
  work: (place: { readonly UI_PORT: string; readonly UI_DATA_DIR: string }) => Promise<void>,
): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'st-ui-'));
  // Each page reads the manifests of all that VS Code comes with, which takes a quarter of its time: of use here are these.
  const builtIn = ['theme-defaults', 'theme-seti', 'theme-modern-icons', 'json'];
  const options = { dataDir, graceSeconds: 1, builtIn };
  await changeSettings(dataDir, quietSettings);
  await installExtension(options, vsixFile);
  // What each page starts anew, an extension host above all, is compiled once.
  const env = { NODE_COMPILE_CACHE: join(cacheDir, 'compiled') };
  const server = await startServer({ ...options, env });
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
