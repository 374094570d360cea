import type { Cell } from './answer.ts';
import { textOf } from './cells.ts';
import type { ResultTable } from './table.ts';

export const exportFormats = ['csv', 'json', 'ndjson'] as const;
export type ExportFormat = (typeof exportFormats)[number];

/** What stands before the first row. */
export function opening(format: ExportFormat, headers: readonly string[]): string {
  switch (format) {
    case 'csv':
      // The mark tells spreadsheets that it is UTF-8; without it they guess, and guess wrong.
      return `\uFEFF${headers.map(csvField).join(',')}\r\n`;
    case 'json':
      return '[\n';
    case 'ndjson':
      return '';
  }
}

/** What stands between two parts that both have rows. */
export function separator(format: ExportFormat): string {
  return format === 'json' ? ',\n' : '';
}

/** What stands after the last row. */
export function closing(format: ExportFormat, rowCount: number): string {
  return format === 'json' ? (rowCount === 0 ? ']\n' : '\n]\n') : '';
}

/** The text of some rows; JSON without the brackets of the list. */
export function writeRows(
  table: ResultTable,
  rows: readonly number[],
  fields: readonly string[],
  format: ExportFormat,
): string {
  const columns = fields.flatMap((field) => {
    const column = table.column(field);
    return column === undefined ? [] : [{ column, name: `${JSON.stringify(field)}:` }];
  });
  const read = table.scan();
  const lines: string[] = [];
  for (const row of rows) {
    const values: string[] = [];
    for (const { column, name } of columns) {
      const cell = column.scan(row, read);
      if (format === 'csv') {
        values.push(csvCell(cell));
      } else if (cell !== undefined) {
        values.push(name + JSON.stringify(cell));
      }
    }
    lines.push(format === 'csv' ? `${values.join(',')}\r\n` : `{${values.join(',')}}`);
  }
  if (format === 'csv') {
    return lines.join('');
  }
  return format === 'json' ? lines.join(',\n') : lines.map((line) => `${line}\n`).join('');
}

function csvCell(cell: Cell | undefined): string {
  // Numbers are safe as they are: `-1.5` is no formula.
  return typeof cell === 'string' || Array.isArray(cell) ? csvField(textOf(cell)) : textOf(cell);
}

const plainNumber = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?$/i;

/**
 * A field by RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it, so that it
 * stays text: a cell must never run anything on the machine of who opens the file.
 */
export function csvField(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !plainNumber.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) || safe.startsWith(' ') || safe.endsWith(' ')
    ? `"${safe.replaceAll('"', '""')}"`
    : safe;
}
