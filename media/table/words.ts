import type { tableStrings } from '../../src/views/results/strings.ts';

/** In the person's language; the extension puts it into the page. */
const strings = JSON.parse(document.getElementById('root')?.dataset.strings ?? '{}') as ReturnType<
  typeof tableStrings
>;

/** What the table says, with the arguments in the places of `{0}` and `{1}`. */
export function say(name: keyof typeof strings, ...args: readonly (string | number)[]): string {
  return strings[name].replace(/\{(\d)\}/g, (_, at) => (args[Number(at)] ?? '').toLocaleString());
}
