import Mocha from 'mocha';
import CountingReporter from './countingReporter.ts';

export interface MochaRun {
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
  const stats = await new Promise<Mocha.Stats | undefined>((done) => {
    const runner = mocha.run(() => done(runner.stats));
  });
  if (!stats || stats.failures > 0 || stats.passes === 0) {
    throw new Error(stats?.failures ? `${stats.failures} tests failed` : 'no test ran');
  }
}
