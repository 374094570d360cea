import { firstOf, textOf } from './cells.ts';
import { allRows } from './filter.ts';
import { sizeOf } from './quantity.ts';
import type { SortBy } from './shown.ts';
import type { Column, ResultTable } from './table.ts';

/**
 * Puts rows in the order of the columns given: numbers by size (also with units), times as times, texts as
 * people read them. Rows that are equal keep the server's order.
 */
export function sortRows(table: ResultTable, rows: Uint32Array, by: readonly SortBy[]): Uint32Array {
  let sorted: Uint32Array = rows;
  // The first column comes last: what it takes for equal stays as the others have put it.
  for (const { field, descending } of by.toReversed()) {
    const column = table.column(field);
    sorted = column === undefined ? sorted : byPlaces(sorted, ...placesOf(column, descending));
  }
  return sorted;
}

/**
 * Rows by their places (a counting sort): quicker than comparing them, and rows of one place keep their order.
 * @param count how many places there are
 * @param parts of how many numbers each place is, and `part` the one of them to sort by
 */
function byPlaces(
  rows: Uint32Array,
  places: Uint32Array | Uint16Array,
  count: number,
  part = 0,
  parts = 1,
): Uint32Array {
  const starts = new Uint32Array(count + 1);
  for (const row of rows) {
    const next = (places[row * parts + part] as number) + 1;
    starts[next] = (starts[next] as number) + 1;
  }
  if (starts[(places[(rows[0] ?? 0) * parts + part] as number) + 1] === rows.length) {
    return rows;
  }
  for (let place = 1; place < count; place++) {
    starts[place] = (starts[place] as number) + (starts[place - 1] as number);
  }
  const sorted = new Uint32Array(rows.length);
  for (const row of rows) {
    const place = places[row * parts + part] as number;
    const at = starts[place] as number;
    sorted[at] = row;
    starts[place] = at + 1;
  }
  return sorted;
}

/**
 * Every row's place in the order of one column, and how many places there are. Values that are sized come first, then texts,
 * and what has no value is last, whichever way the sort goes.
 */
function placesOf(column: Column, descending: boolean): [places: Uint32Array, count: number] {
  const { length, reading } = column;
  const sizes = new Float64Array(length);
  const places = new Uint32Array(length);
  /** The texts that are different, each with its number: a row's place until they are in order. */
  const texts = new Map([['', 0]]);
  let areRounded = false;
  for (let row = 0; row < length; row++) {
    const value = firstOf(column.at(row));
    const text = textOf(value);
    const size = sizeOf(value, reading);
    sizes[row] = size + 0; // -0 is 0.
    if (Number.isNaN(size)) {
      const number = texts.get(text) ?? texts.size;
      places[row] = number;
      if (number === texts.size) {
        texts.set(text, number);
      }
    } else {
      areRounded ||= reading.mayBeRounded(text);
    }
  }
  const textAt = (row: number) => textOf(firstOf(column.at(row)));
  const sized = placeSizes(sizes, places, textAt, areRounded ? reading.compare : undefined);
  const words = sortTexts([...texts.keys()].slice(1));
  const turned = (place: number, max: number) => (descending ? max - place : place);
  const wordPlaces = new Uint32Array(texts.size).fill(sized + words.length);
  for (const [at, word] of words.entries()) {
    wordPlaces[texts.get(word) as number] = sized + turned(at, words.length - 1);
  }
  for (let row = 0; row < length; row++) {
    const place = places[row] as number;
    const isWord = Number.isNaN(sizes[row]);
    places[row] = isWord ? (wordPlaces[place] as number) : turned(place, sized - 1);
  }
  return [places, sized + words.length + 1];
}

/**
 * Gives rows that have a size their places, and answers how many those are.
 * @param compare tells texts of equal sizes apart, to the last digit
 */
function placeSizes(
  sizes: Float64Array,
  places: Uint32Array,
  textAt: (row: number) => string,
  compare: ((a: string, b: string) => number) | undefined,
): number {
  const rows = bySize(sizes);
  let place = -1;
  for (let from = 0, to = 0; from < rows.length; from = to) {
    const size = sizes[rows[from] as number];
    place++;
    for (; to < rows.length && sizes[rows[to] as number] === size; to++) {
      places[rows[to] as number] = place;
    }
    if (compare !== undefined && to - from > 1) {
      const texts = Array.from(rows.subarray(from, to), textAt);
      const found = new Map<string, number>();
      let last: string | undefined;
      for (const text of [...new Set(texts)].sort(compare)) {
        place += last === undefined || compare(last, text) === 0 ? 0 : 1;
        found.set(text, place);
        last = text;
      }
      for (const [at, text] of texts.entries()) {
        places[rows[from + at] as number] = found.get(text) as number;
      }
    }
  }
  return place + 1;
}

/**
 * The rows that have a size, by that: by sixteen of its 64 bits at a time, the least ones first (a radix sort). Read as bits,
 * negative numbers are above the others and in reverse: so all of their bits are turned, and of the others the sign.
 */
function bySize(sizes: Float64Array): Uint32Array {
  const bits = new Uint16Array(sizes.slice().buffer);
  for (let at = 0; at < bits.length; at += 4) {
    const isNegative = (bits[at + 3] as number) >= 0x8000;
    for (let part = isNegative ? 0 : 3; part < 4; part++) {
      bits[at + part] = (bits[at + part] as number) ^ (isNegative ? 0xffff : 0x8000);
    }
  }
  let rows: Uint32Array = allRows(sizes.length).filter((row) => !Number.isNaN(sizes[row]));
  for (let part = 0; part < 4; part++) {
    rows = byPlaces(rows, bits, 0x10000, part, 4);
  }
  return rows;
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
  const byKey = new Map(
    texts.map((text) => {
      const key = text.toLowerCase();
      return [`${isCode ? key : key.replace(/\d+/g, sortable)}\u0000${text}`, text];
    }),
  );
  return [...byKey.keys()].sort().map((key) => byKey.get(key) as string);
}

/** A number whose text has the order of numbers: how long it is stands before it. */
function sortable(digits: string): string {
  const own = digits.startsWith('0') ? digits.replace(/^0+/, '') : digits;
  return `0${String.fromCharCode(Math.min(own.length, 0xffff))}${own}`;
}
