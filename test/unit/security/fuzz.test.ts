import { targets } from '../../fuzz/targets.ts';

/** The short form of `npm run fuzz`: always the same inputs, so that it fails for everybody or for nobody. */
describe('security: no input of another breaks a parser', () => {
  for (const { name, run } of targets) {
    it(name, async function () {
      this.timeout(60_000);
      await run({ numRuns: 1_000, seed: 20_260_102 });
    });
  }
});
