import { closing, type ExportFormat, opening, separator } from './exports.ts';
import type { LiveTable } from './liveTable.ts';

export interface ExportOptions {
  readonly fields: readonly string[];
  readonly format: ExportFormat;
  /** All rows in the server's order, not only those that are shown, as they are shown. */
  readonly all: boolean;
}

/** Rows of a part, so that a part is some hundred kilobytes: enough to be fast, few enough to hold nobody up. */
const partRows = 1000;

/** The text of an export in parts, each with how many rows have been written with it. */
export async function* exportText(
  table: LiveTable,
  { fields, format, all }: ExportOptions,
): AsyncGenerator<{ readonly text: string; readonly rows: number; readonly total: number }> {
  const { id, rowCount } = await table.ask('startExport', { fields, format, all });
  try {
    yield { text: opening(format, fields), rows: 0, total: rowCount };
    for (let from = 0; from < rowCount; from += partRows) {
      const to = Math.min(from + partRows, rowCount);
      const text = await table.ask('exportPart', { id, from, to });
      yield { text: from === 0 ? text : separator(format) + text, rows: to, total: rowCount };
    }
    yield { text: closing(format, rowCount), rows: rowCount, total: rowCount };
  } finally {
    await table.ask('endExport', id).catch(() => undefined);
  }
}
