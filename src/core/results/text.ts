/** Finds that there is more to folding a text than its case: it has letters beyond ASCII, or several lines. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII but the ends of lines is meant.
export const foreign = /[^\u0000-\u0009\u000b\u000c\u000e-\u007f]/;

/**
 * A text as it is looked for: without regard to case (also of Turkish, where `i`, `ı`, `I` and `İ` are found by each
 * other, and of `ß` and `ς`), to how its letters are composed, and to line ends, which a filter of one line cannot have.
 */
export function fold(text: string): string {
  if (!foreign.test(text)) {
    return text.toLowerCase();
  }
  const line = text.replace(/[\r\n]+/g, '');
  const lower = line.normalize('NFC').toUpperCase().toLowerCase();
  return lower
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFC');
}
