/** A cell as it travels: text, or a list of one-key objects, one for each element (docs/protocols.md 2). */
export type Cell = string | readonly Readonly<Record<string, string>>[];
/** One row; the order of its keys is the order of the columns. */
export type Row = Readonly<Record<string, Cell>>;

/** The inputs of a cell: equal ones give equal cells. */
export interface Subject {
  /** Of the row in its view, from 0. */
  readonly index: number;
  /** The view's; makes the values of two views differ. */
  readonly seed: number;
  /** When the data was collected, epoch milliseconds. */
  readonly at: number;
  /** The system (LPAR) that the row is of. */
  readonly system: string;
}

/** The systems that every service of the sandbox sees. */
export const systems: readonly string[] = ['SYSA', 'SYSB'];

/** A list cell of the given elements. */
export function list(...elements: readonly string[]): Cell {
  return elements.map((element, index) => ({ [String(index)]: element }));
}

/** One of the choices, the same one for the same row and salt. */
export function pick(subject: Subject, salt: number, choices: readonly string[]): string {
  return choices[hash(subject.seed, subject.index, salt) % choices.length] ?? '';
}

/** A whole number from `low` to `high`, fixed for the row. */
export function fixed(subject: Subject, salt: number, low: number, high: number): number {
  return low + (hash(subject.seed, subject.index, salt) % (high - low + 1));
}

/** A value between `low` and `high` that moves smoothly with time: minutes, not milliseconds, change it much. */
export function wave(subject: Subject, salt: number, low: number, high: number): number {
  const h = hash(subject.seed, subject.index, salt);
  const minutes = subject.at / 60_000;
  const slow = Math.sin(minutes / (3 + (h % 7)) + (h % 628) / 100);
  const fast = Math.sin(minutes * (2 + (h % 3)) + (h % 314) / 50);
  return low + (high - low) * (0.5 + 0.35 * slow + 0.15 * fast);
}

/** A counter that only grows, at `perMinute` on average, since a moment fixed for the row. */
export function counter(subject: Subject, salt: number, perMinute: number): number {
  const rate = (perMinute * (50 + (hash(subject.seed, subject.index, salt) % 100))) / 100;
  const ageMinutes = fixed(subject, salt + 1, 60, 30_000);
  const minuteOfWeek = (subject.at / 60_000) % (7 * 24 * 60);
  return Math.floor(rate * (ageMinutes + minuteOfWeek));
}

/** A number as the gateway writes it: a string with six decimals. */
export function decimal(value: number): string {
  return value.toFixed(6);
}

/** A size with its unit, as the gateway writes it: `12Mi`, `4Ki`. */
export function size(kibibytes: number): string {
  return kibibytes >= 1024 ? `${Math.round(kibibytes / 1024)}Mi` : `${Math.round(kibibytes)}Ki`;
}

/** A moment as the gateway writes it: `yyyy/mm/dd hh:mm:ss.ffffff` in the system's local time. */
export function localTime(epochMs: number): string {
  const local = epochMs - new Date(epochMs).getTimezoneOffset() * 60_000;
  return new Date(local).toISOString().replaceAll('-', '/').replace('T', ' ').replace('Z', '000');
}

/** A well-mixed whole number, 0 to 2³²-1, of three. */
export function hash(a: number, b: number, c: number): number {
  let h =
    Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^
    Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^
    Math.imul(c + 1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A number made of a text, by which the values of two views, or of two datasets, differ. */
export function seedOf(text: string): number {
  return [...text].reduce((sum, character) => hash(sum, character.charCodeAt(0), 7), 1);
}
