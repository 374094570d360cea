import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SystemClock } from '../../../../src/core/clock.ts';
import { indentJson } from '../../../../src/core/json.ts';
import type { Row } from '../../../../src/core/protocols/answer.ts';
import { rowsAt as inRows } from '../../../../src/core/protocols/cra/request.ts';
import { exportParts, exportText } from '../../../../src/core/results/exportParts.ts';
import type { Writing } from '../../../../src/core/results/exports.ts';
import { readerMaker } from '../../../../src/core/results/readers.ts';
import type { ShownCell } from '../../../../src/core/results/shown.ts';
import type { TableHandle, TableState } from '../../../../src/core/results/tableHandle.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';
import { logon, service, viewsRoot, withSandbox } from '../../sandbox/support.ts';

const worker = new WorkerClient(
  new URL('../../../../src/core/results/worker.ts', import.meta.url),
  new SystemClock(),
);

interface Got {
  readonly table: TableHandle;
  readonly state: TableState;
  readonly fields: readonly string[];
  readonly cells: readonly (readonly ShownCell[])[];
  readonly programs: Row[];
  readonly headText: string | undefined;
}

/** An answer as it is shown, and as a program gets it. */
async function get(body: string | Uint8Array, piece = 32_768): Promise<Got> {
  let table: TableHandle | undefined;
  const reader = readerMaker(worker, {
    maxBytes: 1e9,
    wantsRows: true,
    onTable: (made) => {
      table = made;
      made.share();
    },
  })(inRows, () => undefined);
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += piece) {
    await reader.write(Uint8Array.from(bytes.subarray(at, at + piece)));
  }
  const answer = await reader.end();
  assert.ok(table);
  const { fields, rows } = await table.call('page', { from: 0, to: 100 });
  return {
    table,
    state: table.state,
    fields,
    cells: rows.map(({ cells }) => cells),
    programs: await answer.rows(),
    headText: answer.headText,
  };
}

const rowsOf = (...rows: readonly string[]) => `{"rc":0,"Rows":[${rows.join(',')}]}`;

async function exported(table: TableHandle, format: Writing['format']): Promise<string> {
  let text = '';
  for await (const data of exportParts(table, { fields: table.state.fields, format }, String)) {
    text += String(data);
  }
  return text;
}

/** Texts of a column named `v`, arranged. */
async function arranged(values: readonly string[], sort: boolean, filter = ''): Promise<string[]> {
  const { table } = await get(rowsOf(...values.map((value) => `{"v":${value}}`)));
  const arrangement = { sort: sort ? [{ field: 'v', descending: false }] : [], filter, labels: [] };
  const { rows } = await table.call('page', { arrangement, from: 0, to: values.length });
  return rows.map(({ cells }) => String(cells[0]));
}

const sorted = (values: readonly string[]) =>
  arranged(
    values.map((value) => JSON.stringify(value)),
    true,
  );
const filtered = (values: readonly string[], filter: string) =>
  arranged(
    values.map((value) => JSON.stringify(value)),
    false,
    filter,
  );

const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max });
/** Any number of JSON, as somebody may write it. */
const numberText = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(
      fc.constant('0'),
      fc.tuple(fc.constantFrom(...'123456789'), digits(0, 25)).map((parts) => parts.join('')),
    ),
    fc.oneof(
      fc.constant(''),
      digits(1, 25).map((text) => `.${text}`),
    ),
    fc.oneof(
      fc.constant(''),
      fc.tuple(fc.constantFrom('e', 'E', 'e+', 'E-'), digits(1, 3)).map((parts) => parts.join('')),
    ),
  )
  .map((parts) => parts.join(''));
/** Any member name or string, as JSON, plain or with every letter escaped. */
const stringText = fc
  .tuple(
    fc.oneof(fc.string({ unit: 'binary', maxLength: 8 }), fc.constantFrom('__proto__', '100', '20', 'A')),
    fc.boolean(),
  )
  .map(([text, escaped]) =>
    escaped
      ? `"${Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')}"`
      : JSON.stringify(text),
  );
const nested = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    numberText,
    stringText,
    fc.constantFrom('null', 'true', 'false'),
    fc.array(tie('value'), { maxLength: 3 }).map((list) => `[${list.join(',')}]`),
    fc
      .uniqueArray(fc.tuple(stringText, tie('value')), {
        maxLength: 3,
        selector: ([name]) => JSON.parse(name) as string,
      })
      .map((members) => `{${members.map((member) => member.join(':')).join(',')}}`),
  ),
})).value;
const members = fc.uniqueArray(fc.tuple(stringText, nested), {
  minLength: 1,
  maxLength: 5,
  selector: ([name]) => JSON.parse(name) as string,
});

/** JSON with every string in its plainest form, so that two texts with the same content compare equal. */
const plainly = (json: string) =>
  json.replace(/"(?:[^"\\]|\\.)*"/gs, (text) => JSON.stringify(JSON.parse(text)));

describe('results: values as they were sent', () => {
  after(() => worker.dispose());

  const odd = [
    '9007199254740993',
    '9007199254740992',
    '1.10',
    '100.00',
    '0.1000',
    '1e400',
    '-0',
    '-0.0',
    '1E5',
    '1e-7',
    '123456789012345678901234567890.5',
  ];

  it('B1, B2: numbers are shown, copied and exported as they were sent', async () => {
    const got = await get(rowsOf(...odd.map((text) => `{"n":${text},"w":[{"0":${text}}]}`)));
    assert.deepEqual(
      got.cells,
      odd.map((text) => [text, text]),
    );
    const written = { fields: got.fields, format: 'text', headers: null } as const;
    const copied = await exportText(got.table, written, String);
    assert.equal(copied?.text, odd.map((text) => `${text}\t${text}`).join('\n'));
    assert.equal(copied?.rows, odd.length);
    assert.equal(
      await exported(got.table, 'ndjson'),
      odd.map((text) => `{"n":${text},"w":${text}}\n`).join(''),
    );
    assert.equal(
      await exported(got.table, 'json'),
      `[\n${odd.map((text) => `{"n":${text},"w":${text}}`).join(',\n')}\n]\n`,
    );
    assert.equal(
      await exported(got.table, 'csv'),
      `n,w\r\n${odd.map((text) => `${text},${text}\r\n`).join('')}`,
    );
  });

  it('B1, B2: numbers in lists and nested objects are as they were sent', async () => {
    const row = '{"l":[1.10,9007199254740993,null,true],"m":M,"o":{"x":1.10,"y":[1E5,{"z":-0}]}}';
    const { cells, programs, table } = await get(rowsOf(row.replace('M', '[{"0":1.10},{"1":2.0}]')));
    assert.equal(await exported(table, 'ndjson'), `${row.replace('M', '[1.10,2.0]')}\n`);
    assert.deepEqual(cells, [
      [['1.10', '9007199254740993', '', 'true'], ['1.10', '2.0'], '{"x":1.10,"y":[1E5,{"z":-0}]}'],
    ]);
    assert.equal(programs[0]?.o, '{"x":1.10,"y":[1E5,{"z":-0}]}');
  });

  it('programs get numbers, and the text of those that JavaScript cannot hold', async () => {
    const { programs } = await get(rowsOf(...odd.map((text) => `{"n":${text}}`)));
    assert.deepEqual(
      programs.map(({ n }) => n),
      [
        '9007199254740993',
        9007199254740992,
        1.1,
        100,
        0.1,
        '1e400',
        -0,
        -0,
        100000,
        1e-7,
        '123456789012345678901234567890.5',
      ],
    );
  });

  it('a watch sees the last digit change, wherever the tables are kept', async () => {
    const large = (n: string) =>
      rowsOf(`{"JOB":"A","n":${n}}`, ...Array.from({ length: 20_000 }, (_, at) => `{"JOB":"J${at}","n":1}`));
    const small = (n: string) => rowsOf(`{"JOB":"A","n":${n}}`);
    for (const [before, now] of [
      [small, small],
      [large, small],
      [small, large],
      [large, large],
    ] as const) {
      for (const [old, fresh, changed] of [
        ['9007199254740992', '9007199254740993', [1]],
        ['1.1', '1.10', [1]],
        ['1.10', '1.10', undefined],
      ] as const) {
        const earlier = await get(before(old));
        const { table } = await get(now(fresh));
        await table.call('compare', { other: earlier.table.number });
        assert.deepEqual((await table.call('page', { from: 0, to: 1 })).rows[0]?.changed, changed);
      }
    }
  });

  it('ids are sorted to the last digit, as numbers and as texts, and = finds just one', async () => {
    const ids = ['9007199254740993', '9007199254740992', '9007199254740991'];
    assert.deepEqual(await sorted(ids), ids.toReversed());
    assert.deepEqual(await arranged(ids, true), ids.toReversed());
    assert.deepEqual(await filtered(ids, 'v=9007199254740992'), [ids[1]]);
    assert.deepEqual(await arranged(ids, false, 'v=9007199254740992'), [ids[1]]);
    assert.deepEqual(await arranged(ids, false, 'v>9007199254740992'), [ids[0]]);
    assert.deepEqual(await arranged(['1e400', '1e500', '-1e400', '2'], true), [
      '-1e400',
      '2',
      '1e400',
      '1e500',
    ]);
    assert.deepEqual(await filtered(['007', '7', '7.0'], 'v=7'), ['7', '7.0']);
    assert.deepEqual(await filtered(['007', '7'], 'v=007'), ['007']);
    const long = ['ID-999999999999999', 'ID-1000000000000000'];
    const many = Array.from({ length: 6000 }, (_, at) => `X-${at}`);
    assert.deepEqual((await sorted([...long.toReversed(), ...many])).slice(0, 2), long);
  });

  it('numbers of any length are in the order of their values', async () => {
    const whole = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
    await fc.assert(
      fc.asyncProperty(fc.array(whole, { maxLength: 20 }), fc.boolean(), async (values, isText) => {
        const texts = values.map(String);
        const expected = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)).map(String);
        assert.deepEqual(await (isText ? sorted(texts) : arranged(texts, true)), expected);
      }),
      { numRuns: 100 },
    );
  });

  it('a column that is not wholly numeric is text, units are read where most cells have one', async () => {
    const asids = ['001E', '0020', '2B', '002A', '002F', '01E2', '0045'];
    assert.deepEqual(await filtered(asids, 'v>0020'), ['2B', '002A', '002F', '01E2', '0045']);
    assert.deepEqual(await sorted(['002A', '0020', '001E', '01E2']), ['001E', '0020', '002A', '01E2']);
    assert.deepEqual(await filtered(['4Ki', '12Mi', '0', 'N/A'], 'v>1Ki'), ['4Ki', '12Mi']);
    assert.deepEqual(await sorted(['10', '9', '****', 'N/A', '-1']), ['-1', '9', '10', '****', 'N/A']);
  });

  it('hexadecimal ids of the sandbox are compared as what they are', () =>
    withSandbox({}, async (sandbox) => {
      const url = `${viewsRoot(sandbox)}/${service}/products/MVMVS/views/JCSA/data?rows=200`;
      const answer = await fetch(url, { headers: { Authorization: `Bearer ${await logon(sandbox)}` } });
      const { table, fields } = await get(await answer.text());
      const at = fields.indexOf('CDREASID');
      const ids = async (filter: string, descending?: boolean) => {
        const sort = descending === undefined ? [] : [{ field: 'CDREASID', descending }];
        const arrangement = { sort, filter, labels: [] };
        return (await table.call('page', { arrangement, from: 0, to: 200 })).rows.map(({ cells }) =>
          String(cells[at]),
        );
      };
      const all = await ids('');
      assert.ok(all.includes('001E') && all.includes('0020'), all.join());
      const value = (id: string) => Number.parseInt(id, 16);
      assert.deepEqual(
        await ids('CDREASID>0020'),
        all.filter((id) => value(id) > 0x20),
      );
      assert.deepEqual(
        (await ids('', true)).map(value),
        all.map(value).sort((a, b) => b - a),
      );
    }));

  it('what is beside the rows is as it was sent, too', async () => {
    const beside = '"rc":1.10,"20":{"id":12345678901234567890,"b":1e400,"3":[-0]},"__proto__":"x"';
    const { headText } = await get(`{${beside},"Rows":[{"a":1}],"10":"end"}`);
    assert.equal(headText, `{${beside},"Rows":[],"10":"end"}`);
  });

  it('columns and members stand in the order of the server', async () => {
    const got = await get(
      rowsOf(
        '{"JOB":"A","100":"x","20":"y","CPU":"1","__proto__":"p","o":{"b":1,"10":2,"__proto__":3,"2":[{"z":1,"1":2}]}}',
        '{"JOB":"B","20":"y","100":"x","7":"new","CPU":"2"}',
      ),
    );
    const o = '{"b":1,"10":2,"__proto__":3,"2":[{"z":1,"1":2}]}';
    assert.deepEqual(got.fields, ['JOB', '100', '20', '7', 'CPU', '__proto__', 'o']);
    assert.equal(got.cells[0]?.[6], o);
    assert.equal(
      await exported(got.table, 'ndjson'),
      `{"JOB":"A","100":"x","20":"y","CPU":"1","__proto__":"p","o":${o}}\n` +
        '{"JOB":"B","100":"x","20":"y","7":"new","CPU":"2"}\n',
    );
  });

  it('B1, B2, B5: opened as JSON, values and members stay as they are', () => {
    assert.equal(
      indentJson('[\n{"b":1.10,"2":[],"1":["x, {}",{ }]},\n{}\n]\n'),
      '[\n  {\n    "b": 1.10,\n    "2": [],\n    "1": [\n      "x, {}",\n      {}\n    ]\n  },\n  {}\n]',
    );
    assert.equal(indentJson('[\n]\n'), '[]');
  });

  it('names that are the same by their escapes are one column, and a lost value is told of', async () => {
    const { fields, cells, state } = await get(rowsOf('{"\\u0041":1.0,"B":2}', '{"A":3,"A":4}'));
    assert.deepEqual(fields, ['A', 'B']);
    assert.deepEqual(cells, [
      ['1.0', '2'],
      ['4', { none: 'missing' }],
    ]);
    assert.equal(state.mended, 1);
  });

  it('B1, B2, B5: whatever is sent, in any pieces, is what is exported', async () => {
    await fc.assert(
      fc.asyncProperty(members, fc.integer({ min: 1, max: 60 }), async (row, piece) => {
        const got = await get(rowsOf(`{${row.map((member) => member.join(':')).join(',')}}`), piece);
        assert.deepEqual(
          got.fields,
          row.map(([name]) => JSON.parse(name) as string),
        );
        for (const [at, [, sent]] of row.entries()) {
          const cell = got.cells[0]?.[at];
          if (sent.startsWith('"')) {
            assert.equal(cell, JSON.parse(sent));
          } else if (/^[-\d]/.test(sent)) {
            assert.equal(cell, sent);
          } else if (sent.startsWith('{')) {
            assert.equal(cell, plainly(sent));
          }
        }
        // An object in a list may be what wraps a value.
        if (!row.some(([, sent]) => sent.startsWith('[') && sent.includes('{'))) {
          const text = `{${row.map(([name, sent]) => `${plainly(name)}:${plainly(sent)}`).join(',')}}\n`;
          assert.equal(await exported(got.table, 'ndjson'), text);
        }
        assert.equal(got.state.mended, 0);
      }),
      { numRuns: 300 },
    );
  });

  it('times are in order by the nanosecond', async () => {
    const at = (digits: string) => `2026-11-21T10:15:00.${digits}Z`;
    const times = [
      at('123456789'),
      at('123456788'),
      at('123456787'),
      at('99999999999'),
      '2026-11-21T10:15:01Z',
    ];
    assert.deepEqual(await sorted(times), [times[2], times[1], times[0], times[3], times[4]]);
    assert.deepEqual(await filtered(times, `v="${at('123456788')}"`), [times[1]]);
    assert.deepEqual(await filtered(times, `v<"${at('123456788')}"`), [times[2]]);
  });

  it('dates of the first century, as .NET writes that there is none, are not of the last one', async () => {
    const dates = ['1901-01-01T00:00:00', '0001-01-01T00:00:00', '1900-06-01T00:00:00'];
    assert.deepEqual(await sorted(dates), [dates[1], dates[2], dates[0]]);
    assert.deepEqual(await filtered(dates, 'v=1901-01-01T00:00:00'), [dates[0]]);
  });

  it('dates of other national orders are in order where the column shows which they are', async () => {
    assert.deepEqual(await sorted(['21.11.2026', '01.12.2026', '02.01.2025 10:00', 'N/A']), [
      '02.01.2025 10:00',
      '21.11.2026',
      '01.12.2026',
      'N/A',
    ]);
    assert.deepEqual(await sorted(['12/01/2026', '11/21/2026', '01/02/2025']), [
      '01/02/2025',
      '11/21/2026',
      '12/01/2026',
    ]);
    assert.deepEqual(await filtered(['21.11.2026', '01.12.2026'], 'v>30.11.2026'), ['01.12.2026']);
    // Ambiguous, so it is ordered as text.
    assert.deepEqual(await sorted(['02.01.2026', '01.02.2025']), ['01.02.2025', '02.01.2026']);
    const many = Array.from({ length: 5000 }, () => '13.01.2026');
    many[4321] = '12/13/2025';
    assert.equal((await sorted(many)).indexOf('12/13/2025'), 0);
    assert.deepEqual(await filtered(['9', '2048', 'N/A'], 'v>1Ki'), ['2048']);
    assert.deepEqual(await sorted(['21.11.2026', '11.21.2025', '01.01.2027']), [
      '01.01.2027',
      '11.21.2025',
      '21.11.2026',
    ]);
  });

  it('a filter finds letters in every case and composition', async () => {
    const cities = ['İSTANBUL', 'ISTANBUL', 'istanbul', 'ıstanbul', 'I\u0307stanbul'];
    for (const wanted of ['istanbul', 'İstanbul', 'ISTANBUL', 'ıst']) {
      assert.deepEqual(await filtered(cities, wanted), cities, wanted);
    }
    assert.deepEqual(await filtered(cities, 'v=istanbul'), cities);
    const names = ['Müller', 'Mu\u0308ller', 'MÜLLER'];
    assert.deepEqual(await filtered(names, 'müller'), names);
    assert.deepEqual(await filtered(names, 'mu\u0308LLER'), names);
    assert.deepEqual(await filtered(['Straße', 'STRASSE', 'ΟΔΟΣ'], 'strasse'), ['Straße', 'STRASSE']);
    assert.deepEqual(await filtered(['ΟΔΟΣ', 'οδος'], 'οδοσ'), ['ΟΔΟΣ', 'οδος']);
  });

  it('what is no JSON is read where its meaning is certain, and told of', async () => {
    for (const [sent, shown] of [
      ['NaN', { none: 'null' }],
      ['-Infinity', { none: 'null' }],
      ['Infinity', { none: 'null' }],
      ['nan', { none: 'null' }],
      ['undefined', { none: 'null' }],
      ['None', { none: 'null' }],
      ['', { none: 'null' }],
      ['"SYS1\\xPARM"', 'SYS1\\xPARM'],
      ['"C:\\Users"', 'C:\\Users'],
      ['"\\u12"', '\\u12'],
      ["'single'", 'single'],
      ['007', '007'],
      ['+1', '+1'],
      ['.5', '.5'],
      ['001E', '001E'],
      ['True', 'true'],
      ['[{"0":NaN}]', { none: 'null' }],
      ['{"a":[1.0,]}', '{"a":[1.0]}'],
      ['"x",', 'x'],
    ] as const) {
      for (const piece of [1, 1000]) {
        const { cells, state, programs } = await get(
          rowsOf('{"a":1.0}', `{"a":${sent}}`, '{"a":"z"}'),
          piece,
        );
        assert.deepEqual(cells, [['1.0'], [shown], ['z']], sent);
        assert.equal(state.mended, 1, sent);
        assert.equal(programs[1]?.a, typeof shown === 'string' ? (shown === 'true' ? true : shown) : null);
      }
    }
    assert.equal((await get('{"Rows":[{"a":1},],"n":NaN}')).state.mended, 2);
  });

  it('raw control characters and half letters stay, bytes that are no letters are told of', async () => {
    const { cells, state } = await get(rowsOf('{"a":"x\u0000\ty"}', '{"a":"\\ud800"}'));
    assert.deepEqual(cells, [['x\u0000\ty'], ['\ud800']]);
    assert.equal(state.mended, 0);
    const bytes = Buffer.from(rowsOf('{"a":"M?ller"}', '{"a":"ü"}'));
    bytes[bytes.indexOf('?')] = 0xfc;
    const broken = await get(bytes);
    assert.equal((await get(rowsOf(`{"a":"\uFFFD\\n"}`))).state.mended, 0);
    assert.deepEqual(broken.cells, [['M\uFFFDller'], ['ü']]);
    assert.equal(broken.state.mended, 1);
  });
});
