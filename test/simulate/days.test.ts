import assert from 'node:assert/strict';
import { World } from './world.ts';

/** `npm run simulate` runs 10,000; these are the first of them. */
const seeds = 200;
const maxAtOnce = 10;

describe(`${seeds} simulated days`, function () {
  this.timeout(120_000);

  for (let first = 1; first <= seeds; first += maxAtOnce) {
    it(`of the seeds ${first} to ${first + maxAtOnce - 1}`, async () => {
      for (let seed = first; seed < first + maxAtOnce; seed++) {
        const { violations, operations, requests } = await new World(seed).run(24);
        assert.deepEqual(violations, [], `npm run simulate -- --seed ${seed}`);
        assert.ok(operations > 0 && requests > 0);
      }
    });
  }

  it('are the same whenever they are lived', async () => {
    const lived = async () => {
      const lines: string[] = [];
      await new World(7, (line) => lines.push(line)).run(24);
      return lines;
    };
    const first = await lived();
    assert.ok(first.length > 100);
    assert.deepEqual(await lived(), first);
  });
});
