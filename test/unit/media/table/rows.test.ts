import { deepEqual, equal, ok } from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { Rows } from '../../../../media/table/rows.ts';
import { asSent } from '../../../../src/views/results/layout.ts';
import type { Layout, Page, ShownRow } from '../../../../src/views/results/messages.ts';

const some = (from: number, count: number, text = 'x'): ShownRow[] =>
  Array.from({ length: count }, (_, at) => ({ index: from + at, cells: [text] }));

describe('table: rows near what is visible', () => {
  let asked: { from: number; to: number; answer(rows: ShownRow[], shown?: number): Promise<void> }[];
  let came: number;
  let rows: Rows;
  beforeEach(() => {
    asked = [];
    came = 0;
    const ask = (from: number, to: number) => {
      const { promise, resolve } = Promise.withResolvers<Omit<Page, 'fields'>>();
      const answer = async (taken: ShownRow[], shown = 0) => {
        resolve({ from, rows: taken, shown, gone: 0 });
        await setImmediate();
      };
      asked.push({ from, to, answer });
      return promise;
    };
    rows = new Rows(ask, () => came++);
    layout = asSent;
  });

  let layout: Layout;
  const update = (rowCount: number, revision = '1', phase: 'arriving' | 'done' = 'arriving') =>
    rows.update({ revision, rowCount, gone: 0, phase }, layout);
  const spans = () => asked.map(({ from, to }) => [from, to]);

  it('are asked for once, in blocks', async () => {
    update(250);
    rows.want(90, 210);
    rows.want(90, 210);
    deepEqual(spans(), [
      [0, 100],
      [100, 200],
      [200, 300],
    ]);
    await asked[1]?.answer(some(100, 100));
    equal(came, 1);
    equal(rows.at(150)?.index, 150);
    equal(rows.at(50), undefined);
    rows.want(100, 200);
    equal(asked.length, 3);
  });

  it('are asked for again where the last block has become longer', async () => {
    update(50);
    rows.want(0, 50);
    await asked[0]?.answer(some(0, 50));
    update(80);
    rows.want(0, 80);
    deepEqual(spans(), [
      [0, 100],
      [0, 100],
    ]);
  });

  it('of another table take the place of the old ones only when they are here', async () => {
    update(200);
    rows.want(0, 200);
    await asked[0]?.answer(some(0, 100, 'old'));
    update(200, '2');
    rows.want(0, 100);
    deepEqual(rows.at(0)?.cells, ['old']);
    await asked[1]?.answer(some(100, 100, 'late'));
    deepEqual([rows.at(0)?.cells, rows.at(100), came], [['old'], undefined, 1]);
    await asked[2]?.answer(some(0, 100, 'new'));
    deepEqual(rows.at(0)?.cells, ['new']);
  });

  it('are let go when there are many, the oldest first', async () => {
    update(1_000_000);
    for (let from = 0; from < 100_000; from += 100) {
      rows.want(from, from + 100);
      await asked.at(-1)?.answer(some(from, 100));
    }
    ok([...rows.here()].length <= 4_000);
    equal(rows.at(0), undefined);
    equal(rows.at(99_999)?.index, 99_999);
    rows.want(0, 1);
    deepEqual(spans().at(-1), [0, 100]);
  });

  it('that are filtered are counted with the first ones of them, and asked for also where none was left', async () => {
    update(500, '1', 'done');
    layout = { ...asSent, filter: 'x' };
    update(500, '1', 'done');
    equal(rows.count, 500, 'the old ones stay until then');
    rows.want(0, 50);
    await asked.at(-1)?.answer([], 0);
    equal(rows.count, 0);
    layout = { ...asSent, filter: 'y' };
    update(500, '1', 'done');
    rows.want(0, 50);
    equal(asked.length, 2);
    await asked.at(-1)?.answer(some(0, 7), 7);
    equal(rows.count, 7);
    layout = asSent;
    update(500, '1', 'done');
    equal(rows.count, 500);
  });

  it('that are sorted while they arrive are asked for anew when they have doubled, and at the end', () => {
    layout = { ...asSent, sort: [{ field: 'a', descending: false }] };
    update(1);
    for (let count = 2; count <= 1000; count++) {
      update(count);
      rows.want(0, 50);
    }
    const before = asked.length;
    ok(before <= 11, `asked ${before} times`);
    update(1000, '1', 'done');
    rows.want(0, 50);
    update(1000, '1', 'done');
    rows.want(0, 50);
    equal(asked.length, before + 1);
  });
});
