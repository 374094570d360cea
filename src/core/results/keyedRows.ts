import { TokensError } from '../errors.ts';
import type { KeyedRows } from '../protocols/answer.ts';

/** Reads JSON that arrives in pieces: whoever runs it goes on with it when there is more text. */
type Steps<T = void> = Generator<undefined, T, undefined>;

/** A row as it stands in the body: its key, and each of its values. */
interface Row {
  readonly key: string;
  readonly values: readonly string[];
}

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const backslash = 0x5c;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** A key and a list of plain values: nearly every row. */
const usualRow = /[\s,]*("[^"\\]*")\s*:\s*\[((?:[^"[\]{}]|"[^"\\,[\]{}]*")*)\]/y;

/**
 * Turns rows by key into lists of objects while the body arrives, so that whoever reads on finds them as everywhere:
 * `"Rows": {"2024-01-02": [1.5]}` becomes `"Rows": [{"Date": "2024-01-02", "Close": 1.5}]`. All else is as it was, and
 * values stay the text that they were.
 */
export class KeyedRowConverter {
  readonly #member: string;
  readonly #rule: KeyedRows;
  readonly #maxBytes: number;
  readonly #steps: Steps;
  /** What has arrived and is not read yet, a character for each byte. */
  #text = '';
  #at = 0;
  #out: string[] = [];
  #isDone = false;
  /** What goes before the next row. */
  #separator = '';

  /** `member` at the top of the body holds the rows; `maxBytes` bounds what is held at once, such as one row. */
  constructor(member: string, rule: KeyedRows, maxBytes: number) {
    this.#member = member;
    this.#rule = rule;
    this.#maxBytes = maxBytes;
    this.#steps = this.#body();
  }

  /**
   * The next bytes of the converted body.
   * @throws E_PROTOCOL, E_TOO_LARGE
   */
  write(chunk: Uint8Array): Uint8Array {
    if (this.#isDone) {
      return chunk;
    }
    this.#text = this.#text.slice(this.#at) + bytesOf(chunk).toString('latin1');
    this.#at = 0;
    this.#isDone = this.#steps.next().done === true;
    return this.#isDone ? this.end() : this.#taken();
  }

  /** What is left of a body that has ended, complete or not. */
  end(): Uint8Array {
    this.#out.push(this.#text.slice(this.#at));
    this.#text = '';
    this.#at = 0;
    return this.#taken();
  }

  #taken(): Uint8Array {
    const bytes = Buffer.from(this.#out.join(''), 'latin1');
    this.#out = [];
    return bytes;
  }

  #emit(text: string): void {
    this.#out.push(text);
  }

  /** Up to the end of the member with the rows; what comes after it is not looked at. */
  *#body(): Steps {
    if ((yield* this.#next(/[^\s\xef\xbb\xbf]/g)) !== '{') {
      return;
    }
    this.#at++;
    let separator = '{';
    for (let raw = yield* this.#name(); raw !== undefined; raw = yield* this.#name()) {
      this.#emit(`${separator}${raw}:`);
      separator = ',';
      if (parsed(raw) !== this.#member) {
        yield* this.#value(true);
      } else if ((yield* this.#next()) === '{') {
        return yield* this.#object();
      } else {
        return;
      }
    }
    this.#emit(separator === '{' ? '{' : '');
  }

  /** The object that holds rows in one way or the other. */
  *#object(): Steps {
    const { table, list } = this.#rule;
    const heads = new Map<unknown, unknown>();
    let held: Row[] | undefined;
    let separator = '{';
    this.#at++;
    for (let raw = yield* this.#name(); raw !== undefined; raw = yield* this.#name()) {
      const name = parsed(raw);
      const first = yield* this.#next();
      if (name === table.rows && first === '{' && heads.size === 0) {
        // What its values are is still to come.
        held = [];
        yield* this.#rows((row) => held?.push(row));
        continue;
      }
      this.#emit(`${separator}${raw}:`);
      separator = ',';
      if (name === table.rows && first === '{') {
        this.#begin();
        yield* this.#rows(this.#writer(this.#columns(heads)));
        this.#emit(']');
      } else if (name === list.subjects && first === '[') {
        yield* this.#list();
      } else if (name === table.columns || name === table.subjects) {
        const value = yield* this.#value(false);
        heads.set(name, parsed(value));
        this.#emit(value);
      } else {
        yield* this.#value(true);
      }
    }
    if (held !== undefined) {
      this.#emit(`${separator}${quoted(table.rows)}:`);
      separator = ',';
      this.#begin();
      held.forEach(this.#writer(this.#columns(heads)));
      this.#emit(']');
    }
    this.#at++;
    this.#emit(separator === '{' ? '{}' : '}');
  }

  #begin(): void {
    this.#separator = '';
    this.#emit('[');
  }

  *#list(): Steps {
    const refused: string[] = [];
    this.#begin();
    this.#at++;
    for (let number = 1; (yield* this.#element()) !== ']'; number++) {
      if (this.#text[this.#at] === '{') {
        yield* this.#subject(number, refused);
      } else {
        this.#emit(this.#separator);
        this.#separator = ',';
        yield* this.#value(true);
      }
    }
    this.#at++;
    this.#emit(refused.length === 0 ? ']' : `],${quoted(this.#rule.refused)}:[${refused}]`);
  }

  /** One of the list: its rows, or, where it should have none, itself as the only one. */
  *#subject(number: number, refused: string[]): Steps {
    const { list, names } = this.#rule;
    const members: string[] = [];
    const head: Record<string, unknown> = {};
    let held: Row[] | undefined;
    let hasRows = false;
    this.#at++;
    for (let raw = yield* this.#name(); raw !== undefined; raw = yield* this.#name()) {
      const name = String(parsed(raw));
      const first = yield* this.#next();
      hasRows ||= name === list.rows;
      if (name === list.rows && first === '{') {
        const isKnown = memberOf(head[list.head], names) !== undefined && this.#label(head, 0) !== '0';
        held = [];
        yield* this.#rows(isKnown ? this.#subjectWriter(head, number) : (row) => held?.push(row));
      } else {
        const value = yield* this.#value(false);
        members.push(`${raw}:${value}`);
        head[name] = parsed(value);
      }
    }
    this.#at++;
    held?.forEach(this.#subjectWriter(head, number));
    if (this.#rule.statuses.some((name) => [head[name]].flat().some(isRefusal))) {
      refused.push(`{${members}}`);
    } else if (!hasRows) {
      this.#emit(`${this.#separator}{${members}}`);
      this.#separator = ',';
    }
  }

  #subjectWriter(head: Record<string, unknown>, number: number): (row: Row) => void {
    const { list, names, key } = this.#rule;
    const bates = [memberOf(head[list.head], names) ?? []].flat();
    const columns = unique(
      bates.map((name, at) => textIn(name) ?? `v${at}`),
      [key, list.column],
    );
    return this.#writer(columns, `${quoted(list.column)}:${quoted(this.#label(head, number))},`);
  }

  /** Whose the rows of a subject are. */
  #label(head: Record<string, unknown>, number: number): string {
    const { list, owner, subject } = this.#rule;
    const parts = [owner, subject].map(
      (name) => textIn(head[name]) ?? textIn(memberOf(head[list.head], name)),
    );
    return parts.filter((part) => part !== undefined).join('/') || String(number);
  }

  /** What the values of the one table are called. */
  #columns(heads: ReadonlyMap<unknown, unknown>): string[] {
    const { table, name, names, subject, owner, key } = this.#rule;
    const bySubject = [heads.get(table.subjects) ?? []].flat().flatMap((head) =>
      [memberOf(head, names) ?? []].flat().map((bate) => ({
        bate: textIn(bate),
        subject: textIn(memberOf(head, subject)),
        owner: textIn(memberOf(head, owner)),
      })),
    );
    const columns = [heads.get(table.columns) ?? []].flat().map((column, at) => ({
      bate: textIn(memberOf(column, name)) ?? textIn(column),
      subject: textIn(memberOf(column, subject)) ?? bySubject[at]?.subject,
      owner: textIn(memberOf(column, owner)) ?? bySubject[at]?.owner,
    }));
    const all = columns.length === 0 ? bySubject : columns;
    const several = new Set(all.map((one) => `${one.owner}/${one.subject}`)).size > 1;
    const ambiguous =
      new Set(all.map((one) => one.subject)).size <
      new Set(all.map((one) => `${one.owner}/${one.subject}`)).size;
    return unique(
      all.map((one, at) => {
        const whose = ambiguous && one.owner !== undefined ? `${one.owner}/${one.subject}` : one.subject;
        const parts = several || one.bate === undefined ? [whose, one.bate] : [one.bate];
        return parts.filter((part) => part !== undefined).join(' ') || `v${at}`;
      }),
      [key],
    );
  }

  #writer(columns: readonly string[], before = ''): (row: Row) => void {
    const names = columns.map((column) => `,${quoted(column)}:`);
    const start = `{${before}${quoted(this.#rule.key)}:`;
    return ({ key, values }) => {
      let row = this.#separator + start + key;
      for (let at = 0; at < values.length; at++) {
        row += (names[at] ?? `,"v${at}":`) + values[at];
      }
      this.#emit(`${row}}`);
      this.#separator = ',';
    };
  }

  /** Each row of an object of lists. */
  *#rows(each: (row: Row) => void): Steps {
    this.#at++;
    for (;;) {
      usualRow.lastIndex = this.#at;
      const usual = usualRow.exec(this.#text);
      if (usual !== null) {
        this.#at = usualRow.lastIndex;
        const [, key = '', values = ''] = usual;
        each({ key, values: values.trim() === '' ? [] : values.split(',') });
        continue;
      }
      const key = yield* this.#name();
      if (key === undefined) {
        this.#at++;
        return;
      }
      yield* this.#next();
      each({ key, values: elements(yield* this.#value(false)) });
    }
  }

  /** The first character that is no space and not read yet. */
  *#next(wanted = /\S/g): Steps<string> {
    for (;;) {
      wanted.lastIndex = this.#at;
      const found = wanted.exec(this.#text);
      if (found !== null) {
        this.#at = found.index;
        return found[0];
      }
      this.#at = this.#text.length;
      yield;
    }
  }

  /** The same, after a comma if there is one. */
  *#element(): Steps<string> {
    const character = yield* this.#next();
    if (character !== ',') {
      return character;
    }
    this.#at++;
    return yield* this.#next();
  }

  /** The name of the next member, as it stands; undefined at the brace that ends the object. */
  *#name(): Steps<string | undefined> {
    const first = yield* this.#element();
    if (first === '}') {
      return undefined;
    }
    const name = first === '"' ? yield* this.#value(false) : '';
    if (name === '' || (yield* this.#next()) !== ':') {
      throw new TokensError('E_PROTOCOL', 'The answer of the gateway is not valid JSON.');
    }
    this.#at++;
    return name;
  }

  /** Walks to the end of a value. It is copied while it arrives, or else returned whole. */
  *#value(copies: boolean): Steps<string> {
    let at = this.#at;
    let depth = 0;
    let inString = false;
    for (;;) {
      const text = this.#text;
      for (; at < text.length; at++) {
        const code = text.charCodeAt(at);
        if (inString) {
          if (code === backslash) {
            at++;
          } else if (code === quote) {
            inString = false;
          }
        } else if (code === quote) {
          inString = true;
        } else if (code === openBrace || code === openBracket) {
          depth++;
        } else if (code === closeBrace || code === closeBracket || code === comma || code === colon) {
          if (depth === 0) {
            return this.#cut(at, copies);
          }
          depth -= code === comma || code === colon ? 0 : 1;
        }
      }
      const more = at - this.#text.length;
      if (copies) {
        this.#cut(this.#text.length, true);
      } else if (this.#text.length - this.#at > this.#maxBytes) {
        throw new TokensError('E_TOO_LARGE', 'A part of the answer of the gateway is too large.');
      }
      const before = this.#text.length - this.#at;
      yield;
      at = this.#at + before + more;
    }
  }

  #cut(to: number, copies: boolean): string {
    const text = this.#text.slice(this.#at, to);
    this.#at = to;
    if (copies) {
      this.#emit(text);
      return '';
    }
    return text;
  }
}

function bytesOf(chunk: Uint8Array): Buffer {
  return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}

/** A piece of the body as a value; undefined for what is none. */
function parsed(raw: string): unknown {
  try {
    return JSON.parse(Buffer.from(raw, 'latin1').toString('utf8'));
  } catch {
    return undefined;
  }
}

/** As JSON that is the same whichever way its bytes are read. */
function quoted(text: string): string {
  return JSON.stringify(text).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The elements of a list as they stand; anything else is one. */
function elements(raw: string): string[] {
  const list = raw.trim();
  if (!list.startsWith('[')) {
    return [list];
  }
  const found: string[] = [];
  let from = 1;
  let depth = 0;
  for (const { 0: token, index } of list.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{},]/gs)) {
    depth += token === '[' || token === '{' ? 1 : token === ']' || token === '}' ? -1 : 0;
    if ((token === ',' && depth === 1) || depth === 0) {
      found.push(list.slice(from, index));
      from = index + 1;
    }
  }
  return found.length === 1 && found[0]?.trim() === '' ? [] : found;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

function textIn(value: unknown): string | undefined {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

/** Whether a status, alone or in an object, says no. */
function isRefusal(status: unknown): boolean {
  return Number(memberOf(status, 'Status') ?? status) >= 300;
}

/** Names that differ from each other and from those that are taken. */
function unique(names: readonly string[], taken: readonly string[]): string[] {
  const seen = new Set(taken);
  return names.map((name) => {
    let free = name;
    for (let number = 2; seen.has(free); number++) {
      free = `${name} ${number}`;
    }
    seen.add(free);
    return free;
  });
}
