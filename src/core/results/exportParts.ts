import type { ExportRequest } from './engine.ts';
import { frameOf } from './exports.ts';
import type { TableHandle } from './tableHandle.ts';
import { workbook } from './workbook.ts';

/** Rows of a part, at most, and bytes of the answer that they had by about: enough to be fast, few enough to hold nobody up. */
const partRows = 1000;
const partBytes = 256 << 10;

/**
 * An export in parts: text, but for a workbook, which is bytes.
 * @param hide takes secrets out of what is written
 * @param progress hears how many rows are in the parts until now, and how many there will be
 * @throws E_TOO_LARGE where a workbook cannot hold it
 */
export async function* exportParts(
  table: TableHandle,
  request: ExportRequest,
  hide: (text: string) => string,
  progress: (rows: number, total: number) => void = () => undefined,
): AsyncGenerator<string | Uint8Array> {
  const { fields, format, delimiter } = request;
  const rows = await table.call('startExport', request);
  const size = Math.min(partRows, table.rowsIn(partBytes));
  async function* texts(): AsyncGenerator<string> {
    for (let from = 0; from < rows.length; from += size) {
      const part = rows.slice(from, from + size);
      yield await table.call('exportPart', { rows: part, fields, format, ...(delimiter && { delimiter }) });
      progress(from + part.length, rows.length);
    }
  }
  if (format === 'xlsx') {
    const { state } = table;
    const columns = fields.map((field) => {
      return { header: hide(field), kind: state.kinds[state.fields.indexOf(field)] };
    });
    async function* cells(): AsyncGenerator<string[][]> {
      for await (const text of texts()) {
        const lines = text.trimEnd().split('\n');
        yield lines.map((line) => (JSON.parse(line) as string[]).map(hide));
      }
    }
    yield* workbook(columns, rows.length, cells());
    return;
  }
  const [opening, separator, closing] = frameOf(format, fields, delimiter);
  yield hide(opening);
  let before = '';
  for await (const text of texts()) {
    yield hide(before + text);
    before = separator;
  }
  yield closing;
}

/** A long text with something done to it part by part, each of some lines: between two parts others come in. */
export async function changedInParts(text: string, change: (part: string) => string): Promise<string> {
  let changed = '';
  for (let from = 0; from < text.length; ) {
    const to = text.indexOf('\n', from + partBytes) + 1 || text.length;
    changed += change(text.slice(from, to));
    from = to;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return changed;
}
