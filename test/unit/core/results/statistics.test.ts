import { deepEqual, equal, ok } from 'node:assert/strict';
import fc from 'fast-check';
import { type JsonObject, NumberText } from '../../../../src/core/json.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import { append } from './localTable.ts';

const all = { from: 0, to: Number.POSITIVE_INFINITY };

function engineOf(rows: JsonObject[]): TableEngine {
  const engine = new TableEngine();
  append(engine.table, rows);
  return engine;
}

const engineOfTexts = (texts: readonly string[]) => engineOf(texts.map((v) => ({ v })));

describe('results: statistics', () => {
  it('of a column of numbers: what is there, in the digits that were sent', () => {
    const engine = engineOf([{ v: '0.10' }, { v: '0.20' }, { v: null }, { v: '-1' }, {}, { v: '0.10' }]);
    deepEqual(engine.statistics({ ...all, field: 'v' }), {
      rows: 6,
      empty: 2,
      distinct: 3,
      frequent: [
        { text: '0.10', count: 2 },
        { text: '0.20', count: 1 },
        { text: '-1', count: 1 },
      ],
      sized: 4,
      min: '-1',
      max: '0.20',
      total: { sum: '-0.60', mean: -0.15 },
    });
    equal(engine.statistics({ ...all, field: 'w' }), undefined);
  });

  it('of times and of texts: without a sum', () => {
    const times = engineOfTexts(['2026/01/02 10:00:00.0000002', '2026/01/02 10:00:00.0000001', '']);
    const of = times.statistics({ ...all, field: 'v' });
    equal(of?.total, undefined);
    deepEqual(
      [of?.min, of?.max, of?.sized, of?.empty],
      ['2026/01/02 10:00:00.0000001', '2026/01/02 10:00:00.0000002', 2, 1],
    );
    const texts = engineOfTexts(['a', 'b', 'b']).statistics({ ...all, field: 'v' });
    deepEqual([texts?.sized, texts?.min, texts?.total, texts?.distinct], [0, undefined, undefined, 2]);
    deepEqual(texts?.frequent[0], { text: 'b', count: 2 });
  });

  it('of some rows as they are arranged', () => {
    const engine = engineOf([3, 1, 2, 4].map((v) => ({ v })));
    const arrangement = { sort: [{ field: 'v', descending: true }], filter: 'v<4', labels: [] };
    const found = engine.statistics({ arrangement, from: 0, to: 2, field: 'v' });
    deepEqual([found?.rows, found?.min, found?.max, found?.total?.sum], [2, '2', '3', '5']);
  });

  it('adds up to the last digit, and values with units as near as can be', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.bigInt(-(10n ** 20n), 10n ** 20n), fc.nat(6)), { minLength: 1 }),
        (values) => {
          const texts = values.map(([whole, decimals]) => {
            const digits = String(whole < 0n ? -whole : whole).padStart(decimals + 1, '0');
            const point = digits.length - decimals;
            return `${whole < 0n ? '-' : ''}${digits.slice(0, point)}${decimals > 0 ? '.' : ''}${digits.slice(point)}`;
          });
          const sum = engineOfTexts(texts).statistics({ ...all, field: 'v' })?.total?.sum ?? '';
          const exact = values.reduce(
            (total, [whole, decimals]) => total + whole * 10n ** BigInt(6 - decimals),
            0n,
          );
          const decimals = Math.max(...values.map(([, one]) => one));
          equal(BigInt(sum.replace('.', '')) * 10n ** BigInt(6 - decimals), exact);
          equal(sum.split('.')[1]?.length ?? 0, decimals);
        },
      ),
    );
    // As Java writes what is large or small.
    const powers = new TableEngine();
    for (const v of ['1.0E7', '0.1', '-2.5e-3', '9007199254740993', '1E+02']) {
      powers.table.append(new Map([['v', new NumberText(v)]]));
    }
    equal(powers.statistics({ ...all, field: 'v' })?.total?.sum, '9007199264741093.0975');
    const sizes = engineOfTexts(['1Ki', '2Ki', '3']).statistics({ ...all, field: 'v' });
    deepEqual([sizes?.total?.sum, sizes?.max], ['3075', '2Ki']);
    const long = engineOf([{ v: 1 }, { v: `1${'0'.repeat(50)}` }]).statistics({ ...all, field: 'v' });
    equal(long?.total?.sum, '1e+50');
  });

  it('puts rows together by a column, the largest groups first', () => {
    const engine = engineOf([
      { job: 'A', cpu: '1.5', at: '10:00:00' },
      { job: 'B', cpu: '2.5', at: '10:00:01' },
      { job: 'B', cpu: '0.25', at: '10:00:02' },
      { job: null, cpu: null, at: '10:00:03' },
    ]);
    const of = ['cpu', 'at', 'none'];
    deepEqual(engine.group({ ...all, by: 'job', of, max: 2 }), {
      groups: [
        { text: 'B', rows: 2, totals: [{ sum: '2.75', mean: 1.375 }, null, null] },
        { text: 'A', rows: 1, totals: [{ sum: '1.5', mean: 1.5 }, null, null] },
      ],
      others: 1,
    });
    deepEqual(engine.group({ ...all, by: 'job', of, max: 9 })?.groups[2], {
      text: '',
      rows: 1,
      totals: [null, null, null],
    });
    equal(engine.group({ ...all, by: 'none', of, max: 9 }), undefined);
    const lacking = engine.group({ ...all, by: 'job', of: ['gone', ...of], max: 1 })?.groups[0]?.totals;
    deepEqual(lacking, [null, ...(engine.group({ ...all, by: 'job', of, max: 1 })?.groups[0]?.totals ?? [])]);
  });

  it('takes many rows in one go', () => {
    const rows = Array.from({ length: 20_000 }, (_, at) => ({ job: `J${at % 100}`, cpu: `${at % 977}.25` }));
    const engine = engineOf(rows);
    const groups = engine.group({ ...all, by: 'job', of: ['cpu'], max: 1_000 })?.groups ?? [];
    equal(groups.length, 100);
    ok(groups.every(({ rows }) => rows === 200));
    equal(engine.statistics({ ...all, field: 'cpu' })?.distinct, 977);
  });
});
