import type { Locator } from 'playwright-core';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** The page of first steps that VS Code shows for an extension. */
export class Walkthrough {
  readonly #vs: Workbench;

  constructor(vs: Workbench) {
    this.#vs = vs;
  }

  get root(): Locator {
    return this.#vs.page.locator('.gettingStartedContainer .gettingStartedSlideDetails');
  }

  async open(command = 'Session Tokens: Open Walkthrough'): Promise<void> {
    await this.#vs.palette(command);
    await this.root.waitFor();
    await this.#step('').first().waitFor();
  }

  /** Titles of the steps, and whether each is done. */
  async steps(): Promise<{ title: string; done: boolean }[]> {
    return this.#step('').evaluateAll((steps) =>
      steps.map((step) => ({
        title: step.querySelector('.step-title')?.textContent?.trim() ?? '',
        done: step.querySelector('.codicon-getting-started-step-checked.complete') !== null,
      })),
    );
  }

  /** Unfolds a step; one that is open stays so. */
  async expand(title: string): Promise<void> {
    const step = this.#step(title);
    if (!(await step.evaluate((element) => element.classList.contains('expanded')))) {
      await step.locator('.step-title').click();
    }
  }

  /** Presses a button of the step that is open. */
  async press(title: string, button: string): Promise<void> {
    // A step that is done makes way for the next one, which may fold what was unfolded.
    await until(`“${button}” to be pressed`, async () => {
      await this.expand(title);
      const pressed = this.#step(title).locator('.monaco-button').filter({ hasText: button });
      await pressed.click({ timeout: 2000 });
      return true;
    });
  }

  #step(title: string): Locator {
    return this.root.locator('.getting-started-step').filter({ hasText: title });
  }
}
