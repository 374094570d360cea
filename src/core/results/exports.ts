import { indentJson, jsonOf, type Sent } from '../json.ts';
import { textOf } from './cells.ts';
import type { Kind } from './quantity.ts';
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

/** How rows are written: `indented` is JSON with a value a line, for an editor. */
export interface Writing {
  readonly fields: readonly string[];
  readonly format: ExportFormat | CopyForm | 'indented';
  /** Of CSV; a comma unless told otherwise. */
  readonly delimiter?: Delimiter;
}

/** What stands before the rows that are written, between two parts that both have rows, and after the last row. */
export function frameOf(
  { format, delimiter }: Omit<Writing, 'fields'>,
  headers: readonly string[] | null,
  kinds: readonly (Kind | undefined)[] = [],
): [opening: string, separator: string, closing: string] {
  if (isJson(format)) {
    const start = format === 'indented' ? '\n  ' : '\n';
    return format === 'ndjson' ? ['', start, start] : [`[${start}`, `,${start}`, '\n]\n'];
  }
  const head = headers === null ? [] : [headers];
  if (format === 'markdown') {
    head.push(kinds.map((kind) => (kind === 'number' ? '---:' : '---')));
  }
  return [head.map(lineOf(format, delimiter)).join(''), '', ''];
}

/** The text of some rows; JSON without the brackets of the list, and for a workbook a JSON list of texts a line. */
export function writeRows(table: ResultTable, rows: Uint32Array, how: Writing): string {
  const { fields, format, delimiter } = how;
  if (!isJson(format)) {
    const line = lineOf(format, delimiter);
    const columns = fields.map((field) => table.column(field));
    const write = (row: number) =>
      line(columns.map((column) => textOf(column && table.shown(column, column.at(row)))));
    return Array.from(rows, write).join('');
  }
  const write = objectWriter(table, fields);
  const [, separator] = frameOf(how, null);
  return Array.from(rows, (row) =>
    format === 'indented' ? indentJson(write(row)).replaceAll('\n', '\n  ') : write(row),
  ).join(separator);
}

/** Whether rows are written as objects. */
export function isJson(format: Writing['format']): boolean {
  return format === 'json' || format === 'indented' || format === 'ndjson';
}

type Line = (texts: readonly string[]) => string;

/** How a row is written as a line, where it is no object; for a workbook as a list of texts. */
export function lineOf(format: Writing['format'], delimiter: Delimiter = ','): Line {
  switch (format) {
    case 'csv':
      // Many readers pass over an empty line.
      return (texts) => `${separated(texts, delimiter) || '""'}\r\n`;
    case 'text':
      return (texts) => `${separated(texts, '\t')}\n`;
    case 'markdown':
      return (texts) => `${inMarkdown(texts)}\n`;
    default:
      return (texts) => `${JSON.stringify(texts)}\n`;
  }
}

function separated(texts: readonly string[], delimiter: Delimiter): string {
  return texts.map((text) => delimited(text, delimiter)).join(delimiter);
}

/** What Markdown would take for its own, also for HTML and mathematics; an underscore is nothing inside of a word. */
const markup = /[\\`*[\]<&~|$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

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
  return (row) => {
    const members: string[] = [];
    for (const [at, column] of columns.entries()) {
      const value = table.rows.sent(row, column.number);
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
