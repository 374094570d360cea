import { debounced, element } from './dom.ts';
import { say } from './words.ts';

/** The filter is applied so many milliseconds after the last key. */
const pauseMs = 150;

/** The box above the table, with how many rows it leaves. */
export class FilterBox {
  readonly #input = element('input', {
    type: 'text',
    ariaLabel: say('filter'),
    title: say('filterHelp'),
    placeholder: say('filterHint'),
    spellcheck: false,
    autocomplete: 'off',
    maxLength: 2000,
  });
  readonly #count = element('span', { className: 'count', role: 'status' });
  readonly root = element('div', { className: 'filter' }, this.#input, this.#count);
  readonly #apply: (filter: string) => void;

  /**
   * @param apply hears of what the rows are to be filtered by, also where that is no other than before
   * @param leave gives the focus back to the table
   */
  constructor(apply: (filter: string) => void, leave: () => void) {
    this.#apply = apply;
    this.#input.addEventListener(
      'input',
      debounced(pauseMs, () => this.#now()),
    );
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') {
        this.#input.value = '';
      }
      if (['Enter', 'ArrowDown', 'Escape'].includes(event.key)) {
        this.#now();
        leave();
        event.preventDefault();
      }
    });
  }

  get value(): string {
    return this.#input.value;
  }

  /** Shows what the rows are filtered by already. */
  set value(filter: string) {
    this.#input.value = filter;
  }

  /** Filters by something else. */
  set(filter: string): void {
    this.value = filter;
    this.#now();
  }

  /** @param count how many rows are left; empty where nothing is filtered */
  update(count: string): void {
    if (this.#count.textContent !== count) {
      this.#count.textContent = count;
    }
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #now(): void {
    this.#apply(this.#input.value);
  }
}
