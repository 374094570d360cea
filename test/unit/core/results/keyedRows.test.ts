import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import type { KeyedRows } from '../../../../src/core/protocols/answer.ts';
import { KeyedRowConverter } from '../../../../src/core/results/keyedRows.ts';

const rule: KeyedRows = {
  key: 'Date',
  table: { rows: 'Rows', columns: 'Columns', subjects: 'Metadata' },
  list: { subjects: 'Series', rows: 'Values', head: 'Metadata', column: 'Series' },
  name: 'Bate',
  names: 'Bates',
  subject: 'Symbol',
  owner: 'Datasource',
  statuses: ['Status', 'BateStatus'],
  refused: 'Refused',
};

/** A body after its conversion, however it was cut into pieces. */
function converted(body: string, sizes: readonly number[] = [1, 7, 1 << 20]): string {
  const bytes = Buffer.from(body);
  const texts = sizes.map((size) => {
    const converter = new KeyedRowConverter('Result', rule, 1 << 16);
    const parts: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) {
      parts.push(converter.write(bytes.subarray(at, at + size)));
    }
    return Buffer.concat([...parts, converter.end()]).toString('utf8');
  });
  equal(new Set(texts).size, 1, texts.join('\n'));
  return texts[0] ?? '';
}

function result(value: unknown): unknown {
  const { Result } = JSON.parse(converted(JSON.stringify({ A: [{ Rows: {} }], Result: value, B: 'é' }))) as {
    Result: unknown;
  };
  return Result;
}

const days = { '2024-01-02': [1, null], '2024-01-03': ['NA', 2.5] };

describe('results: rows by key', () => {
  it('makes one table of rows by date, named by the bates of one symbol', () => {
    const Columns = [{ Bate: 'Öpen' }, { Bate: 'Close' }];
    const rows = [
      { Date: '2024-01-02', Öpen: 1, Close: null },
      { Date: '2024-01-03', Öpen: 'NA', Close: 2.5 },
    ];
    deepEqual(result({ Parameters: { P: 1 }, Columns, Rows: days }), {
      Parameters: { P: 1 },
      Columns,
      Rows: rows,
    });
    const Metadata = [{ Symbol: 'A', Bates: ['Öpen', 'Close'] }];
    deepEqual(result({ Metadata, Rows: days }), { Metadata, Rows: rows });
    // Names that come after the rows count as well.
    deepEqual(result({ Rows: days, Metadata }), { Metadata, Rows: rows });
    deepEqual(result({ Rows: days, Metadata, Columns: [] }), { Metadata, Columns: [], Rows: rows });
  });

  it('names columns by symbol and bate where there are several symbols, and no two alike', () => {
    const fields = (Columns: unknown, more: object = {}): string[] => {
      const { Rows } = result({ ...more, Columns, Rows: { d: [1, 2, 3] } }) as { Rows: object[] };
      return Object.keys(Rows[0] ?? {});
    };
    const a = { Datasource: 'S', Symbol: 'A' };
    deepEqual(
      fields([
        { ...a, Bate: 'O' },
        { ...a, Bate: 'C' },
        { ...a, Symbol: 'B', Bate: 'C' },
      ]),
      ['Date', 'A O', 'A C', 'B C'],
    );
    deepEqual(fields([{ ...a, Bate: 'C' }, { ...a, Datasource: 'T', Bate: 'C' }, { Bate: 'C' }]), [
      'Date',
      'S/A C',
      'T/A C',
      'C',
    ]);
    deepEqual(fields([{ Bate: 'C' }, { Bate: 'C' }, { Bate: 'Date' }]), ['Date', 'C', 'C 2', 'Date 2']);
    deepEqual(fields(['x', true]), ['Date', 'x', 'v1', 'v2']);
    deepEqual(fields(null), ['Date', 'v0', 'v1', 'v2']);
    const Metadata = [
      { Symbol: 'A', Bates: ['O', 'C'] },
      { Symbol: 'B', Bates: ['C'] },
    ];
    deepEqual(fields([{ Bate: 'O' }, { Bate: 'C' }, { Bate: 'C' }], { Metadata }), [
      'Date',
      'A O',
      'A C',
      'B C',
    ]);
  });

  it('gives one row for each series and date, and tells refused series apart', () => {
    const refused = { Datasource: 'S', Symbol: 'X', Status: 404, Details: 'Unknown' };
    const partly = { Metadata: { Symbol: 'B', Bates: ['V'] }, BateStatus: [{ Status: 403, Details: 'No' }] };
    const Series = [
      { Metadata: { Datasource: 'S', Symbol: 'A', Bates: ['O', 'C'] }, Corrections: [[1]], Values: days },
      { Values: { d: [1] }, ...partly },
      { Values: { d: [] } },
      refused,
      { Metadata: {}, Values: null },
    ];
    deepEqual(result({ Series }), {
      Series: [
        { Series: 'S/A', Date: '2024-01-02', O: 1, C: null },
        { Series: 'S/A', Date: '2024-01-03', O: 'NA', C: 2.5 },
        { Series: 'B', Date: 'd', V: 1 },
        { Series: '3', Date: 'd' },
      ],
      Refused: [partly, refused],
    });
  });

  it('takes whatever stands in the place of a list of values', () => {
    const Rows = { a: 1, b: null, c: [], d: ['x,]}"\\', { e: [1, 2] }, [3]], f: { g: 1 } };
    deepEqual(result({ Metadata: [], Rows }), {
      Metadata: [],
      Rows: [
        { Date: 'a', v0: 1 },
        { Date: 'b', v0: null },
        { Date: 'c' },
        { Date: 'd', v0: 'x,]}"\\', v1: { e: [1, 2] }, v2: [3] },
        { Date: 'f', v0: { g: 1 } },
      ],
    });
  });

  it('leaves everything else as it stands', () => {
    for (const value of [
      [{ Rows: days }],
      [],
      {},
      null,
      'x',
      { Rows: [{ a: 1 }] },
      { Series: [{ a: 1 }, { b: 2 }] },
      { Series: [1, 'x', []], Metadata: { Bates: 1 } },
      { Datasets: [{ Values: days }], Series: null },
    ]) {
      deepEqual(result(value), value);
    }
    for (const body of [
      '<html>',
      '',
      '[1, 2]',
      '{"a": 1 2}',
      '{}',
      '{"Result": [ 1.10, NaN ] , "x"',
      'nonsense',
    ]) {
      equal(converted(body), body.replace('"Result": ', '"Result":'));
    }
    const exact = converted('\ufeff{"Result":{"Rows":{"d":[1.10,12345678901234567890]}}}');
    ok(exact.includes('1.10,"v1":12345678901234567890'), exact);
  });

  it('does not hold what is too large, and refuses what is no JSON', () => {
    const converter = new KeyedRowConverter('Result', rule, 100);
    converter.write(Buffer.from('{"Result":{"Metadata":[],"Rows":{"d":["'));
    throws(() => converter.write(Buffer.alloc(200, 0x61)), { code: 'E_TOO_LARGE' });
    throws(() => converted('{"Result":{"Rows":{d:[1]}}}'), { code: 'E_PROTOCOL' });
    throws(() => converted('{"Result":{"Series":[{"Values":{"d":[1}]}}'), { code: 'E_PROTOCOL' });
  });

  it('hands rows on while they arrive', () => {
    const converter = new KeyedRowConverter('Result', rule, 1 << 16);
    converter.write(Buffer.from('{"Result":{"Metadata":[{"Bates":["C"]}],"Rows":{'));
    equal(String(Buffer.from(converter.write(Buffer.from('"d":[1],"e":')))), '{"Date":"d","C":1}');
    ok(
      Buffer.from(converter.write(Buffer.from('[2],')))
        .toString()
        .includes('"C":2'),
    );
  });
});
