import type { Cell } from './answer.ts';
import { textOf } from './cells.ts';
import { parseNumber, parseTime } from './quantity.ts';
import type { Column, ResultTable } from './table.ts';

/** One column to sort by. */
export interface SortBy {
  readonly field: string;
  readonly descending: boolean;
}

/** Values that are sized come first, then texts, and what has no value is last, whichever way the sort goes. */
const sized = 0;
const worded = 1;
const blank = 2;

interface Keys {
  readonly classes: Uint8Array;
  readonly ranks: Float64Array;
}

/**
 * Puts rows in the order of the columns given: numbers by size (also with units), times as times, texts as
 * people read them. Rows that are equal keep the server's order.
 */
export function sortRows(table: ResultTable, rows: Uint32Array, by: readonly SortBy[]): Uint32Array {
  const steps = by.flatMap(({ field, descending }) => {
    const column = table.column(field);
    return column === undefined ? [] : [{ ...keysOf(table, column), sign: descending ? -1 : 1 }];
  });
  const [first] = steps;
  if (first === undefined) {
    return rows;
  }
  const sorted = rows.slice();
  if (steps.length === 1) {
    const { classes, ranks, sign } = first;
    return sorted.sort((a, b) => {
      const order = (classes[a] as number) - (classes[b] as number);
      return order !== 0 ? order : sign * ((ranks[a] as number) - (ranks[b] as number)) || a - b;
    });
  }
  return sorted.sort((a, b) => {
    for (const { classes, ranks, sign } of steps) {
      const order =
        (classes[a] as number) - (classes[b] as number) ||
        sign * ((ranks[a] as number) - (ranks[b] as number));
      if (order !== 0) {
        return order;
      }
    }
    return a - b;
  });
}

/** Every row's place in the order of one column, as numbers: comparing those is what makes a sort fast. */
function keysOf(table: ResultTable, column: Column): Keys {
  const { length } = column;
  const kind = table.kindOf(column);
  const classes = new Uint8Array(length);
  const ranks = new Float64Array(length);
  /** The texts that are different, each with its number; a row's rank is that number until texts are in order. */
  const texts = new Map<string, number>();
  for (let row = 0; row < length; row++) {
    const cell = column.at(row);
    const size = kind === 'text' ? (typeof cell === 'number' ? cell : Number.NaN) : sizeOf(cell);
    if (!Number.isNaN(size)) {
      classes[row] = sized;
      ranks[row] = size;
      continue;
    }
    const text = textOf(cell);
    if (text === '') {
      classes[row] = blank;
      continue;
    }
    classes[row] = worded;
    let number = texts.get(text);
    if (number === undefined) {
      number = texts.size;
      texts.set(text, number);
    }
    ranks[row] = number;
  }
  const places = new Float64Array(texts.size);
  let place = 0;
  for (const text of sortTexts([...texts.keys()])) {
    places[texts.get(text) as number] = place++;
  }
  for (let row = 0; row < length; row++) {
    if (classes[row] === worded) {
      ranks[row] = places[ranks[row] as number] as number;
    }
  }
  return { classes, ranks };
}

/** The size of a cell that is a number or a time; of several values, the first one counts. */
export function sizeOf(cell: Cell | undefined): number {
  const value = Array.isArray(cell) ? cell[0] : cell;
  if (typeof value === 'number') {
    return value;
  }
  if (typeof value !== 'string') {
    return Number.NaN;
  }
  const number = parseNumber(value);
  return Number.isNaN(number) ? parseTime(value) : number;
}

/** From here on the collator, which knows every script, takes too long for numbers inside of texts. */
const manyTexts = 5000;

/** Texts as people read them: `JOB9` before `JOB10`, capitals beside their small letters. */
function sortTexts(texts: string[]): string[] {
  if (texts.length <= manyTexts) {
    return texts.sort(new Intl.Collator(undefined, { numeric: true }).compare);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  if (!texts.every((text) => /^[\u0000-\u007f]*$/.test(text))) {
    return texts.sort(new Intl.Collator().compare);
  }
  const byKey = new Map<string, string[]>();
  for (const text of texts) {
    const key = text.toLowerCase().replace(/\d+/g, (digits) => digits.padStart(15, '0'));
    const same = byKey.get(key);
    if (same === undefined) {
      byKey.set(key, [text]);
    } else {
      same.push(text);
    }
  }
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}
