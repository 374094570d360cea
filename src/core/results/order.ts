import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { firstOf, textOf } from './cells.ts';
import { allRows } from './filter.ts';
import { asNumbers, type Reading } from './quantity.ts';
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
  const [first, ...others] = by.flatMap(({ field, descending }) => {
    const column = table.column(field);
    return column === undefined ? [] : [comparer(column, descending ? -1 : 1)];
  });
  return first === undefined
    ? rows
    : rows.slice().sort((a, b) => {
        let order = first(a, b);
        for (let at = 0; !order && at < others.length; at++) {
          order = others[at]?.(a, b) ?? 0;
        }
        return order || a - b;
      });
}

function comparer(column: Column, sign: number): (a: number, b: number) => number {
  const { classes, ranks } = keysOf(column);
  return (a, b) =>
    (classes[a] as number) - (classes[b] as number) || sign * ((ranks[a] as number) - (ranks[b] as number));
}

/** Every row's place in the order of one column, as numbers: comparing those is what makes a sort fast. */
function keysOf(column: Column): Keys {
  const { length, reading } = column;
  const classes = new Uint8Array(length);
  const ranks = new Float64Array(length);
  /** The texts that are different, each with its number; a row's rank is that number until texts are in order. */
  const texts = new Map<string, number>();
  let areRounded = false;
  const read = column.scan();
  for (let row = 0; row < length; row++) {
    const value = firstOf(read(row));
    const text = textOf(value);
    const size = sizeOf(value, reading);
    if (!Number.isNaN(size)) {
      classes[row] = sized;
      ranks[row] = size;
      areRounded ||= (value instanceof NumberText ? asNumbers : reading).mayBeRounded(text);
    } else if (text === '') {
      classes[row] = blank;
    } else {
      classes[row] = worded;
      ranks[row] = numberOf(text, texts);
    }
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
  if (areRounded) {
    const { compare } = reading.kind === 'time' ? reading : asNumbers;
    const rows = allRows(length).filter((row) => classes[row] === sized);
    rankByDigits(rows, ranks, (row) => textOf(firstOf(column.at(row))), compare);
  }
  return { classes, ranks };
}

/** Gives rows places by their sizes and, where those are equal to JavaScript, by the last digit of their texts. */
function rankByDigits(
  rows: Uint32Array,
  ranks: Float64Array,
  textAt: (row: number) => string,
  compare: (a: string, b: string) => number,
): void {
  const sizes = Float64Array.from(rows, (row) => ranks[row] as number).sort();
  if (sizes.every((size, at) => size !== sizes[at + 1])) {
    return;
  }
  rows.sort((a, b) => (ranks[a] === ranks[b] ? 0 : (ranks[a] as number) - (ranks[b] as number)));
  let place = 0;
  for (let from = 0, to = 0; from < rows.length; from = to) {
    while (to < rows.length && sizes[to] === sizes[from]) {
      to++;
    }
    const texts = Array.from(rows.subarray(from, to), textAt);
    const places = new Map<string, number>();
    let last: string | undefined;
    for (const text of [...new Set(texts)].sort(compare)) {
      places.set(text, last === undefined || compare(last, text) === 0 ? place : ++place);
      last = text;
    }
    for (const [at, text] of texts.entries()) {
      ranks[rows[from + at] as number] = places.get(text) as number;
    }
    place++;
  }
}

/** The number of a text among those that are different. */
function numberOf(text: string, numbers: Map<string, number>): number {
  let number = numbers.get(text);
  if (number === undefined) {
    number = numbers.size;
    numbers.set(text, number);
  }
  return number;
}

/** The size of a cell that is a number or a time; NaN for any other. A number of JSON is one in every column. */
export function sizeOf(cell: Cell | undefined, reading: Reading): number {
  const value = firstOf(cell);
  if (value instanceof NumberText) {
    return Number(value.text);
  }
  return typeof value === 'string' ? reading.size(value) : Number.NaN;
}

/** From here on the collator, which knows every script, takes too long for numbers inside of texts. */
const manyTexts = 5000;

/** Texts as people read them: `JOB9` before `JOB10`, capitals beside their small letters. */
function sortTexts(texts: string[]): string[] {
  const [first = ''] = texts;
  // Hexadecimal of one length: what looks like a number in it is none.
  const isCode = texts.every((text) => text.length === first.length && /^[0-9A-F]+$/i.test(text));
  if (texts.length <= manyTexts && !isCode) {
    return texts.sort(new Intl.Collator(undefined, { numeric: true }).compare);
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  if (!texts.every((text) => /^[\u0000-\u007f]*$/.test(text))) {
    return texts.sort(new Intl.Collator().compare);
  }
  const byKey = Map.groupBy(texts, (text) => {
    const key = text.toLowerCase();
    return isCode ? key : key.replace(/\d+/g, sortable);
  });
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

/** A number whose text has the order of numbers: how long it is stands before it. */
function sortable(digits: string): string {
  const own = digits.replace(/^0+/, '');
  return `0${String.fromCharCode(Math.min(own.length, 0xffff))}${own}`;
}
