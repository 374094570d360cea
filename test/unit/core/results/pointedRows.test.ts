import { deepEqual, equal, throws } from 'node:assert/strict';
import fc from 'fast-check';
import { TokensError } from '../../../../src/core/errors.ts';
import { plainOf } from '../../../../src/core/json.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import { RowSplitter } from '../../../../src/core/results/rowSplitter.ts';

/** Rows and rest of a body that arrives in pieces of a size. */
function read(body: string, pointer: string, size = 5) {
  const engine = new TableEngine();
  const { table } = engine;
  const at = pointer.split('/').slice(1);
  const reader = new RowSplitter({ member: 'Rows', mayWrap: false, at }, table, () => undefined);
  const bytes = Buffer.from(body);
  for (let from = 0; from < bytes.length; from += size) {
    const piece = Uint8Array.from(bytes.subarray(from, from + size));
    reader.write(piece);
    piece.fill(0); // Its memory is used again for the next piece.
  }
  const rest = plainOf(reader.end().get('Rest') ?? null);
  return { rows: JSON.parse(engine.json({ from: 0, to: table.rowCount })), rest, mended: table.mended };
}

describe('rows that a pointer leads to', () => {
  const aci = {
    totalCount: '2',
    imdata: [{ fvTenant: { attributes: { dn: 'a' } } }, { fvBD: { attributes: { dn: 'b' }, children: [] } }],
  };
  const cases: readonly (readonly [pointer: string, body: unknown, rows: unknown])[] = [
    ['', [{ a: 1 }, { a: 2 }], [{ a: 1 }, { a: 2 }]],
    ['', { a: 1 }, [{ a: 1 }]],
    ['', {}, []],
    ['', [], []],
    ['', null, []],
    ['', 'text', [{ value: 'text' }]],
    ['', 42, [{ value: 42 }]],
    ['/0', [[1, [2], {}, ''], 5], [{ value: 1 }, { value: [2] }, {}, { value: '' }]],
    ['', ['x', 'y', null, true], [{ value: 'x' }, { value: 'y' }, { value: null }, { value: true }]],
    ['/items', { items: [{ a: 'x,]}"\\' }], more: { items: [{ a: 2 }] } }, [{ a: 'x,]}"\\' }]],
    ['/items', { items: { a: 1 } }, [{ a: 1 }]],
    ['/items', { items: {} }, []],
    ['/items', { items: null, other: 1 }, []],
    ['/items', { other: [{ a: 1 }] }, []],
    ['/result/0/data', { result: [{ data: [{ a: 1 }] }, { data: [{ a: 2 }] }] }, [{ a: 1 }]],
    ['/result/1/data', { result: [{ data: [{ a: 1 }] }, { data: [{ a: 2 }] }] }, [{ a: 2 }]],
    ['/imdata/*/*/attributes', aci, [{ dn: 'a' }, { dn: 'b' }]],
    ['/groups/*', { groups: { x: [{ a: 1 }], y: [{ a: 2 }, { a: 3 }] } }, [{ a: 1 }, { a: 2 }, { a: 3 }]],
    ['/list/length', { list: [1, 2] }, []],
  ];
  for (const [pointer, body, rows] of cases) {
    it(`finds ${JSON.stringify(rows)} at “${pointer}” of ${JSON.stringify(body).slice(0, 60)}`, () => {
      for (const size of [1, 3, 1000]) {
        const found = read(JSON.stringify(body, undefined, size === 3 ? 1 : 0), pointer, size);
        deepEqual([found.rows, found.mended], [rows, 0]);
      }
    });
  }

  it('leaves the rest of the body, without the rows', () => {
    deepEqual(read('{"n": 1, "items": [{"a": 1}], "next": {"page": 2}}', '/items').rest, {
      n: 1,
      items: [],
      next: { page: 2 },
    });
    deepEqual(read('{"n":1,"item":{"a":1}}', '/item').rest, { n: 1, item: null });
  });

  it('mends a value that is missing, and says so', () => {
    for (const body of ['{"items":}', '{"a":,"items":[]}', '{"items":[],"a":}', '{"items":[{"a":}]}']) {
      equal(read(body, '/items').mended, 1, body);
    }
  });

  it('refuses what is no JSON, or ends in the middle', () => {
    for (const body of [
      '{"items":[{"a":1}',
      '{"items":[{"a":1}]',
      '[{"a":1',
      '"abc',
      '{"items":[1]} x',
      'Not Found',
      'nul',
      'nulll',
      'null null',
      '{"items":nul}',
      '{"items":',
      '{"items":[:]}',
      '[:]',
      '[}',
      '[1}',
      ' ',
      '1,2',
      '}',
      '[1]]',
    ]) {
      throws(
        () => read(body, body.startsWith('{') ? '/items' : ''),
        (error) => error instanceof TokensError && error.code === 'E_PROTOCOL',
        body,
      );
    }
    throws(() => read(' <!doctype html>', '/x'), /a web page instead of data/);
    throws(
      () => read('['.repeat(100), '/x'),
      (error) => error instanceof TokensError && error.code === 'E_TOO_LARGE',
    );
  });

  it('finds the same however the body is cut, and as often as there are rows', () => {
    const row = fc.dictionary(fc.string({ minLength: 1 }), fc.oneof(fc.string(), fc.boolean()), {
      minKeys: 1,
      maxKeys: 3,
    });
    fc.assert(
      fc.property(fc.array(row), fc.json(), fc.integer({ min: 1, max: 40 }), (rows, other, size) => {
        const body = `{"before":${other},"deep":{"items":${JSON.stringify(rows)}},"after":[]}`;
        const found = read(body, '/deep/items', size);
        equal(found.rows.length, rows.length);
        deepEqual(found, read(body, '/deep/items', body.length * 4));
      }),
      { numRuns: 300 },
    );
  });
});
