import { jsonOf, type Sent } from '../json.ts';
import { textOf } from './cells.ts';
import type { CopyForm } from './shown.ts';
import type { ResultTable } from './table.ts';

export const exportFormats = ['csv', 'json', 'ndjson', 'xlsx'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What stands between two fields of a line. */
export const delimiters = [',', ';', '\t'] as const;
export type Delimiter = (typeof delimiters)[number];

/**
 * The delimiter that Excel expects where a person is: a semicolon where numbers have a decimal comma, and in
 * Switzerland. The computer knows the country, but may be another one's; a chosen language is the person's own.
 * @param language what VS Code is shown in, as a BCP 47 tag
 * @param computer the locale of the computer that this runs on, as one too
 */
export function delimiterOf(language: string, computer: string): Delimiter {
  const [chosen] = language.split('-');
  const locale = chosen === 'en' || computer.split('-')[0] === chosen ? computer : language;
  return /-(?:CH|LI)$/i.test(locale) || !new Intl.NumberFormat(locale).format(1.5).includes('.') ? ';' : ',';
}

/** What stands before the rows of an export, between two parts that both have rows, and after the last row. */
export function frameOf(
  format: ExportFormat,
  headers: readonly string[],
  delimiter: Delimiter = ',',
): [opening: string, separator: string, closing: string] {
  if (format === 'json') {
    return ['[\n', ',\n', '\n]\n'];
  }
  // The mark tells spreadsheets that it is UTF-8; without it they guess, and guess wrong.
  return [format === 'csv' ? `\uFEFF${separated(delimiter)(headers)}\r\n` : '', '', ''];
}

/** The text of some rows; JSON without the brackets of the list, and for a workbook a JSON list of texts a line. */
export function writeRows(
  table: ResultTable,
  rows: Uint32Array,
  fields: readonly string[],
  format: ExportFormat,
  delimiter: Delimiter = ',',
): string {
  const isJson = format === 'json' || format === 'ndjson';
  const line = format === 'xlsx' ? JSON.stringify : separated(delimiter);
  const write = isJson ? objectWriter(table, fields) : textWriter(table, fields, line);
  const lines = Array.from(rows, write);
  const end = format === 'csv' ? '\r\n' : '\n';
  return format === 'json' ? lines.join(',\n') : lines.map((text) => text + end).join('');
}

/** What is copied, and how. */
export interface Copying {
  readonly form?: CopyForm;
  readonly fields: readonly string[];
  /** What stands above the columns; Markdown has to have it, JSON cannot. */
  readonly headers: readonly string[] | null;
  /** Characters at which it is too much. */
  readonly most: number;
}

/** Rows as text for the clipboard; undefined when it is too much. */
export function copied(
  table: ResultTable,
  rows: Iterable<number>,
  { form = 'text', fields, headers, most }: Copying,
): string | undefined {
  const line = form === 'markdown' ? inMarkdown : separated(form === 'csv' ? ',' : '\t');
  const write = form === 'json' ? objectWriter(table, fields) : textWriter(table, fields, line);
  const lines = headers === null ? [] : [line(headers)];
  if (form === 'markdown') {
    const columns = fields.map((field) => table.column(field));
    lines.push(line(columns.map((one) => (one?.kind === 'number' ? '---:' : '---'))));
  }
  let length = 0;
  for (const row of rows) {
    const text = write(row);
    length += text.length;
    if (length > most) {
      return undefined;
    }
    lines.push(text);
  }
  return form === 'json' ? `[\n${lines.join(',\n')}\n]\n` : lines.join(form === 'csv' ? '\r\n' : '\n');
}

type Line = (texts: readonly string[]) => string;

/** Makes a writer of rows as lines of what is shown in their cells. */
function textWriter(table: ResultTable, fields: readonly string[], line: Line): (row: number) => string {
  const columns = fields.map((field) => table.column(field));
  const read = table.rows.scan();
  return (row) =>
    line(columns.map((column) => textOf(column && table.shown(column, read(row, column.number)))));
}

function separated(delimiter: Delimiter): Line {
  return (texts) => texts.map((text) => delimited(text, delimiter)).join(delimiter);
}

/** What Markdown would take for its own, also for HTML; an underscore is nothing inside of a word. */
const markup = /[\\`*[\]<&~|]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

function inMarkdown(texts: readonly string[]): string {
  const cells = texts.map((text) => text.replace(markup, '\\$&').replace(/\r\n?|\n/g, '<br>'));
  return `| ${cells.join(' | ')} |`;
}

/** Makes a writer of rows as objects of JSON, with their values as they were sent, and without the fields that they lack. */
export function objectWriter(
  table: ResultTable,
  fields: readonly string[],
  write: (value: Sent) => string = jsonOf,
): (row: number) => string {
  const columns = fields.flatMap((field) => table.column(field) ?? []);
  const names = columns.map(({ field }) => `${JSON.stringify(field)}:`);
  const read = table.rows.scanSent();
  return (row) => {
    const members: string[] = [];
    for (const [at, column] of columns.entries()) {
      const value = read(row, column.number);
      if (value !== undefined) {
        members.push(names[at] + write(value));
      }
    }
    return `{${members.join(',')}}`;
  };
}

/** What a spreadsheet may calculate; the wide signs are formulas to those of East Asia. A line of dashes is none. */
const formula = /^[=+\-@\t\r\n＝＋－＠].*[\p{L}\p{N}]/su;

/** A number as people and machines write it, also with a decimal comma and groups, can run nothing. */
const plainNumber = /^[+-](?:\d[\d.,'’\u00a0\u202f]*|[.,]\d+)(?:e[+-]?\d+)?\s?%?$/i;

/**
 * A field of a file or of the clipboard. What a spreadsheet would take for a formula gets an apostrophe before
 * it, so that it stays text: a cell must never run anything on the machine of who opens or pastes it. Quotes
 * are by RFC 4180; between tabs, as spreadsheets copy and paste, only where the field could not be read without.
 */
export function delimited(text: string, delimiter: Delimiter): string {
  const safe = formula.test(text) && !plainNumber.test(text) ? `'${text}` : text;
  const isQuoted =
    delimiter === '\t' ? /^"|[\t\r\n]/.test(safe) : safe.includes(delimiter) || /^ |["\r\n]| $/.test(safe);
  return isQuoted ? `"${safe.replaceAll('"', '""')}"` : safe;
}
