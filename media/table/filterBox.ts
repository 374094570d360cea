import { element } from './dom.ts';

/** The filter is applied so many milliseconds after the last key. */
const pauseMs = 150;

/** The box above the table, with how many rows it leaves. */
export class FilterBox {
  readonly root = element('div', { class: 'filter' });
  readonly #input = element('input');
  readonly #count = element('span', { class: 'count' });
  readonly #apply: (filter: string) => void;
  #timer = 0;
  #applied = '';

  constructor(apply: (filter: string) => void, leave: () => void) {
    this.#apply = apply;
    this.#input.type = 'text';
    this.#input.spellcheck = false;
    this.#input.autocomplete = 'off';
    this.#input.maxLength = 2000;
    this.#count.setAttribute('role', 'status');
    this.root.append(this.#input, this.#count);
    this.#input.addEventListener('input', () => {
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#now(), pauseMs);
    });
    this.#input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' || event.key === 'ArrowDown') {
        this.#now();
        leave();
        event.preventDefault();
      } else if (event.key === 'Escape') {
        if (this.#input.value !== '') {
          this.#input.value = '';
          this.#now();
        }
        leave();
        event.preventDefault();
      }
    });
  }

  name(placeholder: string, label: string, title: string): void {
    this.#input.placeholder = placeholder;
    this.#input.setAttribute('aria-label', label);
    this.#input.title = title;
  }

  /** What the data are filtered by, unless a person is typing. */
  update(filter: string, count: string): void {
    if (document.activeElement !== this.#input && this.#input.value !== filter) {
      this.#input.value = filter;
      this.#applied = filter;
    }
    if (this.#count.textContent !== count) {
      this.#count.textContent = count;
    }
    this.root.classList.toggle('on', filter !== '');
  }

  set(filter: string): void {
    this.#input.value = filter;
    this.#now();
  }

  get value(): string {
    return this.#input.value;
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #now(): void {
    window.clearTimeout(this.#timer);
    if (this.#input.value !== this.#applied) {
      this.#applied = this.#input.value;
      this.#apply(this.#applied);
    }
  }
}
