import { deepEqual, equal } from 'node:assert/strict';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import { append } from './localTable.ts';

describe('results: numbers by date', () => {
  const engineOf = (rows: readonly Record<string, string | number | null>[]): TableEngine => {
    const engine = new TableEngine();
    engine.table.missing = 'NA';
    append(engine.table, rows);
    return engine;
  };
  const day = (date: string): number => Date.parse(date);

  it('are a line for each column whose name ends alike, in the order of time', () => {
    const engine = engineOf([
      { Date: '2024-01-03', 'A Open': 1, 'A Close': 2, 'B Close': null },
      { Date: '2024-01-02', 'A Open': 3, 'A Close': 'NA', 'B Close': 5 },
      { Date: '2024-01-04', 'A Open': 4, 'A Close': 6, 'B Close': 7 },
    ]);
    deepEqual(engine.dated({ field: 'B Close', max: 8 }), {
      times: ['2024-01-02', '2024-01-03', '2024-01-04'].map(day),
      series: [
        { key: 'B Close', values: [5, null, 7] },
        { key: 'A Close', values: [null, 2, 6] },
      ],
      others: 0,
    });
    deepEqual(
      engine.dated({ field: 'A Open', max: 8 })?.series.map(({ key }) => key),
      ['A Open'],
    );
  });

  it('are a line for each series where rows are of one, of those that the filter leaves', () => {
    const engine = engineOf(
      ['S/A', 'S/B', 'S/C'].flatMap((Series, at) => [
        { Series, Date: '2024-01-02', Close: at },
        { Series, Date: `2024-01-0${3 + at}`, Close: at + 0.5 },
      ]),
    );
    deepEqual(engine.dated({ field: 'Close', max: 2 }), {
      times: ['2024-01-02', '2024-01-03', '2024-01-04', '2024-01-05'].map(day),
      series: [
        { key: 'S/A', values: [0, 0.5, null, null] },
        { key: 'S/B', values: [1, null, 1.5, null] },
      ],
      others: 1,
    });
    const arrangement = { sort: [], filter: 'S/C', labels: [] };
    deepEqual(
      engine.dated({ arrangement, field: 'Close', max: 2 })?.series.map(({ key }) => key),
      ['S/C'],
    );
  });

  it('are none where rows are not moments', () => {
    equal(engineOf([{ Name: 'a', n: 1 }]).dated({ field: 'n', max: 8 }), undefined);
    const same = [1, 2].map((n) => ({ Date: '2024-01-02', n }));
    equal(engineOf(same).dated({ field: 'n', max: 8 }), undefined);
  });

  it('NA among them is an empty cell, in tables and CSV, and stays in JSON', () => {
    const engine = engineOf([
      { Date: '2024-01-02', Close: 'NA', Name: 'NA' },
      { Date: '2024-01-03', Close: 2, Name: 'b' },
      { Date: '2024-01-04', Close: 3, Name: 'c' },
    ]);
    deepEqual(engine.page({ from: 0, to: 1 }).rows[0]?.cells, ['2024-01-02', { none: 'null' }, 'NA']);
    const fields = ['Date', 'Close', 'Name'];
    const rows = Uint32Array.of(0);
    equal(engine.exportPart({ rows, fields, format: 'csv' }), '2024-01-02,,NA\r\n');
    equal(engine.json({ from: 0, to: 1 }), '[{"Date":"2024-01-02","Close":"NA","Name":"NA"}]');
  });
});
