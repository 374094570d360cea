import assert from 'node:assert/strict';
import v8 from 'node:v8';
import { runInNewContext } from 'node:vm';
import { soak } from './soak.ts';

describe('100 tokens of 10 s, renewed for a minute', function () {
  this.timeout(150_000);

  it('live on, with few renewals, one timer and no leak', async () => {
    // Without it the heap would be measured with the garbage of earlier tests.
    v8.setFlagsFromString('--expose-gc');
    globalThis.gc = runInNewContext('gc') as NodeJS.GCFunction;
    const result = await soak(100, 60, () => undefined);
    assert.equal(result.expired, 0);
    assert.ok(result.renewals <= 1.3 * result.least, JSON.stringify(result));
    assert.ok(result.renewals >= 0.9 * result.least, JSON.stringify(result));
    assert.equal(result.mostTimers, 1);
    assert.ok(result.grownBytes < 5e6, JSON.stringify(result));
    assert.ok(result.writes <= result.renewals + 100, JSON.stringify(result));
  });
});
