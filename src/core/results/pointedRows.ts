import { type ArrivingJson, broken, readPiece, type Steps } from './arrivingJson.ts';
import { closeBrace, openBrace, openBracket } from './jsonBytes.ts';

/** Who reads the rows that were found. */
interface RowsReader {
  /** A list of rows, up to its end; each may have so many levels. Those that are no objects are made rows of. */
  list(levels: number): Steps;
  /** A row, as JSON with a character for each byte. */
  made(row: string): void;
}

/**
 * Reads a value, and the rows in it that a path leads to (`RowPath.at`). What is beside them is kept, with `null` in the
 * place of an object or a value that is a row by itself.
 * @throws E_PROTOCOL where it is no JSON, E_TOO_LARGE where it has more than so many levels
 */
export function* pointedRows(
  json: ArrivingJson,
  [step, ...path]: readonly string[],
  levels: number,
  rows: RowsReader,
): Steps {
  const first = yield* json.next();
  /** A member or an element, which is on the way or beside it. */
  function* inner(name: string): Steps {
    if (step === '*' || step === name) {
      yield* pointedRows(json, path, levels - 1, rows);
    } else {
      yield* json.value(levels - 1);
    }
  }
  if (step === undefined) {
    yield* target(json, first, levels, rows);
  } else if (first === openBrace) {
    yield* json.object(inner);
  } else if (first === openBracket) {
    yield* json.list((index) => inner(String(index)));
  } else {
    yield* json.value(levels);
  }
}

/** The place of the rows: a list has them, anything else is one. Where nothing is, there is none. */
function* target(json: ArrivingJson, first: number, levels: number, rows: RowsReader): Steps {
  if (first === openBracket) {
    json.at++;
    json.leaveOut(']');
    yield* rows.list(levels - 1);
    json.keepOn();
    return;
  }
  const isObject = first === openBrace;
  const isEmpty = isObject && (yield* json.second()) === closeBrace;
  json.leaveOut('');
  const raw = yield* json.value(levels);
  json.keepOn(raw && 'null');
  if (!isEmpty && (isObject || isValue(raw))) {
    rows.made(isObject ? raw : `{"value":${raw}}`);
  }
}

/**
 * Whether there is a value: null, in all of its writings, is none.
 * @throws E_PROTOCOL for a word, which says that this is no JSON
 */
function isValue(raw: string): boolean {
  if (raw === '') {
    return false; // Whoever reads the rest counts this as mended.
  }
  const { value } = readPiece(Buffer.from(raw, 'latin1'));
  if (typeof value === 'string' && /^\w/.test(raw)) {
    throw broken();
  }
  return value !== null;
}
