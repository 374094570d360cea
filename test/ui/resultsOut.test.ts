import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportTo } from './exporting.ts';
import { temporaryFolder, useFixture } from './fixture.ts';
import { plainRow, startRecorder } from './recorder.ts';
import { connectionTo, getData, getResult, startOver } from './sessions.ts';
import { until, waitMs } from './until.ts';
import { useWorkbench } from './workbench.ts';

/** What leaves a result: files, an editor with its JSON, and the request for another program. */
describe('what leaves a result', () => {
  const recorder = useFixture(startRecorder, { together: true });
  const folder = useFixture(temporaryFolder);
  const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url) }), { together: true });

  it('is exported as CSV, JSON and NDJSON just as it was sent, all of it or what is seen', async () => {
    await startOver(vs());
    const tab = await getResult(vs(), 'MVMVS/JCPU');
    const sent = (recorder().answers.at(-1) ?? []).map(plainRow);
    assert.ok(sent.length > 3);

    const csv = join(folder().path, 'all.csv');
    await exportTo(vs(), 'CSV', csv);
    const fields = [...new Set(sent.flatMap((row) => Object.keys(row)))];
    const text = await readFile(csv, 'utf8');
    assert.ok(text.startsWith('\uFEFF') && text.endsWith('\r\n'));
    const [head = [], ...lines] = readCsv(text.slice(1));
    assert.deepEqual([...head].sort(), [...fields].sort());
    assert.deepEqual(
      lines,
      sent.map((row) => head.map((field) => [row[field] ?? ''].flat().join('\n'))),
    );

    await exportTo(vs(), 'JSON', join(folder().path, 'all.json'));
    assert.deepEqual(JSON.parse(await readFile(join(folder().path, 'all.json'), 'utf8')), sent);

    // Filtered and sorted, an export has what is seen, as it is seen.
    await tab.page.getByRole('textbox', { name: 'Filter rows' }).fill('ASREYFLC=B');
    await until('the filter to be applied', async () => (await tab.rowCount()) < sent.length);
    await tab.header('ASGJBID').click();
    await until(
      'the sort',
      async () => (await tab.header('ASGJBID').getAttribute('aria-sort')) === 'ascending',
    );
    const wanted = sent
      .filter(({ ASREYFLC }) => ASREYFLC === 'B')
      .sort((a, b) => (String(a.ASGJBID) < String(b.ASGJBID) ? -1 : 1));
    await exportTo(vs(), 'NDJSON (one JSON object a line)', join(folder().path, 'seen.ndjson'));
    const seen = (await readFile(join(folder().path, 'seen.ndjson'), 'utf8')).split('\n');
    assert.equal(seen.pop(), '');
    assert.deepEqual(
      seen.map((line) => JSON.parse(line)),
      wanted,
    );
    await tab.page.getByText(`Exported: ${wanted.length} rows`).waitFor();
  });

  it('is the request for other programs, without a secret', async () => {
    await startOver(vs());
    await getResult(vs(), 'MVMVS/JESPOOL');
    // The secrets there are: those that the sandbox holds.
    await vs().palette('Session Tokens: Copy Token');
    await vs().quickInput.pick(/Choose a token/, 'BBI3SYSA (host)');
    await until('the token', async () => /^\S{9,}$/.test(await vs().clipboard()));
    const token = await vs().clipboard();
    const address = `${recorder().url}/cra/serviceGateway/services/BBI3SYSA/products/MVMVS/views/JESPOOL/data`;
    // As it is sent: with every default said outright.
    const query = 'context=*&server=*&system=*&scope=*&close=Y';
    const forms = [
      ['cURL', [`'${address}?${query}'`, '--header "Authorization: Bearer $USER_TOKEN"']],
      ['cURL for the Command Prompt of Windows (cmd)', [`"${address}"`, 'Bearer %USER_TOKEN%"']],
      ['Python (requests)', ['import requests', `"${address}"`, 'os.environ["USER_TOKEN"]']],
      ['PowerShell', ['Invoke-RestMethod', `'${address}?${query}'`, '$env:USER_TOKEN']],
      ['HTTP file (.http)', [`GET ${address}?${query}`, '{{$processEnv USER_TOKEN}}', 'Bearer {{token}}']],
    ] as const;
    for (const [form, parts] of forms) {
      await vs().palette('Session Tokens: Copy Request As…');
      await vs().quickInput.pick(/environment variable/, form);
      let copied = '';
      await until(
        `the request as ${form}`,
        async () => {
          copied = await vs().clipboard();
          return parts.every((part) => copied.includes(part));
        },
        waitMs,
        () => copied,
      );
      assert.ok(!copied.includes(token) && !copied.includes('demo'), copied);
    }
  });

  it('is opened as JSON, and at once where a person wants that', async () => {
    await startOver(vs());
    await getResult(vs(), 'MVMVS/JCPU');
    const sent = (recorder().answers.at(-1) ?? []).map(plainRow);
    // As JSON in an editor, all of it, which cannot be changed.
    await vs().palette('Session Tokens: Open as JSON');
    const editor = vs().page.locator('.editor-instance .monaco-editor').filter({ visible: true });
    await until('the JSON to be that of the answer', async () => {
      await editor.locator('.view-line').first().click({ timeout: 5000 });
      await vs().page.keyboard.press('ControlOrMeta+A');
      await vs().page.keyboard.press('ControlOrMeta+C');
      const copied = await vs().clipboard();
      return copied.startsWith('[') && JSON.stringify(JSON.parse(copied)) === JSON.stringify(sent);
    });
    await vs().page.keyboard.press('x');
    await vs()
      .page.getByText(/read-only/)
      .first()
      .waitFor();

    await vs().closeEditors();
    await vs().setSettings({ 'sessionTokens.results.open': 'json' });
    await getData(vs(), 'MVMVS/JESPOOL');
    await vs().page.locator('.monaco-editor .view-line').getByText('"SCIJ2VOL"').first().waitFor();
    assert.match((await vs().editorTitles()).join(), /^MVMVS-JESPOOL(\.json)?$/);
    assert.equal(await vs().page.locator('iframe.webview').count(), 0);
  });
});

/** RFC 4180, as another program reads it. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted?.replaceAll('""', '"') ?? bare ?? '');
    if (end === '\r\n') {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
