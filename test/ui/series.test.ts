import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startSandbox } from '../sandbox/gateway.ts';
import { exportTo } from './exporting.ts';
import { temporaryFolder, useFixture } from './fixture.ts';
import { ResultTab } from './resultTab.ts';
import { until } from './until.ts';
import { useWorkbench } from './workbench.ts';

describe('series of a market-data service', () => {
  const sandbox = useFixture(startSandbox, { together: true });
  const folder = useFixture(temporaryFolder);
  const vs = useWorkbench(
    () => ({
      settings: { 'sessionTokens.connections': [{ name: 'market', kind: 'sarus', url: sandbox().url }] },
    }),
    { together: true },
  );

  it('are left as they are: what may change something is not offered, and asked about when it is typed', async () => {
    const { quickInput } = vs();
    await vs().palette('Session Tokens: Get Data');
    const items = await quickInput.offered(/Endpoint: choose/);
    assert.ok(items.length >= 8 && items.every(({ label }) => label.startsWith('Get')));
    await quickInput.type('RequestNewAPIKey');
    await quickInput.accept();
    await vs().answerDialog(/RequestNewAPIKey may change something at market/, 'Cancel');
    assert.equal(sandbox().stats().opened, 0);
  });

  it('are found by name, drawn by date and exported, by palette and keyboard alone', async () => {
    const { quickInput, page } = vs();
    await vs().palette('Session Tokens: Sign In');
    await quickInput.pick(/How do you sign in/, 'API key');
    await quickInput.answer(/API key/, 'demo');
    await quickInput.pick(/Remember these/, "Don't Remember");
    await vs().waitForStatusBar((text) => text !== undefined);

    await vs().palette('Session Tokens: Get Data');
    const items = await quickInput.offered(/Endpoint: choose/);
    assert.equal(
      items.find(({ label }) => label === 'GetValuesRC')?.description,
      '1 API call for each dataset',
    );
    await quickInput.pick(/Endpoint: choose/, 'GetValuesRC');
    await quickInput.pick(/Datasource/, 'EQUITY');
    const { message } = await quickInput.answer(/Name or symbol/, 'oak');
    assert.match(message, /1 API call for each 100 datasets/);
    await quickInput.waitFor(/Choose one or several/);
    for (let choice = 0; choice < 2; choice++) {
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Space');
    }
    await page.keyboard.press('Enter');
    await quickInput.pick(/Datasource/, 'Continue with 2 selected');
    await quickInput.pick(/Period/, 'The last 5 years');
    await quickInput.pick(/Frequency/, 'Every month');

    const tab = new ResultTab(vs());
    await tab.stands('GetValuesRC');
    await tab.page.getByText('2 API calls', { exact: true }).waitFor();
    await until('five years of rows', async () => (await tab.rowCount()) >= 60);

    await vs().palette('Session Tokens: Plot Column');
    const plot = tab.page.getByRole('complementary', { name: /over time/ });
    await plot.locator('canvas').waitFor();
    const lines = await plot.locator('tbody th, tr th[scope=row]').allInnerTexts();
    assert.equal(lines.length, 2, lines.join());
    assert.match(lines.join(), /OAK\w\w Open.*,.*OAK\w\w Open/s);

    const file = join(folder().path, 'series.csv');
    await exportTo(vs(), 'CSV', file, 'GetValuesRC');
    await tab.page.getByText(/Exported: \d+ rows/).waitFor();
    const [head = '', ...rows] = (await readFile(file, 'utf8')).trim().split('\r\n');
    assert.match(head, /^Date,OAK\w\w Open,/);
    assert.match(rows[0] ?? '', /^20\d\d-\d\d-\d\d,\d/);

    // What was asked for is remembered as text, and can be edited.
    await vs().palette('Session Tokens: Get Data');
    await quickInput.waitFor(/Endpoint: choose/);
    const used = await until('what was used before', async () =>
      (await quickInput.read())?.items.find(({ description }) => description === 'used before'),
    );
    assert.match(
      used.label,
      /^GetValuesRC\?Series\[\]=EQUITY\/OAK\w\w&Series\[\]=EQUITY\/OAK\w\w&StartDate=/,
    );
    await quickInput.pick(/Endpoint: choose/, used.label);
    const { value } = await quickInput.waitFor(/Parameters, as/);
    await quickInput.type(`${value.replace(/StartDate=[^&]*/, 'Periods=3')}&Series[]=EQUITY/NIX`);
    await quickInput.accept();
    await tab.page.getByText('EQUITY/NIX: Unknown dataset EQUITY/NIX').waitFor();
    await until('three of them', async () => (await tab.rowCount()) === 3);
  });
});
