import { debounced, element } from './dom.ts';
import * as l10n from './l10n.ts';

/** The filter is applied so many milliseconds after the last key. */
const pauseMs = 150;

/** The box above the table, with how many rows it leaves. */
export class FilterBox {
  readonly #input = element('input', {
    ariaLabel: l10n.t('Filter rows'),
    title: l10n.t(
      'All words must be found. Ask one column with column:part, column=whole, column>10, column<=4Mi; put spaces in quotes; a minus sign before a condition turns it around.',
    ),
    placeholder: l10n.t('Filter (text, column:value, column>10)'),
    spellcheck: false,
    autocomplete: 'off',
    maxLength: 2000,
  });
  readonly #count = element('span', { className: 'count', role: 'status' });
  readonly parts = [this.#input, this.#count];
  /** What the rows are filtered by: what is typed becomes that a little later. */
  #filter = '';

  /** @param leave gives the focus back to the table */
  constructor(apply: (filter: string) => void, leave: () => void) {
    const now = () => {
      if (this.#filter !== this.#input.value) {
        this.#filter = this.#input.value;
        apply(this.#filter);
      }
    };
    this.#input.addEventListener('input', debounced(pauseMs, now));
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#input.value = '';
      }
      if (['Enter', 'ArrowDown', 'Escape'].includes(event.key)) {
        now();
        leave();
        event.preventDefault();
      }
    });
  }

  /** @param count how many rows are left; empty where nothing is filtered */
  update(filter: string, count: string): void {
    if (this.#filter !== filter) {
      this.#filter = this.#input.value = filter;
    }
    this.#count.textContent = count;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }
}
