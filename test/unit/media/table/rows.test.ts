import { deepEqual, equal, ok } from 'node:assert/strict';
import { Rows } from '../../../../media/table/rows.ts';
import type { ShownRow } from '../../../../src/views/results/messages.ts';

const some = (from: number, count: number, text = 'x'): ShownRow[] =>
  Array.from({ length: count }, (_, at) => ({ index: from + at, cells: [text] }));

describe('table: rows near what is visible', () => {
  let asked: number[][];
  let rows: Rows;
  beforeEach(() => {
    asked = [];
    rows = new Rows((...what) => asked.push(what));
  });

  const update = (rowCount: number, revision = 1, phase: 'arriving' | 'done' = 'arriving') =>
    rows.update({ revision, rowCount, gone: 0, phase });
  const take = (generation: number, from: number, taken: ShownRow[], shown = 0) =>
    rows.take(generation, { from, rows: taken, shown, gone: 0 });

  it('are asked for once, in blocks', () => {
    update(250);
    rows.want(90, 210);
    rows.want(90, 210);
    deepEqual(asked, [
      [1, 0, 100],
      [1, 100, 200],
      [1, 200, 300],
    ]);
    ok(take(1, 100, some(100, 100)));
    equal(rows.at(150)?.index, 150);
    equal(rows.at(50), undefined);
    rows.want(100, 200);
    equal(asked.length, 3);
  });

  it('are asked for again where the last block has become longer', () => {
    update(50);
    rows.want(0, 50);
    take(1, 0, some(0, 50));
    update(80);
    rows.want(0, 80);
    deepEqual(asked.at(-1), [1, 0, 100]);
    equal(asked.length, 2);
  });

  it('of another table take the place of the old ones only when they are here', () => {
    update(100);
    rows.want(0, 100);
    take(1, 0, some(0, 100, 'old'));
    update(100, 2);
    rows.want(0, 100);
    deepEqual(rows.at(0)?.cells, ['old']);
    equal(take(1, 0, some(0, 100, 'late')), false);
    deepEqual(rows.at(0)?.cells, ['old']);
    ok(take(2, 0, some(0, 100, 'new')));
    deepEqual(rows.at(0)?.cells, ['new']);
  });

  it('are let go when there are many, the oldest first', () => {
    update(1_000_000);
    for (let from = 0; from < 100_000; from += 100) {
      take(1, from, some(from, 100));
    }
    ok([...rows.here()].length <= 4_000);
    equal(rows.at(0), undefined);
    equal(rows.at(99_999)?.index, 99_999);
  });

  it('that are filtered are counted with the first ones of them, and asked for also where none was left', () => {
    update(500, 1, 'done');
    rows.arrange(true);
    equal(rows.count, 500, 'the old ones stay until then');
    rows.want(0, 50);
    ok(take(2, 0, [], 0));
    equal(rows.count, 0);
    rows.arrange(true);
    rows.want(0, 50);
    deepEqual(asked.at(-1), [3, 0, 100]);
    ok(take(3, 0, some(0, 7), 7));
    equal(rows.count, 7);
    rows.arrange(false);
    equal(rows.count, 500);
  });

  it('that are sorted while they arrive are asked for anew when they have doubled, and at the end', () => {
    update(1);
    rows.arrange(true);
    for (let count = 2; count <= 1000; count++) {
      update(count);
      rows.want(0, 50);
    }
    const before = asked.length;
    ok(before <= 11, `asked ${before} times`);
    update(1000, 1, 'done');
    rows.want(0, 50);
    update(1000, 1, 'done');
    rows.want(0, 50);
    equal(asked.length, before + 1);
  });
});
