import { deepEqual, equal, throws } from 'node:assert/strict';
import { type JsonObject, jsonOf, plainOf, type SentObject } from '../../../../src/core/json.ts';
import type { KeyedRows, RowPath } from '../../../../src/core/protocols/answer.ts';
import { RowSplitter } from '../../../../src/core/results/rowSplitter.ts';

const rule: KeyedRows = {
  key: 'Date',
  table: { rows: 'Rows', columns: 'Columns', series: 'Metadata' },
  list: { series: 'Series', rows: 'Values', about: 'Metadata', column: 'Series' },
  valueName: 'Bate',
  valueNames: 'Bates',
  symbol: 'Symbol',
  source: 'Datasource',
  statuses: ['Status', 'BateStatus'],
  refused: 'Refused',
};

const rowsAt: RowPath = {
  member: 'Result',
  mayWrap: true,
  except: ['Metadata', 'Columns', 'Parameters', 'Corrections', 'Refused'],
  keyed: rule,
};

interface Read {
  readonly head: JsonObject;
  /** Each as JSON. */
  readonly rows: readonly string[];
}

function splitterInto(rows: string[]): RowSplitter {
  const table = {
    take: () => -1,
    append: (row: SentObject) => rows.push(jsonOf(row)),
    mended: 0,
    missing: undefined,
  };
  return new RowSplitter(rowsAt, table, () => undefined);
}

/** What is read of a body, however it was cut into pieces. */
function read(body: string): Read {
  const bytes = Buffer.from(body);
  const all = [1, 7, 1 << 20].map((size): Read => {
    const rows: string[] = [];
    const splitter = splitterInto(rows);
    for (let at = 0; at < bytes.length; at += size) {
      splitter.write(bytes.subarray(at, at + size));
    }
    return { head: plainOf(splitter.end()) as JsonObject, rows };
  });
  for (const one of all) {
    deepEqual(one, all[0]);
  }
  return all[0] as Read;
}

/** The member that held the rows, with the rows in the place of the empty list that is left of them. */
function result(value: unknown): unknown {
  const { head, rows } = read(JSON.stringify({ A: [{ Rows: {} }], Result: value, B: 'é' }));
  const { Result, ...others } = head;
  deepEqual(others, { A: [{ Rows: {} }], B: 'é' });
  const parsed = rows.map((row) => JSON.parse(row) as unknown);
  const inPlace = ([name, left]: [string, unknown]) => {
    const holdsRows = name === 'Rows' || name === 'Series';
    deepEqual(holdsRows ? left : [], []);
    return [name, holdsRows ? parsed : left];
  };
  return Object.fromEntries(Object.entries(Result as JsonObject).map(inPlace));
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
      { Metadata: {}, Values: [] },
      { Symbol: 'L', Values: [['d', 1]] },
    ];
    deepEqual(result({ Series }), {
      Series: [
        { Series: 'S/A', Date: '2024-01-02', O: 1, C: null },
        { Series: 'S/A', Date: '2024-01-03', O: 'NA', C: 2.5 },
        { Series: 'B', Date: 'd', V: 1 },
        { Series: '3', Date: 'd' },
        { Symbol: 'L', Values: [['d', 1]] },
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

  it('takes what is no rows by key for what it is', () => {
    for (const [value, rows, left] of [
      [[{ Rows: days }], [{ Rows: days }], []],
      [[], [], []],
      [{}, [], {}],
      ['x', [{ Result: 'x' }], 'x'],
      [{ Rows: [{ a: 1 }] }, [{ a: 1 }], { Rows: [] }],
      [{ Series: [{ a: 1 }, { b: 2 }] }, [{ a: 1 }, { b: 2 }], { Series: [] }],
      [{ Datasets: [{ Values: days }], Series: null }, [{ Values: days }], { Datasets: [], Series: null }],
    ] as const) {
      const got = read(JSON.stringify({ Result: value }));
      deepEqual([got.rows.map((row) => JSON.parse(row) as unknown), got.head], [rows, { Result: left }]);
    }
    const odd = { Series: [1, 'x', []], Metadata: { Bates: 1 } };
    deepEqual(read(JSON.stringify({ Result: odd })), {
      rows: [JSON.stringify(odd)],
      head: { Result: odd },
    });
    const exact = read('\ufeff{"Result":{"Rows":{"d":[1.10,12345678901234567890]}}}');
    deepEqual(exact.rows, ['{"Date":"d","v0":1.10,"v1":12345678901234567890}']);
  });

  it('takes what says how values are called as far as its meaning is certain', () => {
    deepEqual(read('{"Result":{"Metadata":[{"Bates":["a\\C",]}],"Rows":{"d":[1]}}}').rows, [
      '{"Date":"d","a\\\\C":1}',
    ]);
  });

  it('does not hold what is too large, and refuses what is no JSON', () => {
    const splitter = splitterInto([]);
    splitter.write(Buffer.from('{"Result":{"Metadata":[],"Rows":{"d":["'));
    throws(() => splitter.write(Buffer.alloc(5 << 20, 0x61)), { code: 'E_TOO_LARGE' });
    throws(() => read('{"Result":{"Rows":{d:[1]}}}'), { code: 'E_PROTOCOL' });
    // Also what says whose a series is, or what its values are called.
    throws(() => read('{"Result":{"Series":[{"Metadata":{"Bates":["C"]{}},"Values":{"d":[1]}}]}}'), {
      code: 'E_PROTOCOL',
    });
    throws(() => read('{"Result":{"Series":[{"Values":{"d":[1]}}'), { code: 'E_PROTOCOL' });
    throws(() => read('{"Result":{"Series":[{"a":1},5]}}'), { code: 'E_PROTOCOL' });
  });

  it('hands rows on while they arrive', () => {
    const rows: string[] = [];
    const splitter = splitterInto(rows);
    splitter.write(Buffer.from('{"Result":{"Metadata":[{"Bates":["C"]}],"Rows":{'));
    splitter.write(Buffer.from('"d":[1],"e":'));
    deepEqual(rows, ['{"Date":"d","C":1}']);
    splitter.write(Buffer.from('[2],'));
    equal(rows[1], '{"Date":"e","C":2}');
  });
});
