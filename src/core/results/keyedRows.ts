import { jsonOf, NumberText, type Sent, type SentObject } from '../json.ts';
import type { KeyedRows } from '../protocols/answer.ts';
import { type ArrivingJson, broken, type Steps } from './arrivingJson.ts';
import { openBrace, openBracket } from './jsonBytes.ts';

/** A row as it stands in the body: its key, and each of its values. */
interface Row {
  readonly key: string;
  readonly values: readonly string[];
}

interface Value {
  readonly name: string | undefined;
  readonly symbol: string | undefined;
  readonly source: string | undefined;
}

/** A key and a list of plain values: nearly every row, the first one and any other. */
const usualRow = String.raw`\s*("[^"\\]*")\s*:\s*\[((?:[^"[\]{}]|"[^"\\,[\]{}]*")*)\]`;
const usualRows = [new RegExp(usualRow, 'y'), new RegExp(String.raw`\s*,${usualRow}`, 'y')] as const;

/**
 * Reads rows by key, and makes an object of each: of `"Rows": {"2024-01-02": [1.5]}` the row
 * `{"Date": "2024-01-02", "Close": 1.5}`. Values stay the text that they were.
 */
export class KeyedRowReader {
  readonly #json: ArrivingJson;
  readonly #rule: KeyedRows;
  readonly #made: (row: string) => void;
  /** What is known of the columns of the one table, by the member that says it. */
  readonly #about: SentObject = new Map();
  /** Rows of the one table that came before that was known. */
  #held: Row[] = [];
  readonly #refused: Sent[] = [];

  /** @param made takes each row as JSON, a character for each byte */
  constructor(json: ArrivingJson, rule: KeyedRows, made: (row: string) => void) {
    this.#json = json;
    this.#rule = rule;
    this.#made = made;
  }

  /** Hears of the members that stand beside the rows. */
  hear(name: string, value: Sent): void {
    const { columns, series } = this.#rule.table;
    if (name === columns || name === series) {
      this.#about.set(name, value);
    }
  }

  /** No member comes any more: the object that they were in gets what was refused. */
  end(wrapper: SentObject): void {
    this.#held.forEach(this.#maker(this.#columns()));
    if (this.#refused.length > 0) {
      wrapper.set(this.#rule.refused, this.#refused);
    }
  }

  /** Reads the value of a member as rows by key; false where it is something else, and then nothing is read. */
  *reads(name: string, levels: number): Steps<boolean> {
    const json = this.#json;
    const { table, list } = this.#rule;
    if (name === table.rows && json.peek() === openBrace) {
      yield* this.#rows(
        this.#about.size > 0 ? this.#maker(this.#columns()) : (row) => this.#held.push(row),
        levels,
      );
      return true;
    }
    if (name === list.series && json.peek() === openBracket && (yield* json.firstElement()) === openBrace) {
      yield* json.list((at) => this.#series(at + 1, levels - 2));
      return true;
    }
    return false;
  }

  /** One of a list: its rows, or, where it should have none, itself as the only one. */
  *#series(number: number, levels: number): Steps<undefined> {
    const json = this.#json;
    const { list, statuses, valueNames } = this.#rule;
    const { kept } = json;
    const series: SentObject = new Map();
    const held: Row[] = [];
    let hasRows = false;
    if (json.peek() !== openBrace) {
      if ((yield* json.value(levels)) !== null) {
        throw broken();
      }
      return;
    }
    json.at++;
    for (let name = yield* json.name(0); name !== undefined; name = yield* json.name(1)) {
      if (name === list.rows && (yield* json.next()) === openBrace) {
        hasRows = true;
        const isKnown =
          memberOf(series.get(list.about), valueNames) !== undefined && this.#nameOf(series) !== '';
        yield* this.#rows(isKnown ? this.#seriesMaker(series, number) : (row) => held.push(row), levels);
      } else {
        const value = yield* json.value(levels);
        series.set(name, value);
        hasRows ||= name === list.rows && listOf(value).length === 0;
      }
    }
    held.forEach(this.#seriesMaker(series, number));
    if (statuses.some((name) => listOf(series.get(name)).some(isRefusal))) {
      this.#refused.push(series);
      return;
    }
    json.kept = kept;
    if (!hasRows) {
      this.#made(asBytes(jsonOf(series)));
    }
  }

  #seriesMaker(series: SentObject, number: number): (row: Row) => void {
    const { list, valueNames, key } = this.#rule;
    const names = listOf(memberOf(series.get(list.about), valueNames));
    const columns = unique(
      names.map((name, at) => textIn(name) ?? `v${at}`),
      [key, list.column],
    );
    const name = this.#nameOf(series) || String(number);
    return this.#maker(columns, `${quoted(list.column)}:${quoted(name)},`);
  }

  /** Whose the rows of a series are; empty where nobody says it. */
  #nameOf(series: SentObject): string {
    const { list, source, symbol } = this.#rule;
    return [source, symbol]
      .map((name) => textIn(series.get(name)) ?? textIn(memberOf(series.get(list.about), name)))
      .filter((part) => part !== undefined)
      .join('/');
  }

  /** What the values of the one table are called: by their names, and by their series where there are several. */
  #columns(): string[] {
    const { table, valueNames, key } = this.#rule;
    const ofSeries = listOf(this.#about.get(table.series)).flatMap((series) =>
      listOf(memberOf(series, valueNames)).map((name) => ({ ...this.#valueOf(series), name: textIn(name) })),
    );
    const ofColumns = listOf(this.#about.get(table.columns)).map((column, at) => {
      const { name, symbol, source } = this.#valueOf(column);
      return { name, symbol: symbol ?? ofSeries[at]?.symbol, source: source ?? ofSeries[at]?.source };
    });
    const values = ofColumns.length === 0 ? ofSeries : ofColumns;
    const full = ({ source, symbol }: Value) => (source === undefined ? symbol : `${source}/${symbol}`);
    const count = (parts: readonly unknown[]) => new Set(parts).size;
    const series = count(values.map(full));
    const isAmbiguous = count(values.map(({ symbol }) => symbol)) < series;
    return unique(
      values.map((value, at) => {
        const ofSeries = series > 1 || value.name === undefined;
        const parts = [ofSeries ? (isAmbiguous ? full(value) : value.symbol) : undefined, value.name];
        return parts.filter((part) => part !== undefined).join(' ') || `v${at}`;
      }),
      [key],
    );
  }

  #valueOf(described: Sent): Value {
    const { valueName, symbol, source } = this.#rule;
    return {
      name: textIn(memberOf(described, valueName)) ?? textIn(described),
      symbol: textIn(memberOf(described, symbol)),
      source: textIn(memberOf(described, source)),
    };
  }

  /** Makes objects of rows, whose values have these names. */
  #maker(columns: readonly string[], before = ''): (row: Row) => void {
    const names = columns.map((column) => `,${quoted(column)}:`);
    const start = `{${before}${quoted(this.#rule.key)}:`;
    return ({ key, values }) => {
      const members = values.map((value, at) => (names[at] ?? `,"v${at}":`) + value);
      this.#made(`${start}${key}${members.join('')}}`);
    };
  }

  /** Each row of an object of lists. */
  *#rows(each: (row: Row) => void, levels: number): Steps {
    const json = this.#json;
    json.at++;
    for (let commas: 0 | 1 = 0; ; commas = 1) {
      const usual = usualRows[commas];
      usual.lastIndex = json.at;
      const found = usual.exec(json.text);
      if (found !== null) {
        json.at = usual.lastIndex;
        const [, key = '', values = ''] = found;
        each({ key, values: values.trim() === '' ? [] : values.split(',') });
        continue;
      }
      const key = yield* json.name(commas);
      if (key === undefined) {
        return;
      }
      each({ key: quoted(key), values: yield* this.#values(levels) });
    }
  }

  /** The elements of a list as they stand; anything else is one. */
  *#values(levels: number): Steps<string[]> {
    const json = this.#json;
    if ((yield* json.next()) !== openBracket) {
      return [yield* json.raw(levels)];
    }
    const values: string[] = [];
    yield* json.list(function* (at): Steps<undefined> {
      values[at] = yield* json.raw(levels - 1);
    });
    return Array.from(values, (value = '') => value);
  }
}

/** A name as JSON. */
function quoted(name: string): string {
  return asBytes(JSON.stringify(name));
}

/** A character for each byte. */
function asBytes(json: string): string {
  return Buffer.from(json).toString('latin1');
}

/** A list, or the only element of one; none where there is no value. */
function listOf(value: Sent | undefined): Sent[] {
  return [value ?? []].flat();
}

function memberOf(value: Sent | undefined, name: string): Sent | undefined {
  return value instanceof Map ? value.get(name) : undefined;
}

function textIn(value: Sent | undefined): string | undefined {
  return typeof value === 'string' || value instanceof NumberText ? String(value) : undefined;
}

/** Whether a status, alone or in an object, says no. */
function isRefusal(status: Sent): boolean {
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
