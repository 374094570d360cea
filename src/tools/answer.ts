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
  const fields = new Set(wanted?.filter((field) => known.has(field)));
  const unknown = wanted?.filter((field) => !known.has(field)) ?? [];
  const asked = result.columns.filter(({ field }) => fields.size === 0 || fields.has(field));
  const part = bounds.characters / 4; // Most of the room is for rows.
  const columns = fitting(asked, part);
  const head = {
    totalRows: result.totalRows,
    columns,
    ...(unknown.length > 0 ? { unknownColumns: unknown, knownColumns: fitting([...known], part) } : {}),
  };
  const textOf = (row: DataResult['rows'][number]) =>
    `{${columns.flatMap(({ field }) => member(row, field)).join(',')}}`;
  const room = bounds.characters - JSON.stringify(head).length - noteLength;
  const rows = fitting(result.rows.slice(0, bounds.rows), room, textOf).map(textOf);
  const cut =
    columns.length < asked.length
      ? `Only the first ${columns.length} of ${asked.length} columns are here. Name others in columns. `
      : '';
  const note =
    rows.length < result.totalRows
      ? `Only ${rows.length} of ${result.totalRows} rows are here. Ask for fewer columns, a filter, or other rows with startRow.`
      : 'All rows are here.';
  return `${JSON.stringify({ ...head, note: cut + note }).slice(0, -1)},"rows":[${rows.join(',')}]}`;
}

/** Room kept for the note and the brackets. */
const noteLength = 250;

/** The first of these whose texts fit into so many characters, with commas. */
export function fitting<T>(
  items: readonly T[],
  characters: number,
  textOf: (item: T) => string = JSON.stringify,
): T[] {
  let room = characters;
  const end = items.findIndex((item) => {
    room -= textOf(item).length + 1;
    return room < 0;
  });
  return items.slice(0, end < 0 ? items.length : end);
}

/** As text, since objects would put names like `20` first. */
function member(row: DataResult['rows'][number], field: string): string[] {
  const value = Object.hasOwn(row, field) ? row[field] : undefined;
  return value === undefined ? [] : [`${JSON.stringify(field)}:${JSON.stringify(value)}`];
}
