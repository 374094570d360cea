import { type ArrivingJson, broken, readPiece, type Steps } from './arrivingJson.ts';
import { closeBrace, closeBracket, colon, comma, openBrace, openBracket } from './jsonBytes.ts';

/** Who reads the rows that were found. */
interface RowsReader {
  /** A list of rows, up to its end; each may have so many levels. Those that are no objects are made rows of. */
  list(levels: number): Steps;
  /** A row, as JSON with a character for each byte. */
  made(row: string): void;
}

/**
 * Finds rows that a pointer leads to (`RowPath.at`). What is beside them is kept, with `null` in the place of an object
 * or a value that is a row by itself.
 */
export class PointedRowReader {
  readonly #json: ArrivingJson;
  readonly #path: readonly string[];
  readonly #rows: RowsReader;

  constructor(json: ArrivingJson, path: readonly string[], rows: RowsReader) {
    this.#json = json;
    this.#path = path;
    this.#rows = rows;
  }

  /**
   * Reads the value that so many steps of the path lead to, from the first of them to its end.
   * @throws E_PROTOCOL where it is no JSON, E_TOO_LARGE where it has more than so many levels
   */
  *value(steps: number, levels: number): Steps {
    const json = this.#json;
    const step = this.#path[steps];
    const first = yield* json.next();
    if (step === undefined) {
      yield* this.#target(first, levels);
    } else if (first === openBrace) {
      json.at++;
      for (let name = yield* json.name(); name !== undefined; name = yield* json.name()) {
        yield* this.#member(step === '*' || step === name, steps, levels - 1);
      }
    } else if (first === openBracket) {
      json.at++;
      for (let index = 0, byte = yield* json.next(); byte !== closeBracket; byte = yield* json.next()) {
        if (byte === comma) {
          json.at++;
          index++;
        } else if (byte === closeBrace || byte === colon) {
          throw broken();
        } else {
          yield* this.#member(step === '*' || step === String(index), steps, levels - 1);
        }
      }
      json.at++;
    } else {
      yield* this.#member(false, steps, levels);
    }
  }

  /** A member or an element, which is on the way or beside it. */
  *#member(isOnWay: boolean, steps: number, levels: number): Steps {
    if (isOnWay) {
      yield* this.value(steps + 1, levels);
    } else {
      yield* this.#json.value(levels);
    }
  }

  /** The place of the rows: a list has them, anything else is one. Where nothing is, there is none. */
  *#target(first: number, levels: number): Steps {
    const json = this.#json;
    if (first === openBracket) {
      json.at++;
      json.leaveOut(']');
      yield* this.#rows.list(levels - 1);
      json.keepOn();
      return;
    }
    const isObject = first === openBrace;
    const isEmpty = isObject && (yield* json.second()) === closeBrace;
    json.leaveOut('');
    const raw = yield* json.value(levels);
    json.keepOn(raw && 'null');
    if (!isEmpty && (isObject || isValue(raw))) {
      this.#rows.made(isObject ? raw : `{"value":${raw}}`);
    }
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
