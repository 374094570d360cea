import assert from 'node:assert/strict';
import type { FrameLocator } from 'playwright-core';
import { root } from '../workbench/paths.ts';
import { until } from './until.ts';
import { useWorkbench, type Workbench } from './workbench.ts';

/** A result in its tab, as a person works with it. */
describe('a result', () => {
  const vs = useWorkbench();

  it('is sorted, filtered, read and copied by keyboard and by mouse', async () => {
    const table = await openResult(vs());
    const grid = table.getByRole('grid', { name: 'MVMVS/JCPU' });
    await grid.waitFor();
    const count = Number(await grid.getAttribute('aria-rowcount')) - 1;
    assert.ok(count > 3);

    // By keyboard: from the first cell up to the header, along it, and sorted by what has the focus.
    await grid.focus();
    await vs().page.keyboard.press('ControlOrMeta+Home');
    await vs().page.keyboard.press('ArrowUp');
    await vs().page.keyboard.press('Enter');
    const first = table.getByRole('columnheader').nth(1);
    await until('the first column to be sorted', async () => {
      return (await first.getAttribute('aria-sort')) === 'ascending';
    });
    const ascending = await column(table, 0);
    assert.deepEqual(ascending, [...ascending].sort());
    await vs().page.keyboard.press('Enter');
    await until('the other way round', async () => {
      const descending = await column(table, 0);
      return descending.length > 0 && descending[0] === [...descending].sort().at(-1);
    });

    // By mouse: the third click leaves the server's order.
    await first.click();
    await until('the order of the server', async () => (await first.getAttribute('aria-sort')) === 'none');

    // Copied with headers, as a spreadsheet takes it.
    await table.locator('#c0_0').click();
    await vs().page.keyboard.press('Shift+ArrowRight');
    await vs().page.keyboard.press('ControlOrMeta+Shift+C');
    const cells = [await table.locator('#c0_0').textContent(), await table.locator('#c0_1').textContent()];
    await until('the clipboard to have it', async () => (await vs().clipboard()).endsWith(cells.join('\t')));
    assert.equal((await vs().clipboard()).split('\n').length, 2);

    // One row, field by field.
    await vs().page.keyboard.press('Enter');
    await table.getByRole('complementary', { name: 'Row 1', exact: true }).waitFor();
    await table.getByRole('button', { name: 'Close' }).first().click();

    // Filtered by the value that stands in the first row.
    await vs().page.keyboard.press('/');
    const box = table.getByRole('textbox', { name: 'Filter rows' });
    await box.fill(`${cells[0]}`);
    await until('the filter to leave the rows that have it', async () => {
      const left = Number(await grid.getAttribute('aria-rowcount')) - 1;
      return left > 0 && left < count && (await column(table, 0)).every((text) => text === cells[0]);
    });
  });
});

describe('a result and a reload', () => {
  const vs = useWorkbench({ folder: root });

  it('is there again after a reload, with its age', async () => {
    const table = await openResult(vs());
    await table.locator('#c0_0').waitFor();
    const before = await column(table, 0);
    // What the workbench keeps it writes when it is idle.
    await until('the workbench to keep it', () => vs().isStored(before[0] ?? 'no row'), 30_000);
    await vs().page.reload();
    const again = vs().webview();
    await again.locator('#c0_0').waitFor({ timeout: 30_000 });
    assert.deepEqual(await column(again, 0), before);
    await again.getByText('from before the reload').waitFor();
  });
});

async function openResult(workbench: Workbench): Promise<FrameLocator> {
  const { quickInput } = workbench;
  await workbench.palette('Session Tokens: Start Sandbox Gateway');
  await workbench.notification(/sandbox gateway runs at/);
  await workbench.palette('Session Tokens: Get Data');
  await quickInput.pick(/Choose a connection/, 'sandbox-cra');
  await quickInput.pick(/View, as PRODUCT/, 'MVMVS/JCPU');
  const table = workbench.webview();
  await until(
    'the result, or a log-on',
    async () => {
      const asks = await quickInput.read();
      if (asks !== undefined && /User/.test(`${asks.title} ${asks.placeholder} ${asks.message}`)) {
        await quickInput.answer(/User/, 'demo');
        await quickInput.answer(/Password/, 'demo');
        await quickInput.pick(/Remember these/, 'Remember');
      }
      return (await table.locator('#c0_0').count()) > 0;
    },
    30_000,
  );
  return table;
}

/** The texts of a column's cells, from the top. */
function column(table: FrameLocator, at: number): Promise<string[]> {
  return table
    .locator(`[role=gridcell][data-column="${at}"]`)
    .evaluateAll((cells) =>
      cells
        .sort((a, b) => Number(a.dataset.row) - Number(b.dataset.row))
        .map((cell) => cell.textContent ?? ''),
    );
}
