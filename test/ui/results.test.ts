import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { root } from '../workbench/paths.ts';
import type { ResultTab } from './resultTab.ts';
import { getResult } from './sessions.ts';
import { allStored } from './shown.ts';
import { until } from './until.ts';
import { useWorkbench, type Workbench } from './workbench.ts';

/** A result in its tab, as a person works with it. */
describe('a result', () => {
  // With a folder: without one VS Code opens nothing again after a reload.
  const vs = useWorkbench(() => ({ folder: root }), { together: true });

  it('is sorted, filtered, read and copied by keyboard and by mouse', async () => {
    const tab = await openResult(vs());
    const table = tab.page;
    const count = await tab.rowCount();
    assert.ok(count > 3);
    const sent = await tab.column(0);

    // By keyboard: from the first cell up to the header, along it, and sorted by what has the focus.
    await vs().page.keyboard.press('ControlOrMeta+Home');
    await vs().page.keyboard.press('ArrowUp');
    await vs().page.keyboard.press('Enter');
    const first = table.getByRole('columnheader').nth(1);
    await until('the first column to be sorted', async () => {
      return (await first.getAttribute('aria-sort')) === 'ascending';
    });
    await until('its rows in that order', async () => {
      const ascending = await tab.column(0);
      return ascending.length > 0 && isDeepStrictEqual(ascending, [...ascending].sort());
    });
    await vs().page.keyboard.press('Enter');
    await until('the other way round', async () => {
      const descending = await tab.column(0);
      return descending.length > 0 && descending[0] === [...descending].sort().at(-1);
    });

    // By mouse: the third click leaves the server's order.
    await first.click();
    await until('the order of the server', async () => {
      return (
        (await first.getAttribute('aria-sort')) === 'none' && isDeepStrictEqual(await tab.column(0), sent)
      );
    });

    // Copied with headers, as a spreadsheet takes it.
    await tab.cell(0, 0).click();
    await vs().page.keyboard.press('Shift+ArrowRight');
    await vs().page.keyboard.press('ControlOrMeta+Shift+C');
    const cells = [await tab.cell(0, 0).textContent(), await tab.cell(0, 1).textContent()];
    await until('the clipboard to have it', async () => (await vs().clipboard()).endsWith(cells.join('\t')));
    const copied = await vs().clipboard();
    assert.equal(copied.split('\n').length, 2);
    // A header is no cell: what was copied stays.
    await vs().page.keyboard.press('ControlOrMeta+Home');
    await vs().page.keyboard.press('ArrowUp');
    await vs().page.keyboard.press('ControlOrMeta+C');
    await vs().page.keyboard.press('ArrowDown');

    // The numbers of a selection are summed up.
    const cpu = Number(await tab.header('ASICPSCA').getAttribute('aria-colindex')) - 2;
    await tab.cell(0, cpu).click();
    await vs().page.keyboard.press('Shift+ArrowDown');
    const numbers = [await tab.cell(0, cpu).textContent(), await tab.cell(1, cpu).textContent()].map(Number);
    // As many decimals as they have: the gateway sends six.
    const sum = numbers.reduce((all, one) => all + one).toFixed(6);
    await table.getByText(`Sum ${sum} · Mean`).waitFor();
    assert.equal(await vs().clipboard(), copied);
    await tab.cell(0, 0).click();
    await table.getByText('Mean').waitFor({ state: 'detached' });

    // One row, field by field.
    await vs().page.keyboard.press('Enter');
    await table.getByRole('complementary', { name: 'Row 1', exact: true }).waitFor();
    await table.getByRole('button', { name: 'Close' }).first().click();
    await table.locator('[role=grid]:focus').waitFor();

    // Filtered by the value that stands in the first row.
    await vs().page.keyboard.press('/');
    const box = table.getByRole('textbox', { name: 'Filter rows' });
    await box.fill(`${cells[0]}`);
    await until('the filter to leave the rows that have it', async () => {
      const left = await tab.rowCount();
      return left > 0 && left < count && (await tab.column(0)).every((text) => text === cells[0]);
    });
    // It would be applied to the next result of this view, too.
    await box.fill('');
    await until('all rows', async () => (await tab.rowCount()) === count);
  });

  it('is there again after a reload, with its age, and so are its groups and their plot', async function () {
    this.timeout(240_000);
    const tab = await openResult(vs());
    await tab.menu(tab.header('ASGCNMC'), 'Group by Column');
    const titles = ['MVMVS/JCPU', 'MVMVS/JCPU by SrvClass'];
    await tab.stands(titles[1] ?? '');
    const before = await tab.column(0);
    await vs().palette('Session Tokens: Plot Column');
    const plot = tab.page.getByRole('complementary', { name: 'Rows over time' });
    await plot.locator('canvas').waitFor();
    await vs().palette('Session Tokens: Open as JSON');
    await until('the JSON to be open', async () => (await vs().editorTitles()).length === 3);
    // What the workbench keeps it writes when it is idle.
    const isKept = async () => {
      const stored = await allStored(vs().page);
      return stored.includes('avg(ASICPSCA)') && /plot\W+count/.test(stored);
    };
    await until('the workbench to keep it', isKept, 45_000);
    await vs().page.reload();
    await until(
      'the rows to be there again',
      async () => isDeepStrictEqual(await tab.column(0), before),
      60_000,
    );
    await tab.page.getByText('from before the reload').waitFor();
    await plot.locator('canvas').waitFor();
    // JSON that has gone leaves no error behind.
    await until('the same tabs', async () => isDeepStrictEqual(await vs().editorTitles(), titles));
    await vs().palette('Session Tokens: Show Answer Without Rows');
    await until('what was said beside the rows', async () => (await vs().editorTitles()).length === 3);
  });
});

/** From the sandbox, whose login is remembered. */
async function openResult(workbench: Workbench): Promise<ResultTab> {
  if ((await workbench.editorTitles()).length > 0) {
    await workbench.closeEditors();
  }
  await workbench.palette('Session Tokens: Start Sandbox Gateway');
  await workbench.notification(/sandbox gateway runs at/);
  return getResult(workbench, 'MVMVS/JCPU', 'sandbox-cra');
}
