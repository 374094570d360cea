import assert from 'node:assert/strict';
import { type Arrangement, TableEngine } from '../../../../src/core/results/engine.ts';
import { TableHandle } from '../../../../src/core/results/tableHandle.ts';
import { Arranging } from '../../../../src/views/results/arranging.ts';
import { callOf } from '../../core/results/localTable.ts';

/** A table that arrives, counts how often it is arranged, and takes its time for that. */
class SlowTable extends TableHandle {
  readonly desk: TableEngine;
  arranged = 0;

  constructor() {
    const engine = new TableEngine();
    const call = callOf(engine);
    super({
      table: 1,
      call: async (method, args) => {
        if (method === 'arrange') {
          this.arranged++;
          await new Promise((resolve) => setImmediate(resolve));
        }
        return call(method, args);
      },
      drop: () => undefined,
    });
    this.desk = engine;
    this.share();
  }

  add(values: readonly number[], phase: 'arriving' | 'done' = 'arriving'): void {
    this.desk.table.append(values.map((v) => ({ v, w: -v })));
    this.desk.isWhole = phase === 'done';
    this.update({ ...this.desk.summary(), phase });
  }

  /** As a page of them is shown. */
  values(arrangement: Arrangement): unknown[] {
    return this.desk.page({ arrangement, from: 0, to: 1e6 }).rows.map(({ cells }) => Number(cells[0]));
  }
}

const by = (field: string) => ({ sort: [{ field, descending: false }] });

describe('results: how the rows are arranged', () => {
  it('E: rows that arrive are sorted when they have doubled, and at the end', async () => {
    const table = new SlowTable();
    let told = 0;
    const arranging = new Arranging(
      () => table,
      () => told++,
    );
    table.add([5, 3]);
    await arranging.change(by('v'));
    for (let value = 1000; value > 0; value--) {
      table.add([value]);
      await arranging.settle();
      const values = table.values(arranging.wanted);
      assert.deepEqual(
        values,
        [...values].sort((a, b) => Number(a) - Number(b)),
      );
      assert.equal(values.length, arranging.shownRows);
      assert.ok(values.length * 2 > table.state.rowCount);
    }
    assert.ok(table.arranged <= 10, `sorted ${table.arranged} times`);
    table.add([0], 'done');
    await arranging.settle();
    assert.deepEqual(
      [table.values(arranging.wanted).length, arranging.shownRows, table.values(arranging.wanted)[0]],
      [1003, 1003, 0],
    );
    assert.equal(told, table.arranged);
    await arranging.settle();
    assert.ok(table.arranged <= 11);
  });

  it('E: what is exported has all rows in order, also those that came since they were sorted', () => {
    const { desk } = new SlowTable();
    desk.table.append([{ v: 3 }, { v: 2 }]);
    const arrangement = { ...by('v'), filter: '', labels: [] };
    desk.arrange(arrangement);
    desk.table.append([{ v: 1 }]);
    const { id, rowCount } = desk.startExport({ fields: ['v'], format: 'csv', arrangement });
    assert.deepEqual([rowCount, desk.exportPart({ id, from: 0, to: 9 })], [3, '1\r\n2\r\n3\r\n']);
    // What is on the screen stays where it is.
    assert.equal(desk.page({ arrangement, from: 0, to: 9 }).rows[0]?.cells[0], '2');
  });

  it('E: a click on a header while another table is on its way counts for that one', async () => {
    const tables = [new SlowTable(), new SlowTable()] as const;
    let shown: SlowTable = tables[0];
    const arranging = new Arranging(
      () => shown,
      () => undefined,
    );
    for (const table of tables) {
      table.add([2, 1, 3], 'done');
    }
    await arranging.change(by('v'));
    const preparing = arranging.prepare(tables[1]);
    const clicked = arranging.change({ ...by('w'), filter: 'v<3' });
    assert.equal(arranging.shownRows, 3);
    await preparing;
    shown = tables[1];
    assert.deepEqual([tables[1].values(arranging.wanted), arranging.shownRows], [[2, 1], 2]);
    await clicked;
    const before = tables[1].arranged;
    await arranging.settle();
    assert.equal(tables[1].arranged, before);
  });

  it('E: a table that is let go while it is sorted is no failure where another one is shown', async () => {
    const table = new SlowTable();
    const share = table.share();
    let shown: SlowTable | undefined = table;
    const arranging = new Arranging(
      () => shown,
      () => undefined,
    );
    table.add([2, 1], 'done');
    const failing = new SlowTable();
    failing.call = () => Promise.reject(new Error('lost'));
    shown = failing;
    await assert.rejects(arranging.change(by('v')), /lost/);
    const settled = arranging.settle();
    shown = table;
    await settled;
    assert.deepEqual(table.values(arranging.wanted), [1, 2]);
    share.dispose();
  });
});
