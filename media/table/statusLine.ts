import type { Sums, TableStateMessage } from '../../src/views/results/messages.ts';
import { debounced, element, short } from './dom.ts';
import * as l10n from './l10n.ts';

/** How long a note is shown, in milliseconds. */
const noteMs = 4000;

/** Units of an age, in seconds: from two of one on it is taken. */
const units = [['day', 86_400] as const, ['hour', 3600] as const, ['minute', 60] as const];

/** Below the table: how much there is, how long it took, how old it is. */
export class StatusLine {
  readonly #parts = element('span', { className: 'parts' });
  readonly #age = element('span', { className: 'age' });
  readonly #sums = element('span', { className: 'sums', role: 'status' });
  readonly #note = element('span', { className: 'note', role: 'status' });
  readonly root = element('footer', { className: 'status' }, this.#parts, this.#age, this.#note, this.#sums);
  readonly #words = new Intl.RelativeTimeFormat(document.documentElement.lang, {
    numeric: 'auto',
    style: 'short',
  });
  #gotAt = 0;
  #drawn = '';
  readonly #endNote = debounced(noteMs, () => {
    this.#note.textContent = '';
  });

  constructor() {
    window.setInterval(() => this.#drawAge(), 5000);
  }

  update({ status, gotAt }: TableStateMessage): void {
    this.#gotAt = gotAt;
    const drawn = JSON.stringify(status);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#parts.replaceChildren(
        ...status.map(({ text, title = '', alert = false }) =>
          element('span', { title, ...(alert && { className: 'alert', role: 'alert' }) }, text),
        ),
      );
    }
    this.#drawAge();
  }

  /** Shows what the numbers of the selection come to. */
  sums(sums: Sums | undefined): void {
    this.#sums.textContent =
      sums === undefined
        ? ''
        : l10n.t(
            'Sum {0} · Mean {1} · Min {2} · Max {3} · Numbers {4}',
            ...[sums.sum, short(Number(sums.mean)), sums.min, sums.max, sums.count],
          );
  }

  note(text: string): void {
    this.#note.textContent = text;
    this.#endNote();
  }

  #drawAge(): void {
    if (document.hidden || this.#gotAt === 0) {
      return;
    }
    // In steps of five seconds: it is drawn no more often.
    const age = Math.max(0, Math.floor((Date.now() - this.#gotAt) / 5000) * 5);
    const [unit, seconds] = units.find(([, one]) => age >= 2 * one) ?? ['second', 1];
    this.#age.textContent = this.#words.format(-Math.floor(age / seconds), unit);
    this.#age.title = new Date(this.#gotAt).toLocaleString();
  }
}
