import { NumberText } from '../json.ts';
import { firstOf, textOf } from './cells.ts';
import { sizeOf } from './quantity.ts';
import type { SortBy } from './shown.ts';
import type { Column, ResultTable } from './table.ts';

/**
 * Puts rows in the order of the columns given: numbers by size (also with units), times as times, texts as
 * people read them. Rows that are equal keep the server's order.
 */
export function sortRows(table: ResultTable, rows: Uint32Array, by: readonly SortBy[]): Uint32Array {
  const orders = by.flatMap(({ field, descending }) => {
    const column = table.column(field);
    return column === undefined ? [] : [placesOf(column, descending)];
  });
  return rows.toSorted((a, b) => {
    for (const places of orders) {
      const difference = (places[a] as number) - (places[b] as number);
      if (difference !== 0) {
        return difference;
      }
    }
    return 0;
  });
}

interface Value {
  readonly text: string;
  /** NaN for a word. */
  readonly size: number;
  place: number;
}

/**
 * Every row's place in the order of one column. Values that are sized come first, then texts, and what has no value is last,
 * whichever way the sort goes.
 */
function placesOf(column: Column, descending: boolean): Uint32Array {
  const { length, reading } = column;
  // The values that are different. Among words a number of JSON is one still, where the same as a text is a word.
  const numbers = new Map<string, Value>();
  const texts = new Map<string, Value>();
  const values = Array.from({ length }, (_, row) => {
    const cell = firstOf(column.at(row));
    const text = textOf(cell);
    const known = cell instanceof NumberText ? numbers : texts;
    const value = known.get(text) ?? { text, size: sizeOf(cell, reading), place: length };
    known.set(text, value);
    return value;
  });
  const compare = (a: Value, b: Value) =>
    a.size === b.size ? reading.compare(a.text, b.text) : a.size - b.size;
  const sized = [...numbers.values(), ...texts.values()].filter(({ size }) => !Number.isNaN(size));
  sized.sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
  for (const [at, value] of sized.entries()) {
    const before = sized[at - 1];
    value.place = before !== undefined && compare(before, value) === 0 ? before.place : at;
  }
  const words = sortTexts(
    [...texts.values()].flatMap(({ text, size }) => (Number.isNaN(size) && text !== '' ? text : [])),
  );
  for (const [at, word] of (descending ? words.reverse() : words).entries()) {
    (texts.get(word) as Value).place = sized.length + at;
  }
  return Uint32Array.from(values, ({ place }) => place);
}

/** Texts as people read them: `JOB9` before `JOB10`, capitals beside their small letters. */
function sortTexts(texts: string[]): string[] {
  const [first = ''] = texts;
  // Hexadecimal of one length: what looks like a number in it is none.
  const isCode = texts.every((text) => text.length === first.length && /^[0-9A-F]+$/i.test(text));
  return texts.sort(new Intl.Collator(undefined, { numeric: !isCode }).compare);
}
