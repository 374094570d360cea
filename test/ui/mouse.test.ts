import assert from 'node:assert/strict';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** The same by mouse: welcome buttons, rows, inline icons, context menus and the status bar's menu. */
describe('the main job, by mouse', () => {
  const vs = useWorkbench();

  it('signs in, gets data, switches renewal, keeps alive, copies and closes', async () => {
    const { page, quickInput } = vs();
    await page.locator('.activitybar [aria-label^="Session Tokens"]').first().click();
    await page.locator('.welcome-view-content').getByText('Start Sandbox Gateway').click();
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'sandbox-cra'));

    await vs().row('sandbox-cra').click();
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'BBI3SYSA'));
    await vs().rowAction('sandbox-cra', 'Get Data');
    await quickInput.pick(/View, as PRODUCT/, 'MVMVS/JCPU');
    await vs().waitForRows((rows) => rows.some(({ label }) => label === 'MVMVS/JCPU'));
    await new ResultTab(vs()).stands('MVMVS/JCPU');
    assert.deepEqual(await vs().editorTitles(), ['MVMVS/JCPU']);

    // Each click waits until its row is drawn: VS Code tells a command nothing of a row that is being drawn anew.
    await vs().rowAction('MVMVS/JCPU', 'Toggle Automatic Renewal');
    await vs().waitForRows((rows) => /auto/.test(described(rows, 'MVMVS/JCPU')));
    await vs().rowAction('MVMVS/JCPU', 'Toggle Automatic Renewal');
    await vs().waitForRows((rows) => !/auto/.test(described(rows, 'MVMVS/JCPU')));

    const low = (await vs().lifeLeft()) - 3;
    await until('the countdown to go down', async () => (await vs().lifeLeft()) <= low);
    await vs().rowAction('MVMVS/JCPU', 'Keep Alive');
    await until('the countdown to be back', async () => (await vs().lifeLeft()) > low);

    await vs().rowMenu('MVMVS/JCPU', 'Query Remaining Life');
    await vs().notification(/MVMVS\/JCPU .*estimated/);
    await vs().rowMenu('MVMVS/JCPU', 'Copy Token');
    await until('the token on the clipboard', async () => /^\S{9,}$/.test(await vs().clipboard()));

    await vs().statusBarItem().click();
    await quickInput.pick(/./, 'Keep Alive');
    await vs().rowAction('MVMVS/JCPU', 'Close Session');
    await vs().waitForRows((rows) => rows.every(({ label }) => label !== 'MVMVS/JCPU'));

    await vs().rowMenu('sandbox-cra', 'Sign Out');
    await vs().waitForRows((rows) => rows.every(({ label }) => label !== 'BBI3SYSA'));
    await vs().waitForStatusBar((text) => text === undefined);
  });
});

function described(rows: readonly { label: string; description: string }[], label: string): string {
  return rows.find((row) => row.label === label)?.description ?? '';
}
