import { deepEqual, equal, ok } from 'node:assert/strict';
import { Rows } from '../../../../media/table/rows.ts';
import type { SeenRow } from '../../../../src/views/results/messages.ts';

const some = (from: number, count: number, text = 'x'): SeenRow[] =>
  Array.from({ length: count }, (_, at) => ({ index: from + at, cells: [text] }));

describe('table: rows near what is visible', () => {
  let asked: number[][];
  let rows: Rows;
  beforeEach(() => {
    asked = [];
    rows = new Rows((...what) => asked.push(what));
  });

  it('are asked for once, in blocks', () => {
    rows.update(1, 250);
    rows.want(90, 210);
    rows.want(90, 210);
    deepEqual(asked, [
      [1, 0, 100],
      [1, 100, 200],
      [1, 200, 300],
    ]);
    ok(rows.take(1, 100, some(100, 100)));
    equal(rows.at(150)?.index, 150);
    equal(rows.at(50), undefined);
    rows.want(100, 200);
    equal(asked.length, 3);
  });

  it('are asked for again where the last block has become longer', () => {
    rows.update(1, 50);
    rows.want(0, 50);
    rows.take(1, 0, some(0, 50));
    rows.update(1, 80);
    rows.want(0, 80);
    deepEqual(asked.at(-1), [1, 0, 100]);
    equal(asked.length, 2);
  });

  it('of another arrangement take the place of the old ones only when they are here', () => {
    rows.update(1, 100);
    rows.want(0, 100);
    rows.take(1, 0, some(0, 100, 'old'));
    rows.update(2, 100);
    rows.want(0, 100);
    deepEqual(rows.at(0)?.cells, ['old']);
    equal(rows.take(1, 0, some(0, 100, 'late')), false);
    deepEqual(rows.at(0)?.cells, ['old']);
    ok(rows.take(2, 0, some(0, 100, 'new')));
    deepEqual(rows.at(0)?.cells, ['new']);
  });

  it('are let go when there are many, the oldest first', () => {
    rows.update(1, 1_000_000);
    for (let from = 0; from < 100_000; from += 100) {
      rows.take(1, from, some(from, 100));
    }
    ok([...rows.here()].length <= 4_000);
    equal(rows.at(0), undefined);
    equal(rows.at(99_999)?.index, 99_999);
  });
});
