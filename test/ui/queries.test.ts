import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryFolder, useFixture } from './fixture.ts';
import { startRecorder } from './recorder.ts';
import { ResultTab } from './resultTab.ts';
import { connectionName, connectionTo, getResult, signIn } from './sessions.ts';
import { until } from './until.ts';
import { labels, useWorkbench } from './workbench.ts';

/** Requests under a name, in their view. */
describe('saved queries', () => {
  const recorder = useFixture(startRecorder, { together: true });

  describe('of a person', () => {
    const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url) }), { together: true });

    it('while there are none, Get Data is offered, and not the settings', async () => {
      await vs().palette('Session Tokens: Edit Query');
      const { actions } = await vs().notification(/No query has been saved yet/);
      assert.deepEqual(actions, ['Get Data']);
      await vs().answerNotification(/No query has been saved yet/, 'Get Data');
      await vs().quickInput.waitFor(/./);
      await vs().page.keyboard.press('Escape');
    });

    it('are saved from a result, run, duplicated and removed; what was asked is listed unsaved', async () => {
      const { quickInput } = vs();
      await signIn(vs());
      await getResult(vs(), 'MVMVS/JESPOOL');
      await vs().showQueries();
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Recent, MVMVS/JESPOOL');

      // By keyboard, from the result in front.
      await vs().palette('Session Tokens: Save Query…');
      const asked = await quickInput.waitFor(/Name of the query/);
      assert.equal(asked.value, 'MVMVS/JESPOOL');
      await quickInput.answer(/Name of the query/, 'Spool volumes');
      const saved = await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Spool volumes');
      assert.match(saved[0]?.description ?? '', /MVMVS\/JESPOOL.*host/);
      assert.match(saved[0]?.spoken ?? '', /Spool volumes.*MVMVS\/JESPOOL/);
      const stored = (await vs().settings())['sessionTokens.queries'];
      assert.deepEqual(stored, [
        {
          name: 'Spool volumes',
          request: { connection: connectionName, product: 'MVMVS', view: 'JESPOOL', service: 'BBI3SYSA' },
        },
      ]);

      // By mouse: run by a click on its row.
      await vs().closeEditors();
      const answers = recorder().answers.length;
      await vs().query('Spool volumes').click();
      await new ResultTab(vs()).grid('MVMVS/JESPOOL').waitFor();
      assert.equal(recorder().answers.length, answers + 1);

      await vs().rowMenu(vs().query('Spool volumes'), 'Duplicate Query');
      const offered = await quickInput.waitFor(/Name of the query/);
      assert.equal(offered.value, 'Spool volumes 2');
      await quickInput.type('Spool volumes');
      await quickInput.waitFor(/There is a query of that name/);
      await quickInput.answer(/There is a query of that name/, 'Copy');
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Copy, Spool volumes');

      await vs().rowMenu(vs().query('Spool volumes'), 'Edit Query');
      const { page } = vs();
      await page
        .locator('.statusbar-item')
        .filter({ hasText: /^Ln (?!1,)/ })
        .waitFor();
      const lines = await page.locator('.monaco-editor .view-line').allInnerTexts();
      assert.ok(
        lines.some((line) => line.includes('sessionTokens.queries')),
        lines.join('\n'),
      );
      assert.ok(
        lines.every((line) => line.trim() !== ''),
        'the settings were changed',
      );
      await vs().palette('View: Close Editor');

      await vs().rowMenu(vs().query('Spool volumes'), 'Remove Query');
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Copy');
      await vs().rowMenu(vs().query('Copy'), 'Remove Query');
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Recent, MVMVS/JESPOOL');

      // A recent request runs again, and is saved by its icon.
      await vs().rowAction(vs().query('MVMVS/JESPOOL'), 'Save Query');
      await quickInput.answer(/Name of the query/, 'Again');
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Again');
      await vs().rowMenu(vs().query('Again'), 'Bind a Key to Query');
      await until('the binding on the clipboard', async () => {
        const binding = JSON.parse(await vs().clipboard()) as { command?: string; args?: { name?: string } };
        return binding.command === 'sessionTokens.queries.run' && binding.args?.name === 'Again';
      });
    });
  });

  describe('of a workspace', () => {
    const folder = useFixture(async () => {
      const workspace = await temporaryFolder();
      await mkdir(join(workspace.path, '.vscode'));
      const queries = [
        { name: 'Spool', request: { connection: connectionName, product: 'MVMVS', view: 'JESPOOL' } },
        { name: 'No view', request: { connection: connectionName, product: 'MVMVS' } },
      ];
      await writeFile(
        join(workspace.path, '.vscode/settings.json'),
        JSON.stringify({ 'sessionTokens.queries': queries }),
      );
      return workspace;
    });
    const vs = useWorkbench(() => ({ settings: connectionTo(recorder().url), folder: folder().path }));

    it('ask before their first run, and bad ones are named', async () => {
      const { message } = await vs().notification(/queries in the settings cannot be used/);
      assert.match(message, /No view: /);
      await signIn(vs());
      await vs().showQueries();
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Spool');
      const answers = recorder().answers.length;

      await vs().query('Spool').click();
      const asked = /Run the query “Spool” of this workspace\?.*MVMVS\/JESPOOL/s;
      await vs().answerDialog(asked, 'Cancel');
      assert.equal(recorder().answers.length, answers);

      await vs().query('Spool').click();
      await vs().answerDialog(asked, 'Run');
      await new ResultTab(vs()).grid('MVMVS/JESPOOL').waitFor();

      // Agreed to once, it runs at once; and it was not written to the person's own settings.
      await vs().closeEditors();
      await vs().query('Spool').click();
      await new ResultTab(vs()).grid('MVMVS/JESPOOL').waitFor();
      assert.equal(recorder().answers.length, answers + 2);
      assert.equal((await vs().settings())['sessionTokens.queries'], undefined);

      // A copy takes nobody's place, not even that of an entry that cannot be used.
      await vs().rowMenu(vs().query('Spool'), 'Duplicate Query');
      await vs().quickInput.answer(/Name of the query/, 'Copy');
      await vs().waitForQueries((rows) => labels(rows).join(', ') === 'Copy, Spool');
      const file = JSON.parse(await readFile(join(folder().path, '.vscode/settings.json'), 'utf8'));
      const names = file['sessionTokens.queries'].map(({ name }: { name: string }) => name);
      assert.deepEqual(names, ['Spool', 'No view', 'Copy']);
    });
  });
});
