import Mocha from 'mocha';
import { none, writeCounts } from './counts.ts';

/** Mocha's own output for people; and, in the file `TEST_RESULTS` names, the counts for `npm test`. */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const file = process.env.TEST_RESULTS;
    if (file) {
      const failed: string[] = [];
      runner.on('fail', (test) => failed.push(test.fullTitle()));
      runner.once('end', () => {
        const { passes: passed = 0, pending: skipped = 0 } = runner.stats ?? {};
        writeCounts(file, { ...none, passed, skipped, failed });
      });
    }
  }
}
