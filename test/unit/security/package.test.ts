import { deepEqual, equal, ok } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, symlink, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';
import { runOrThrow } from '../../workbench/processes.ts';

/** All that a package is made of. */
const sources = [
  'src',
  'media',
  'l10n',
  'package.json',
  'package.nls.json',
  'esbuild.js',
  'notices.js',
  'tsconfig.json',
  '.vscodeignore',
  'README.md',
  'CHANGELOG.md',
  'SECURITY.md',
  'LICENSE',
  'test/workbench',
];

describe('security: the package', () => {
  let folder: string;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'st-package-'));
  });

  after(() => rm(folder, { recursive: true, force: true }));

  /** Builds in a folder of its own, from copies with dates of their own. */
  async function build(name: string, zone: string): Promise<{ hash: string; notices: string }> {
    const place = join(folder, name);
    for (const source of sources) {
      await cp(join(root, source), join(place, source), { recursive: true }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'ENOENT') {
            throw error;
          }
        },
      );
    }
    await symlink(join(root, 'node_modules'), join(place, 'node_modules'), 'junction');
    const date = new Date(Date.UTC(2020, name.length, 1));
    await utimes(join(place, 'package.json'), date, date);
    const options = { cwd: place, env: { ...process.env, TZ: zone } };
    await runOrThrow(process.execPath, ['esbuild.js'], options);
    await runOrThrow(process.execPath, ['test/workbench/makePackage.ts'], options);
    const bytes = await readFile(join(place, 'out/session-tokens.vsix'));
    return {
      hash: createHash('sha256').update(bytes).digest('hex'),
      notices: await readFile(join(place, 'dist/THIRD-PARTY-NOTICES.txt'), 'utf8'),
    };
  }

  it('is the same bytes wherever and whenever it is built, with the licences of what is in it', async function () {
    this.timeout(120_000);
    const first = await build('first', 'Pacific/Auckland');
    const second = await build('the-second', 'America/New_York');
    equal(first.hash, second.hash);
    equal(first.notices, second.notices);
    const named = [...first.notices.matchAll(/^(@?[\w./-]+) \d+\.\d+\.\d+\S* \((.+)\)$/gm)];
    for (const name of ['axios', 'valibot']) {
      ok(
        named.some(([, one]) => one === name),
        `${name} is not named`,
      );
    }
    deepEqual(
      named
        .map(([, , licence]) => licence)
        .filter((licence) => !/^(MIT|ISC|Apache-2\.0|BSD-[23]-Clause|0BSD)$/.test(licence ?? '')),
      [],
      'licences that nobody has looked at',
    );
  });
});
