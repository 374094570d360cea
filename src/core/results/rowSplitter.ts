import { TokensError } from '../errors.ts';
import type { Sent, SentObject } from '../json.ts';
import type { RowPath } from '../protocols/answer.ts';
import { ArrivingJson, broken, maxPart, type Steps, tooLarge } from './arrivingJson.ts';
import { closeBracket, openBrace, openBracket, quote } from './jsonBytes.ts';
import { KeyedRowReader } from './keyedRows.ts';
import type { ResultTable } from './table.ts';

/** Maximum of lists and objects in each other. */
const maxDepth = 64;

/** Of the members outside the rows, the first ones are told of, and of those what is no longer than this. */
const mostScalars = 1_000;
const longestScalar = 65_536;

type RowTable = Pick<ResultTable, 'take' | 'append' | 'mended' | 'missing'>;

/** A value of which so much has arrived is looked at again only when there is twice as much of it. */
const muchOfAValue = 1 << 16;

const lessThan = 0x3c;

const byteOrderMark = [0xef, 0xbb, 0xbf];

/**
 * Finds the rows in a body that arrives in pieces, so that rows are there before the body has ended and nobody ever
 * holds it whole. What a value is, the table and `readJson` decide.
 */
export class RowSplitter {
  readonly #rowsAt: RowPath;
  readonly #table: RowTable;
  readonly #scalar: (name: string, value: string) => void;
  readonly #json: ArrivingJson;
  readonly #steps = this.#body();
  #hasBegun = false;
  #head: SentObject | undefined;
  /** How much must have arrived before it is looked at again. */
  #wanted = 0;
  #scalars = 0;
  /** Whether the list of rows has been found. */
  #found = false;

  /**
   * @param table takes the rows, as soon as they are found
   * @param scalar hears of the scalar members of the top level of the body
   */
  constructor(rowsAt: RowPath, table: RowTable, scalar: (name: string, value: string) => void) {
    this.#rowsAt = rowsAt;
    this.#table = table;
    this.#json = new ArrivingJson(table);
    table.missing = rowsAt.missing;
    this.#scalar = scalar;
  }

  /** @throws E_PROTOCOL for what is no JSON with rows in their place, E_TOO_LARGE past a bound */
  write(chunk: Uint8Array): void {
    this.#json.feed(chunk);
    if (this.#json.unread >= this.#wanted) {
      this.#goOn();
    }
  }

  /** The body has ended: everything in it but its rows. */
  end(): SentObject {
    this.#json.feed(Buffer.from(' ')); // A bare word ends with the body.
    this.#goOn();
    if (!this.#hasBegun) {
      throw new TokensError('E_PROTOCOL', 'The gateway sent an empty answer.');
    }
    const head = this.#head;
    if (head === undefined) {
      throw new TokensError('E_PROTOCOL', 'The answer of the gateway ended in the middle.');
    }
    for (const row of this.#found ? [] : rowsIn(head, this.#rowsAt)) {
      this.#table.append(row);
    }
    return head;
  }

  #goOn(): void {
    const json = this.#json;
    this.#head ??= this.#steps.next().value;
    if (this.#head !== undefined && json.peek() >= 0) {
      throw broken();
    }
    if (Math.max(json.kept, json.unread) > maxPart) {
      throw tooLarge();
    }
    this.#wanted = json.unread > muchOfAValue ? 2 * json.unread : 0;
  }

  *#body(): Steps<SentObject> {
    const json = this.#json;
    const { at } = this.#rowsAt;
    while (byteOrderMark.includes(yield* json.next())) {
      json.at++;
    }
    this.#hasBegun = true;
    const first = yield* json.next();
    if (at !== undefined && first !== lessThan) {
      return new Map([['Rest', yield* this.#pointed(at, maxDepth)]]);
    }
    if (first !== openBrace) {
      throw notAnObject(first);
    }
    return yield* json.object((name) => this.#member(name));
  }

  /**
   * Reads a value of at most so many levels, and the rows in it that a path leads to (`RowPath.at`). What is beside them is
   * kept, with `null` in the place of an object or a value that is a row by itself.
   */
  *#pointed([step, ...path]: readonly string[], levels: number): Steps<Sent> {
    const json = this.#json;
    const inner = (name: string): Steps<Sent> =>
      step === '*' || step === name ? this.#pointed(path, levels - 1) : json.value(levels - 1);
    const first = yield* json.next();
    if (step === undefined) {
      return yield* this.#target(first, levels);
    }
    if (first === openBrace) {
      return yield* json.object(inner);
    }
    return first === openBracket
      ? yield* json.list((index) => inner(String(index)))
      : yield* json.value(levels);
  }

  /** The place that a path leads to: a list has the rows, anything else is one. Where nothing is, there is none. */
  *#target(first: number, levels: number): Steps<Sent> {
    const json = this.#json;
    if (first === openBracket) {
      return yield* json.list(() => this.#element(levels - 1, true));
    }
    const raw = yield* json.raw(levels);
    const value = json.parse(raw);
    if (typeof value === 'string' && /^\w/.test(raw)) {
      throw broken(); // A word says that this is no JSON.
    }
    if (value instanceof Map ? value.size > 0 : value !== null) {
      this.#table.append(rowOf(value));
    }
    return null;
  }

  /** A member at the top. */
  *#member(name: string): Steps<Sent> {
    const json = this.#json;
    const { member, mayWrap } = this.#rowsAt;
    const first = yield* json.next();
    const mayHaveRows = isSame(name, member) && !this.#found;
    if (mayHaveRows && mayWrap && first === openBrace) {
      return yield* this.#wrapper();
    }
    const rows = mayHaveRows ? yield* this.#listOfRows(1) : undefined;
    const value = rows ?? (yield* json.value(maxDepth - 1));
    this.#tell(name, value);
    return value;
  }

  /** The object that holds the rows in one of its members. */
  *#wrapper(): Steps<SentObject> {
    const json = this.#json;
    const { keyed: rule } = this.#rowsAt;
    const keyed = rule && new KeyedRowReader(json, rule, this.#table);
    const wrapper = yield* json.object((name) => this.#wrapped(name, keyed));
    keyed?.end(wrapper);
    return wrapper;
  }

  /** A member of that. */
  *#wrapped(name: string, keyed: KeyedRowReader | undefined): Steps<Sent> {
    const json = this.#json;
    yield* json.next();
    const mayBeRows = !this.#found && !this.#rowsAt.except?.includes(name);
    if (mayBeRows && keyed !== undefined && (yield* keyed.reads(name, maxDepth - 3))) {
      this.#found = true;
      return [];
    }
    const rows = mayBeRows ? yield* this.#listOfRows(2) : undefined;
    const value = rows ?? (yield* json.value(maxDepth - 2));
    keyed?.hear(name, value);
    return value;
  }

  /** Reads a value as the list of rows, if it is that: its first element that is not null decides. */
  *#listOfRows(depth: number): Steps<Sent[] | undefined> {
    const json = this.#json;
    if (json.peek() !== openBracket) {
      return undefined;
    }
    const first = yield* json.firstElement();
    this.#found = first === openBrace || (first === closeBracket && (!this.#rowsAt.mayWrap || depth === 2));
    return first === openBrace ? yield* json.list(() => this.#element(maxDepth - depth - 1)) : undefined;
  }

  /**
   * Reads an element of a list of rows, which is not kept. It may have so many levels of lists and objects.
   * @param wraps whether plain values and lists are rows, too: of one column
   */
  *#element(levels: number, wraps = false): Steps<undefined> {
    const json = this.#json;
    const end = json.peek() === openBrace ? this.#table.take(json.bytes, json.at) : -1;
    if (end >= 0) {
      json.at = end;
      return;
    }
    const value = json.parse(yield* json.raw(levels));
    if (value instanceof Map || wraps) {
      this.#table.append(rowOf(value));
    } else if (value === null) {
      this.#table.mended++;
    } else {
      throw notRows();
    }
  }

  /** Tells of the value of a member at the top. */
  #tell(name: string, value: Sent): void {
    const isScalar = value !== null && !Array.isArray(value) && !(value instanceof Map);
    if (isScalar && String(value).length <= longestScalar && this.#scalars++ < mostScalars) {
      this.#scalar(name, String(value));
    }
  }
}

/** What is no object is a row of one column. */
function rowOf(value: Sent): SentObject {
  return value instanceof Map ? value : new Map([['value', value]]);
}

/** Servers differ in the capitals of a name. */
function isSame(name: string, other: string): boolean {
  return name.toLowerCase() === other.toLowerCase();
}

/** The rows of a body without a list of objects in their place: an object there is the only row. */
function rowsIn(head: SentObject, { member, mayWrap, except, nothing, error }: RowPath): SentObject[] {
  const otherwise = [...head].find(
    ([name, value]) => isSame(name, member) && (Array.isArray(value) || value instanceof Map),
  );
  const found = head.get(member) ?? otherwise?.[1];
  if (found === undefined || found === null) {
    return [];
  }
  if (mayWrap) {
    return wrappedRows(member, found, except, nothing);
  }
  if (found instanceof Map) {
    return found.size > 0 ? [found] : [];
  }
  // Beside an error there need not be rows, and some write none as an empty text.
  if (Array.isArray(found) ? found.length > 0 : found !== '' && !(error !== undefined && head.has(error))) {
    throw notRows();
  }
  return [];
}

/** Plain values are rows of one column, which has the name of their member. */
function wrappedRows(
  member: string,
  found: Sent,
  except: readonly string[] = [],
  [status = '', none]: RowPath['nothing'] | [] = [],
): SentObject[] {
  if (Array.isArray(found)) {
    return found.map((value) => (value instanceof Map ? value : new Map([[member, value]])));
  }
  if (!(found instanceof Map)) {
    return [new Map([[member, found]])];
  }
  // Its only list is empty: that list is the rows, and today there are none.
  const lists = [...found].flatMap(([name, value]) =>
    Array.isArray(value) && !except.includes(name) ? [value] : [],
  );
  const saysNone = none !== undefined && String(found.get(status)) === none;
  return found.size === 0 || saysNone || (lists.length === 1 && lists[0]?.length === 0) ? [] : [found];
}

function notAnObject(first: number): TokensError {
  if (first === lessThan) {
    return new TokensError('E_PROTOCOL', 'The gateway answered with a web page instead of data.');
  }
  return first === openBracket || first === quote
    ? new TokensError('E_PROTOCOL', 'The answer of the gateway is not a JSON object.')
    : broken();
}

function notRows(): TokensError {
  return new TokensError('E_PROTOCOL', 'The rows in the answer of the gateway are not a list of objects.');
}
