import assert from 'node:assert/strict';
import fc from 'fast-check';
import { jsonOf, NumberText, type Sent } from '../../../../src/core/json.ts';
import type { Cell } from '../../../../src/core/protocols/answer.ts';
import { RowStore } from '../../../../src/core/results/rowStore.ts';
import type { Field } from '../../../../src/core/results/rowWalker.ts';

const fields: readonly (Field & { readonly name: string })[] = ['A', 'é', '__proto__', '0', '"\\'].map(
  (name, number) => ({ name, number, quoted: Buffer.from(JSON.stringify(name)) }),
);

/** Any UTF-16, also what is no character. */
const units = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((codes) => String.fromCharCode(...codes));
const text = fc.oneof(fc.string(), units);
const cell: fc.Arbitrary<Cell | undefined> = fc.oneof(
  text,
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => new NumberText(String(number))),
  fc.constantFrom(undefined, null, true, false),
  fc.array(text, { maxLength: 4 }),
);
const row = fc.array(cell, { minLength: fields.length, maxLength: fields.length });
type RowOfCells = readonly (Cell | undefined)[];

function storeOf(rows: readonly RowOfCells[], wrap: (value: Sent) => Sent = (value) => value): RowStore {
  const store = new RowStore((name) => fields.find((field) => field.name === name));
  for (const cells of rows) {
    const json = jsonOf(
      new Map(
        fields.flatMap(({ name, number }) => {
          const value = cells[number];
          return value === undefined ? [] : [[name, Array.isArray(value) ? value : wrap(value)] as const];
        }),
      ),
    );
    // Something stands before it and after it.
    const bytes = Buffer.from(`[{"A":1},${json},{"A`);
    assert.equal(store.put(bytes, 9, fields.length), bytes.length - 4, json);
  }
  assert.equal(store.length, rows.length);
  return store;
}

function read(store: RowStore, order: readonly number[]): (Cell | undefined)[][] {
  return order.map((row) => fields.map(({ number }) => store.read(row, number)));
}

describe('results: the store of rows', () => {
  it('gives back what was put, read for the first time and again, as text that is kept', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 50 }), fc.boolean(), (rows, isWrapped) => {
        const store = storeOf(rows, isWrapped ? (value) => [new Map([['0', value]])] : undefined);
        const order = [...rows.keys()];
        assert.deepEqual(read(store, order), rows);
        assert.deepEqual(read(store, order), rows);
        assert.deepEqual(read(store, order.toReversed()), rows.toReversed());
      }),
    );
  });

  it('keeps rows of every size over many chunks', () => {
    const sizes = [0, 1, 127, 2_047, 2_048, 200_000, 262_125, 262_143, 262_144, 262_145, 1_300_000];
    const rows = [...sizes, ...sizes.toReversed(), ...sizes].map((size, at) => [
      String.fromCharCode(0x61 + at).repeat(size),
      null,
      undefined,
      'x',
      'é'.repeat(size / 2),
    ]);
    const store = storeOf(rows);
    const order = [...rows.keys()];
    assert.deepEqual(read(store, order), rows);
    assert.deepEqual(read(store, order), rows);
  });

  it('takes no row that is no strict JSON, is not all there, or has a field twice or one that nobody knows', () => {
    const whole = '{"A" : [ {"0": "x"} ], "0":{"a":[1.5e-3,"\\u00e9\\n",{}],"b":[]},"é":true}';
    for (const [text, isRow] of [
      ['{}', true],
      [whole, true],
      ['{"B":1}', false],
      ['{"A":1,"A":2}', false],
      ['{"A":1,"\\u0041":2}', false],
      ['{"A":01 }', false],
      ['{"A":1.}', false],
      ['{"A":-}', false],
      ['{"A":1e}', false],
      ['{"A":+1}', false],
      ['{"A":NaN}', false],
      ['{"A":nulL}', false],
      ['{"A":"\t"}', false],
      ['{"A":"\\x"}', false],
      ['{"A":"\\u12g4"}', false],
      ['{"A":1,}', false],
      ['{,"A":1}', false],
      ['{"A":[1,]}', false],
      ['{"A":[{"0":1},]}', false],
      ['{"A":{"b"}}', false],
      ['{"A":{"b":}}', false],
      ['{"A" 1}', false],
      [`{"A":${'['.repeat(100)}${']'.repeat(100)}}`, false],
    ] as const) {
      const store = new RowStore((name) => fields.find((field) => field.name === name));
      const bytes = Buffer.from(text);
      assert.equal(store.put(bytes, 0, fields.length), isRow ? bytes.length : -1, text);
      assert.equal(store.length, isRow ? 1 : 0);
    }
    for (let length = 1; length < Buffer.byteLength(whole); length++) {
      const store = new RowStore((name) => fields.find((field) => field.name === name));
      assert.equal(store.put(Buffer.from(whole).subarray(0, length), 0, fields.length), -1);
    }
    const store = new RowStore((name) => fields.find((field) => field.name === name));
    assert.equal(store.put(Buffer.from('{"A":"M\xfcller"}', 'latin1'), 0, fields.length), -1);
  });

  it('takes no memory for each of many rows that are equal', () => {
    globalThis.gc?.();
    const before = process.memoryUsage().arrayBuffers;
    const store = storeOf([['a', 'b', 'c', 'd', 'e']]);
    const bytes = Buffer.from('{"A":"x","0":"y"}');
    for (let count = 0; count < 400_000; count++) {
      assert.equal(store.put(bytes, 0, fields.length), bytes.length);
    }
    assert.equal(store.read(400_000, 3), 'y');
    const taken = process.memoryUsage().arrayBuffers - before;
    assert.ok(taken < 1_000_000, `${taken} bytes`);
  });
});
