export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** A number as its sender wrote it: JavaScript's own numbers lose digits of `9007199254740993` and the zero of `1.10`. */
export class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** A value of JSON as it was sent. Members are in a map: objects would put those with names like `20` first. */
export type Sent = string | boolean | null | NumberText | Sent[] | SentObject;
export type SentObject = Map<string, Sent>;

const isNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i;
/** What other languages write for `null`. */
const isNothing = /^(?:[+-]?(?:nan|inf(?:inity)?)|undefined|none|nil|null)$/i;
const words = new Map<string, boolean | null>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

const space = /[ \t\r\n]*/y;
const bare = /[^\s,:[\]{}"']+/y;
const doubleQuoted = /"[^"\\]*(?:\\.[^"\\]*)*"/sy;
/** A text in single quotes, without characters that the search for the ends of rows would take for JSON. */
const singleQuoted = /'([^'"\\[\]{}]*)'/y;
const escapes = new Map([...'"\\/bfnrt'].map((letter, at) => [letter, '"\\/\b\f\n\r\t'.charAt(at)]));

/**
 * Reads JSON, and what gateways send in its place as far as its meaning is certain: raw control characters, unknown escapes
 * (they stay as they are), `NaN` and the like (null), values without quotes (their text), extra commas, missing values
 * (null). Of equal names the last one counts.
 * @returns also how many places were not valid JSON and have been mended, not counting raw control characters
 * @throws SyntaxError for anything else
 */
export function readJson(text: string): { readonly value: Sent; readonly mended: number } {
  const reader = new Reader(text);
  return { value: reader.whole(), mended: reader.mended };
}

class Reader {
  readonly #text: string;
  #at = 0;
  mended = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Sent {
    const value = this.#value();
    if (this.#next() !== '') {
      throw new SyntaxError();
    }
    return value;
  }

  /** The next character that is no white space; empty at the end. */
  #next(): string {
    space.lastIndex = this.#at;
    space.test(this.#text);
    this.#at = space.lastIndex;
    return this.#text.charAt(this.#at);
  }

  #value(): Sent {
    switch (this.#next()) {
      case '"':
        return this.#string();
      case '{':
        return this.#object();
      case '[':
        return this.#list();
      case ',':
      case '}':
      case ']':
        this.mended++;
        return null;
      case "'":
        this.mended++;
        return this.#take(singleQuoted).slice(1, -1);
      default:
        return this.#bare();
    }
  }

  #object(): SentObject {
    const object: SentObject = new Map();
    this.#at++;
    while (this.#begins('}')) {
      const name = this.#string();
      if (this.#next() !== ':') {
        throw new SyntaxError();
      }
      this.#at++;
      const value = this.#value();
      if (object.has(name)) {
        this.mended++;
      }
      object.set(name, value);
      this.#endElement('}');
    }
    return object;
  }

  #list(): Sent[] {
    const list: Sent[] = [];
    this.#at++;
    while (this.#begins(']')) {
      list.push(this.#value());
      this.#endElement(']');
    }
    return list;
  }

  /** Whether another element begins; else the list or object has ended. Empty members are passed over. */
  #begins(end: string): boolean {
    while (end === '}' && this.#next() === ',') {
      this.mended++;
      this.#at++;
    }
    if (this.#next() !== end) {
      return true;
    }
    this.#at++;
    return false;
  }

  /** Reads the comma after an element; one before the end counts as mended. */
  #endElement(end: string): void {
    const next = this.#next();
    if (next === ',') {
      this.#at++;
      if (this.#next() === end) {
        this.mended++;
      }
    } else if (next !== end) {
      throw new SyntaxError();
    }
  }

  #string(): string {
    const string = this.#take(doubleQuoted).slice(1, -1);
    return string.includes('\\') ? this.#unescaped(string) : string;
  }

  #unescaped(string: string): string {
    return string.replace(/\\(?:u([0-9a-f]{4})|(.))/gis, (whole, code?: string, letter?: string) => {
      const meant =
        code === undefined ? escapes.get(letter ?? '') : String.fromCharCode(Number.parseInt(code, 16));
      if (meant === undefined) {
        this.mended++;
      }
      return meant ?? whole;
    });
  }

  #bare(): Sent {
    const text = this.#take(bare);
    if (isNumber.test(text)) {
      return new NumberText(text);
    }
    const word = words.get(text);
    if (word !== undefined) {
      return word;
    }
    this.mended++;
    return isNothing.test(text) ? null : (words.get(text.toLowerCase()) ?? text);
  }

  #take(token: RegExp): string {
    token.lastIndex = this.#at;
    const [text] = token.exec(this.#text) ?? [];
    if (text === undefined) {
      throw new SyntaxError();
    }
    this.#at += text.length;
    return text;
  }
}

/** A value as JSON text, with its numbers and the order of members as they were sent. */
export function jsonOf(value: Sent): string {
  if (value instanceof NumberText) {
    return value.text;
  }
  if (value instanceof Map) {
    return `{${Array.from(value, ([name, one]) => `${JSON.stringify(name)}:${jsonOf(one)}`).join(',')}}`;
  }
  return Array.isArray(value) ? `[${value.map(jsonOf).join(',')}]` : JSON.stringify(value);
}

/** A value as `JSON.parse` would return it: exact digits and the order of members are lost. */
export function plainOf(value: Sent): Json {
  if (value instanceof NumberText) {
    return Number(value.text);
  }
  if (value instanceof Map) {
    return Object.fromEntries(Array.from(value, ([name, one]) => [name, plainOf(one)]));
  }
  return Array.isArray(value) ? value.map(plainOf) : value;
}

/**
 * JSON text with `change` applied to every text and number in it: one that changes is a text then, and all else stays as it
 * is written.
 */
export function withTextsOfJson(json: string, change: (text: string) => string): string {
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/gs, (token) => {
    const read = token.startsWith('"') ? (JSON.parse(token) as string) : token;
    const changed = change(read);
    return changed === read ? token : JSON.stringify(changed);
  });
}

/** JSON text indented, one value a line, without changing any value. */
export function indentJson(json: string): string {
  let line = '\n';
  return json.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|\s+|[[{]\s*[\]}]|[[{\]},:]/gs, (token) => {
    switch (token) {
      case '[':
      case '{':
        line += '  ';
        return token + line;
      case ']':
      case '}':
        line = line.slice(0, -2);
        return line + token;
      case ',':
        return token + line;
      case ':':
        return ': ';
      default:
        return token.startsWith('"') ? token : token.replace(/\s+/g, '');
    }
  });
}

/**
 * What a program has given, as it is at this moment: it may use the same object again. What JSON cannot say is null in it;
 * undefined where it cannot be read, because it holds itself or a getter throws.
 */
export function copyOf(given: unknown): unknown {
  try {
    const sayable = (_: string, one: unknown) => (/^(?:function|symbol)$/.test(typeof one) ? null : one);
    return given === undefined ? undefined : JSON.parse(JSON.stringify(given, sayable));
  } catch {
    return undefined;
  }
}
