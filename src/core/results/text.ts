/** Whether a text has more than ASCII: only then it may be written in several ways. */
export function isForeign(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
  return /[^\u0000-\u007f]/.test(text);
}

/**
 * A text as it is looked for: without regard to case (also of Turkish, where `i`, `ı`, `I` and `İ` are found by each
 * other, and of `ß` and `ς`), to how its letters are composed, and to line ends, which a filter of one line cannot have.
 */
export function fold(text: string): string {
  const line = text.replace(/[\r\n]+/g, '');
  if (!isForeign(line)) {
    return line.toLowerCase();
  }
  const lower = line.normalize('NFC').toUpperCase().toLowerCase();
  return lower
    .replace(/i\u0307/g, 'i')
    .replaceAll('ς', 'σ')
    .normalize('NFC');
}
