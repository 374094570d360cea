import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import { callOf, run as runBehindBoundary } from '../../src/commands/boundary.ts';
import type { CommandServices } from '../../src/commands/command.ts';
import { TreeNode } from '../../src/views/nodes.ts';
import { activated, removeConnections, run } from './support.ts';

/** Of each family of commands one that fails without a question while nothing is held, open or saved. */
const families = [
  { command: 'keepAlive', code: 'E_UNKNOWN_TOKEN', full: { id: 'none' }, fullCode: 'E_UNKNOWN_TOKEN' },
  {
    command: 'results.export',
    code: 'E_NOT_READY',
    full: { format: 'csv', path: '/x.csv' },
    fullCode: 'E_NOT_READY',
  },
  { command: 'queries.run', code: 'E_NOT_READY', full: { name: 'none' }, fullCode: 'E_CONFIG' },
];

const atTab = vscode.Uri.parse('webview-panel:result');
const inMenu = { webview: 'sessionTokens.result', webviewSection: 'header', field: 'A' };

describe('a command is called by a person or by a program', () => {
  before(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await removeConnections();
    const api = await activated();
    await api.closeAll();
    for (const { connection } of await api.tokens()) {
      await run('signOut', { connection });
    }
  });

  for (const { command, code, full, fullCode } of families) {
    const call = async (...args: unknown[]) =>
      vscode.commands.executeCommand(`sessionTokens.${command}`, ...args);

    it(`${command}: with nothing, at a tab or in a menu a person is told, and nothing is thrown`, async () => {
      for (const args of [[], [undefined], [atTab], [inMenu]]) {
        assert.equal(await call(...args), undefined);
      }
    });

    it(`${command}: with an object, an empty one included, a program gets the code and one sentence`, async () => {
      await assert.rejects(call({}), { code, message: /^[^\n]+\.$/ });
      await assert.rejects(call(full), { code: fullCode, message: /^[^\n]+\.$/ });
    });
  }

  it('a text is no argument, but what an input of a task may stand in', async () => {
    const call = async (command: string) =>
      vscode.commands.executeCommand(`sessionTokens.${command}`, 'curl a text');
    assert.equal(await call('pickConnection'), undefined);
    await assert.rejects(call('closeAll'), { code: 'E_CONFIG' });
  });

  it('a row of a view is a person’s, and gives what a program would', () => {
    assert.deepEqual(callOf(new TreeNode({ id: 'id', connection: 'c' })), {
      args: { id: 'id', connection: 'c' },
      interactive: true,
    });
    assert.deepEqual(callOf(new TreeNode({ connection: 'c' })), {
      args: { connection: 'c' },
      interactive: true,
    });
    assert.deepEqual(
      callOf({ row: 'token', id: 'id' }).interactive,
      false,
      'whatever its members are called',
    );
    assert.equal(callOf(inMenu).args.field, 'A');
  });

  it('a mistake of ours tells a program nothing of its text; the log has it', async () => {
    const logged: string[] = [];
    const broken = (): never => {
      throw new Error('internals');
    };
    const log = { debug: broken, info: broken, warn: broken, error: (text: string) => logged.push(text) };
    const services = { ready: Promise.resolve(), log, queries: { all: broken }, results: broken };
    for (const id of ['sessionTokens.queries.edit', 'sessionTokens.results.export', 'sessionTokens.signIn']) {
      await assert.rejects(
        runBehindBoundary(services as unknown as CommandServices, id, {}),
        ({ code, message }: Error & { code: string }) => code === 'E_PROTOCOL' && !/internals/.test(message),
      );
    }
    assert.equal(logged.length, 3);
    assert.match(logged[0] ?? '', /internals/);
  });
});
