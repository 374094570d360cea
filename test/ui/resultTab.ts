import type { FrameLocator, Locator } from 'playwright-core';
import type { Workbench } from './workbench.ts';

/** The name of the connection to a test's own gateway. */
export const connectionName = 'host';

/** Rows that are no longer on their way. */
const arrived = '[role=row]:not([aria-busy])';

/** Settings with a connection to a gateway. */
export function connectionTo(url: string): Readonly<Record<string, unknown>> {
  return {
    'sessionTokens.connections': [{ name: connectionName, kind: 'bmc-cra', url, service: 'BBI3SYSA' }],
  };
}

/** Signs in to the only connection, as the sandbox wants it. */
export async function signIn(vs: Workbench): Promise<void> {
  const { quickInput } = vs;
  await vs.palette('Session Tokens: Sign In');
  await quickInput.answer(/User/, 'demo');
  await quickInput.answer(/Password/, 'demo');
  await quickInput.pick(/Remember these/, 'Only Now');
  await vs.waitForStatusBar((text) => text !== undefined);
}

/** Gets a view's data from the only connection, which is signed in, and waits for its table. */
export async function getView(vs: Workbench, view: string): Promise<ResultTab> {
  await vs.palette('Session Tokens: Get Data');
  await vs.quickInput.pick(/View, as PRODUCT/, view);
  const tab = new ResultTab(vs);
  await tab.stands();
  return tab;
}

/** The result in front. */
export class ResultTab {
  readonly #vs: Workbench;

  constructor(vs: Workbench) {
    this.#vs = vs;
  }

  get page(): FrameLocator {
    return this.#vs.webview();
  }

  /** Waits for the first rows, and for the focus: it comes late, and would close what a person opens before. */
  async stands(): Promise<void> {
    await this.cell(0, 0).waitFor({ timeout: 30_000 });
    await this.page.locator('[role=grid]:focus').waitFor();
  }

  grid(name: string): Locator {
    return this.page.getByRole('grid', { name });
  }

  /** A cell whose value is there; one of a row that is on its way is not. */
  cell(row: number, column: number): Locator {
    return this.page.locator(`${arrived} > [id="c${row}_${column}"]`);
  }

  header(field: string): Locator {
    return this.page.locator(`[role=columnheader][data-field="${field}"]`);
  }

  async rowCount(): Promise<number> {
    return Number(await this.page.getByRole('grid').getAttribute('aria-rowcount')) - 1;
  }

  /** The cells that are drawn with their values. */
  async cells(): Promise<DrawnCell[]> {
    return this.page.locator(`${arrived} > [role=gridcell]`).evaluateAll((cells) =>
      cells.map((cell) => ({
        row: Number(cell.dataset.row),
        column: Number(cell.dataset.column),
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

  /** Right-clicks and picks from the menu. */
  async menu(target: Locator, item: string): Promise<void> {
    await target.click({ button: 'right' });
    await this.#vs.pickFromMenu(item);
  }
}

export interface DrawnCell {
  readonly row: number;
  readonly column: number;
  readonly text: string;
  /** What a screen reader adds. */
  readonly says: string;
  readonly bold: boolean;
}
