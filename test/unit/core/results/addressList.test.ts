import assert from 'node:assert/strict';
import fc from 'fast-check';
import { AddressList } from '../../../../src/core/results/addressList.ts';

function all(list: AddressList): number[] {
  return Array.from({ length: list.length }, (_, index) => list.at(index));
}

/** Runs of the same address, as columns have them, some longer than a page. */
const runs = fc.array(fc.tuple(fc.nat(2 ** 32 - 1), fc.oneof(fc.nat(3), fc.nat(9_000))), { maxLength: 12 });

describe('results: addresses', () => {
  it('are what was put, also after some were taken back', () => {
    fc.assert(
      fc.property(
        fc.nat(9_000),
        runs,
        fc.double({ min: 0, max: 1, noNaN: true }),
        runs,
        (count, first, share, then) => {
          const list = new AddressList(count, 7);
          const expected = new Array<number>(count).fill(7);
          const push = (some: readonly [number, number][]) => {
            for (const [address, times] of some) {
              for (let time = 0; time < times; time++) {
                list.push(address);
                expected.push(address);
              }
            }
          };
          push(first);
          const left = Math.floor(share * expected.length);
          list.cut(left);
          expected.length = left;
          push(then);
          assert.deepEqual(all(list), expected);
          list.cut(list.length + 1);
          assert.equal(list.length, expected.length);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('take no memory for each of many cells that are equal, though rows are taken back among them', () => {
    const before = process.memoryUsage().arrayBuffers;
    const list = new AddressList(0, 0);
    for (let count = 0; count < 4_000_000; count++) {
      list.push(5);
      if (count % 3_000 === 0) {
        list.push(5);
        list.cut(count + 1);
      }
    }
    assert.equal(list.at(3_999_999), 5);
    const bytes = process.memoryUsage().arrayBuffers - before;
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
  });
});
