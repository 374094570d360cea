import { withTextsOfJson } from '../json.ts';
import type { ExportRequest } from './engine.ts';
import { frameOf, isJson, lineOf } from './exports.ts';
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
  const { state } = table;
  const { arrangement: _, headers, ...how } = request;
  const kinds = how.fields.map((field) => state.kinds[state.fields.indexOf(field)]);
  const rows = await table.call('startExport', request);
  const rowsInPart = Math.floor((partBytes * state.rowCount) / Math.max(state.bytes, 1));
  const size = Math.max(1, Math.min(partRows, rowsInPart));
  async function* each<T>(write: (part: Uint32Array) => Promise<T>): AsyncGenerator<T> {
    for (let from = 0; from < rows.length; from += size) {
      const part = rows.slice(from, from + size);
      yield await write(part);
      progress(from + part.length, rows.length);
    }
  }
  const written = (part: Uint32Array, format = how.format) =>
    table.call('exportPart', { ...how, rows: part, format });
  const cells = async (part: Uint32Array) =>
    (await written(part, 'xlsx'))
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as string[]).map(hide));
  if (how.format === 'xlsx') {
    const columns = how.fields.map((field, at) => ({ header: hide(field), kind: kinds[at] }));
    yield* workbook(columns, rows.length, each(cells));
    return;
  }
  const names = headers === undefined ? how.fields : headers;
  const [opening, separator, closing] = frameOf(how, names?.map(hide) ?? null, kinds);
  if (rows.length === 0 && isJson(how.format)) {
    yield how.format === 'ndjson' ? '' : '[]\n';
    return;
  }
  yield opening;
  const texts = async (part: Uint32Array) => {
    const text = await written(part);
    // A secret may stand in it as the format writes it: then its cells are looked at one by one.
    const plain = new Set([text, text.replaceAll('""', '"'), text.replace(/\\([\W_])/g, '$1')]);
    if ([...plain].every((one) => hide(one) === one)) {
      return text;
    }
    return isJson(how.format)
      ? withTextsOfJson(text, hide)
      : (await cells(part)).map(lineOf(how.format, how.delimiter)).join('');
  };
  let before = '';
  for await (const text of each(texts)) {
    yield before + text;
    before = separator;
  }
  yield closing;
}

/**
 * The same as one text, with how many rows are in it; undefined where that has more characters than `most`. Who pastes lines
 * wants none behind them.
 */
export async function exportText(
  table: TableHandle,
  request: ExportRequest,
  hide: (text: string) => string,
  most = Number.POSITIVE_INFINITY,
): Promise<{ text: string; rows: number } | undefined> {
  let [text, rows] = ['', 0];
  const count = (done: number) => {
    rows = done;
  };
  const share = table.share();
  try {
    for await (const part of exportParts(table, request, hide, count)) {
      text += part;
      if (text.length > most) {
        return undefined;
      }
    }
  } finally {
    share.dispose();
  }
  const isList = request.format === 'json' || request.format === 'indented';
  return { text: isList ? text : text.replace(/\r?\n$/, ''), rows };
}
