import assert from 'node:assert/strict';
import fc from 'fast-check';
import { TokensError } from '../../../../src/core/errors.ts';
import { type Json, type JsonObject, plainOf, type SentObject } from '../../../../src/core/json.ts';
import type { Cell, RowPath } from '../../../../src/core/protocols/answer.ts';
import { rowsAt as inRows } from '../../../../src/core/protocols/cra/request.ts';
import { rowsAt as inResult } from '../../../../src/core/protocols/sarus/request.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import { RowSplitter } from '../../../../src/core/results/rowSplitter.ts';
import { ResultTable } from '../../../../src/core/results/table.ts';
import { append } from './localTable.ts';

interface Read {
  head: JsonObject;
  rows: JsonObject[];
  scalars: [string, string][];
}

/** Has every row read by `readJson`. */
function slowTable(append: (row: JsonObject) => void) {
  return {
    take: () => -1,
    append: (row: SentObject) => append(plainOf(row) as JsonObject),
    mended: 0,
    missing: undefined,
  };
}

function read(body: string | Uint8Array, rowsAt: RowPath, size = 7): Read {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const rows: JsonObject[] = [];
  const scalars: [string, string][] = [];
  const splitter = new RowSplitter(
    rowsAt,
    slowTable((row) => rows.push(row)),
    (name, value) => scalars.push([name, value]),
  );
  for (let at = 0; at < bytes.length; at += size) {
    splitter.write(bytes.slice(at, at + size));
  }
  return { head: plainOf(splitter.end()) as JsonObject, rows, scalars };
}

/** The same through the fast reader, as a table's rows. */
function readTable(body: string | Uint8Array, rowsAt: RowPath, size = 1000): ResultTable {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  const table = new ResultTable();
  const splitter = new RowSplitter(rowsAt, table, () => undefined);
  for (let at = 0; at < bytes.length; at += size) {
    splitter.write(bytes.slice(at, at + size));
  }
  splitter.end();
  return table;
}

function cellsOf({ columns, rowCount }: ResultTable): (Cell | undefined)[][] {
  return columns.map((column) => Array.from({ length: rowCount }, (_, row) => column.at(row)));
}

function fails(body: string | Uint8Array, rowsAt: RowPath, code = 'E_PROTOCOL', sizes = [1, 7, 1000]) {
  for (const size of sizes) {
    assert.throws(
      () => read(body, rowsAt, size),
      (error) => error instanceof TokensError && error.code === code,
    );
  }
}

const cra = {
  rc: 0,
  system: 'SYSX',
  totalRows: '2',
  session: 'abc',
  none: null,
  Rows: [
    { ASGNAME: 'JOB1', ASICPSCA: [{ '0': '1.5' }], deep: { a: [1, { b: '}]' }] } },
    { ASGNAME: 'J"\\ü', other: -1.5e3 },
  ],
  after: [1, { Rows: [{ no: 1 }] }],
};

describe('rowSplitter', () => {
  it('finds the rows of a CRA answer, whatever the pieces it comes in', () => {
    for (const text of [JSON.stringify(cra), JSON.stringify(cra, undefined, 2)]) {
      for (const size of [1, 2, 3, 5, 8, 13, 21, 10_000]) {
        const { head, rows, scalars } = read(text, inRows, size);
        assert.deepEqual(rows, cra.Rows);
        assert.deepEqual(head, { ...cra, Rows: [] });
        assert.deepEqual(scalars, [
          ['rc', '0'],
          ['system', 'SYSX'],
          ['totalRows', '2'],
          ['session', 'abc'],
        ]);
      }
    }
  });

  it('tells scalars before the rows that come after them', () => {
    const heard: string[] = [];
    const table = slowTable(() => heard.push('row'));
    const splitter = new RowSplitter(inRows, table, (name) => heard.push(name));
    splitter.write(new TextEncoder().encode('{"session":"s","Rows":[{"a":1},'));
    assert.deepEqual(heard, ['session', 'row']);
  });

  it('skips a byte-order mark, also in pieces', () => {
    const bytes = new TextEncoder().encode('\uFEFF{"Rows":[{"a":"b"}]}');
    assert.deepEqual(read(bytes, inRows, 1).rows, [{ a: 'b' }]);
  });

  it('finds the rows of a SARUS answer where they may stand', () => {
    assert.deepEqual(read('{"Result":[{"a":1},{"a":2}]}', inResult).rows, [{ a: 1 }, { a: 2 }]);
    const nested = read(
      '{"x":[{"n":0}],"Result":{"Count":2,"Tags":["t"],"Items":[{"a":1}],"More":[{"b":1}]}}',
      inResult,
    );
    assert.deepEqual(nested.rows, [{ a: 1 }]);
    assert.deepEqual(nested.head.Result, { Count: 2, Tags: ['t'], Items: [], More: [{ b: 1 }] });
    assert.deepEqual(read('{"Result":{"Name":"x","Tags":["a"]}}', inResult).rows, [
      { Name: 'x', Tags: ['a'] },
    ]);
    assert.deepEqual(read('{"Result":{"Items":[],"Count":0}}', inResult).rows, []);
    assert.deepEqual(read('{"Result":[]}', inResult).rows, []);
    assert.deepEqual(read('{"Result":["a",1]}', inResult).rows, [{ Result: 'a' }, { Result: 1 }]);
    assert.deepEqual(read('{"Result":"done"}', inResult).rows, [{ Result: 'done' }]);
    assert.deepEqual(read('{"Errors":{"Status":410,"Detail":"expired"}}', inResult).rows, []);
    // A list further down is a value of a row.
    assert.equal(read('{"Result":{"a":{"b":[{"c":1}]}}}', inResult).rows.length, 1);
  });

  it('shows the rows after those that are null', () => {
    for (const size of [1, 3, 1000]) {
      assert.deepEqual(read('{"Rows":[null,{"a":1},null]}', inRows, size).rows, [{ a: 1 }]);
      assert.deepEqual(read('{"Rows":[ null , null,{"a":1}]}', inRows, size).rows, [{ a: 1 }]);
      assert.deepEqual(read('{"Result":[null,{"a":1}]}', inResult, size).rows, [{ a: 1 }]);
      assert.deepEqual(read('{"Result":{"Items":[null,{"a":1}]}}', inResult, size).rows, [{ a: 1 }]);
      const series = '{"Result":{"Series":[null,{"Symbol":"S","Values":{"2026-01-01":[1]}},null]}}';
      assert.deepEqual(read(series, inResult, size).rows, [{ Series: 'S', Date: '2026-01-01', v0: 1 }]);
      const { head } = read('{"Result":{"Tags":[null,"t"],"Items":[{"a":1}]}}', inResult, size);
      assert.deepEqual(head.Result, { Tags: [null, 't'], Items: [] });
    }
    fails('{"Rows":[null,5]}', inRows);
    fails('{"Rows":[null', inRows);
  });

  it('reads many lists before the rows without looking through all that has arrived for each', () => {
    const lists = Array.from({ length: 30_000 }, (_, at) => `"list${at}":[ 1]`).join(',');
    const started = performance.now();
    const { rows } = read(
      `{"Result":{${lists},"Items":[${'null , '.repeat(50)}{"a":1}]}}`,
      inResult,
      1 << 20,
    );
    assert.deepEqual(rows, [{ a: 1 }]);
    assert.ok(performance.now() - started < 1_500);
  });

  it('takes an empty result and a result of one error', () => {
    assert.deepEqual(read('{"rc":0,"Rows":[ ]}', inRows).rows, []);
    assert.deepEqual(read('{"error":"No such view"}', inRows).head, { error: 'No such view' });
    assert.deepEqual(read('{"error":"x","Rows":"none"}', inRows).rows, []);
  });

  it('refuses what is no answer, in one sentence', () => {
    for (const body of [
      '',
      '  ',
      '<html><body>404</body></html>',
      '\uFEFF<!doctype html>',
      'null',
      '[]',
      '"x"',
      'nonsense',
      '{"Rows":[{"a":1}',
      '{"Rows":[{"a":1},',
      '{"Rows":[{"a":"',
      '{"Rows":[{"a":1}]',
      '{"Rows":[,{"a":1}]}',
      '{"Rows":[{"a":1}{"a":2}]}',
      '{"Rows":[{"a":1},5]}',
      '{"Rows":[{"a":]}]}',
      '{"Rows":[{"a":1]]}',
      '{"Rows":[1,2]}',
      '{"Rows":"x"}',
      '{"a":1 2}',
      '{"a":1}}',
      '{"a":1} x',
      '{a:1}',
    ]) {
      fails(body, inRows);
    }
  });

  it('bounds depth, rows and everything else', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const [long, large] = ['x'.repeat((4 << 20) - 100), 'x'.repeat(4 << 20)];
    for (const [around, depth] of [
      ['{"Rows":[{"a":*}]}', 61],
      ['{"a":*}', 63],
    ] as const) {
      const body = (value: string) => around.replace('*', value);
      read(body(nested(depth)), inRows);
      fails(body(nested(depth + 1)), inRows, 'E_TOO_LARGE');
      read(body(`"${long}"`), inRows, 1 << 16);
      fails(body(`"${large}"`), inRows, 'E_TOO_LARGE', [1 << 16, 8 << 20]);
    }
  });

  it('takes raw control characters in strings, as mainframes send them', () => {
    const raw = '{"s":"a\u0000b","Rows":[{"a":"x\u0001\ty"},\n{"a":"z"}]}';
    const { head, rows } = read(raw, inRows, 9);
    assert.equal(head.s, 'a\u0000b');
    assert.deepEqual(rows, [{ a: 'x\u0001\ty' }, { a: 'z' }]);
    assert.equal(readTable(raw, inRows).column('a')?.at(0), 'x\u0001\ty');
  });

  it('keeps prototype names harmless', () => {
    const text = '{"__proto__":{"p":1},"Rows":[{"__proto__":"x","constructor":"y"},{"toString":"z"}]}';
    const table = readTable(text, inRows);
    assert.deepEqual(table.fields, ['__proto__', 'constructor', 'toString']);
    const desk = new TableEngine(table);
    assert.equal(desk.json({ from: 0, to: 1 }), '[{"__proto__":"x","constructor":"y"}]');
    assert.equal(({} as Record<string, unknown>).p, undefined);
  });

  it('reads what JSON.parse reads, fast or slow, in any pieces', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const cell: fc.Arbitrary<Json> = fc.oneof(
      text,
      fc.constantFrom('JOB1', '12.5', '4Ki', ''),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(text, { maxLength: 3 }).map((list) => list.map((value, at) => ({ [String(at)]: value }))),
    );
    const field = fc.oneof(fc.constantFrom('A', 'B', 'C', '__proto__', 'ü'), text);
    const row = fc.dictionary(field, cell, { maxKeys: 6, noNullPrototype: true });
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 12 }),
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(undefined, 1),
        (rows, size, indent) => {
          const body = JSON.stringify({ rc: 0, Rows: rows }, undefined, indent);
          assert.deepEqual(read(body, inRows, size).rows, (JSON.parse(body) as { Rows: Json }).Rows);
          const expected = new ResultTable();
          append(expected, (JSON.parse(body) as { Rows: JsonObject[] }).Rows);
          const table = readTable(body, inRows, size);
          assert.deepEqual([...table.fields], [...expected.fields]);
          assert.deepEqual(cellsOf(table), cellsOf(expected));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('never accepts what JSON.parse refuses without saying so', () => {
    const body = JSON.stringify({
      rc: 0,
      Rows: [
        { a: 'x', b: [{ '0': '1' }], c: -1.5 },
        { a: 'y', d: null },
      ],
    });
    fc.assert(
      fc.property(
        fc.nat(body.length - 1),
        fc.constantFrom('', '"', '\\', ',', ':', '{', '}', '[', ']', '0', '.', 'x', ' '),
        fc.integer({ min: 1, max: 100 }),
        (at, piece, size) => {
          const damaged = body.slice(0, at) + piece + body.slice(at + 1);
          let parsed: unknown;
          try {
            parsed = JSON.parse(damaged);
          } catch {
            parsed = undefined;
          }
          let table: ResultTable | undefined;
          try {
            table = readTable(damaged, inRows, size);
          } catch (error) {
            assert.ok(error instanceof TokensError);
          }
          assert.ok(table === undefined || parsed !== undefined || table.mended > 0, damaged);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
