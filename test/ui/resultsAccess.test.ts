import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { root } from '../workbench/paths.ts';
import { useFixture } from './fixture.ts';
import { startRecorder } from './recorder.ts';
import { connectionTo, getResult, signIn } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** What axe-core tells of a rule that is broken. */
interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Everybody's table: judged by axe-core where it is shown, with all that it can show. */
describe('table, row detail and plot', () => {
  let axe = '';
  before(async () => {
    axe = await readFile(join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');
  });
  const recorder = useFixture(startRecorder);
  const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url) }));

  it('break no rule of accessibility in the dark, in the light and in high contrast', async () => {
    await signIn(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    // As full as it can be: sorted, filtered, changed cells, a plot, a row's detail.
    await tab.menu(tab.header('ASICPSCA'), 'Plot Column');
    await tab.page.locator('.plot canvas').waitFor();
    await tab.header('ASGJBID').click();
    await tab.page.getByRole('textbox', { name: 'Filter rows' }).fill('ASGCNMC=TSO');
    await until('the filter to be applied', async () =>
      /of 48/.test((await tab.page.locator('.count').textContent()) ?? ''),
    );
    await tab.menu(tab.header('ASGJBID'), 'Pin or Unpin Column');
    await until('the column to be the first', async () =>
      (await tab.cell(1, 0).getAttribute('class'))?.includes('pinned'),
    );
    await tab.cell(1, 0).dblclick();
    await tab.page.locator('.detail').waitFor();
    await vs().palette('Session Tokens: Refresh Result');
    await tab.page.locator('.cell.changed').first().waitFor();

    for (const theme of ['dark', 'light', 'hc-dark', 'hc-light'] as const) {
      await vs().theme(theme);
      await tab.page.locator(`body[data-vscode-theme-kind="${kinds[theme]}"]`).waitFor();
      const frame = await resultFrame();
      // The tab is made anew with its theme: it is judged when it stands.
      await frame.getByRole('textbox', { name: 'Filter rows' }).waitFor();
      for (const part of ['.grid .cell', '.detail dd', '.plot canvas']) {
        await frame.locator(part).first().waitFor();
      }
      // What is pinned stands over cells that are scrolled below it: those must not be seen through it.
      await frame.locator('.body .cell.pinned[aria-selected="true"]').first().waitFor();
      const pinnedColor = await frame.evaluate<string>(
        `getComputedStyle(document.querySelector('.body .cell.pinned[aria-selected="true"]')).backgroundColor`,
      );
      assert.match(pinnedColor, /^rgb\(/, `what is pinned is not opaque in ${theme}`);
      await frame.evaluate(axe);
      const { violations, passed } = (await frame.evaluate(
        'axe.run(document).then(({ violations, passes }) => ({ violations, passed: passes.length }))',
      )) as { readonly violations: readonly Violation[]; readonly passed: number };
      assert.ok(passed > 15, `only ${passed} rules were looked at`);
      const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
      assert.deepEqual(
        serious.map(({ id, nodes }) => [
          id,
          nodes.slice(0, 3).map(({ failureSummary, html }) => [html, failureSummary]),
        ]),
        [],
        `in ${theme}`,
      );
    }

    // At 200 % there is no room for both: they are reached by scrolling, and lie on nothing else.
    const size = vs().page.viewportSize() ?? { width: 1280, height: 800 };
    await vs().page.setViewportSize({ width: size.width / 2, height: size.height / 2 });
    const isSeen = `(() => {
      const detail = document.querySelector('.detail');
      detail.scrollIntoView();
      const { left, top } = detail.getBoundingClientRect();
      return detail.contains(document.elementFromPoint(left + 60, top + 16));
    })()`;
    const frame = await resultFrame();
    await until('the row to be seen, and not the plot over it', () => frame.evaluate<boolean>(isSeen));
    await vs().page.setViewportSize(size);
  });

  /** The document of the result itself, two frames deep. */
  async function resultFrame(): Promise<Frame> {
    return until('the frame of the result', async () => {
      for (const frame of vs().page.frames()) {
        if ((await frame.locator('#root .grid').count()) > 0) {
          return frame;
        }
      }
      return undefined;
    });
  }
});

const kinds = {
  dark: 'vscode-dark',
  light: 'vscode-light',
  'hc-dark': 'vscode-high-contrast',
  'hc-light': 'vscode-high-contrast-light',
} as const;
