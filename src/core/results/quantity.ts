/** What the values of a column are, for the order and the side they stand on. */
export type Kind = 'number' | 'time' | 'text';

const number = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?$/i;
const grouped = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?$/;
const withUnit =
  /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*(%|[kmgtpe]i?(?:b(?:\/s)?)?|b(?:\/s)?|[nuµm]?s|min|h|d)$/i;
const clock = /^(\d{1,5}):([0-5]\d)(?::([0-5]\d(?:\.\d+)?))?$/;
const stamp =
  /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?)?\s*(Z|[+-]\d{2}:?\d{2})?$/;

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

/**
 * The size of a value that is a number, with its unit if it has one (`4Ki`, `12Mi`, `7%`, `1,024`); NaN for
 * anything else.
 */
export function parseNumber(text: string): number {
  const first = text.charCodeAt(0);
  // Most texts begin with a letter: they are told apart before any expression is tried.
  if (first > 0x39 || Number.isNaN(first)) {
    return Number.NaN;
  }
  const trimmed = text.trim();
  if (number.test(trimmed)) {
    return Number(trimmed);
  }
  if (grouped.test(trimmed)) {
    return Number(trimmed.replaceAll(',', ''));
  }
  const match = withUnit.exec(trimmed);
  if (match === null) {
    return Number.NaN;
  }
  const [, digits = '', unit = ''] = match;
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
 * A moment (`2026/11/21 10:15:00.000000`, ISO 8601) as epoch seconds, or a time of day or duration (`1:02:03`)
 * as seconds; NaN for anything else. Moments without a zone are all of the same system: UTC is as good as any.
 */
export function parseTime(text: string): number {
  const first = text.charCodeAt(0);
  if (!(first >= 0x30 && first <= 0x39)) {
    return Number.NaN;
  }
  const moment = stamp.exec(text);
  if (moment !== null) {
    const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', zone = ''] = moment;
    const whole = Date.UTC(
      Number(year),
      Number(month) - 1,
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    return whole / 1000 + (fraction === '' ? 0 : Number(`0${fraction}`)) - zoneSeconds(zone);
  }
  const match = clock.exec(text);
  if (match === null) {
    return Number.NaN;
  }
  const [, high, low, rest] = match;
  // Two parts are minutes and seconds to some and hours and minutes to others; their order is the same.
  return rest === undefined
    ? Number(high) * 60 + Number(low)
    : Number(high) * 3600 + Number(low) * 60 + Number(rest);
}

function zoneSeconds(zone: string): number {
  if (zone === '' || zone === 'Z') {
    return 0;
  }
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}
