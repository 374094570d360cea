import assert from 'node:assert/strict';
import fc from 'fast-check';
import { NumberText } from '../../../../src/core/json.ts';
import type { Cell } from '../../../../src/core/protocols/answer.ts';
import { CellStore } from '../../../../src/core/results/cellStore.ts';

/** Any UTF-16, also what is no character. */
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
const text = fc.oneof(fc.string(), units);
const cell: fc.Arbitrary<Cell | undefined> = fc.oneof(
  text,
  fc.double({ noNaN: true }).map((number) => new NumberText(String(number))),
  fc.constantFrom(undefined, null, true, false),
  fc.array(text, { maxLength: 4 }),
);

function read(store: CellStore, addresses: readonly number[]): (Cell | undefined)[] {
  return addresses.map((address) => store.get(address));
}

describe('results: the store of cells', () => {
  it('gives back what was put, read one by one or in a scan', () => {
    fc.assert(
      fc.property(fc.array(cell, { maxLength: 50 }), (cells) => {
        const store = new CellStore();
        const addresses = cells.map((one) => store.put(one));
        assert.deepEqual(read(store, addresses), cells);
        assert.deepEqual(addresses.map(store.scan()), cells);
        assert.deepEqual(addresses.toReversed().map(store.scan()), cells.toReversed());
      }),
    );
  });

  it('keeps values of every size over many chunks, and takes back the last ones', () => {
    const store = new CellStore();
    const sizes = [0, 1, 15, 16, 31, 32, 33, 2_047, 2_048, 200_000, 262_143, 262_144, 262_145, 3_000_000];
    const cells = [...sizes, ...sizes.toReversed(), ...sizes].map((size, at) =>
      String.fromCharCode(0x61 + at).repeat(size),
    );
    const addresses = cells.map((one) => store.put(one));
    assert.deepEqual(read(store, addresses), cells);
    for (const size of sizes) {
      const { end } = store;
      store.put('x'.repeat(size));
      store.put('y'.repeat(300_000));
      store.put('z');
      store.cut(end);
      assert.equal(store.end, end);
      addresses.push(store.put(`after ${size}`));
      cells.push(`after ${size}`);
    }
    assert.deepEqual(read(store, addresses), cells);
    assert.deepEqual(addresses.map(store.scan()), cells);
  });

  it('puts no value again where just that one stands', () => {
    const store = new CellStore();
    for (const value of ['a', 'é', '\uD800', new NumberText('12.50'), ['a', 'b'], '']) {
      const address = store.put(value);
      assert.equal(store.put(value, address), address);
      assert.notEqual(store.put('another', address), address);
      assert.notEqual(store.put(value, store.put('another')), address);
    }
    assert.notEqual(store.put('12.5', store.put(new NumberText('12.5'))), store.put(new NumberText('12.5')));
  });

  it('knows bytes that it holds already, and only those', () => {
    const store = new CellStore();
    const bytes = Buffer.from('"12" 12 "ä" "13"');
    const address = store.putBytes('ascii', bytes, 1, 3);
    assert.equal(store.get(address), '12');
    assert.deepEqual(store.get(store.putBytes('number', bytes, 5, 7)), new NumberText('12'));
    assert.equal(store.get(store.putBytes('utf8', bytes, 9, 11)), 'ä');
    assert.ok(store.holds(address, 'ascii', bytes, 5, 7));
    assert.ok(!store.holds(address, 'number', bytes, 5, 7));
    assert.ok(!store.holds(address, 'ascii', bytes, 14, 16));
    assert.ok(!store.holds(address, 'ascii', bytes, 1, 2));
    assert.ok(!store.holds(store.put(null), 'ascii', bytes, 1, 1));
  });
});
