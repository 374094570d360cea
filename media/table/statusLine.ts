import type { TableStateMessage } from '../../src/views/results/messages.ts';
import { element } from './dom.ts';

/** How long a note is shown, in milliseconds. */
const noteMs = 4000;

/** Below the table: how much there is, how long it took, how old it is. */
export class StatusLine {
  readonly root = element('footer', { class: 'status' });
  readonly #parts = element('span', { class: 'parts' });
  readonly #age = element('span', { class: 'age' });
  readonly #note = element('span', { class: 'note', role: 'status' });
  #gotAt = 0;
  #strings: Readonly<Record<string, string>> = {};
  #drawn = '';
  #noted = 0;

  constructor() {
    this.root.append(this.#parts, this.#age, this.#note);
    window.setInterval(() => this.#drawAge(), 5000);
  }

  update(state: TableStateMessage, strings: Readonly<Record<string, string>>): void {
    this.#strings = strings;
    this.#gotAt = state.gotAt;
    const drawn = JSON.stringify(state.status);
    if (drawn !== this.#drawn) {
      this.#drawn = drawn;
      this.#parts.replaceChildren(
        ...state.status.map(({ text, title, alert }) =>
          element('span', {
            class: alert ? 'part alert' : 'part',
            text,
            ...(title === '' ? {} : { title }),
            ...(alert ? { role: 'alert' } : {}),
          }),
        ),
      );
    }
    this.#drawAge();
  }

  note(text: string): void {
    window.clearTimeout(this.#noted);
    this.#note.textContent = text;
    this.#noted = window.setTimeout(() => {
      this.#note.textContent = '';
    }, noteMs);
  }

  #drawAge(): void {
    if (document.hidden || this.#gotAt === 0) {
      return;
    }
    const seconds = Math.max(0, Math.round((Date.now() - this.#gotAt) / 1000));
    const [key, value] =
      seconds < 10
        ? ['now', 0]
        : seconds < 120
          ? ['secondsAgo', seconds - (seconds % 5)]
          : seconds < 7200
            ? ['minutesAgo', Math.floor(seconds / 60)]
            : seconds < 172_800
              ? ['hoursAgo', Math.floor(seconds / 3600)]
              : ['daysAgo', Math.floor(seconds / 86_400)];
    const text = (this.#strings[key as string] ?? '').replace('{0}', String(value));
    if (this.#age.textContent !== text) {
      this.#age.textContent = text;
      this.#age.title = new Date(this.#gotAt).toLocaleString();
    }
  }
}
