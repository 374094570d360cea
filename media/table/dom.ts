import type { Measure } from './columns.ts';

/** Makes an element; texts in it are texts, never HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Partial<HTMLElementTagNameMap[K]> = {},
  ...children: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Sets an attribute only when it changes, and takes it away for null: writing to the DOM is what costs. */
export function attribute(target: Element, name: string, value: string | null): void {
  if (value === null) {
    target.removeAttribute(name);
  } else if (target.getAttribute(name) !== value) {
    target.setAttribute(name, value);
  }
}

/** Makes something run so many milliseconds after it was asked for the last time. */
export function debounced(ms: number, run: () => void): () => void {
  let timer = 0;
  return () => {
    window.clearTimeout(timer);
    timer = window.setTimeout(run, ms);
  };
}

const invisible =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/g;

/** Text with signs for what cannot be seen, so that nothing hides in a cell and no line breaks in it. */
export function visible(text: string): string {
  return text.replace(invisible, (character) => {
    const code = character.charCodeAt(0);
    if (code < 0x20) {
      return String.fromCharCode(0x2400 + code);
    }
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** A number in few digits. */
export function short(value: number): string {
  return value.toLocaleString(document.documentElement.lang, { maximumSignificantDigits: 6 });
}

const context = document.createElement('canvas').getContext('2d') as CanvasRenderingContext2D;

/** The width of a text in pixels. */
export function widthOf(text: string, font: string): number {
  context.font = font;
  return context.measureText(text).width;
}

/** Measures text as the style sheet draws it. */
export function measurer(): Measure {
  const style = getComputedStyle(document.body);
  const cells = `${style.getPropertyValue('--cell-size')} ${style.getPropertyValue('--cell-font')}`;
  const header = `600 ${style.fontSize} ${style.fontFamily}`;
  return (text, isHeader) => widthOf(text, isHeader ? header : cells);
}
