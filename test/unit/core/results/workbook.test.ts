import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { TokensError } from '../../../../src/core/errors.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import { exportParts } from '../../../../src/core/results/exportParts.ts';
import { type SheetColumn, workbook } from '../../../../src/core/results/workbook.ts';
import { localTableOf } from './localTable.ts';

describe('results: a workbook', () => {
  it('has every value as it was sent, numbers and dates as such where Excel shows them so', async () => {
    const numbers = ['1', '-1.5', '1.10', '100.00', '0', '0.001', '123456789012345', '999999999.123456'];
    const notNumbers = [
      '0020',
      '9007199254740993',
      '1e5',
      '-0',
      '+1',
      '1,024',
      '12Mi',
      '7%',
      '.5',
      '5.',
      ' 1',
      '****',
    ];
    const dates = [
      '2026/11/21 10:15:00.000000',
      '2026-11-21',
      '2026-1-5',
      '2026-11-21T10:15:30Z',
      '2026-11-21 10:15',
      '2026-11-21T10:15:30.120Z',
    ];
    const notDates = [
      '2026-11-21T10:15:30+02:00',
      '2026-11-21T10:15:30.1234567Z',
      '2026-02-30',
      '1899-01-01',
      '1:02:03',
      '2026-11/21',
      '10',
    ];
    const rows = Array.from({ length: 12 }, (_, at) => [
      numbers[at] ?? notNumbers[at] ?? '',
      notNumbers[at] ?? '',
      dates[at] ?? '',
      notDates[at] ?? '',
      numbers[at] ?? dates[at - 8] ?? '',
    ]);
    const columns: SheetColumn[] = [
      { header: 'N', kind: 'number' },
      { header: 'M', kind: 'number' },
      { header: 'D', kind: 'time' },
      { header: 'E', kind: 'time' },
      { header: 'T', kind: 'text' },
    ];
    const sheet = readSheet(unzip(await bytesOf(columns, rows)), 5);
    assert.deepEqual(sheet.texts, [columns.map(({ header }) => header), ...rows]);
    const typed = (column: string) =>
      [...sheet.cells].filter(([at, { type }]) => at.startsWith(column) && type === 'n').length;
    assert.deepEqual(
      ['N', 'M', 'D', 'E', 'T'].map((_, at) => typed('ABCDE'.charAt(at))),
      [numbers.length, 0, dates.length, 0, 0],
    );
    assert.equal(sheet.cells.get('A4')?.format, '0.00');
    assert.equal(
      sheet.cells.get('C2')?.value,
      String((Date.UTC(2026, 10, 21, 10, 15) - Date.UTC(1899, 11, 30)) / 864e5),
    );
  });

  it('reads back whatever text it was given, and is well formed', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({
        unit: fc.constantFrom(
          '_',
          'x',
          '0',
          '4',
          '1',
          'A',
          '\ud800',
          '\r',
          '\n',
          '\t',
          '\u0000',
          '\u001b',
          '\ufffe',
          '<',
          '&',
          ']',
          '>',
          '"',
          '=',
          '😀',
        ),
      }),
      fc.double().map(String),
      fc.integer().map(String),
      fc.tuple(fc.bigInt(), fc.nat()).map(([whole, part]) => `${whole}.${part}`),
      fc
        .date({ min: new Date(-1e13), max: new Date(4e12), noInvalidDate: true })
        .map((date) => date.toISOString()),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(text, text, text), { maxLength: 5 }),
        fc.array(fc.constantFrom('number', 'time', 'text'), { minLength: 3, maxLength: 3 }),
        fc.array(text, { minLength: 3, maxLength: 3 }),
        async (rows, kinds, headers) => {
          const columns = headers.map((header, at) => ({ header, kind: kinds[at] }) as SheetColumn);
          assert.deepEqual(readSheet(unzip(await bytesOf(columns, rows)), 3).texts, [headers, ...rows]);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('names columns as Excel does, and leaves out what has no value', async () => {
    const fields = Array.from({ length: 800 }, (_, at) => `F${at}`);
    const rows: JsonObject[] = [{ F0: 'a', F27: null, F799: '=1+1' }];
    const table = localTableOf(rows, 100);
    const parts: Buffer[] = [];
    const request = { fields, format: 'xlsx' } as const;
    for await (const data of exportParts(table, request, (one) => one.replace('a', '*'))) {
      parts.push(Buffer.from(data));
    }
    const { cells } = readSheet(unzip(Buffer.concat(parts)));
    const filled = [...cells].filter(([at]) => at.endsWith('2') && /^[A-Z]+2$/.test(at));
    assert.deepEqual(
      filled.map(([at, { text }]) => [at, text]),
      [
        ['A2', '*'],
        ['ADT2', '=1+1'],
      ],
    );
  });

  it('refuses what a sheet cannot hold, with the bound and where it is', async () => {
    const columns: SheetColumn[] = [{ header: 'LOG', kind: 'text' }];
    const refused = (says: RegExp) => (error: unknown) =>
      error instanceof TokensError && error.code === 'E_TOO_LARGE' && says.test(error.message);
    await bytesOf(columns, [['x'.repeat(32_767)]]);
    await assert.rejects(bytesOf(columns, [['ok'], ['x'.repeat(32_768)]]), refused(/LOG in row 2 has 32768/));
    const long = [{ header: 'x'.repeat(32_768), kind: undefined }];
    await assert.rejects(bytesOf(long, [['ok']]), refused(/x{100} in row 0 has 32768/));
    const none = (async function* () {
      yield [];
    })();
    await assert.rejects(workbook(columns, 1_048_576, none).next(), refused(/1048575 rows.* 1048576/));
    assert.equal((await workbook(columns, 1_048_575, none).next()).done, false);
  });

  it('holds nobody up for long, however many rows there are', async function () {
    this.timeout(120_000);
    const rows = Array.from({ length: 200_000 }, (_, at) => ({
      JOB: `JOB${at}`,
      CPU: (at / 7).toFixed(2),
      AT: '2026/11/21 10:15:00.000000',
      NOTE: `some <text> & ${at}`,
    }));
    const table = localTableOf(rows, 20e6);
    let turns = 0;
    let timer: NodeJS.Immediate;
    const look = () => {
      turns++;
      timer = setImmediate(look);
    };
    timer = setImmediate(look);
    const parts: Buffer[] = [];
    for await (const data of exportParts(
      table,
      { fields: ['JOB', 'CPU', 'AT', 'NOTE'], format: 'xlsx' },
      String,
    )) {
      parts.push(Buffer.from(data));
    }
    clearImmediate(timer);
    // Whatever else the host has to do gets its turn between the parts.
    assert.ok(turns > 100, `${turns} turns for others`);
    const files = unzip(Buffer.concat(parts));
    assert.equal(files.get('xl/worksheets/sheet1.xml')?.match(/<row /g)?.length, 200_001);
  });

  it('is read by the libraries of others', async function () {
    const folder = await mkdtemp(join(tmpdir(), 'workbook-'));
    const file = join(folder, 'x.xlsx');
    const python = (script: string) => {
      try {
        return execFileSync('python3', ['-c', script, file], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        });
      } catch (error) {
        if (/ModuleNotFoundError|ENOENT/.test(String(error))) {
          return undefined;
        }
        throw error;
      }
    };
    try {
      await writeFile(
        file,
        await bytesOf(
          [
            { header: 'A', kind: 'number' },
            { header: 'B', kind: 'time' },
          ],
          [
            ['1.10', '2026-11-21 10:15:00'],
            ['x\r\ny <é>', ''],
          ],
        ),
      );
      const zip = python(
        'import sys, zipfile, xml.dom.minidom as m\nz = zipfile.ZipFile(sys.argv[1])\nprint(z.testzip())\nfor n in z.namelist(): m.parseString(z.read(n))',
      );
      if (zip === undefined) {
        this.skip();
      }
      assert.equal(zip.trim(), 'None');
      const rows = python(
        'import sys, openpyxl\nprint([[c.value for c in r] for r in openpyxl.load_workbook(sys.argv[1]).active.iter_rows(min_row=2)])',
      );
      if (rows !== undefined) {
        assert.match(rows, /\[1\.1, datetime\.datetime\(2026, 11, 21, 10, 15\)\], \['x\\r\\ny <é>', None\]/);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

async function bytesOf(
  columns: readonly SheetColumn[],
  rows: readonly (readonly string[])[],
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const source = (async function* () {
    yield rows;
  })();
  for await (const part of workbook(columns, rows.length, source)) {
    parts.push(part);
  }
  return Buffer.concat(parts);
}

/** The files of an archive, by its directory and by the heads of the files, which must say the same and leave no gap. */
function unzip(zip: Buffer): Map<string, string> {
  const end = zip.length - 22;
  assert.equal(zip.readUInt32LE(end), 0x06054b50);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  assert.equal(at + zip.readUInt32LE(end + 12), end);
  const files = new Map<string, string>();
  let next = 0;
  for (let file = 0; file < count; file++) {
    assert.equal(zip.readUInt32LE(at), 0x02014b50);
    const [flags, method] = [zip.readUInt16LE(at + 8), zip.readUInt16LE(at + 10)];
    assert.deepEqual([flags, method], [0x0808, 8]);
    const [crc, packed, size] = [16, 20, 24].map((offset) => zip.readUInt32LE(at + offset)) as [
      number,
      number,
      number,
    ];
    const length = zip.readUInt16LE(at + 28);
    assert.equal(zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32), 0);
    assert.equal(zip.readUInt32LE(at + 42), next);
    const name = zip.toString('utf8', at + 46, at + 46 + length);
    assert.equal(zip.readUInt32LE(next), 0x04034b50);
    assert.equal(zip.toString('utf8', next + 30, next + 30 + zip.readUInt16LE(next + 26)), name);
    assert.deepEqual(zip.subarray(next + 6, next + 14), zip.subarray(at + 8, at + 16));
    const start = next + 30 + length;
    const content = inflateRawSync(zip.subarray(start, start + packed));
    assert.deepEqual([content.length, crc32(content)], [size, crc]);
    assert.deepEqual(
      [0, 4, 8, 12].map((offset) => zip.readUInt32LE(start + packed + offset)),
      [0x08074b50, crc, packed, size],
    );
    next = start + packed + 16;
    at += 46 + length;
    files.set(name, wellFormed(content.toString('utf8')));
  }
  assert.equal(at, end);
  for (const part of [
    '[Content_Types].xml',
    '_rels/.rels',
    'xl/workbook.xml',
    'xl/_rels/workbook.xml.rels',
    'xl/styles.xml',
  ]) {
    assert.ok(files.has(part), part);
  }
  return files;
}

/** Strict: no character, reference or nesting that XML does not allow. */
function wellFormed(xml: string): string {
  assert.match(xml, /^<\?xml version="1\.0" encoding="UTF-8" standalone="yes"\?>\n</);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b-\u001f\ufffe\uffff]|\p{Cs}|&(?!(?:amp|lt|gt|quot|#13);)/u);
  const open: string[] = [];
  let last = xml.indexOf('\n') + 1;
  for (const tag of xml.matchAll(/<(\/?)([A-Za-z]+)((?: [A-Za-z:]+="[^"<]*")*)(\/?)>/g)) {
    assert.doesNotMatch(xml.slice(last, tag.index), /[<>]/);
    last = tag.index + tag[0].length;
    if (tag[1] === '/') {
      assert.equal(open.pop(), tag[2]);
    } else if (tag[4] !== '/') {
      open.push(tag[2] ?? '');
    }
  }
  assert.deepEqual([open, last], [[], xml.length]);
  return xml;
}

interface ReadCell {
  readonly type: string;
  readonly value: string;
  readonly format: string;
  /** As Excel shows it. */
  readonly text: string;
}

/** The cells of the sheet by their places, and their texts row by row. */
function readSheet(
  files: ReadonlyMap<string, string>,
  width = 0,
): { cells: Map<string, ReadCell>; texts: string[][] } {
  const styles = files.get('xl/styles.xml') ?? '';
  const formats = new Map(
    [...styles.matchAll(/<numFmt numFmtId="(\d+)" formatCode="([^"]*)"\/>/g)].map(([, id, code = '']) => [
      id,
      plain(code),
    ]),
  );
  const looks = [...(/<cellXfs.*<\/cellXfs>/s.exec(styles)?.[0] ?? '').matchAll(/<xf numFmtId="(\d+)"/g)].map(
    ([, id]) => formats.get(id) ?? '',
  );
  const cells = new Map<string, ReadCell>();
  const texts: string[][] = [];
  const sheet = files.get('xl/worksheets/sheet1.xml') ?? '';
  for (const [, row, line = ''] of sheet.matchAll(/<row r="(\d+)">(.*?)<\/row>/gs)) {
    assert.equal(Number(row), texts.push([]));
    for (const [, at = '', style, type = 'n', inside = ''] of line.matchAll(
      /<c r="([A-Z]+\d+)"(?: s="(\d+)")?(?: t="(\w+)")?>(.*?)<\/c>/gs,
    )) {
      const value = plain(inside.replace(/^<is><t xml:space="preserve">|<\/t><\/is>$|<\/?v>/g, ''));
      const format = looks[Number(style ?? 0)] ?? '';
      const text =
        type === 'n'
          ? rendered(Number(value), format)
          : value.replace(/_x([\dA-F]{4})_/g, (_, hex: string) =>
              String.fromCharCode(Number.parseInt(hex, 16)),
            );
      cells.set(at, { type, value, format, text });
    }
  }
  for (const [row, line] of texts.entries()) {
    for (let column = 0; column < width; column++) {
      line.push(cells.get(`${String.fromCharCode(65 + column)}${row + 1}`)?.text ?? '');
    }
  }
  return { cells, texts };
}

function plain(xml: string): string {
  return xml
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#13;', '\r')
    .replaceAll('&amp;', '&');
}

/** A number as Excel shows it, which holds 15 digits of it and a thousandth of a second. */
function rendered(value: number, format: string): string {
  if (!format.includes('y')) {
    const number = Number(value.toPrecision(15));
    return number.toFixed(/\.(0+)$/.exec(format)?.[1]?.length ?? 0);
  }
  const date = new Date(Math.round(value * 864e5) + Date.UTC(1899, 11, 30));
  const iso = date.toISOString();
  const parts: Record<string, string> = {
    yyyy: iso.slice(0, 4),
    hh: iso.slice(11, 13),
    ss: iso.slice(17, 19),
    d: String(date.getUTCDate()),
    dd: iso.slice(8, 10),
  };
  return format.replace(
    /\\(.)|"([^"]*)"|:mm|\.(0+)|([ymdhs])\4*/g,
    (found, literal?: string, quoted?: string, fraction?: string) =>
      literal ??
      quoted ??
      (found === ':mm'
        ? iso.slice(13, 16)
        : fraction
          ? `.${iso.slice(20, 20 + fraction.length)}`
          : found === 'mm'
            ? iso.slice(5, 7)
            : found === 'm'
              ? String(date.getUTCMonth() + 1)
              : (parts[found] ?? '')),
  );
}
