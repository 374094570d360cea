import type { FrameLocator, Locator } from 'playwright-core';
import { until } from './until.ts';
import type { Workbench } from './workbench.ts';

/** Rows that are no longer on their way. */
const arrived = '[role=row]:not([aria-busy])';

const cellAt = (row: number, column: number): string =>
  `${arrived}[aria-rowindex="${row + 2}"] > [aria-colindex="${column + 2}"]`;

/** The result in front. */
export class ResultTab {
  readonly #vs: Workbench;

  constructor(vs: Workbench) {
    this.#vs = vs;
  }

  get page(): FrameLocator {
    return this.#vs.webview();
  }

  /**
   * Waits until it is this view's, for the first rows, and for the focus: it comes late, and would close what a
   * person opens before.
   */
  async stands(view: string): Promise<void> {
    const grid = this.page.getByRole('grid', { name: view, exact: true });
    await grid.locator(cellAt(0, 0)).waitFor({ timeout: 30_000 });
    await grid.and(this.page.locator(':focus')).waitFor();
  }

  grid(name: string): Locator {
    return this.page.getByRole('grid', { name });
  }

  /** A cell whose value is there; one of a row that is on its way is not. */
  cell(row: number, column: number): Locator {
    return this.page.locator(cellAt(row, column));
  }

  header(field: string): Locator {
    return this.page.locator(`[role=columnheader][data-field="${field}"]`);
  }

  async rowCount(): Promise<number> {
    return Number(await this.page.getByRole('grid').getAttribute('aria-rowcount')) - 1;
  }

  /** The cells that are drawn, once they all have their values. */
  async cells(): Promise<DrawnCell[]> {
    await this.page.locator('[role=row][aria-busy]').first().waitFor({ state: 'detached' });
    return this.page.locator(`${arrived} > [role=gridcell]`).evaluateAll((cells) =>
      cells.map((cell) => ({
        row: Number(cell.parentElement?.ariaRowIndex) - 2,
        column: Number(cell.ariaColIndex) - 2,
        text: cell.textContent ?? '',
        says: cell.getAttribute('aria-description') ?? '',
        bold: cell.computedStyleMap().get('font-weight')?.toString() === '700',
      })),
    );
  }

  /** The texts of a column's cells that are drawn, from the top. */
  async column(at: number): Promise<string[]> {
    return (await this.cells())
      .filter(({ column }) => column === at)
      .sort((a, b) => a.row - b.row)
      .map(({ text }) => text);
  }

  /** Right-clicks and picks from the menu. One that is opened while the table gets the focus back closes again. */
  async menu(target: Locator, item: string): Promise<void> {
    await until(`the menu to have “${item}”`, async () => {
      await target.click({ button: 'right' });
      await this.#vs.menuItem(item).waitFor({ timeout: 3000 });
      return true;
    });
    await this.#vs.pickFromMenu(item);
  }
}

interface DrawnCell {
  readonly row: number;
  readonly column: number;
  readonly text: string;
  /** What a screen reader adds. */
  readonly says: string;
  readonly bold: boolean;
}
