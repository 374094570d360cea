import type { Measure } from './columns.ts';

/** Makes an element; its content is text, never HTML. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: { class?: string; text?: string; title?: string; role?: string; label?: string } = {},
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (options.class !== undefined) {
    made.className = options.class;
  }
  if (options.text !== undefined) {
    made.textContent = options.text;
  }
  if (options.title !== undefined) {
    made.title = options.title;
  }
  if (options.role !== undefined) {
    made.setAttribute('role', options.role);
  }
  if (options.label !== undefined) {
    made.setAttribute('aria-label', options.label);
  }
  return made;
}

/** Sets an attribute only when it changes, and takes it away for null: writing to the DOM is what costs. */
export function attribute(target: Element, name: string, value: string | null): void {
  if (value === null) {
    if (target.hasAttribute(name)) {
      target.removeAttribute(name);
    }
  } else if (target.getAttribute(name) !== value) {
    target.setAttribute(name, value);
  }
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

const svg = 'http://www.w3.org/2000/svg';

/** Small drawings in the colour of their text. */
const drawings = {
  up: 'M8 4 L12.5 9.5 H3.5 Z',
  down: 'M8 12 L3.5 6.5 H12.5 Z',
  close: 'M4 4 L12 12 M12 4 L4 12',
  pin: 'M5.5 2.5 H10.5 M6.5 2.5 V7 L4.5 9.5 H11.5 L9.5 7 V2.5 M8 9.5 V14',
} as const;

export function drawing(name: keyof typeof drawings): SVGSVGElement {
  const picture = document.createElementNS(svg, 'svg');
  picture.setAttribute('viewBox', '0 0 16 16');
  picture.setAttribute('aria-hidden', 'true');
  picture.setAttribute('class', `drawing ${name}`);
  const path = document.createElementNS(svg, 'path');
  path.setAttribute('d', drawings[name]);
  picture.append(path);
  return picture;
}

/** Measures text as the grid draws it. */
export function measurer(): Measure {
  const context = document.createElement('canvas').getContext('2d');
  const style = getComputedStyle(document.body);
  const value = (name: string, otherwise: string) => style.getPropertyValue(name) || otherwise;
  const cells = `${value('--vscode-editor-font-size', '13px')} ${value('--vscode-editor-font-family', 'monospace')}`;
  const header = `600 ${value('--vscode-font-size', '13px')} ${value('--vscode-font-family', 'sans-serif')}`;
  return (text, isHeader) => {
    if (context === null) {
      return text.length * 8;
    }
    context.font = isHeader ? header : cells;
    return context.measureText(text).width;
  };
}
