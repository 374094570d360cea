import type { Locator, Page } from 'playwright-core';
import { until, waitMs } from './until.ts';

interface QuickInputState {
  readonly title: string;
  readonly placeholder: string;
  /** The line below the input: a prompt, or what is wrong with the value. */
  readonly message: string;
  readonly value: string;
  /** Whether what is typed is hidden. */
  readonly masked: boolean;
  readonly items: readonly {
    readonly label: string;
    readonly description: string;
    readonly detail: string;
  }[];
}

/** As much of the page's DOM as is read there; the types of the whole would leak into code for Node. */
interface TextTree {
  querySelector(selector: string): { readonly textContent: string | null } | null;
}

/** The box at the top: palette, quick picks, input boxes. */
export class QuickInput {
  readonly #page: Page;
  readonly #widget: Locator;

  constructor(page: Page) {
    this.#page = page;
    this.#widget = page.locator('.quick-input-widget');
  }

  get #input(): Locator {
    return this.#widget.locator('.quick-input-box input');
  }

  get #rows(): Locator {
    return this.#widget.locator('.quick-input-list .monaco-list-row');
  }

  /** What it shows now; undefined when it is not open. */
  async read(): Promise<QuickInputState | undefined> {
    if (!(await this.#widget.isVisible())) {
      return undefined;
    }
    return this.#widget.evaluate((widget) => {
      const text = (within: TextTree, selector: string): string =>
        within.querySelector(selector)?.textContent?.trim() ?? '';
      const input = widget.querySelector('.quick-input-box input');
      return {
        title: text(widget, '.quick-input-title'),
        placeholder: input?.placeholder ?? '',
        message: text(widget, '.quick-input-message'),
        value: input?.value ?? '',
        masked: input?.type === 'password',
        items: [...widget.querySelectorAll('.quick-input-list .monaco-list-row')].map((row) => ({
          label: text(row, '.label-name'),
          description: text(row, '.label-description'),
          detail: text(row, '.quick-input-list-label-meta'),
        })),
      };
    });
  }

  /**
   * Waits until its title, placeholder or message matches. One step of a dialogue follows another in the same
   * box: without this the words of the last step would be taken for those of the next.
   */
  async waitFor(words: RegExp, timeoutMs = waitMs): Promise<QuickInputState> {
    let state: QuickInputState | undefined;
    const matching = async (): Promise<QuickInputState | undefined> => {
      state = await this.read();
      const says = state ? [state.title, state.placeholder, state.message] : [];
      return says.some((text) => words.test(text)) ? state : undefined;
    };
    return until(`the quick input to ask ${words}`, matching, timeoutMs, () =>
      state ? `it shows ${JSON.stringify(state)}` : 'it is not open',
    );
  }

  /** Waits for the question, and for the items to choose from: those come a little later than its words. */
  async offered(words: RegExp): Promise<QuickInputState['items']> {
    await this.waitFor(words);
    return until(`items to ${words}`, async () => {
      const items = (await this.read())?.items ?? [];
      return items.length > 0 && items;
    });
  }

  /** Replaces what is in the box. */
  async type(text: string, timeoutMs = waitMs): Promise<void> {
    await this.#input.fill(text, { timeout: timeoutMs });
  }

  /** @throws where the box does not hear it: one that loses the focus closes, and the key is another's. */
  async accept(): Promise<void> {
    const hasFocus = await this.#input.evaluate((input) => {
      input.focus();
      input.removeAttribute('data-heard');
      input.addEventListener('keydown', () => input.setAttribute('data-heard', ''), {
        once: true,
        capture: true,
      });
      return input.matches(':focus');
    });
    if (hasFocus) {
      await this.#page.keyboard.press('Enter');
    }
    if (!hasFocus || (await this.#input.getAttribute('data-heard')) === null) {
      throw new Error('The quick input lost the focus before Enter was pressed.');
    }
  }

  async cancel(): Promise<void> {
    await this.#input.press('Escape');
  }

  /** Goes back to the question before. */
  async back(): Promise<void> {
    await this.#widget.getByRole('button', { name: 'Back' }).click();
  }

  async waitUntilClosed(): Promise<void> {
    await this.#widget.waitFor({ state: 'hidden' });
  }

  /** Waits for the question, types the answer, Enter. */
  async answer(words: RegExp, text: string): Promise<QuickInputState> {
    const state = await this.waitFor(words);
    await this.type(text);
    await this.accept();
    return state;
  }

  /** Waits for the question, goes to the item with this label, Enter. */
  async pick(words: RegExp, label: string): Promise<void> {
    await this.waitFor(words);
    await this.focus(label);
    await this.accept();
  }

  /** Moves to the item with this label by the arrow keys, as a person would. */
  async focus(label: string, timeoutMs = waitMs): Promise<true> {
    let labels: string[] = [];
    const reached = async (): Promise<true | undefined> => {
      labels = await this.#rows.locator('.label-name').allInnerTexts();
      if (!labels.includes(label)) {
        return undefined;
      }
      const focused = await this.#widget.locator('.monaco-list-row.focused .label-name').allInnerTexts();
      if (focused[0] === label) {
        return true;
      }
      // Pressed in the box: what was focused before it may have taken the focus back in the meantime.
      await this.#input.press('ArrowDown');
      return undefined;
    };
    return until(`the item “${label}”`, reached, timeoutMs, () => `there are ${JSON.stringify(labels)}`);
  }
}
