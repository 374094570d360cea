import type { Parsed } from './connection.ts';
import type { Message } from './errors.ts';

/** An entry of a list in the settings that cannot be used. */
interface EntryProblem {
  /** Its name, or its place in the list. */
  readonly entry: string;
  readonly reason: Message;
}

/** Reads a list of named entries of the settings; of two with the same name the first counts. */
export function readEntries<T extends { readonly name: string }>(
  entries: readonly unknown[],
  parse: (entry: unknown) => Parsed<T, Message>,
): { readonly values: readonly T[]; readonly problems: readonly EntryProblem[] } {
  const values: T[] = [];
  const problems: EntryProblem[] = [];
  for (const [index, entry] of entries.entries()) {
    const parsed = parse(entry);
    const called = entryName(entry) ?? `#${index + 1}`;
    if (!parsed.ok) {
      problems.push({ entry: called, reason: parsed.reason });
    } else if (values.some(({ name }) => name === parsed.value.name)) {
      problems.push({
        entry: called,
        reason: { template: '"name" is taken by an entry before it' },
      });
    } else {
      values.push(parsed.value);
    }
  }
  return { values, problems };
}

/** The name in an entry, whatever else is wrong with it. */
export function entryName(entry: unknown): string | undefined {
  const name = (entry as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' && name.trim() !== '' ? name.trim() : undefined;
}

/** A name that nobody has yet, made from another: a number is put after it where that is needed. */
export function freeName(wanted: string, taken: readonly string[], between = ' '): string {
  let name = wanted;
  for (let number = 2; taken.includes(name); number++) {
    name = `${wanted}${between}${number}`;
  }
  return name;
}
