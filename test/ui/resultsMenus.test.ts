import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { useFixture } from './fixture.ts';
import { plainRow, startRecorder } from './recorder.ts';
import type { ResultTab } from './resultTab.ts';
import { connectionTo, getResult, startOver } from './sessions.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** What can be done with a column or a cell is in its context menu. */
describe('the menus of a result', () => {
  const recorder = useFixture(startRecorder, { together: true });
  const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url) }), { together: true });

  it('arrange a view for good: its next result looks the same', async () => {
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/XCFMBR');
    await tab.menu(tab.header('XDGMEM'), 'Sort Descending');
    await tab.menu(tab.header('XDGGRP'), 'Hide Column');
    await until('the column to be gone', async () => !(await fields(tab)).includes('XDGGRP'));
    const [first = '', second = ''] = await fields(tab);
    await tab.header(second).dragTo(tab.header(first), { targetPosition: { x: 8, y: 8 } });
    await until('the column to be moved', async () => (await fields(tab)).indexOf(first) === 1);
    const arranged = [await fields(tab), await tab.column(0)];
    await vs().closeEditors();
    await getResult(vs(), 'MVMVS/XCFMBR');
    await until('the same columns and rows', async () =>
      isDeepStrictEqual([await fields(tab), await tab.column(0)], arranged),
    );
    assert.equal(await tab.header('XDGMEM').getAttribute('aria-sort'), 'descending');
    await tab.menu(tab.header('XDGMEM'), 'Reset View');
    await until('the columns of the server', async () => (await fields(tab)).includes('XDGGRP'));
    await until('its order', async () => (await tab.header('XDGMEM').getAttribute('aria-sort')) === 'none');
  });

  it('tell what a column has, and filter by one of its values', async () => {
    const { quickInput } = vs();
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    const sent = (recorder().answers.at(-1) ?? []).map(plainRow);
    const types = Object.entries(Object.groupBy(sent, ({ ASGCNMC }) => String(ASGCNMC)));
    const most = types.toSorted(([, a], [, b]) => (b?.length ?? 0) - (a?.length ?? 0));
    await tab.menu(tab.header('ASGCNMC'), 'Column Statistics');
    const items = await quickInput.offered(/Choose a number to copy it/);
    const facts = new Map(items.map(({ label, description }) => [label, description]));
    assert.deepEqual(
      [facts.get('Rows'), facts.get('Empty'), facts.get('Distinct values'), facts.get('Sum')],
      [String(sent.length), '0', String(types.length), undefined],
    );
    const [[value = '', ofValue] = []] = most;
    const percent = ((ofValue?.length ?? 0) * 100) / sent.length;
    assert.equal(facts.get(value), `${ofValue?.length} (${Number(percent.toFixed(1))}%)`);
    await quickInput.pick(/Choose a number/, value);
    await until('the rows of that value', async () => (await tab.rowCount()) === ofValue?.length);
    assert.equal(await tab.page.getByRole('textbox').inputValue(), `ASGCNMC=${value}`);

    // By keyboard, of the rows that are left and the column that has the focus; a number is copied as it is.
    const cpu = (await fields(tab)).indexOf('ASICPSCA');
    await tab.cell(0, cpu).click();
    await vs().palette('Session Tokens: Column Statistics');
    const shown = await quickInput.offered(/Choose a number to copy it/);
    await quickInput.pick(/Choose a number to copy it/, 'Sum');
    const sum = shown.find(({ label }) => label === 'Sum')?.description;
    const wanted = ofValue?.reduce((all, { ASICPSCA }) => all + Number(ASICPSCA), 0) ?? Number.NaN;
    assert.equal(Number(sum), Number(wanted.toFixed(6)));
    await until('the clipboard to have it', async () => (await vs().clipboard()) === sum);

    // The rows that are left, by another column: a result as any other.
    await tab.menu(tab.header('ASREYFLC'), 'Group by Column');
    await tab.stands(`MVMVS/JCPU ASGCNMC=${value} by T`);
    const counts = Object.entries(Object.groupBy(ofValue ?? [], ({ ASREYFLC }) => String(ASREYFLC)));
    await until('the groups', async () => (await tab.rowCount()) === counts.length);
    const first = counts.toSorted(([, a], [, b]) => (b?.length ?? 0) - (a?.length ?? 0))[0];
    assert.deepEqual(
      [await tab.cell(0, 0).textContent(), await tab.cell(0, 1).textContent()],
      [first?.[0], String(first?.[1]?.length)],
    );
    await vs().palette('Session Tokens: Refresh Result');
    await tab.page.locator('.cell.changed').first().waitFor();
    assert.equal(await tab.rowCount(), counts.length);
  });

  it('sort, pin and hide a column, and filter by and copy a cell', async () => {
    const { page } = vs();
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/XCFMBR');
    const sorted = async (field: string) => tab.header(field).getAttribute('aria-sort');
    await tab.menu(tab.header('XDGMEM'), 'Sort Descending');
    await until('the column to be sorted', async () => (await sorted('XDGMEM')) === 'descending');
    await tab.menu(tab.header('XDGMEM'), 'Remove Sort');
    await until('the order of the server', async () => (await sorted('XDGMEM')) === 'none');
    await tab.menu(tab.header('XDDJNAM'), 'Pin or Unpin Column');
    await until('the column to be the first', async () => (await fields(tab))[0] === 'XDDJNAM');
    await tab.menu(tab.header('XDGGRP'), 'Hide Column');
    await until('the column to be gone', async () => !(await fields(tab)).includes('XDGGRP'));
    // By keyboard: from the first cell up to the header, its menu, and the focus back where it was.
    await tab.grid('MVMVS/XCFMBR').focus();
    await page.keyboard.press('ControlOrMeta+Home');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.press('Shift+F10');
    await vs().pickFromMenu('Show All Columns');
    await until('the column to be back', async () => (await fields(tab)).includes('XDGGRP'));

    // A cell's menu is about that cell, wherever the focus was: here it was in the header.
    const all = await tab.rowCount();
    const at = (await fields(tab)).indexOf('XDGSTAC');
    const states = await tab.column(at);
    await tab.menu(tab.cell(1, at), 'Filter Out This Value');
    // Rows are drawn a little later than counted.
    await until('the others to be left', async () => {
      return (await tab.rowCount()) === 1 && isDeepStrictEqual(await tab.column(at), ['QUIESCED']);
    });
    const box = tab.page.getByRole('textbox', { name: 'Filter rows' });
    assert.equal(await box.inputValue(), '-XDGSTAC=ACTIVE');
    await box.fill('');
    await until('all rows', async () => {
      return (await tab.rowCount()) === all && isDeepStrictEqual(await tab.column(at), states);
    });
    const group = (await fields(tab)).indexOf('XDGGRP');
    const value = (await tab.cell(2, group).textContent()) ?? '';
    await tab.menu(tab.cell(2, group), 'Filter by This Value');
    await until('the rows of that value', async () => {
      const cells = (await tab.cells()).filter(({ column }) => column === group);
      return cells.length > 0 && cells.length < all && cells.every(({ text }) => text === value);
    });

    await tab.menu(tab.cell(0, group), 'Copy Selection with Headers');
    await until('the clipboard to have it', async () => {
      return (await vs().clipboard()).replaceAll('\r', '') === `Group\n${value}`;
    });
    await page.evaluate(slowFocus);
    for (const [form, text] of [
      ['Markdown', `| Group |\n| --- |\n| ${value} |`],
      ['JSON', `[\n{"XDGGRP":"${value}"}\n]\n`],
      ['CSV', `XDGGRP\n${value}`],
    ] as const) {
      await tab.menu(tab.cell(0, group), 'Copy Selection As…');
      await vs().quickInput.pick(/Copy Selection As/, form);
      await until(`it as ${form}`, async () => (await vs().clipboard()).replaceAll('\r', '') === text);
    }
    await tab.menu(tab.cell(0, group), 'Show Row Detail');
    await tab.page.getByRole('complementary').getByText('Received').first().waitFor();

    // An icon of the tab that fails tells its person what helps, and the rows stay.
    recorder().sandbox.setFaults({ match: { operation: 'getData' }, fault: '500' });
    await page.locator('.editor-actions .action-label[aria-label^="Refresh Result"]').click();
    const { actions } = await vs().notification(/500/);
    assert.ok(actions.includes('Show Log'), actions.join());
    await tab.page.getByRole('alert').filter({ hasText: '500' }).waitFor();
    await tab.cell(0, group).waitFor();
  });
});

/**
 * As on a busy computer: the table hears late that it has the focus back when the next menu has closed, the page being busy
 * and a message on its way for long. A box that was opened meanwhile must not lose it.
 */
const slowFocus = `{
  const { postMessage } = MessagePort.prototype;
  const closed = ({ target, relatedTarget }) => {
    if (target.matches('.action-menu-item') && relatedTarget === null) {
      removeEventListener('focusout', closed);
      MessagePort.prototype.postMessage = function (...args) {
        setTimeout(() => postMessage.apply(this, args), 60);
      };
      setTimeout(() => { MessagePort.prototype.postMessage = postMessage; }, 1000);
      setTimeout(() => { for (const end = performance.now() + 80; performance.now() < end; ); }, 5);
    }
  };
  addEventListener('focusout', closed);
}`;

/** The fields of the columns that are seen, in their order. */
function fields(tab: ResultTab): Promise<string[]> {
  return tab.page
    .locator('[role=columnheader][data-field]')
    .evaluateAll((headers) => headers.map((header) => header.dataset.field ?? ''));
}
