import type { SeenCell } from '../../src/views/results/messages.ts';
import { drawing, element, visible } from './dom.ts';

export interface DetailFields {
  readonly index: number;
  readonly fields: readonly { readonly field: string; readonly label: string; readonly value: SeenCell }[];
}

/** One row, field by field, beside the table. */
export class DetailPane {
  readonly root = element('aside', { class: 'detail' });
  readonly #title = element('h2');
  readonly #list = element('dl');
  readonly #close = element('button', { class: 'icon' });
  readonly #strings: () => Readonly<Record<string, string>>;

  constructor(strings: () => Readonly<Record<string, string>>, closed: () => void) {
    this.#strings = strings;
    this.root.hidden = true;
    this.root.tabIndex = -1;
    this.#close.append(drawing('close'));
    this.#list.tabIndex = 0;
    const head = element('header');
    head.append(this.#title, this.#close);
    this.root.append(head, this.#list);
    const close = () => {
      this.root.hidden = true;
      closed();
    };
    this.#close.addEventListener('click', close);
    this.root.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        close();
        event.preventDefault();
        event.stopPropagation();
      }
    });
  }

  get open(): boolean {
    return !this.root.hidden;
  }

  show({ index, fields }: DetailFields): void {
    const strings = this.#strings();
    const title = (strings.detailTitle ?? '').replace('{0}', String(index + 1));
    this.#title.textContent = title;
    this.root.setAttribute('aria-label', title);
    this.#list.setAttribute('aria-label', title);
    this.#close.title = strings.close ?? '';
    this.#close.setAttribute('aria-label', strings.close ?? '');
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
