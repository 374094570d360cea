import { pipeline } from 'node:stream/promises';
import { crc32, createDeflateRaw } from 'node:zlib';
import { TokensError } from '../errors.ts';
import type { Kind } from './quantity.ts';

/** The bounds of a sheet; what is beyond them Excel drops or calls broken. */
const maxRows = 1_048_576;
const maxCellLength = 32_767;

/** Characters of a header that a message names it by. */
const longestNamed = 100;

const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packaged = 'http://schemas.openxmlformats.org/package/2006';
const types = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

export interface SheetColumn {
  readonly header: string;
  /** What most of its values are; a text is never made a number or a date, whatever it looks like. */
  readonly kind: Kind | undefined;
}

/**
 * A workbook (`.xlsx`, ISO/IEC 29500) of one sheet, in pieces as they can be written to a file. A value is a
 * number or a date only where Excel then shows it exactly as it was sent; all else, formulas too, is text.
 * @param parts the rows, each a list of the texts of its cells in the order of the columns
 * @throws E_TOO_LARGE where a sheet cannot hold all of it: nothing is cut
 */
export async function* workbook(
  columns: readonly SheetColumn[],
  rowCount: number,
  parts: AsyncIterable<readonly (readonly string[])[]>,
): AsyncGenerator<Uint8Array> {
  if (rowCount >= maxRows) {
    throw new TokensError(
      'E_TOO_LARGE',
      'A sheet of Excel holds {0} rows; the result has {1}. Filter it, or export it as CSV.',
      [maxRows - 1, rowCount],
    );
  }
  const sheet = new Sheet(columns);
  const zip = new Zip();
  yield* zip.add('xl/worksheets/sheet1.xml', sheet.xml(parts));
  yield* zip.add('xl/styles.xml', [sheet.styles()]);
  for (const [name, xml] of Object.entries(others)) {
    yield* zip.add(name, [declaration + xml]);
  }
  yield zip.end();
}

const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** What stands beside the sheet and its styles. */
const others = {
  'xl/workbook.xml': `<workbook xmlns="${main}" xmlns:r="${office}"><sheets><sheet name="Result" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `<Relationships xmlns="${packaged}/relationships"><Relationship Id="rId1" Type="${office}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="${office}/styles" Target="styles.xml"/></Relationships>`,
  '_rels/.rels': `<Relationships xmlns="${packaged}/relationships"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  '[Content_Types].xml': `<Types xmlns="${packaged}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${types}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${types}.worksheet+xml"/><Override PartName="/xl/styles.xml" ContentType="${types}.styles+xml"/></Types>`,
};

/** Digits that a double holds without loss, whatever they are. */
const exactDigits = 15;
const decimal = /^-?(?:0|[1-9]\d*)(?:\.(\d+))?$/;
const stamp = /^(\d{4})([/-])(\d\d?)\2(\d\d?)(?:([ T])(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3})(0*))?)?(Z?))?$/;
const dayMs = 86_400_000;
/** The first day that Excel counts rightly: it believes in a 29th of February 1900. */
const firstDay = Date.UTC(1900, 2, 1);
const font = '<sz val="11"/><name val="Calibri"/>';
const plain = 'fillId="0" borderId="0"';
/** Formats that a workbook is given at most; every one of them is one way to write numbers or dates. */
const maxFormats = 100;

class Sheet {
  readonly #columns: readonly (SheetColumn & { readonly name: string })[];
  /** Formats of numbers and dates, each with its place among the styles: before them are plain and bold. */
  readonly #formats = new Map<string, number>();
  #row = 0;

  constructor(columns: readonly SheetColumn[]) {
    this.#columns = columns.map((column, at) => ({ ...column, name: columnName(at) }));
  }

  async *xml(parts: AsyncIterable<readonly (readonly string[])[]>): AsyncGenerator<string> {
    const head = this.#line((column) => this.#text(column.header, column, ' s="1"'));
    const frozen = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>';
    yield `${declaration}<worksheet xmlns="${main}"><sheetViews><sheetView workbookViewId="0">${frozen}</sheetView></sheetViews><sheetData>${head}`;
    for await (const rows of parts) {
      yield rows.map((row) => this.#line((column, at) => this.#value(row[at] ?? '', column))).join('');
    }
    yield '</sheetData></worksheet>';
  }

  /** Asked for when all rows have been written. */
  styles(): string {
    const formats = Array.from(
      this.#formats,
      ([format, at]) => `<numFmt numFmtId="${162 + at}" formatCode="${escaped(format)}"/>`,
    );
    const looks = Array.from(
      this.#formats.values(),
      (at) => `<xf numFmtId="${162 + at}" fontId="0" ${plain} xfId="0" applyNumberFormat="1"/>`,
    );
    const count = formats.length;
    return `${declaration}<styleSheet xmlns="${main}">
${count === 0 ? '' : `<numFmts count="${count}">${formats.join('')}</numFmts>`}
<fonts count="2"><font>${font}</font><font><b/>${font}</font></fonts>
<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>
<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>
<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" ${plain}/></cellStyleXfs>
<cellXfs count="${count + 2}"><xf numFmtId="0" fontId="0" ${plain} xfId="0"/><xf numFmtId="0" fontId="1" ${plain} xfId="0" applyFont="1"/>${looks.join('')}</cellXfs>
</styleSheet>`;
  }

  #line(write: (column: SheetColumn, at: number) => string): string {
    const row = ++this.#row;
    const cells = this.#columns.map((column, at) => {
      const written = write(column, at);
      return written === '' ? '' : `<c r="${column.name}${row}"${written}</c>`;
    });
    return `<row r="${row}">${cells.join('')}</row>`;
  }

  /** A cell from its attributes to its end; nothing for one without a value. */
  #value(value: string, column: SheetColumn): string {
    const { kind } = column;
    const shown = kind === 'number' ? asNumber(value) : kind === 'time' ? asDate(value) : undefined;
    const style = shown && this.#styleOf(shown.format);
    return shown === undefined || style === undefined
      ? this.#text(value, column)
      : ` s="${style}"><v>${shown.value}</v>`;
  }

  #text(value: string, { header }: SheetColumn, attributes = ''): string {
    if (value.length > maxCellLength) {
      throw new TokensError(
        'E_TOO_LARGE',
        'A cell of Excel holds {0} characters; that of {1} in row {2} has {3}. Export it as CSV.',
        [maxCellLength, header.slice(0, longestNamed), this.#row - 1, value.length],
      );
    }
    return value === ''
      ? ''
      : `${attributes} t="inlineStr"><is><t xml:space="preserve">${escaped(value)}</t></is>`;
  }

  #styleOf(format: string): number | undefined {
    const known = this.#formats.get(format);
    if (known !== undefined || this.#formats.size === maxFormats) {
      return known;
    }
    const style = this.#formats.size + 2;
    this.#formats.set(format, style);
    return style;
  }
}

interface Shown {
  readonly value: string;
  /** The number format with which Excel shows the value as it was written. */
  readonly format: string;
}

function asNumber(value: string): Shown | undefined {
  const match = decimal.exec(value);
  const digits = value.replace(/^-?0?\.?0*/, '').replace('.', '').length;
  if (match === null || digits > exactDigits || (value.startsWith('-') && digits === 0)) {
    return undefined;
  }
  const decimals = match[1] ?? '';
  return decimals.length > exactDigits
    ? undefined
    : { value, format: decimals === '' ? '0' : `0.${'0'.repeat(decimals.length)}` };
}

/** Excel knows no zones and no parts of a millisecond: `Z` and zeros are written beside the value, all else is text. */
function asDate(value: string): Shown | undefined {
  const match = stamp.exec(value);
  if (match === null) {
    return undefined;
  }
  const [, year = '', joint = '', month = '', day = '', between = '', ...clock] = match;
  const [hour = '00', minute = '00', second, fraction = '', zeros = '', zone = ''] = clock;
  const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
  const moment = `${date}T${hour}:${minute}:${second ?? '00'}.${fraction.padEnd(3, '0')}Z`;
  const time = Date.parse(moment);
  // There is no 30th of February.
  if (!(time >= firstDay) || new Date(time).toISOString() !== moment) {
    return undefined;
  }
  const format = [
    `yyyy\\${joint}${'m'.repeat(month.length)}\\${joint}${'d'.repeat(day.length)}`,
    between === '' ? '' : `\\${between}hh:mm`,
    second === undefined ? '' : ':ss',
    fraction === '' ? '' : `.${'0'.repeat(fraction.length)}`,
    zeros + zone === '' ? '' : `"${zeros}${zone}"`,
  ];
  return { value: String((time - Date.UTC(1899, 11, 30)) / dayMs), format: format.join('') };
}

const special: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};

/** Text for XML; what XML cannot hold, and what looks like this way of writing it, is written as Excel does: `_x001B_`. */
function escaped(value: string): string {
  return value.replace(/_(?=x[\dA-Fa-f]{4}_)/g, '_x005F_').replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
    /[&<>"\r]|[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/gu,
    (char) => special[char] ?? `_x${char.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`,
  );
}

/** `A` to `Z`, `AA` and so on. */
function columnName(at: number): string {
  return (at < 26 ? '' : columnName(Math.floor(at / 26) - 1)) + String.fromCharCode(65 + (at % 26));
}

/** A ZIP archive that is written from its beginning to its end: sizes stand behind what they are of. */
class Zip {
  readonly #directory: Buffer[] = [];
  #offset = 0;

  async *add(name: string, content: AsyncIterable<string> | Iterable<string>): AsyncGenerator<Uint8Array> {
    const start = this.#offset;
    const path = Buffer.from(name);
    let crc = 0;
    let size = 0;
    let packed = 0;
    const deflate = createDeflateRaw();
    const fed = pipeline(async function* () {
      for await (const part of content) {
        const bytes = Buffer.from(part);
        crc = crc32(bytes, crc);
        size += bytes.length;
        yield bytes;
      }
    }, deflate);
    // A failure is thrown by the reading below; here it must only not count as unheard.
    fed.catch(() => undefined);
    const named = [path.length, 0];
    const entry = numbers('422222 444 22', 0x04034b50, ...kind, 0, 0, 0, ...named);
    yield this.#counted(Buffer.concat([entry, path]));
    for await (const chunk of deflate as AsyncIterable<Buffer>) {
      packed += chunk.length;
      yield this.#counted(chunk);
    }
    await fed;
    const sizes = [crc, packed, size];
    yield this.#counted(numbers('4444', 0x08074b50, ...sizes));
    // Then: no comment, the first disk, no attributes.
    const last = [0, 0, 0, 0, start];
    const listed = numbers('42 22222 444 22 22244', 0x02014b50, 20, ...kind, ...sizes, ...named, ...last);
    this.#directory.push(Buffer.concat([listed, path]));
  }

  /** What stands last. */
  end(): Uint8Array {
    const directory = Buffer.concat(this.#directory);
    const count = this.#directory.length;
    const end = numbers('44 22 44 2', 0x06054b50, 0, count, count, directory.length, this.#offset, 0);
    return Buffer.concat([directory, end]);
  }

  #counted(bytes: Buffer): Buffer {
    this.#offset += bytes.length;
    return bytes;
  }
}

/** What is said of each file: version 2.0, UTF-8 with the sizes behind it, deflated, at midnight of the first day of ZIP. */
const kind = [20, 0x0808, 8, 0, 0x21];

/** @param lengths of the numbers, in bytes, one digit for each; the lowest byte of each comes first */
function numbers(lengths: string, ...values: readonly number[]): Buffer {
  const sizes = Array.from(lengths.replaceAll(' ', ''), Number);
  const bytes = Buffer.alloc(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  for (const [index, size] of sizes.entries()) {
    at = bytes.writeUIntLE(values[index] ?? 0, at, size);
  }
  return bytes;
}
