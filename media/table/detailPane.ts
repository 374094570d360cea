import type { SeenCell } from '../../src/views/results/messages.ts';
import { CloseButton } from './closeButton.ts';
import { element, visible } from './dom.ts';

interface DetailFields {
  readonly index: number;
  readonly fields: readonly { readonly field: string; readonly label: string; readonly value: SeenCell }[];
}

/** One row, field by field, beside the table. */
export class DetailPane {
  readonly root = element('aside', { class: 'detail' });
  readonly #title = element('h2');
  readonly #list = element('dl');
  readonly #close: CloseButton;
  readonly #strings: () => Readonly<Record<string, string>>;
  #wanted = false;

  constructor(strings: () => Readonly<Record<string, string>>, closed: () => void) {
    this.#strings = strings;
    this.root.hidden = true;
    this.root.tabIndex = -1;
    this.#list.tabIndex = 0;
    const head = element('header');
    this.#close = new CloseButton(this.root, () => {
      this.#wanted = false;
      this.root.hidden = true;
      closed();
    });
    head.append(this.#title, this.#close.root);
    this.root.append(head, this.#list);
  }

  /** Whether somebody wants to see it: it is open, or will be when its fields have come. */
  get wanted(): boolean {
    return this.#wanted;
  }

  /** Answers whether it was not wanted before. */
  want(): boolean {
    const before = this.#wanted;
    this.#wanted = true;
    return !before;
  }

  /** Shows the fields that were asked for; answers whether it has opened by that. */
  show({ index, fields }: DetailFields): boolean {
    if (!this.#wanted) {
      return false; // Closed again meanwhile.
    }
    const opened = this.root.hidden !== false;
    const strings = this.#strings();
    const title = (strings.detailTitle ?? '').replace('{0}', String(index + 1));
    this.#title.textContent = title;
    this.root.setAttribute('aria-label', title);
    this.#list.setAttribute('aria-label', title);
    this.#close.name(strings.close ?? '');
    const parts: HTMLElement[] = [];
    for (const { field, label, value } of fields) {
      const term = element('dt', { text: visible(label) });
      if (label !== field) {
        term.append(element('code', { text: visible(field) }));
      }
      parts.push(term, this.#value(value));
    }
    this.#list.replaceChildren(...parts);
    this.root.hidden = false;
    return opened;
  }

  #value(value: SeenCell): HTMLElement {
    const place = element('dd');
    const strings = this.#strings();
    if (typeof value === 'string') {
      place.textContent = lines(value);
    } else if ('none' in value) {
      place.append(
        element('span', { class: 'null', text: value.none === 'null' ? 'null' : (strings.missing ?? '') }),
      );
    } else if ('cut' in value) {
      place.textContent = lines(value.cut);
      place.append(
        element('span', {
          class: 'null',
          text: ` … ${(strings.cut ?? '').replace('{0}', value.length.toLocaleString())}`,
        }),
      );
    } else {
      const list = element('ol');
      list.append(...value.map((text) => element('li', { text: lines(text) })));
      place.append(list);
    }
    return place;
  }
}

/** Here a value's own lines are kept. */
function lines(text: string): string {
  return text.split(/\r?\n/).map(visible).join('\n');
}
