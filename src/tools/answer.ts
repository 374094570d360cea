import type { DataResult } from '../commands/dataResult.ts';
import type { TokenInfo } from '../core/tokens/token.ts';

/** Bounds of an answer to a language model, whose context is small and costs money. */
interface Bounds {
  readonly rows: number;
  readonly characters: number;
}

/** Default and maximum of the rows that a model gets. */
export const defaultRows = 50;
export const maxRows = 500;
/** The longest answer, in characters; about 6,000 of a model's own tokens. */
export const maxCharacters = 24_000;

/** A token for a model: without even the last characters of its value. */
export function tokenForModel(token: TokenInfo, now: number): Record<string, unknown> {
  const { masked: _, expiresAt, openedAt, lastUsedAt, lifeMs, ...rest } = token;
  return {
    ...rest,
    secondsLeft: Math.max(Math.floor((expiresAt - now) / 1_000), 0),
    expiresAt: new Date(expiresAt).toISOString(),
  };
}

/** Rows as JSON within the bounds; a note says what was left out. */
export function dataForModel(
  result: Pick<DataResult, 'rows' | 'columns' | 'totalRows'>,
  wanted: readonly string[] | undefined,
  bounds: Bounds,
): string {
  const known = new Set(result.columns.map(({ field }) => field));
  const fields = wanted?.filter((field) => known.has(field));
  const shown = fields === undefined || fields.length === 0 ? [...known] : fields;
  const unknown = wanted?.filter((field) => !known.has(field)) ?? [];
  const head = {
    totalRows: result.totalRows,
    columns: result.columns.filter(({ field }) => shown.includes(field)),
    ...(unknown.length > 0 ? { unknownColumns: unknown, knownColumns: [...known] } : {}),
  };
  let room = bounds.characters - JSON.stringify(head).length - noteLength;
  const rows: string[] = [];
  for (const row of result.rows.slice(0, bounds.rows)) {
    const text = `{${shown.flatMap((field) => member(row, field)).join(',')}}`;
    room -= text.length + 1;
    if (room < 0) {
      break;
    }
    rows.push(text);
  }
  const note =
    rows.length < result.totalRows
      ? `Only the first ${rows.length} of ${result.totalRows} rows are here. Ask for fewer columns, a filter, or other rows with startRow.`
      : 'All rows are here.';
  return `${JSON.stringify({ ...head, note }).slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

/** Room kept for the note and the brackets. */
const noteLength = 250;

/** As text, since objects would put names like `20` first. */
function member(row: DataResult['rows'][number], field: string): string[] {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  return value === undefined ? [] : [`${JSON.stringify(field)}:${JSON.stringify(value)}`];
}
