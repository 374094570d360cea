import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** What programs do with results that are shown. */
describe('results in their tabs', () => {
  let sandbox: Sandbox;
  let folder: string;
  const request = { connection: 'shown', product: 'MVMVS', view: 'JCPU' };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'results-'));
    sandbox = await startSandbox({});
    const [service] = sandbox.services;
    await setConnections([{ name: 'shown', kind: 'bmc-cra', url: sandbox.url, service }]);
    await (await activated()).signIn('shown', { username: 'demo', password: 'demo' });
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await run('signOut', { connection: 'shown' });
    await removeConnections();
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  it('D5: nothing can be exported while no result is open', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    const path = join(folder, 'none.csv');
    await assert.rejects(run('results.export', { format: 'csv', path }), { code: 'E_NOT_READY' });
  });

  it('D5: the result last looked at is exported without a question, in every format', async () => {
    const { rows } = await run<{ rows: Record<string, unknown>[] }>('getData', request);
    // Another editor lies over it.
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content: 'x' }));
    const exported = async (name: string, args: object) => {
      const path = join(folder, name);
      assert.deepEqual(await run('results.export', { path, ...args }), { rows: rows.length, path });
      return readFile(path);
    };
    const fields = Object.keys(rows[0] ?? {});
    for (const [delimiter, sign] of [
      [',', ','],
      [';', ';'],
      ['tab', '\t'],
    ] as const) {
      const text = String(await exported(`${delimiter}.csv`, { format: 'csv', delimiter }));
      assert.equal(text.slice(1).split('\r\n')[0], fields.join(sign));
    }
    assert.deepEqual(JSON.parse(String(await exported('a.json', { format: 'json', all: true }))), rows);
    assert.equal((await exported('a.xlsx', { format: 'xlsx' })).toString('latin1', 0, 4), 'PK\u0003\u0004');
    for (const args of [{ format: 'pdf' }, { format: 'csv', delimiter: '|' }]) {
      await assert.rejects(run('results.export', { ...args, path: join(folder, 'no') }), {
        code: 'E_CONFIG',
      });
    }
  });

  it('D7: the request is copied in the form that a program names', async () => {
    await run('results.copyRequestAs', { form: 'cmd' });
    assert.match(await vscode.env.clipboard.readText(), /^curl [^\n]* \^\n[\s\S]*%USER_TOKEN%"\n$/);
    await assert.rejects(run('results.copyRequestAs', { form: 'wget' }), { code: 'E_CONFIG' });
  });
});
