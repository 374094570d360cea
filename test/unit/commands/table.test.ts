import { deepEqual } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';

describe('the registry of commands', () => {
  it('does each command that the manifest declares, and no other', async () => {
    const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      contributes: { commands: { command: string }[] };
    };
    // The tables work with VS Code's own module, so their text is read here.
    const tables = await Promise.all(
      ['table', 'queries', 'results'].map((name) => readFile(join(root, `src/commands/${name}.ts`), 'utf8')),
    );
    const handled = tables.flatMap((text) => [...text.matchAll(/^ {2}'(sessionTokens\.[\w.]+)':/gm)]);
    deepEqual(
      handled.map(([, id]) => id).sort(),
      manifest.contributes.commands.map(({ command }) => command).sort(),
    );
  });
});
