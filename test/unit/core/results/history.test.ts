import assert from 'node:assert/strict';
import type { JsonObject } from '../../../../src/core/json.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import { exportParts } from '../../../../src/core/results/exportParts.ts';
import { History } from '../../../../src/core/results/history.ts';
import { append, localTableOf } from './localTable.ts';

function deskOf(rows: JsonObject[]): TableEngine {
  const desk = new TableEngine();
  append(desk.table, rows);
  return desk;
}

describe('results: history', () => {
  it('draws a line for each key, wherever its row stands, and none where it was not', () => {
    const history = new History();
    const moments: JsonObject[][] = [
      [
        { JOB: 'A', CPU: '1' },
        { JOB: 'B', CPU: '20' },
      ],
      [
        { JOB: 'B', CPU: '30' },
        { JOB: 'A', CPU: '2' },
        { JOB: 'C', CPU: '5' },
      ],
    ];
    for (const [time, rows] of moments.entries()) {
      history.add(time, deskOf(rows).sample({ keys: history.keyFields, from: 0, to: 100 }));
    }
    assert.deepEqual(history.lines('CPU', 2), {
      times: [0, 1],
      series: [
        { key: 'B', values: [20, 30] },
        { key: 'C', values: [null, 5] },
      ],
      others: 1,
    });
    const some = history.lines('CPU', 2, new Set(['A']));
    assert.deepEqual(some.series, [{ key: 'A', values: [1, 2] }]);
    assert.deepEqual(history.lines('NONE', 2).series, []);
  });

  it('tells rows by several columns where one is not enough, and by their place without any', () => {
    const rows: JsonObject[] = [
      { SYS: 'X', JOB: 'A', N: 1 },
      { SYS: 'Y', JOB: 'A', N: 2 },
      { SYS: 'X', JOB: 'B', N: 3 },
    ];
    assert.deepEqual(deskOf(rows).sample({ keys: null, from: 0, to: 9 }).keys, ['X · A', 'Y · A', 'X · B']);
    assert.deepEqual(deskOf([{ N: 1 }, { N: 1 }]).sample({ keys: null, from: 0, to: 9 }).keys, ['0', '1']);
  });

  it('is bounded: the oldest moments go', () => {
    const history = new History();
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ JOB: `J${at}`, A: at, B: at, C: at }));
    const sample = deskOf(rows).sample({ keys: null, from: 0, to: 20_000 });
    for (let time = 0; time < 60; time++) {
      history.add(time, sample);
    }
    assert.ok(history.length < 30, `${history.length} moments of 1.7 MB are held`);
    assert.equal(history.lines('A', 1).times.at(-1), 59);
  });
});

describe('results: export in parts', () => {
  for (const format of ['csv', 'json', 'ndjson'] as const) {
    it(`is the same as in one piece: ${format}`, async () => {
      const rows = Array.from({ length: 2500 }, (_, at) => ({
        A: `a${at}`,
        B: at,
        C: at % 2 ? null : 'x,"y"',
      }));
      let text = '';
      let counted = 0;
      const request = { fields: ['A', 'B', 'C'], format } as const;
      const count = (rows: number) => {
        counted = rows;
      };
      for await (const data of exportParts(localTableOf(rows), request, String, count)) {
        text += String(data);
      }
      assert.equal(counted, rows.length);
      if (format === 'json') {
        assert.deepEqual(JSON.parse(text), rows);
      } else if (format === 'ndjson') {
        const lines = text.trimEnd().split('\n');
        assert.deepEqual(
          lines.map((line) => JSON.parse(line)),
          rows,
        );
      } else {
        assert.equal(text.split('\r\n').length, rows.length + 2);
        assert.ok(text.endsWith('a2499,2499,\r\n'));
      }
    });
  }
});
