import assert from 'node:assert/strict';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { protocols } from '../../../../src/core/protocols/kinds.ts';
import { withoutComments } from '../../../docs/strings.ts';
import { root } from '../../../workbench/paths.ts';

/** Where the kinds of gateways may be named: where they are described, and where one of each is played. */
const theirs = /^(?:core\/protocols|sandbox)\//;

describe('kinds of gateways', () => {
  it('are named in their own folders alone, and everything else asks what they can do', async () => {
    const words = Object.entries(protocols).flatMap(([kind, { contextValue }]) => [kind, contextValue]);
    const spellings = words.flatMap((word) =>
      word === 'rest' // As a word of English it names nothing.
        ? [`['"]${word}(?=['"])`]
        : [`\\b${word}`, `${word.charAt(0).toUpperCase()}${word.slice(1)}`, `\\b${word.toUpperCase()}`],
    );
    const names = new RegExp(`(?:${spellings.join('|')})(?![a-z])|[Dd]ialect`);
    const found: string[] = [];
    for await (const file of glob(['src/**/*.ts', 'media/**/*.ts'], { cwd: root })) {
      const path = file.replaceAll('\\', '/').replace(/^src\//, '');
      const code = theirs.test(path) ? '' : withoutComments(await readFile(join(root, file), 'utf8'));
      code.split('\n').forEach((line, at) => {
        if (names.test(line)) {
          found.push(`${path}:${at + 1}: ${line.trim()}`);
        }
      });
    }
    assert.deepEqual(found, []);
  });

  it('import nothing of each other', async () => {
    for await (const file of glob('*/*.ts', { cwd: join(root, 'src/core/protocols') })) {
      const text = await readFile(join(root, 'src/core/protocols', file), 'utf8');
      const folders = [...text.matchAll(/from '\.\.\/(\w+)\//g)].map(([, folder]) => folder);
      assert.deepEqual(folders, [], file);
    }
  });
});
