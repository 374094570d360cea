import { NumberText } from '../json.ts';
import type { Cell } from '../protocols/answer.ts';
import { firstOf, textOf } from './cells.ts';

/** What the values of a column are, for the order and the side they stand on. */
export type Kind = 'number' | 'time' | 'text';

/** How the values of a column are read and compared. */
export interface Reading {
  readonly kind: Kind;
  /** The size of a text that is a number or a time (in seconds); NaN for one that is neither. */
  size(text: string): number;
  /** Compares two values of the same size, to the last digit; a number of JSON has a size in every column. */
  compare(a: string, b: string): number;
}

/** Exponents as people write them: `01E2` and `12E4` are more likely hexadecimal. */
const number = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)|\d*\.\d+[eE][+-]?\d{1,3}|[1-9]\d*(?:e[+-]?|E[+-])\d{1,3})$/;
const grouped = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;
const withUnit =
  /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(%|[kmgtpe]i?(?:b(?:\/s)?)?|b(?:\/s)?|[nuµm]?s|min|h|d)$/i;
const clock = /^(\d{1,5}):([0-5]\d)(?::([0-5]\d)(\.\d+)?)?$/;
const timeOfDay = String.raw`(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})([.,]\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$`;
const stamp = new RegExp(String.raw`^(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})${timeOfDay}`);
const national = new RegExp(String.raw`^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})${timeOfDay}`);

const powers = ['', 'k', 'm', 'g', 't', 'p', 'e'];
/** Of time, in seconds; told by their exact writing, since `m` alone is mega and `M` is never minutes. */
const seconds = new Map([
  ['ns', 1e-9],
  ['us', 1e-6],
  ['µs', 1e-6],
  ['ms', 1e-3],
  ['s', 1],
  ['min', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** The size of a cell that is a number or a time; NaN for any other. A number of JSON is one in every column. */
export function sizeOf(cell: Cell | undefined, reading: Reading): number {
  const value = firstOf(cell);
  if (value instanceof NumberText) {
    return Number(value.text);
  }
  return typeof value === 'string' ? reading.size(value) : Number.NaN;
}

/** Whether day or month comes first in dates that end with the year. */
type DateOrder = 'dayFirst' | 'monthFirst';

const asNumbers: Reading = { kind: 'number', size: plainNumber, compare: compareDigits };
const asText: Reading = { ...asNumbers, kind: 'text', size: () => Number.NaN };
const asNumbersWithUnits: Reading = { ...asNumbers, size: parseNumber };
const asTimes = timesIn(undefined);

/** How many of the values must be numbers or times: gateways write `N/A` and `****` among them. */
const majority = 0.5;

/**
 * How the values of a column are to be read, judged by what they are. Words without digits may stand among numbers and times;
 * with anything else among them, a column is text. A letter behind a number is a unit where most numbers have one:
 * elsewhere `2B` is hexadecimal. Dates of which nobody knows whether `01/02` is in January are text.
 * @param step of so many rows one is looked at
 */
export function readingOf(
  column: { readonly length: number; at(row: number): Cell | undefined },
  step: number,
): Reading {
  let [seen, plain, withUnit, stamps, dates] = [0, 0, 0, 0, 0];
  let [dayFirst, monthFirst] = [false, false];
  for (let row = 0; row < column.length; row += step) {
    const value = firstOf(column.at(row));
    const text = textOf(value);
    seen += text === '' ? 0 : 1;
    if (value instanceof NumberText || !Number.isNaN(plainNumber(text))) {
      plain++;
    } else if (!Number.isNaN(parseNumber(text))) {
      withUnit++;
    } else if (!Number.isNaN(parseTime(text))) {
      stamps++;
    } else if (/\d/.test(text)) {
      const [, first, second] = national.exec(text) ?? [];
      if (first === undefined) {
        return asText;
      }
      dates++;
      dayFirst ||= Number(first) > 12;
      monthFirst ||= Number(second) > 12;
    }
  }
  const [numbers, times] = [plain + withUnit, stamps + dates];
  if (seen === 0 || (numbers > 0 && times > 0) || Math.max(numbers, times) < seen * majority) {
    return asText;
  }
  if (numbers > 0) {
    return withUnit === 0 ? asNumbers : withUnit * 2 >= numbers ? asNumbersWithUnits : asText;
  }
  if (dates === 0) {
    return asTimes;
  }
  return dayFirst === monthFirst ? asText : timesIn(dayFirst ? 'dayFirst' : 'monthFirst');
}

function timesIn(order: DateOrder | undefined): Reading {
  return {
    kind: 'time',
    size: (text) => parseTime(text, order),
    compare: (a, b) => {
      const [one, other] = [momentOf(a, order), momentOf(b, order)];
      return one && other
        ? one.seconds - other.seconds || compareTexts(one.fraction, other.fraction)
        : compareDigits(a, b);
    },
  };
}

/** The size of a value that is a number without a unit (`1,024` is one); NaN for anything else. */
function plainNumber(text: string): number {
  // Most texts begin with a letter: they are told apart before any expression is tried.
  if (!(text.charCodeAt(0) <= 0x39)) {
    return Number.NaN;
  }
  const trimmed = text.trim();
  if (number.test(trimmed)) {
    return Number(trimmed);
  }
  return grouped.test(trimmed) ? Number(trimmed.replaceAll(',', '')) : Number.NaN;
}

/**
 * The size of a value that is a number, with its unit if it has one (`4Ki`, `12Mi`, `7%`, `1,024`); NaN for
 * anything else.
 */
export function parseNumber(text: string): number {
  const plain = plainNumber(text);
  const match = Number.isNaN(plain) && text.charCodeAt(0) <= 0x39 ? withUnit.exec(text.trim()) : null;
  if (match === null) {
    return plain;
  }
  const [, digits = '', unit = ''] = match;
  if (/^0\d/.test(digits) && /^[bde]$/i.test(unit)) {
    return Number.NaN; // Hexadecimal.
  }
  const size = Number(digits);
  const time = seconds.get(unit);
  if (time !== undefined) {
    return size * time;
  }
  const lower = unit.toLowerCase();
  const power = lower === '%' || lower.startsWith('b') ? 0 : powers.indexOf(lower.charAt(0));
  if (power < 0) {
    return Number.NaN;
  }
  return size * (lower.charAt(1) === 'i' ? 1024 : 1000) ** power;
}

/**
 * A moment (`2026/11/21 10:15:00.000000`, ISO 8601; `21.11.2026` where the order is known) as epoch seconds, or a time
 * of day or duration (`1:02:03`) as seconds; NaN for anything else. Moments without a zone are all of the same
 * system: UTC is as good as any.
 */
export function parseTime(text: string, order?: DateOrder): number {
  const moment = momentOf(text, order);
  return moment === undefined ? Number.NaN : moment.seconds + Number(`0.${moment.fraction}`);
}

/** In seconds. */
const fourCenturies = 146_097 * 86_400;

interface Moment {
  readonly seconds: number;
  /** Digits of a second. */
  readonly fraction: string;
}

function momentOf(text: string, order: DateOrder | undefined): Moment | undefined {
  const first = text.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) {
    return undefined;
  }
  const parts = stamp.exec(text) ?? (order === undefined ? null : national.exec(text));
  if (parts !== null) {
    const [, one, two, three, hour = 0, minute = 0, second = 0, fraction = '', zone = ''] = parts;
    const [year, month, day] =
      one?.length === 4 ? [one, two, three] : order === 'dayFirst' ? [three, two, one] : [three, one, two];
    if (Number(month) > 12 || Number(day) > 31) {
      return undefined;
    }
    // Four centuries later, where the calendar is the same: "1" would be 1901 to `Date`.
    const whole = Date.UTC(
      Number(year) + 400,
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    return { seconds: whole / 1000 - fourCenturies - zoneSeconds(zone), fraction: digitsOf(fraction) };
  }
  const match = clock.exec(text);
  if (match === null) {
    return undefined;
  }
  const [, high, low, rest, fraction = ''] = match;
  // Two parts are minutes and seconds to some and hours and minutes to others; their order is the same.
  return rest === undefined
    ? { seconds: Number(high) * 60 + Number(low), fraction: '0' }
    : { seconds: Number(high) * 3600 + Number(low) * 60 + Number(rest), fraction: digitsOf(fraction) };
}

/** Without the point, and without zeros that say nothing. */
function digitsOf(fraction: string): string {
  return withoutZeros(fraction.slice(1)) || '0';
}

function zoneSeconds(zone: string): number {
  if (zone === '' || zone === 'Z') {
    return 0;
  }
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The size of a value that may be any number: of JSON, or as people write them. */
export function sizeOfNumber(text: string): number {
  return decimal.test(text) && /\d/.test(text) ? Number(text) : parseNumber(text);
}

/** A decimal number as `sign × 0.digits × 10 ^ exponent`. */
interface Decimal {
  readonly sign: number;
  readonly digits: string;
  readonly exponent: number;
}

const decimal = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;

/** Undefined for what has a unit. */
function decimalOf(text: string): Decimal | undefined {
  const match = decimal.exec(text.trim().replaceAll(',', ''));
  if (match === null) {
    return undefined;
  }
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  const all = whole + fraction;
  const first = all.search(/[1-9]/);
  return first < 0
    ? { sign: 0, digits: '', exponent: 0 }
    : {
        sign: sign === '-' ? -1 : 1,
        digits: withoutZeros(all.slice(first)),
        exponent: whole.length - first + Number(power),
      };
}

/** Without zeros at the end. */
function withoutZeros(digits: string): string {
  let end = digits.length;
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) {
    end--;
  }
  return digits.slice(0, end);
}

/** Compares the digits of numbers of the same size; those with a unit are equal. */
function compareDigits(one: string, other: string): number {
  const [a, b] = [decimalOf(one), decimalOf(other)];
  if (a === undefined || b === undefined) {
    return 0;
  }
  return a.sign - b.sign || a.sign * (Math.sign(a.exponent - b.exponent) || compareTexts(a.digits, b.digits));
}

/** Whether JavaScript's own number of a number of JSON has the same value. */
export function isExact(text: string): boolean {
  const own = Number(text);
  return Number.isFinite(own) && compareDigits(text, String(own)) === 0;
}
