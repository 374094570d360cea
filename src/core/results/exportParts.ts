import type { ExportRequest } from './engine.ts';
import { closing, opening, separator } from './exports.ts';
import type { TableHandle } from './tableHandle.ts';
import { workbook } from './workbook.ts';

/** A part of an export, with how many rows have been written with it, and how many there will be. */
interface ExportPart<T = string | Uint8Array> {
  readonly data: T;
  readonly rows: number;
  readonly total: number;
}

/** Rows of a part, at most, and characters that it has by about: enough to be fast, few enough to hold nobody up. */
const partRows = 1000;
const partCharacters = 256 << 10;

/**
 * An export in parts: text, but for a workbook, which is bytes.
 * @param hide takes secrets out of what is written
 * @throws E_TOO_LARGE where a workbook cannot hold it
 */
export async function* exportParts(
  table: TableHandle,
  request: ExportRequest,
  hide: (text: string) => string,
): AsyncGenerator<ExportPart> {
  const { fields, format, delimiter } = request;
  const { id, rowCount: total, kinds } = await table.call('startExport', request);
  let rows = 0;
  const part = <T>(data: T): ExportPart<T> => ({ data, rows, total });
  const { bytes, rowCount } = table.state;
  const size = Math.max(1, Math.min(partRows, Math.floor((partCharacters * rowCount) / Math.max(bytes, 1))));
  async function* texts(): AsyncGenerator<string> {
    for (let from = 0; from < total; from += size) {
      const to = Math.min(from + size, total);
      const text = await table.call('exportPart', { id, from, to });
      rows = to;
      yield from === 0 ? text : separator(format) + text;
    }
  }
  async function* cells(): AsyncGenerator<string[][]> {
    for await (const text of texts()) {
      const lines = text.trimEnd().split('\n');
      yield lines.map((line) => (JSON.parse(line) as string[]).map(hide));
    }
  }
  try {
    if (format === 'xlsx') {
      const columns = fields.map((field, at) => ({ header: hide(field), kind: kinds[at] }));
      for await (const data of workbook(columns, total, cells())) {
        yield part(data);
      }
      return;
    }
    yield part(hide(opening(format, fields, delimiter)));
    for await (const text of texts()) {
      yield part(hide(text));
    }
    yield part(closing(format, total));
  } finally {
    await table.call('endExport', id).catch(() => undefined);
  }
}
