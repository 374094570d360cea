import type { Cell } from './answer.ts';
import { firstOf, textOf } from './cells.ts';
import { NumberText } from './json.ts';
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
  const steps = by.flatMap(({ field, descending }) => {
    const column = table.column(field);
    return column === undefined ? [] : [{ ...keysOf(column), sign: descending ? -1 : 1 }];
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
function keysOf(column: Column): Keys {
  const { length } = column;
  const { reading } = column;
  const classes = new Uint8Array(length);
  const ranks = new Float64Array(length);
  /** The texts that are different, each with its number; a row's rank is that number until texts are in order. */
  const texts = new Map<string, number>();
  let isFine = false;
  for (let row = 0; row < length; row++) {
    const value = firstOf(column.at(row));
    const text = textOf(value);
    const size = sizeOf(value, reading);
    if (!Number.isNaN(size)) {
      classes[row] = sized;
      ranks[row] = size;
      isFine ||= (value instanceof NumberText ? asNumbers : reading).isFine(text);
    } else if (text === '') {
      classes[row] = blank;
    } else {
      classes[row] = worded;
      ranks[row] = numberOf(text, texts);
    }
  }
  rank(worded, sortTexts([...texts.keys()]), texts);
  if (isFine) {
    rankSizes();
  }
  return { classes, ranks };

  /** Numbers of texts become their places in the order; texts that compare as equal share one. */
  function rank(
    kind: number,
    sorted: readonly string[],
    numbers: ReadonlyMap<string, number>,
    compare: (a: string, b: string) => number = () => 1,
  ): void {
    const places = new Float64Array(sorted.length);
    let place = 0;
    for (const [at, text] of sorted.entries()) {
      if (at > 0 && compare(sorted[at - 1] as string, text) !== 0) {
        place++;
      }
      places[numbers.get(text) as number] = place;
    }
    for (let row = 0; row < length; row++) {
      if (classes[row] === kind) {
        ranks[row] = places[ranks[row] as number] as number;
      }
    }
  }

  /** Sizes that JavaScript takes for equal are compared to their last digit. */
  function rankSizes(): void {
    const numbers = new Map<string, number>();
    const sizes: number[] = [];
    for (let row = 0; row < length; row++) {
      if (classes[row] === sized) {
        const size = ranks[row] as number;
        ranks[row] = numberOf(textOf(firstOf(column.at(row))), numbers);
        sizes[ranks[row] as number] = size;
      }
    }
    const { compare } = reading.kind === 'time' ? reading : asNumbers;
    const bySize = (a: string, b: string) => {
      const [left, right] = [
        sizes[numbers.get(a) as number] as number,
        sizes[numbers.get(b) as number] as number,
      ];
      return left === right ? compare(a, b) : left - right;
    };
    rank(sized, [...numbers.keys()].sort(bySize), numbers, bySize);
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
  const byKey = new Map<string, string[]>();
  for (const text of texts) {
    const key = isCode ? text.toLowerCase() : text.toLowerCase().replace(/\d+/g, sortable);
    const same = byKey.get(key);
    if (same === undefined) {
      byKey.set(key, [text]);
    } else {
      same.push(text);
    }
  }
  return [...byKey.keys()].sort().flatMap((key) => byKey.get(key) ?? []);
}

/** A number whose text has the order of numbers: how long it is stands before it. */
function sortable(digits: string): string {
  const own = digits.replace(/^0+/, '');
  return `0${String.fromCharCode(Math.min(own.length, 0xffff))}${own}`;
}
