import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import type { Differences } from '../../src/core/results/changes.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** What programs do with results that are shown. */
describe('results in their tabs', () => {
  let sandbox: Sandbox;
  let folder: string;
  const request = { connection: 'shown', product: 'MVMVS', view: 'JCPU' };

  async function connect(url: string, endless = 'http://127.0.0.1:1'): Promise<void> {
    const [service] = sandbox.services;
    const cra = { kind: 'bmc-cra', service, dialect: 'views' };
    await setConnections([
      { ...cra, name: 'shown', url },
      { ...cra, name: 'endless', url: endless },
    ]);
  }

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'results-'));
    sandbox = await startSandbox({});
    await connect(sandbox.url);
    await (await activated()).signIn('shown', { username: 'demo', password: 'demo' });
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await run('signOut', { connection: 'shown' });
    await removeConnections();
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  it('nothing can be exported while no result is open', async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    const path = join(folder, 'none.csv');
    await assert.rejects(run('results.export', { format: 'csv', path }), { code: 'E_NOT_READY' });
    await assert.rejects(run('results.statistics', { field: 'A' }), { code: 'E_NOT_READY' });
    await assert.rejects(run('results.compare', { path }), { code: 'E_NOT_READY' });
    await assert.rejects(run('results.alert', { condition: 'A>1' }), { code: 'E_NOT_READY' });
  });

  it('the result last looked at is exported without a question, in every format', async () => {
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

  it('what a column has is told in numbers to the last digit', async () => {
    const { rows } = await run<{ rows: Record<string, string | number>[] }>('getData', request);
    const field = 'ASICPSCA';
    const values = rows.map((row) => String(row[field]));
    const millionths = values.reduce((sum, text) => sum + BigInt(Math.round(Number(text) * 1e6)), 0n);
    const sorted = values.toSorted((a, b) => Number(a) - Number(b));
    const known = await run<Record<string, unknown>>('results.statistics', { field });
    const { frequent, distinct, mean, ...rest } = known;
    const sum = String(known.sum);
    assert.equal(BigInt(Math.round(Number(sum) * 1e6)), millionths, sum);
    assert.deepEqual(rest, {
      field,
      rows: rows.length,
      empty: 0,
      numbers: rows.length,
      sum,
      min: sorted[0],
      max: sorted.at(-1),
    });
    assert.equal(distinct, new Set(values).size);
    assert.ok(Math.abs(Number(mean) * rows.length - Number(sum)) < 1e-6, String(mean));
    assert.equal((frequent as unknown[]).length, Math.min(10, new Set(values).size));
    await assert.rejects(run('results.statistics', { field: 'none' }), { code: 'E_CONFIG' });
  });

  it('rows are put together by a column in a result of its own, which is got anew as such', async () => {
    const { rows } = await run<{ rows: Record<string, string | number>[] }>('getData', request);
    const group = { field: 'ASGCNMC', of: ['ASICPSCA'] };
    type Groups = { groups: { text: string; rows: number; totals: { sum: string; mean: number }[] }[] };
    const { groups } = await run<Groups>('results.groupBy', group);
    for (const { text, totals, ...known } of groups) {
      const of = rows.filter(({ ASGCNMC }) => ASGCNMC === text);
      const sum = of.reduce((all, { ASICPSCA }) => all + Number(ASICPSCA), 0);
      assert.equal(known.rows, of.length);
      assert.ok(Math.abs(Number(totals[0]?.sum) - sum) < 1e-6, totals[0]?.sum);
      assert.ok(Math.abs(Number(totals[0]?.mean) - sum / of.length) < 1e-6);
    }
    const path = join(folder, 'groups.json');
    const exported = async () => {
      await run('results.export', { format: 'json', path });
      return JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>[];
    };
    const shown = groups.map(({ text, rows, totals: [total] }) => ({
      ASGCNMC: text,
      'count(*)': rows,
      'sum(ASICPSCA)': Number(total?.sum),
      'avg(ASICPSCA)': Number(total?.mean.toPrecision(15)),
    }));
    assert.deepEqual(await exported(), shown);
    await run('results.refresh');
    const anew = await exported();
    assert.notDeepEqual(anew, shown, 'the jobs go on calculating');
    assert.deepEqual(
      anew.map(({ ASGCNMC, ...numbers }) => [ASGCNMC, numbers['count(*)'], Object.keys(numbers).length]),
      groups.map(({ text, rows }) => [text, rows, 3]),
    );
    await assert.rejects(run('results.groupBy', { ...group, of: ['none'] }), { code: 'E_CONFIG' });
    // Groups of groups: how many of them have as many rows.
    const counts = new Map<number, number>();
    for (const { rows } of groups) {
      counts.set(rows, (counts.get(rows) ?? 0) + 1);
    }
    await run('results.groupBy', { field: 'count(*)', of: [] });
    assert.deepEqual(
      new Map((await exported()).map((row) => [Number(row['count(*)']), row['count(*) 2']])),
      counts,
    );
  });

  it('all rows are shown as JSON, laid out in parts, or as they are where there are many', async () => {
    for (const [count, isPretty] of [
      [3_000, true],
      [14_000, false],
    ] as const) {
      const { rows } = await run<{ rows: object[] }>('getData', { ...request, view: 'BIG', rows: count });
      await run('results.openAsJson');
      const text = vscode.window.activeTextEditor?.document.getText() ?? '';
      assert.deepEqual(JSON.parse(text), rows);
      assert.deepEqual([rows.length, /^\[\n {2}\{\n {4}"/.test(text)], [count, isPretty]);
      // Nothing is at a seam of two parts that is not elsewhere.
      assert.ok(
        text.split('\n').every((line) => (isPretty ? /^(?: {2})*\S/ : /^[{[\]]/).test(line) || line === ''),
      );
    }
  }).timeout(120_000); // VS Code takes its time for documents of megabytes.

  it('what the gateway said beside the rows is shown as JSON, without a secret', async () => {
    const { session } = await run<{ session: { id: string } }>('getData', request);
    const head = await run<Record<string, unknown>>('results.rawAnswer');
    assert.equal(head.rc, 0);
    assert.deepEqual(head.Rows, [], JSON.stringify(head));
    const document = vscode.window.activeTextEditor?.document;
    assert.deepEqual(JSON.parse(document?.getText() ?? ''), head);
    await run('copyToken', { id: session.id });
    const token = await vscode.env.clipboard.readText();
    assert.ok(token.length > 8 && !document?.getText().includes(token), document?.getText());
    // What is put together by a column was said beside the same answer.
    await run('getData', request);
    await run('results.groupBy', { field: 'ASGCNMC' });
    assert.equal((await run<Record<string, unknown>>('results.rawAnswer')).rc, 0);
  });

  it('results are compared with each other, and with one that was exported before', async () => {
    const { rows } = await run<{ rows: Record<string, unknown>[] }>('getData', request);
    const path = join(folder, 'before.json');
    process.env.RESULTS_FOLDER = folder;
    const named = { path: `$\{env:RESULTS_FOLDER}/before.json` };
    await run('results.export', { format: 'json', ...named, all: true });
    assert.deepEqual(await run('results.compare', named), { added: 0, changed: 0, gone: 0 });
    const all = JSON.parse(String(await readFile(path))) as Record<string, unknown>[];
    const [first, second, ...others] = all;
    // As it is exported with a column hidden, and saved by an editor that writes a byte-order mark.
    await writeFile(path, `\uFEFF${JSON.stringify(all.map((row) => ({ ...row, ASICPSCA: undefined })))}`);
    assert.deepEqual(await run('results.compare', { path }), { added: 0, changed: 0, gone: 0 });
    const other = [{ ...first, ASICPSCA: '-1' }, ...others, { ...second, ASGJBID: 'none' }];
    await writeFile(path, JSON.stringify(other));
    assert.deepEqual(await run('results.compare', { path }), { added: 1, changed: 1, gone: 1 });
    await run('getData', request);
    const { added, gone } = await run<Differences>('results.compare', { connection: 'shown' });
    assert.deepEqual([added, gone], [0, 0], `${rows.length} rows of the same jobs`);
    await assert.rejects(run('results.compare', { connection: 'other' }), { code: 'E_NOT_READY' });
    await writeFile(path, 'no rows');
    await assert.rejects(run('results.compare', { path }), { code: 'E_CONFIG' });
    assert.deepEqual(await run('results.onlyChanged', { on: true }), { onlyChanged: true });
    assert.deepEqual(await run('results.onlyChanged', {}), { onlyChanged: false });
  });

  it('an alert tells how many rows meet its condition', async () => {
    const { rows } = await run<{ rows: Record<string, unknown>[] }>('getData', request);
    const most = rows.map((row) => Number(row.ASICPSCA)).sort((a, b) => b - a)[3];
    const found = rows.filter((row) => Number(row.ASICPSCA) >= Number(most)).length;
    const condition = `ASICPSCA >= ${most}`;
    assert.deepEqual(await run('results.alert', { condition }), { condition, rows: found });
    await assert.rejects(run('results.alert', { condition: 'none > 1' }), { code: 'E_CONFIG' });
    assert.deepEqual(await run('results.alert', { condition: '' }), { condition: '', rows: 0 });
  });

  it('the request is copied in the form that a program names', async () => {
    await run('results.copyRequestAs', { form: 'cmd' });
    assert.match(await vscode.env.clipboard.readText(), /^curl [^\n]* \^\n[\s\S]*%USER_TOKEN%"\n$/);
    await assert.rejects(run('results.copyRequestAs', { form: 'wget' }), { code: 'E_CONFIG' });
  });

  it('closing a tab stops its request, and keeps the session that was opened for it', async () => {
    const api = await activated();
    let stopped: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      stopped = resolve;
    });
    // The sandbox, but its data have no end.
    const server = createServer((asked, answer) => {
      const { method, headers, url = '/' } = asked;
      const options = { method, headers: { ...headers, 'accept-encoding': 'identity' } };
      const onward = ask(new URL(url, sandbox.url), options, async (sent) => {
        answer.writeHead(sent.statusCode ?? 502, { 'Content-Type': 'application/json' });
        let body = '';
        for await (const part of sent) {
          body += String(part);
        }
        if (/JCSA/.test(url)) {
          answer.once('close', stopped).write(body.replace(/\][^\]]*$/, ''));
        } else {
          answer.end(body);
        }
      });
      asked.pipe(onward);
    });
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await connect(sandbox.url, url);
    try {
      await api.signIn('endless', { username: 'demo', password: 'demo' });
      const getting = run('getData', { connection: 'endless', product: 'MVMVS', view: 'JCSA' });
      const tabOf = () =>
        vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label === 'MVMVS/JCSA');
      for (let tries = 0; tabOf() === undefined && tries < 200; tries++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      const tab = tabOf();
      assert.ok(tab, 'the tab opens with the first rows');
      const part = { format: 'csv', path: join(folder, 'part.csv') };
      await assert.rejects(run('results.export', part), { code: 'E_NOT_READY' });
      await assert.rejects(run('results.openAsJson', {}), { code: 'E_NOT_READY' });
      await vscode.window.tabGroups.close(tab);
      await gone;
      assert.equal(await getting, undefined);
      const held = (await api.tokens()).filter(({ connection }) => connection === 'endless');
      assert.deepEqual(held.map(({ kind }) => kind).sort(), ['session', 'user']);
    } finally {
      await run('signOut', { connection: 'endless' });
      server.closeAllConnections();
      server.close();
    }
  });
});
