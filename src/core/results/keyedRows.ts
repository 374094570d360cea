import { NumberText, type Sent, type SentObject } from '../json.ts';
import type { KeyedRows } from '../protocols/answer.ts';
import { type ArrivingJson, broken, type Steps } from './arrivingJson.ts';
import { openBrace, openBracket } from './jsonBytes.ts';
import type { ResultTable } from './table.ts';

/** A row as it stands in the body: its key, and its values as {@link ArrivingJson.raw} reads them. */
interface Row {
  readonly key: string;
  readonly values: string;
}

interface Value {
  readonly name: string | undefined;
  readonly symbol: string | undefined;
  readonly source: string | undefined;
}

/**
 * Reads rows by key, and makes an object of each: of `"Rows": {"2024-01-02": [1.5]}` the row
 * `{"Date": "2024-01-02", "Close": 1.5}`.
 */
export class KeyedRowReader {
  readonly #json: ArrivingJson;
  readonly #rule: KeyedRows;
  readonly #table: Pick<ResultTable, 'append'>;
  /** What is known of the columns of the one table, by the member that says it. */
  readonly #about: SentObject = new Map();
  /** Rows of the one table that came before that was known. */
  #held: Row[] = [];
  readonly #refused: Sent[] = [];

  constructor(json: ArrivingJson, rule: KeyedRows, table: Pick<ResultTable, 'append'>) {
    this.#json = json;
    this.#rule = rule;
    this.#table = table;
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
      this.#table.append(series);
    }
  }

  #seriesMaker(series: SentObject, number: number): (row: Row) => void {
    const { list, valueNames } = this.#rule;
    const names = listOf(memberOf(series.get(list.about), valueNames));
    const name = this.#nameOf(series) || String(number);
    return this.#maker(names.map(textIn), new Map([[list.column, name]]));
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
  #columns(): (string | undefined)[] {
    const { table, valueNames } = this.#rule;
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
    return values.map((value) => {
      const ofSeries = series > 1 || value.name === undefined;
      const parts = [ofSeries ? (isAmbiguous ? full(value) : value.symbol) : undefined, value.name];
      return parts.filter((part) => part !== undefined).join(' ') || undefined;
    });
  }

  #valueOf(described: Sent): Value {
    const { valueName, symbol, source } = this.#rule;
    return {
      name: textIn(memberOf(described, valueName)) ?? textIn(described),
      symbol: textIn(memberOf(described, symbol)),
      source: textIn(memberOf(described, source)),
    };
  }

  /**
   * Makes objects of rows, whose values have these names.
   * @param start what stands before them
   */
  #maker(names: readonly (string | undefined)[], start: SentObject = new Map()): (row: Row) => void {
    const { key } = this.#rule;
    let columns: string[] = [];
    return (row) => {
      const read = this.#json.parse(row.values);
      const values = Array.isArray(read) ? read : [read];
      if (columns.length < values.length) {
        const all = Array.from(values, (_, at) => names[at] ?? `v${at}`);
        columns = unique(all, [...start.keys(), key]);
      }
      const cells = values.map((value, at) => [columns[at] as string, value] as const);
      this.#table.append(new Map([...start, [key, row.key], ...cells]));
    };
  }

  /** Each row of an object of lists. */
  *#rows(each: (row: Row) => void, levels: number): Steps {
    const json = this.#json;
    yield* json.object(function* (key): Steps<undefined> {
      each({ key, values: yield* json.raw(levels) });
    });
  }
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
