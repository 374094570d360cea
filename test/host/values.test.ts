import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { request as ask, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** A row that is no JSON, with what JavaScript would change. */
const sent = String.raw`{"ID":9007199254740993,"PX":NaN,"100":1.10,"20":"SYS1\xPARM"}`;

/** What a gateway sent, for programs and in files. */
describe('values as they were sent', () => {
  let sandbox: Sandbox;
  // The sandbox, with one row of ours.
  const server = createServer((asked, answer) => {
    const { method, headers, url = '/' } = asked;
    const options = { method, headers: { ...headers, 'accept-encoding': 'identity' } };
    const onward = ask(new URL(url, sandbox.url), options, async (received) => {
      let body = '';
      for await (const part of received) {
        body += String(part);
      }
      answer.writeHead(received.statusCode ?? 502, { 'Content-Type': 'application/json' });
      answer.end(
        /\/data\b/.test(url) ? body.replace(/"Rows":\s*\[[\s\S]*\]/, () => `"Rows":[${sent}]`) : body,
      );
    });
    asked.pipe(onward);
  });

  before(async () => {
    sandbox = await startSandbox({});
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const [service] = sandbox.services;
    await setConnections([{ name: 'odd', kind: 'bmc-cra', service, dialect: 'views', url }]);
    await (await activated()).signIn('odd', { username: 'demo', password: 'demo' });
  });

  after(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await run('signOut', { connection: 'odd' });
    await removeConnections();
    server.closeAllConnections();
    server.close();
    await sandbox.close();
  });

  it('B1, B5, C4: reach programs whole and in their order, with a warning, and files as they are', async () => {
    const request = { connection: 'odd', product: 'MVMVS', view: 'JCSA' };
    for (const result of [
      await (await activated()).getData({ ...request, show: false }),
      await run<Awaited<ReturnType<Awaited<ReturnType<typeof activated>>['getData']>>>('getData', request),
    ]) {
      assert.deepEqual(result.rows, [{ ID: '9007199254740993', PX: null, '100': 1.1, '20': 'SYS1\\xPARM' }]);
      assert.deepEqual(
        result.columns.map(({ field }) => field),
        ['ID', 'PX', '100', '20'],
      );
      assert.equal(result.warnings?.length, 1);
      assert.match(result.warnings?.[0] ?? '', /\b2\b/);
    }
    const folder = await mkdtemp(join(tmpdir(), 'values-'));
    try {
      const path = join(folder, 'odd.ndjson');
      await run('results.export', { format: 'ndjson', path });
      assert.equal(
        await readFile(path, 'utf8'),
        `${String.raw`{"ID":9007199254740993,"PX":null,"100":1.10,"20":"SYS1\\xPARM"}`}\n`,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
