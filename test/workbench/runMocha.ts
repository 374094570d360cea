import imported from 'mocha';
import CountingReporter from './countingReporter.ts';

/** Node 22 gives a required ES module with its default inside; Node 24 gives the default. */
const Mocha = 'default' in imported ? (imported.default as typeof imported) : imported;

interface MochaRun {
  readonly files: readonly string[];
  /** Only tests whose title matches. */
  readonly grep?: string | undefined;
  readonly timeoutMs: number;
}

/** Runs test files in this process. No test at all is a failure: nothing was shown. */
export async function runMocha({ files, grep, timeoutMs }: MochaRun): Promise<void> {
  const mocha = new Mocha({
    ui: 'bdd',
    color: false,
    timeout: timeoutMs,
    reporter: CountingReporter,
    forbidOnly: Boolean(process.env.CI),
    ...(grep ? { grep } : {}),
  });
  for (const file of files) {
    mocha.addFile(file);
  }
  await mocha.loadFilesAsync();
  const stats = await new Promise<imported.Stats | undefined>((done) => {
    const runner = mocha.run(() => done(runner.stats));
  });
  mocha.dispose(); // What it listens to in this process would add up, file by file.
  if (!stats || stats.failures > 0 || stats.passes === 0) {
    throw new Error(stats?.failures ? `${stats.failures} tests failed` : 'no test ran');
  }
}
