import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  type Json,
  type JsonObject,
  NumberText,
  readJson,
  type SentObject,
} from '../../../../src/core/json.ts';
import type { Arrangement } from '../../../../src/core/results/arranging.ts';
import { flatten, unwrapped } from '../../../../src/core/results/cells.ts';
import { type ExportRequest, TableEngine } from '../../../../src/core/results/engine.ts';
import { exportText } from '../../../../src/core/results/exportParts.ts';
import {
  delimited,
  delimiterOf,
  type ExportFormat,
  frameOf,
  type Writing,
} from '../../../../src/core/results/exports.ts';
import { filterRows, parseFilter, unknownColumns } from '../../../../src/core/results/filter.ts';
import { sortRows } from '../../../../src/core/results/order.ts';
import { parseNumber, parseTime } from '../../../../src/core/results/quantity.ts';
import type { CopyForm } from '../../../../src/core/results/shown.ts';
import { ResultTable } from '../../../../src/core/results/table.ts';
import { termFor } from '../../../../src/views/results/filterTerm.ts';
import type { ShownCell } from '../../../../src/views/results/messages.ts';
import { append, localTable } from './localTable.ts';

function tableOf(rows: JsonObject[]): ResultTable {
  const table = new ResultTable();
  append(table, rows);
  return table;
}

function sorted(values: (string | number | null)[], descending = false): (string | number | null)[] {
  const table = tableOf(values.map((v) => ({ v })));
  const all = Uint32Array.from(values.keys());
  return [...sortRows(table, all, [{ field: 'v', descending }])].map((row) => values[row] ?? null);
}

describe('results: kinds', () => {
  it('are judged anew when the rows have doubled', () => {
    const desk = new TableEngine();
    const add = (count: number, v: string) =>
      append(
        desk.table,
        Array.from({ length: count }, () => ({ v })),
      );
    add(100, 'text');
    assert.deepEqual(desk.summary().kinds, ['text']);
    add(99, '1');
    assert.deepEqual(desk.summary().kinds, ['text']);
    add(801, '1');
    assert.deepEqual(desk.summary().kinds, ['number']);
  });

  it('are judged at once while there are few rows', () => {
    const desk = new TableEngine();
    append(desk.table, [{ v: '' }]);
    assert.deepEqual(desk.summary().kinds, ['text']);
    append(desk.table, [{ v: '1' }]);
    assert.deepEqual(desk.summary().kinds, ['number']);
  });
});

describe('results: cells', () => {
  it('flattens the cells of the wire', () => {
    const flat = (json: string) => flatten(unwrapped(readJson(json).value));
    assert.equal(flat('[{"0":"a"}]'), 'a');
    assert.deepEqual(flat('[{"0":5.0}]'), new NumberText('5.0'));
    assert.deepEqual(flat('[{"0":"a"},{"1":"b"}]'), ['a', 'b']);
    assert.deepEqual(flat('["a"]'), ['a']);
    assert.deepEqual(flat('[]'), []);
    assert.equal(flat('{"a":1}'), '{"a":1}');
    assert.equal(flat('[[1]]'), '[[1]]');
    assert.equal(flat('[{"a":1,"b":2}]'), '[{"a":1,"b":2}]');
    assert.equal(flat('[{"__proto__":"x"}]'), 'x');
  });
});

describe('results: table', () => {
  it('keeps the order of the server over rows of different shapes', () => {
    const table = tableOf([{ a: 1, d: 4 }, { a: 1, b: 2, d: 4 }, { a: 1, e: 5 }, { c: null }]);
    assert.deepEqual(table.fields, ['a', 'b', 'd', 'e', 'c']);
    assert.equal(new TableEngine(table).json({ from: 0, to: 1 }), '[{"a":1,"d":4}]');
    assert.equal(table.column('c')?.at(3), null);
    assert.equal(table.column('c')?.at(0), undefined);
  });

  it('keeps 300 columns, names that hold HTML, and names that differ only in case', () => {
    const row: JsonObject = { '<img src=x onerror=alert(1)>': '<b>', A: 1, a: 2 };
    for (let at = 0; at < 300; at++) {
      row[`C${at}`] = String(at);
    }
    const desk = new TableEngine(tableOf([row]));
    assert.equal(desk.summary().fields.length, 303);
    assert.deepEqual(desk.page({ from: 0, to: 9 }).rows[0]?.cells.slice(0, 3), ['<b>', '1', '2']);
  });

  it('cuts cells of a megabyte for the grid and leaves them whole for an export', () => {
    const long = 'x'.repeat(1 << 20);
    const desk = new TableEngine(
      tableOf([
        { a: long, n: null },
        { a: 'b', m: 1 },
      ]),
    );
    const [first, second] = desk.page({ from: 0, to: 2 }).rows;
    assert.deepEqual(first?.cells[0], { cut: 'x'.repeat(512), length: 1 << 20 });
    assert.deepEqual(first?.cells[2], { none: 'missing' });
    assert.deepEqual(first?.cells[1], { none: 'null' });
    assert.deepEqual(second?.cells[1], { none: 'missing' });
    assert.equal(exported(desk, 'csv', ['a'], 0, 1).length, (1 << 20) + 2);
  });

  it('marks what changed, row by key, not by place', () => {
    const before = new TableEngine(
      tableOf([
        { k: 'a', v: '1' },
        { k: 'b', v: '2' },
      ]),
    );
    const now = new TableEngine(
      tableOf([
        { k: 'b', v: '3' },
        { k: 'c', v: '9' },
        { k: 'a', v: '1' },
      ]),
    );
    assert.deepEqual(now.compare({ other: before }), { added: 1, changed: 1, gone: 0 });
    assert.deepEqual(
      now.page({ from: 0, to: 9 }).rows.map(({ changed, was }) => [changed, was]),
      [
        [[1], ['2']],
        [[-1], undefined],
        [undefined, undefined],
      ],
    );
  });

  it('knows rows by numbers where no text tells them apart, and nearly all of those stay', () => {
    const differences = (before: JsonObject[], now: JsonObject[]) => {
      const engine = new TableEngine(tableOf(now));
      return engine.compare({ other: new TableEngine(tableOf(before)) });
    };
    const process = (id: number) => ({ name: 'BPXAS', used: id * 7, id: String(id) });
    const rows = Array.from({ length: 20 }, (_, at) => process(at));
    const fewer = rows.slice(1).map((row) => ({ ...row, used: row.used + 100_000 }));
    assert.deepEqual(differences(rows, rows.slice(1)), { added: 0, changed: 0, gone: 1 });
    assert.deepEqual(differences(rows.slice(1), rows), { added: 1, changed: 0, gone: 0 });
    assert.deepEqual(differences(rows, fewer), { added: 0, changed: 19, gone: 1 });
    const twice = (id: number) => ({ name: `J${id % 2}`, id: Math.floor(id / 2) });
    const pairs = Array.from({ length: 20 }, (_, at) => twice(at));
    assert.deepEqual(differences(pairs, pairs.slice(2)), { added: 0, changed: 0, gone: 2 });
    const sizes = (add: number) => [3, 5, 8, 9].map((used, at) => ({ used: used + (at > 1 ? add : 0) }));
    assert.deepEqual(differences(sizes(0), sizes(100)), { added: 0, changed: 2, gone: 0 });
  });

  it('takes a value of a column that there is no more for a change, and leaves out what a part has no columns of', () => {
    const was = (k: string, v: string, note?: string) => ({ k, v, ...(note && { note }) });
    const before = new TableEngine(tableOf([was('a', '1', 'x'), was('b', '2')]));
    const now = new TableEngine(tableOf([was('a', '1'), was('b', '2')]));
    assert.deepEqual(now.compare({ other: before }), { added: 0, changed: 1, gone: 0 });
    assert.deepEqual(
      now.page({ from: 0, to: 9 }).rows.map(({ changed }) => changed),
      [[], undefined],
    );
    assert.deepEqual(before.compare({ other: now }), { added: 0, changed: 1, gone: 0 });
    assert.deepEqual(before.compare({ other: now, isPart: true }), { added: 0, changed: 0, gone: 0 });
    const other = new TableEngine(tableOf([{ k: 'a' }, { k: 'b' }]));
    assert.deepEqual(before.compare({ other, isPart: true }), { added: 0, changed: 0, gone: 0 });
    assert.deepEqual(before.page({ from: 0, to: 1 }).rows[0]?.changed, undefined);
  });

  it('shows many rows that are gone one after the other without much ado', function () {
    this.timeout(20_000);
    const rows = Array.from({ length: 150_000 }, (_, at) => ({ k: `JOB${at}` }));
    const now = new TableEngine(tableOf([{ k: 'JOB0' }]));
    now.compare({ other: new TableEngine(tableOf(rows)) });
    const arrangement = { sort: [], filter: '', labels: [] };
    const { shown, gone, rows: seen } = now.page({ arrangement, from: 149_999, to: 160_000 });
    assert.deepEqual([shown, gone, seen], [1, 149_999, [{ index: -1, cells: ['JOB149999'] }]]);
  });

  it('shows rows that are gone where they stood, in any order and under any filter, and nowhere else', () => {
    const row = (k: string, v: string) => ({ k, v });
    const before = new TableEngine(tableOf([row('x', '5'), row('a', '1'), row('b', '2'), row('y', '9')]));
    const now = new TableEngine(tableOf([row('b', '3'), row('c', '4'), row('a', '1')]));
    assert.deepEqual(now.compare({ other: before }), { added: 1, changed: 1, gone: 2 });
    const asSent = { sort: [], filter: '', labels: [] };
    const shown = (arrangement: Partial<Arrangement>) => {
      const page = now.page({ arrangement: { ...asSent, ...arrangement }, from: 0, to: 9 });
      const keys = page.rows.map(({ index, cells }) => `${index < 0 ? '-' : ''}${cells[0]}`).join(' ');
      return [keys, page.shown, page.gone];
    };
    assert.deepEqual(shown({}), ['-x b -y c a', 3, 2]);
    assert.deepEqual(shown({ sort: [{ field: 'v', descending: true }] }), ['-y -x c b a', 3, 2]);
    assert.deepEqual(shown({ filter: 'v>3' }), ['-x -y c', 1, 2]);
    assert.deepEqual(shown({ onlyChanged: true }), ['-x b -y c', 2, 2]);
    assert.deepEqual(shown({ onlyChanged: true, filter: 'v<5' }), ['b c', 2, 0]);
    const all = { arrangement: asSent, from: 0, to: 5 };
    const copied = (from: number, to: number) => {
      const rows = now.startExport({ arrangement: asSent, from, to });
      return now.exportPart({ rows, fields: ['k'], format: 'text' });
    };
    assert.equal(copied(0, 5), 'b\nc\na\n');
    assert.equal(copied(0, 1), 'x\n', 'but a row that is gone by itself is');
    assert.equal(now.statistics({ ...all, field: 'v' })?.rows, 3);
    assert.deepEqual(now.startExport({ arrangement: asSent }).length, 3);
    const { rows } = now.page({ arrangement: asSent, from: 0, to: 1, whole: true });
    assert.deepEqual(rows, [{ index: -1, cells: ['x', '5'] }]);
    now.compare({ other: null });
    assert.deepEqual(shown({ onlyChanged: true }), ['b c a', 3, 0]);
  });

  it('tells which rows meet a condition, and marks the cells that it names', () => {
    const table = new TableEngine(
      tableOf([
        { k: 'a', v: '95' },
        { k: 'b', v: '9' },
      ]),
    );
    const labels = [['v', 'CPU']] as const;
    const before = new TableEngine(tableOf([{ k: 'b', v: '91' }]));
    const meeting = (alert: string, other: TableEngine | null) => table.meeting({ alert, labels, other });
    assert.deepEqual(meeting('CPU > 90', null), { count: 1, begun: [] });
    assert.deepEqual(meeting('CPU > 8', before), { count: 2, begun: ['a'] });
    assert.deepEqual(meeting(' ', before), { count: 0, begun: [] });
    const unnamed = new TableEngine(tableOf([{ v: '1' }, { v: '99' }]));
    const other = new TableEngine(tableOf([{ v: '1' }, { v: '9' }]));
    assert.deepEqual(unnamed.meeting({ alert: 'v > 90', labels, other }), { count: 1, begun: ['#2'] });
    const arrangement = { sort: [], filter: '', labels, alert: 'CPU > 90' };
    assert.deepEqual(
      table.page({ arrangement, from: 0, to: 9 }).rows.map(({ alert }) => alert),
      [[1], undefined],
    );
  });
});

describe('results: order', () => {
  it('sizes numbers with units', () => {
    assert.equal(parseNumber('4Ki'), 4096);
    assert.ok(parseNumber('4Ki') < parseNumber('12Mi'));
    assert.equal(parseNumber('1.5K'), 1500);
    assert.equal(parseNumber('-7%'), -7);
    assert.equal(parseNumber('1,024'), 1024);
    assert.equal(parseNumber('5ms'), 0.005);
    for (const text of ['', 'JOB1', '1x', '0x10', '1,02', 'Infinity', '-', '.', '1e9999']) {
      assert.ok(Number.isNaN(parseNumber(text)), text);
    }
  });

  it('knows times', () => {
    assert.equal(parseTime('2026/11/21 10:15:00.500000') - parseTime('2026/11/21 10:15:00.000000'), 0.5);
    assert.equal(parseTime('1970-01-01T00:00:10Z'), 10);
    assert.equal(parseTime('1970-01-01T01:00:10+01:00'), 10);
    assert.equal(parseTime('1:02:03'), 3723);
    assert.ok(Number.isNaN(parseTime('12')));
  });

  it('sorts many texts as people read them, too, when one has a letter beyond ASCII', () => {
    const jobs = Array.from({ length: 6000 }, (_, at) => `JOB${at}`);
    assert.deepEqual(sorted([...jobs.toReversed(), 'ÜBER']), [...jobs, 'ÜBER']);
  });

  it('sorts by size, by time and as people read; what has no value is last both ways', () => {
    assert.deepEqual(sorted(['12Mi', '4Ki', '', '100', '3']), ['3', '100', '4Ki', '12Mi', '']);
    assert.deepEqual(sorted(['12Mi', '4Ki', '', '100', '3'], true), ['12Mi', '4Ki', '100', '3', '']);
    assert.deepEqual(sorted(['b', 'B10', 'a', 'B9', null, 'ä']), ['a', 'ä', 'b', 'B9', 'B10', null]);
    assert.deepEqual(sorted([10, 9, 'N/A', -1, 3, 4, 5]), [-1, 3, 4, 5, 9, 10, 'N/A']);
    assert.deepEqual(sorted(['2026/01/02 00:00:00', '2025/12/31 23:59:59', '2026/01/01 12:00:00']), [
      '2025/12/31 23:59:59',
      '2026/01/01 12:00:00',
      '2026/01/02 00:00:00',
    ]);
  });

  it('has numbers of every size and sign, and each column in its own direction', () => {
    const number = fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -3, max: 3 }),
    );
    fc.assert(
      fc.property(fc.array(fc.record({ a: fc.nat(3), b: number })), (rows) => {
        const by = [
          { field: 'a', descending: true },
          { field: 'b', descending: false },
        ];
        const found = [...sortRows(tableOf(rows), Uint32Array.from(rows.keys()), by)];
        const expected = rows.toSorted((one, other) => other.a - one.a || one.b - other.b);
        assert.deepEqual(
          found.map((row) => rows[row]),
          expected,
        );
      }),
    );
  });

  it('is stable, and sorts by several columns', () => {
    const table = tableOf([
      { a: 'x', b: 1 },
      { a: 'y', b: 1 },
      { a: 'x', b: 0 },
      { a: 'x', b: 1 },
    ]);
    const all = Uint32Array.from([0, 1, 2, 3]);
    assert.deepEqual([...sortRows(table, all, [{ field: 'a', descending: false }])], [0, 2, 3, 1]);
    assert.deepEqual([...sortRows(table, all, [{ field: 'a', descending: true }])], [1, 0, 2, 3]);
    const by = [
      { field: 'a', descending: false },
      { field: 'b', descending: true },
    ];
    assert.deepEqual([...sortRows(table, all, by)], [0, 3, 2, 1]);
  });
});

describe('results: filter', () => {
  const table = tableOf([
    {
      JOB: 'ALPHA',
      'CPU%': '12.5',
      SIZE: '4Ki',
      AT: '2026/11/21 10:15:00.000000',
      MULTI: [{ '0': 'one' }, { '1': 'two' }],
    },
    { JOB: 'BETA', 'CPU%': '3', SIZE: '12Mi', AT: '2026/11/21 11:15:00.000000' },
    { JOB: 'gamma ray', 'CPU%': 'N/A', SIZE: '1.5Gi', AT: '' },
  ]);
  const labels = [['JOB', 'Job name']] as const;
  const rows = (filter: string) => [...filterRows(table, filter, labels)];

  it('finds text anywhere, without regard to case; all words must be found', () => {
    assert.deepEqual(rows('alpha'), [0]);
    assert.deepEqual(rows('a'), [0, 1, 2]);
    assert.deepEqual(rows('a beta'), [1]);
    assert.deepEqual(rows('"gamma ray"'), [2]);
    assert.deepEqual(rows('-alpha'), [1, 2]);
    assert.deepEqual(rows('10:15'), [0]);
    assert.deepEqual(rows('.*'), []);
    assert.deepEqual(rows(''), [0, 1, 2]);
  });

  it('asks one column, by its field or its label', () => {
    assert.deepEqual(rows('job:eta'), [1]);
    assert.deepEqual(rows('"job name":ALPH'), [0]);
    assert.deepEqual(rows('job=beta'), [1]);
    assert.deepEqual(rows('job="gamma ray"'), [2]);
    assert.deepEqual(rows('MULTI:two'), [0]);
    assert.deepEqual(rows('MULTI="one, two"'), [0]);
    assert.deepEqual(rows('MULTI="one, t"'), []);
    assert.deepEqual(rows('-job:a'), []);
    assert.deepEqual(rows('job:'), [0, 1, 2]);
  });

  it('compares sizes and times', () => {
    assert.deepEqual(rows('CPU%>3'), [0]);
    assert.deepEqual(rows('CPU%>=3'), [0, 1]);
    assert.deepEqual(rows('cpu%=12.50'), [0]);
    assert.deepEqual(rows('SIZE<1Gi'), [0, 1]);
    assert.deepEqual(rows('SIZE>1Mi CPU%<5'), [1]);
    assert.deepEqual(rows('CPU% > 3'), [0]);
    assert.deepEqual(rows('SIZE > 1Mi CPU% <= 5'), [1]);
    assert.deepEqual(rows('"job name" = beta'), [1]);
    assert.deepEqual(rows('-job = beta'), [0, 2]);
    assert.deepEqual(rows('at= beta'), [], 'no value, and the word');
    assert.deepEqual(rows('none > 3'), [], 'no column: three words');
    assert.deepEqual(rows('at>"2026/11/21 11:00"'), [1]);
    assert.deepEqual(rows('at='), [2]);
  });

  it('takes two signs in a row for no comparison, and a decimal comma for one', () => {
    assert.deepEqual([rows('CPU%<>3'), rows('CPU% <> 3')], [[], []]);
    assert.deepEqual(unknownColumns('cpu%<>3', ['cpu%'], []), ['cpu%<>3']);
    assert.deepEqual(unknownColumns('cpu% <> 3', ['cpu%'], []), ['cpu% <>']);
    assert.deepEqual(unknownColumns('job gpu > 3 cpu% > 5', ['cpu%'], []), ['gpu > 3']);
    assert.deepEqual(unknownColumns('cpu% > 5 cpu% > ', ['cpu%'], []), ['cpu% >'], 'no value');
    assert.deepEqual(unknownColumns('job cpu%= -cpu%:a>', ['cpu%'], []), []);
    const { table } = new TableEngine(tableOf(['9', '100', '95', 'N/A'].map((n) => ({ n }))));
    assert.deepEqual([...filterRows(table, 'n>94,5')], [1, 2]);
    assert.deepEqual([...filterRows(table, 'n=95,0')], [2]);
    assert.deepEqual([...filterRows(table, 'n<1,000')], [0, 1, 2], 'that is a thousand');
  });

  it('by the value of a cell finds its row, and by its opposite does not', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ unit: fc.constantFrom(...'"-=:<> a1é\u0301'), maxLength: 8 }),
      fc.constantFrom(
        '',
        '007',
        '1.10',
        '2B',
        '1E5',
        'a\nb',
        ' x ',
        '"',
        'İ',
        '\ud800x',
        '12:30',
        '01.02.2026',
      ),
      fc.nat(700).map((length) => 'e\u0301'.repeat(length)),
    );
    const cell: fc.Arbitrary<Json> = fc.oneof(
      text,
      fc.constant(null),
      fc.double({ noNaN: true }),
      fc.array(text),
    );
    const rows = fc.array(fc.dictionary(text, cell, { maxKeys: 3, noNullPrototype: true }), { minLength: 1 });
    fc.assert(
      fc.property(rows, fc.nat(), fc.nat(), (rows, row, column) => {
        const desk = new TableEngine(tableOf(rows));
        const { fields } = desk.table;
        const field = fields[column % fields.length];
        if (field === undefined) {
          return;
        }
        const page = desk.page({ from: 0, to: rows.length });
        const shown = page.rows[row % rows.length]?.cells[column % fields.length] as ShownCell;
        // The box that it is written into has one line.
        const term = (out: boolean) => termFor(field, shown, out).replace(/[\r\n]/g, '');
        const left = (filter: string) => [...filterRows(desk.table, filter)];
        assert.ok(left(term(false)).includes(row % rows.length), term(false));
        if (!term(true).endsWith(':""')) {
          assert.ok(!left(term(true)).includes(row % rows.length), term(true));
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('finds a text that stands for no value by that it has none, as it is shown', () => {
    const table = tableOf([{ v: 1.5 }, { v: 'NA' }, { v: 2 }, { v: null }, {}]);
    table.missing = 'NA';
    const [cell] = new TableEngine(table).page({ from: 1, to: 2 }).rows[0]?.cells ?? [];
    assert.deepEqual(cell, { none: 'null' });
    assert.deepEqual([...filterRows(table, termFor('v', cell, false))], [1, 3, 4]);
    assert.deepEqual([...filterRows(table, termFor('v', cell, true))], [0, 2]);
    assert.deepEqual([...filterRows(table, 'v=NA')], [1]);
  });

  it('asks of a value that is too long for a filter for its beginning', () => {
    const text = `${'x'.repeat(600)} end`;
    assert.equal(termFor('a', text, false), `a:${'x'.repeat(511)}`);
    assert.equal(termFor('a', [text], true), `-a:${'x'.repeat(511)}`);
  });

  it('reads any text without failing', () => {
    for (const text of ['"', '::', 'a:"', '-', '>', '= =', '"a":', '\\', '[', '(', '"" x']) {
      parseFilter(text, () => true);
      rows(text);
    }
  });
});

const opening = (format: ExportFormat, headers: readonly string[]) => frameOf({ format }, headers)[0];

/** What goes to the clipboard. */
async function copied(desk: TableEngine, request: ExportRequest, most?: number): Promise<string | undefined> {
  const table = localTable(desk);
  table.update(desk.summary());
  return (await exportText(table, request, String, most))?.text;
}

/** All of a table by the way an export is written: fixed first, then in parts. */
function exported(
  desk: TableEngine,
  format: Writing['format'],
  fields: readonly string[],
  from = 0,
  to = 1e6,
  delimiter?: ',' | ';' | '\t',
): string {
  const rows = desk.startExport({}).slice(from, to);
  return desk.exportPart({ rows, fields, format, ...(delimiter && { delimiter }) });
}

/** Lines as a spreadsheet reads them: quotes count at the beginning of a field only. */
function readDelimited(text: string, delimiter: string): string[][] {
  const lines: string[][] = [[]];
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^${delimiter}\\r\\n]*))(${delimiter}|\\r?\\n|$)`, 'gy');
  const body = text.replace(/^\uFEFF/, '').replace(/\r\n$/, '');
  for (const [, quoted, bare = '', end] of body.matchAll(field)) {
    lines.at(-1)?.push(quoted?.replaceAll('""', '"') ?? bare);
    if (end === '') {
      break;
    }
    if (end !== delimiter) {
      lines.push([]);
    }
  }
  return lines;
}

describe('results: export', () => {
  const table = tableOf([
    { a: '=cmd|x', b: 'say "hi", you', c: -1.5, d: '-2.5' },
    { a: '@x', b: 'line\nend', d: null, e: [{ '0': 'p' }, { '1': 'q' }] },
  ]);
  const desk = new TableEngine(table);

  it('writes CSV by RFC 4180 and defuses formulas', () => {
    assert.equal(
      opening('csv', ['a', 'b,']) + exported(desk, 'csv', table.fields),
      `a,"b,"\r\n'=cmd|x,"say ""hi"", you",-1.5,-2.5,\r\n'@x,"line\nend",,,"p, q"\r\n`,
    );
  });

  it('writes no empty line for a row without a value, which many readers pass over', async () => {
    const one = new TableEngine(tableOf([{ a: '' }, { a: 'x' }]));
    assert.equal(exported(one, 'csv', ['a']), '""\r\nx\r\n');
  });

  const commands = [
    '=1+1',
    '+1+1',
    '-1+1',
    '@SUM(A1)',
    '\t=1',
    '\r=1',
    '\n=1',
    '=cmd|x',
    '＝1+1',
    '-2Mi+A1',
    '+cmd|x',
  ];
  const harmless = [
    '-5',
    '-1.5',
    '+3',
    '-1,5',
    '-1,024.25',
    '-1.024,25',
    '-.5',
    '-7%',
    '-2 %',
    '-1.5E+3',
    '-',
    '---',
    '=',
    'a=b',
  ];

  it('guards what looks like a formula, on the clipboard as in a file, and spoils no number', async () => {
    for (const [at, value] of [...commands, ...harmless].entries()) {
      const guard = at < commands.length ? "'" : '';
      const desk = new TableEngine(tableOf([{ a: value }]));
      const text = await copied(desk, { fields: ['a'], format: 'text' });
      for (const [written, delimiter] of [
        [opening('csv', ['a']) + exported(desk, 'csv', ['a']), ','],
        [exported(desk, 'csv', ['a'], 0, 9, ';'), ';'],
        [text ?? '', '\t'],
      ] as const) {
        assert.deepEqual(readDelimited(written, delimiter).at(-1), [guard + value]);
      }
    }
    assert.equal(exported(new TableEngine(tableOf([{ a: -1.5 }])), 'csv', ['a']), '-1.5\r\n');
    assert.equal(opening('csv', ['=a']), "'=a\r\n");
  });

  it('what is copied reads back cell by cell, whatever is in the cells', async () => {
    const values = [
      '"',
      '"begins',
      'say "hi"',
      '"a"\t"b"',
      'tab\there',
      'two\nlines',
      'two\r\nlines',
      ' x ',
      '',
    ];
    const rows = values.map((a) => ({ a, b: 'next' }));
    const desk = new TableEngine(tableOf(rows));
    const headers = ['"A"', 'B\tC'];
    const text = await copied(desk, { fields: ['a', 'b'], headers, format: 'text' });
    assert.deepEqual(readDelimited(text ?? '', '\t'), [['"A"', 'B\tC'], ...values.map((a) => [a, 'next'])]);
    for (const delimiter of [',', ';', '\t'] as const) {
      const written = exported(desk, 'csv', ['a', 'b'], 0, 99, delimiter);
      assert.deepEqual(
        readDelimited(written, delimiter),
        values.map((a) => [a, 'next']),
      );
    }
    // In an editor it is read as it is.
    assert.equal(delimited('say "hi", you', '\t'), 'say "hi", you');
  });

  it('the delimiter is the one that Excel expects under a locale', () => {
    for (const locale of [
      'de',
      'de-DE',
      'fr',
      'es',
      'tr',
      'it',
      'pt-BR',
      'ru',
      'nl',
      'pl',
      'de-CH',
      'en-ZA',
    ]) {
      assert.equal(delimiterOf('en', locale), ';', locale);
    }
    for (const locale of ['en', 'en-US', 'en-GB', 'ja', 'zh-CN', 'ko', 'es-MX', 'he']) {
      assert.equal(delimiterOf('en', locale), ',', locale);
    }
    // In another language than the computer's, that of the person counts.
    for (const language of ['de', 'fr', 'es', 'tr', 'pt-br']) {
      assert.equal(delimiterOf(language, 'en-US'), ';', language);
    }
    assert.equal(delimiterOf('ja', 'de-DE'), ',');
    assert.equal(delimiterOf('es', 'es-MX'), ',');
    assert.equal(delimiterOf('de', 'de-CH'), ';');
  });

  it('writes JSON that reads back in parts, also a value a line, and NDJSON', () => {
    const rows: unknown = JSON.parse(desk.json({ from: 0, to: 2 }));
    for (const format of ['json', 'indented'] as const) {
      const part = (from: number) => exported(desk, format, table.fields, from, from + 1);
      const [opening, separator, closing] = frameOf({ format }, []);
      const text = `${opening}${part(0)}${separator}${part(1)}${closing}`;
      assert.deepEqual(JSON.parse(text), rows);
      assert.deepEqual(JSON.parse(opening + closing), []);
      assert.equal(text === `${JSON.stringify(rows, null, 2)}\n`, format === 'indented', text);
    }
    const lines = exported(desk, 'ndjson', table.fields).trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      rows,
    );
  });

  it('writes what was arranged when it was started, whatever is sorted meanwhile', () => {
    const desk = new TableEngine(tableOf([{ n: 1 }, { n: 3 }, { n: 2 }]));
    const arrangement = { sort: [{ field: 'n', descending: true }], filter: 'n>1', labels: [] };
    const rows = desk.startExport({ arrangement });
    const sort = [{ field: 'n', descending: false }];
    desk.page({ arrangement: { sort, filter: '', labels: [] }, from: 0, to: 9 });
    assert.equal(desk.exportPart({ fields: ['n'], format: 'ndjson', rows }), '{"n":3}\n{"n":2}');
    assert.equal(desk.startExport({}).length, 3);
  });

  it('sorts rows that arrive when they have doubled, and at the end', () => {
    const desk = new TableEngine();
    const arrangement = { sort: [{ field: 'v', descending: false }], filter: '', labels: [] };
    const page = () => desk.page({ arrangement, from: 0, to: 1e6 });
    const orders = new Set<number>();
    for (let value = 1000; value > 0; value--) {
      append(desk.table, [{ v: value }]);
      const { rows, shown } = page();
      const values = rows.map(({ cells }) => Number(cells[0]));
      assert.deepEqual(
        values,
        values.toSorted((a, b) => a - b),
      );
      assert.ok(shown === values.length && 2 * shown > desk.table.rowCount);
      orders.add(shown);
    }
    assert.ok(orders.size <= 11, `sorted ${orders.size} times`);
    assert.notEqual(page().rows[0]?.cells[0], '1', 'what is on the screen stays where it is');
    desk.isWhole = true;
    assert.deepEqual([page().shown, page().rows[0]?.cells[0]], [1000, '1']);
    const own = desk.startExport({ arrangement });
    const first = desk.exportPart({ fields: ['v'], format: 'csv', rows: own.slice(0, 2) });
    assert.deepEqual([own.length, first], [1000, '1\r\n2\r\n']);
  });

  it('sums up the numbers in some cells, as they are arranged', () => {
    const desk = new TableEngine(
      tableOf([
        { n: '7', m: 1, t: 'x' },
        { n: '12.5', m: null, t: '3' },
        { n: '-2', m: 4, t: 'y' },
        { n: '', m: 8, t: 'z' },
      ]),
    );
    const fields = ['n', 'm', 't'];
    assert.deepEqual(desk.sums({ from: 0, to: 4, fields }), {
      count: 6,
      sum: '30.5',
      mean: String(30.5 / 6),
      min: '-2',
      max: '12.5',
    });
    const arrangement = { sort: [{ field: 'n', descending: true }], filter: '', labels: [] };
    assert.deepEqual(desk.sums({ arrangement, from: 0, to: 2, fields: ['n', 'gone'] }), {
      count: 2,
      sum: '19.5',
      mean: '9.75',
      min: '7',
      max: '12.5',
    });
    assert.equal(desk.sums({ from: 0, to: 4, fields: ['t'] }), undefined);
  });

  it('sums up to the last digit, also several columns, and tells the least and the greatest as they were sent', () => {
    const desk = new TableEngine(
      tableOf([
        { n: '9007199254740993', m: '0.1', u: '4Ki' },
        { n: '9007199254740992', m: '0.20', u: '12Mi' },
      ]),
    );
    assert.deepEqual(desk.sums({ from: 0, to: 2, fields: ['n', 'm'] }), {
      count: 4,
      sum: '18014398509481985.30',
      mean: String(Number('18014398509481985.30') / 4),
      min: '0.1',
      max: '9007199254740993',
    });
    const { min, max } = desk.sums({ from: 0, to: 2, fields: ['u'] }) ?? {};
    assert.deepEqual([min, max], ['4Ki', '12Mi']);
    const infinite = new TableEngine();
    infinite.table.append(readJson('{"n":1e400}').value as SentObject);
    const sums = infinite.sums({ from: 0, to: 1, fields: ['n'] });
    assert.deepEqual(JSON.parse(JSON.stringify(sums)), sums, 'as it goes to the screen');
    assert.equal(sums?.max, '1e400');
  });

  it('opens what is nested in a cell, and leaves a text that only looks so', () => {
    const rows = [
      '{"a":{"b":[1.10,{"c":null}]},"d":"{\\"e\\":1}","f":["x",{"g":1,"h":2}]}',
      '{"a":"{}","d":[{"0":"one"}]}',
    ];
    const table = new ResultTable();
    for (const row of rows) {
      table.append(readJson(row).value as SentObject);
    }
    const json = new TableEngine(table).json({ from: 0, to: 2 });
    assert.equal(json, `[${rows.join(',\n').replace('[{"0":"one"}]', '"one"')}]`);
  });

  it('copies rows as Markdown, JSON and CSV, with every value as it is', async () => {
    const text = '{"N": 1.10, "T": "a|b *c* <d>\\\\ my_own _x_ $A$\\r\\nend", "M": [{"0": "p"}, {"1": "q"}]}';
    const table = new ResultTable();
    table.append(readJson(text).value as SentObject);
    table.append(new Map([['N', null]]));
    const desk = new TableEngine(table);
    const as = (format: CopyForm, headers: readonly string[] | null, most?: number) =>
      copied(desk, { format, fields: ['T', 'N', 'M'], headers }, most);
    assert.deepEqual((await as('markdown', ['T_', 'n', 'm']))?.split('\n'), [
      '| T\\_ | n | m |',
      '| --- | ---: | --- |',
      '| a\\|b \\*c\\* \\<d>\\\\ my_own \\_x\\_ \\$A\\$<br>end | 1.10 | p, q |',
      '|  |  |  |',
    ]);
    const json = (await as('json', null)) ?? '';
    assert.deepEqual(JSON.parse(json), [
      { T: 'a|b *c* <d>\\ my_own _x_ $A$\r\nend', N: 1.1, M: ['p', 'q'] },
      { N: null },
    ]);
    assert.match(json, /"N":1\.10,/);
    assert.equal(
      await as('csv', ['T', 'N', 'M']),
      'T,N,M\r\n"a|b *c* <d>\\ my_own _x_ $A$\r\nend",1.10,"p, q"\r\n,,',
    );
    assert.equal(await as('json', null, 20), undefined, 'too much');
  });

  it('takes secrets out of cells also where a format would write them otherwise', async () => {
    const secret = '"pass""word"_*1|\\$';
    const fields = ['a', secret];
    const table = localTable(new TableEngine(tableOf([{ a: `x_${secret}`, [secret]: 1 }, { a: 'b"_*' }])));
    table.update({ fields, rowCount: 2 });
    const hide = (text: string) => text.replaceAll(secret, '-');
    const as = async (format: Writing['format']) => (await exportText(table, { fields, format }, hide))?.text;
    assert.equal(await as('csv'), 'a,-\r\nx_-,1\r\n"b""_*",');
    assert.equal(await as('text'), 'a\t-\nx_-\t1\nb"_*\t');
    assert.equal(await as('markdown'), '| a | - |\n| --- | --- |\n| x\\_- | 1 |\n| b"\\_\\* |  |');
  });

  it('stays JSON where a secret is a number, or ends as a text does', async () => {
    for (const secret of ['12345678', 'my-secret"', '{"a":123']) {
      const table = localTable(new TableEngine(tableOf([{ a: 12345678, b: 'my-secret', c: secret }])));
      table.update({ fields: ['a', 'b', 'c'], rowCount: 1 });
      const hide = (text: string) => text.replaceAll(secret, '-');
      for (const format of ['json', 'ndjson', 'indented'] as const) {
        const written = await exportText(table, { fields: ['a', 'b', 'c'], format }, hide);
        assert.deepEqual([JSON.parse(written?.text ?? '')].flat(), [
          { a: secret === '12345678' ? '-' : 12345678, b: 'my-secret', c: '-' },
        ]);
      }
    }
  });

  it('copies rows as text with tabs', async () => {
    assert.equal(
      await copied(desk, { fields: ['a', 'b', 'e'], headers: ['A', 'B', 'E'], format: 'text' }),
      'A\tB\tE\n\'=cmd|x\tsay "hi", you\t\n\'@x\t"line\nend"\tp, q',
    );
  });
});
