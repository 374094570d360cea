import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AddressList } from '../../../../src/core/results/addressList.ts';

function all(list: AddressList): number[] {
  return Array.from({ length: list.length }, (_, index) => list.at(index));
}

/** Runs of the same address, as rows have them, some longer than a page. */
const runs = fc.array(fc.tuple(fc.nat(2 ** 32 - 1), fc.oneof(fc.nat(3), fc.nat(9_000))), { maxLength: 12 });

describe('results: addresses', () => {
  it('are what was put', () => {
    fc.assert(
      fc.property(runs, (runs) => {
        const list = new AddressList();
        const expected: number[] = [];
        for (const [address, times] of runs) {
          for (let time = 0; time < times; time++) {
            list.push(address);
            expected.push(address);
          }
        }
        assert.deepEqual(all(list), expected);
      }),
      { numRuns: 100 },
    );
  });

  it('take no memory for each of many rows that are equal', () => {
    globalThis.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    const list = new AddressList();
    for (let count = 0; count < 4_000_000; count++) {
      list.push(5);
    }
    assert.equal(list.at(3_999_999), 5);
    const bytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
  });
});
