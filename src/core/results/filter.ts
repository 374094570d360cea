import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { textOf } from './cells.ts';
import { sizeOf, sizeOfNumber } from './quantity.ts';
import type { Column, ResultTable } from './table.ts';

type Comparison = ':' | '=' | '<' | '<=' | '>' | '>=';

/** One condition of a filter. Without a column it is free text, sought in every column. */
interface Term {
  readonly column?: string;
  readonly comparison: Comparison;
  readonly value: string;
  readonly negated: boolean;
}

// A word, or a part in quotes that may hold spaces, and quotes that are doubled: `-job:"my ""job"""`. Signs of comparison
// may stand between spaces.
const terms =
  /(-?)(?:"((?:[^"]|"")*)"?|([^\s":=<>]+))?(?:(\s+=\s+|\s*(?:<=|>=|[<>])\s*|[:=])(?:"((?:[^"]|"")*)"?|(\S*)))?/g;

/**
 * Reads a filter: words and phrases in quotes, `column:part`, `column=whole`, `column>n` and its like, each
 * with `-` before it for its opposite. All must hold. What names no column of the table is free text.
 */
export function parseFilter(text: string, isColumn: (name: string) => boolean): Term[] {
  const found: Term[] = [];
  const seek = (value: string, negated = false) => {
    if (value !== '') {
      found.push({ comparison: ':', value, negated });
    }
  };
  for (const [word, minus = '', quotedName, plainName = '', sign = '', ...values] of text.matchAll(terms)) {
    const name = unquoted(quotedName) ?? plainName;
    const comparison = sign.trim() as Comparison | '';
    const value = unquoted(values[0]) ?? values[1] ?? '';
    const negated = minus === '-';
    // `<>` is none, and nobody means a value that begins with a sign without saying so by quotes.
    const isDoubled = /[<>]/.test(comparison) && /^[<>=]/.test(values[1] ?? '');
    if (comparison === '') {
      seek(name, negated);
    } else if ((quotedName !== undefined || name !== '') && isColumn(name) && !isDoubled) {
      // While a person still types the value, nothing is filtered yet.
      if (value !== '' || comparison === '=') {
        found.push({ column: name, comparison, value, negated });
      }
    } else if (sign === comparison) {
      seek(word.slice(minus.length).replaceAll('"', ''), negated);
    } else {
      seek(name, negated);
      seek(comparison);
      seek(value);
    }
  }
  return found;
}

function unquoted(text: string | undefined): string | undefined {
  return text?.replaceAll('""', '"');
}

/** Columns by their fields, and by the labels of these. */
export type Labels = readonly (readonly [field: string, label: string])[];

/** Comparisons of a filter with no column that there is, or with no value. */
export function unknownColumns(filter: string, fields: readonly string[], labels: Labels): string[] {
  const names = new Set([...fields, ...labels.map(([, label]) => label)].map(fold));
  const words = Array.from(filter.matchAll(terms), ([word]) => word.trim());
  return words.filter((word) => {
    const found = parseFilter(word, (name) => names.has(fold(name)));
    const isUnknown = found.some(({ column, value }) => column === undefined && /[=<>]/.test(value));
    return word !== '' && (found.length === 0 || isUnknown);
  });
}

export interface Condition {
  readonly isEmpty: boolean;
  readonly columns: readonly Column[];
  holds(row: number): boolean;
}

export function conditionOf(table: ResultTable, filter: string, labels: Labels = []): Condition {
  const named = columnsByName(table, labels);
  const tests = parseFilter(filter, (name) => named.has(fold(name))).map((term) => {
    const columns = term.column === undefined ? table.columns : (named.get(fold(term.column)) ?? []);
    return { term, tested: Array.from(columns, (column) => ({ column, test: tester(term, column, table) })) };
  });
  return {
    isEmpty: tests.length === 0,
    columns: tests.flatMap(({ term, tested }) =>
      term.column === undefined ? [] : tested.map(({ column }) => column),
    ),
    holds: (row) =>
      tests.every(
        ({ term, tested }) => term.negated !== tested.some(({ column, test }) => test(column.at(row))),
      ),
  };
}

/** The rows for which every term holds, in the table's own order. */
export function filterRows(table: ResultTable, filter: string, labels?: Labels): Uint32Array {
  const { holds } = conditionOf(table, filter, labels);
  return allRows(table.rowCount).filter(holds);
}

/** All rows up to a count, from one on. */
export function allRows(count: number, from = 0): Uint32Array {
  const rows = new Uint32Array(Math.max(0, count - from));
  for (let at = 0; at < rows.length; at++) {
    rows[at] = from + at;
  }
  return rows;
}

function columnsByName(table: ResultTable, labels: Labels): Map<string, Set<Column>> {
  const fields = table.columns.map(({ field }) => [field, field] as const);
  const named = new Map<string, Set<Column>>();
  for (const [field, name] of [...fields, ...labels]) {
    const column = table.column(field);
    if (column !== undefined) {
      named.set(fold(name), (named.get(fold(name)) ?? new Set()).add(column));
    }
  }
  return named;
}

function tester(
  { comparison, value: asked }: Term,
  column: Column,
  table: ResultTable,
): (cell: Cell | undefined) => boolean {
  if (comparison === ':') {
    return containing(asked);
  }
  const { reading } = column;
  // A comma with other than three digits behind it is no sign of thousands.
  const value = reading.kind === 'number' ? asked.replace(/^([+-]?\d+),(\d{1,2}|\d{4,})$/, '$1.$2') : asked;
  const wanted = fold(value);
  const number = sizeOfNumber(value);
  const size = reading.kind === 'number' ? number : reading.size(value);
  const test = (one: Cell | undefined): boolean => {
    // What stands for no value is one only to who asks for it.
    const seen = wanted === '' ? table.shown(column, one) : one;
    if (one === undefined || seen === undefined || seen === null) {
      return comparison === '=' && wanted === '';
    }
    const own = textOf(one);
    const ownSize = sizeOf(one, reading);
    const askedSize = one instanceof NumberText ? number : size;
    const difference = ownSize - askedSize;
    // With zeros before it, it is a name rather than a number. The difference of infinities is NaN, too.
    if (!(comparison === '=' && reading.kind !== 'time' && (isPadded(own) || isPadded(value)))) {
      if (difference !== 0 && !Number.isNaN(difference)) {
        return compare(difference, comparison);
      }
      if (!Number.isNaN(ownSize) && !Number.isNaN(askedSize)) {
        return compare(reading.compare(own, value), comparison);
      }
    }
    const text = fold(own);
    if (comparison === '=') {
      return text === wanted;
    }
    // A number is neither more nor less than a word.
    return (
      (reading.kind === 'text' || (Number.isNaN(number) && Number.isNaN(size))) &&
      text !== '' &&
      compare(text < wanted ? -1 : text > wanted ? 1 : 0, comparison)
    );
  };
  // Of several values one will do, or all of them as they are shown.
  const isAll = (cell: string[]) => comparison === '=' && fold(textOf(cell)) === wanted;
  return (cell) => (Array.isArray(cell) && cell.length > 0 ? cell.some(test) || isAll(cell) : test(cell));
}

function isPadded(text: string): boolean {
  return /^0\d/.test(text);
}

/** Whether a comparison holds where the values differ by so much. */
function compare(difference: number, comparison: Comparison): boolean {
  return (
    (difference < 0 && comparison.startsWith('<')) ||
    (difference > 0 && comparison.startsWith('>')) ||
    (difference === 0 && comparison.endsWith('='))
  );
}

function containing(part: string): (cell: Cell | undefined) => boolean {
  const wanted = fold(part);
  return (cell) => cell !== undefined && cell !== null && fold(textOf(cell)).includes(wanted);
}

/** Finds that there is more to folding a text than its case: it has letters beyond ASCII, or several lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII but the ends of lines is meant.
const foreign = /[^\u0000-\u0009\u000b\u000c\u000e-\u007f]/;

/**
 * A text as it is looked for: without regard to case (also of Turkish, where `i`, `ı`, `I` and `İ` are found by each
 * other, and of `ß` and `ς`), to how its letters are composed, and to line ends, which a filter of one line cannot have.
 */
export function fold(text: string): string {
  if (!foreign.test(text)) {
    return text.toLowerCase();
  }
  const line = text.replace(/[\r\n]+/g, '');
  const lower = line.normalize('NFC').toUpperCase().toLowerCase();
  return lower
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFC');
}
