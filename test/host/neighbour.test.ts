import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { TokenInfo } from '../../src/core/tokens/token.ts';
import { type ToolName, tools } from '../../src/tools/tools.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** Another extension (test/sample-extension), which knows of ours what docs/integration.md says. */
describe('a neighbour', () => {
  let sandbox: Sandbox;
  const name = 'neighbourly';

  before(async () => {
    sandbox = await startSandbox({ lifeSeconds: 60 });
    const [service] = sandbox.services;
    await setConnections([{ name, kind: 'bmc-cra', url: sandbox.url, service }]);
  });

  after(async () => {
    await run('signOut', { connection: name });
    await removeConnections();
    await sandbox.close();
  });

  it('gets data by the exported API', async () => {
    const found = await sample<{ job: string; session: TokenInfo; changes: number }>('busiestJob', {
      connection: name,
    });
    assert.match(found.job, /^\w+$/);
    assert.equal(found.session.target, 'MVMVS/JCPU');
    assert.ok(found.changes > 0, 'no change of a token was heard of');
  });

  it('gets no token without a person’s consent', async () => {
    assert.equal(await sample('ownRequest', { connection: name, silent: true }), undefined);
    // Where a person would be asked there is nobody: VS Code refuses dialogs under test.
    await assert.rejects(sample('ownRequest', { connection: name, silent: false }));
  });

  it('finds the tools that docs/integration.md lists', () => {
    const ours = vscode.lm.tools.filter(({ tags }) => tags.includes('session-tokens'));
    assert.deepEqual(ours.map((tool) => tool.name).sort(), [
      'sessionTokens_closeSession',
      'sessionTokens_getData',
      'sessionTokens_keepAlive',
      'sessionTokens_listTokens',
    ]);
    for (const { description, inputSchema } of ours) {
      assert.ok(description.length > 40 && inputSchema !== undefined);
    }
  });

  it('lists tokens by a tool, and reads neither an address nor any of a token', async () => {
    const api = await activated();
    const text = await tool('listTokens', {});
    const { connections, tokens } = JSON.parse(text) as {
      connections: { connection: string }[];
      tokens: { id: string; connection: string; secondsLeft: number }[];
    };
    assert.ok(connections.some(({ connection }) => connection === name));
    const held = await api.tokens();
    assert.deepEqual(tokens.map(({ id }) => id).sort(), held.map(({ id }) => id).sort());
    const own = tokens.filter(({ connection }) => connection === name);
    assert.ok(own.length > 0 && own.every(({ secondsLeft }) => secondsLeft > 0 && secondsLeft <= 60));
    assert.ok(!text.includes('127.0.0.1') && !text.includes('•'));
  });

  it('gets no longer list than a model has room for', async () => {
    const api = await activated();
    const [token] = await api.tokens();
    assert.ok(token);
    const many = { ...api, tokens: async () => Array.from({ length: 999 }, () => token) };
    const deps = { api: many, connections: { all: () => [] }, redact: (text: string) => text };
    const text = await tools.sessionTokens_listTokens.answer(deps, {}, 9_000);
    const { tokens, note } = JSON.parse(text) as { tokens: object[]; note: string };
    assert.ok(text.length < 9_000 && tokens.length > 5);
    assert.equal(note, `${tokens.length} of 999 tokens are here.`);
  });

  it('gets data, keeps alive and closes by tools', async () => {
    const before = sandbox.stats();
    const text = await tool('getData', { connection: name, product: 'MVMVS', view: 'JCSA', rows: 3 });
    const { rows, note, columns } = JSON.parse(text) as {
      rows: object[];
      note: string;
      columns: { field: string; label: string }[];
    };
    assert.equal(rows.length, 3);
    assert.match(note, /Only 3 of \d+ rows/);
    assert.ok(columns.some(({ field, label }) => field === 'CDREJNAM' && label === 'Jobname'));
    const session = (await (await activated()).tokens()).find(({ target }) => target === 'MVMVS/JCSA');
    const kept = JSON.parse(await tool('keepAlive', { id: session?.id })) as { secondsLeft: number };
    assert.ok(kept.secondsLeft > 50);
    assert.deepEqual(JSON.parse(await tool('closeSession', { id: session?.id })), { closed: session?.id });
    const after = sandbox.stats();
    assert.deepEqual(
      [after.opened - before.opened, after.keepAlives - before.keepAlives, after.closed - before.closed],
      [1, 1, 1],
    );
    await assert.rejects(tool('closeSession', { id: session?.id }), /List the tokens again/);
  });

  it('has a person asked before a tool calls a gateway', async () => {
    // Under test VS Code says yes to every question of a tool, so what it is told to ask is looked at instead.
    const deps = { api: await activated(), connections: { all: () => [] }, redact: (text: string) => text };
    const [session] = (await deps.api.tokens()).filter(({ kind }) => kind === 'session');
    const id = session?.id;
    const asked = async (tool: ToolName, input: object) => {
      const prepared: vscode.PreparedToolInvocation = await tools[tool].prepare(deps, { ...input });
      return prepared.confirmationMessages?.message;
    };
    assert.match(
      String(await asked('sessionTokens_getData', { connection: name, product: 'P', view: 'V', rows: 9 })),
      /neighbourly is asked for P\/V\. Up to 9 rows/,
    );
    assert.match(String(await asked('sessionTokens_keepAlive', { id })), /MVMVS\/JCPU \(neighbourly\)/);
    assert.match(String(await asked('sessionTokens_closeSession', { id })), /MVMVS\/JCPU \(neighbourly\)/);
    assert.equal(await asked('sessionTokens_listTokens', {}), undefined);
  });
});

async function sample<T>(command: string, args: object): Promise<T> {
  return vscode.commands.executeCommand<T>(`sample.${command}`, args);
}

function tool(name: string, input: object): Promise<string> {
  return sample('tool', { name: `sessionTokens_${name}`, input });
}
