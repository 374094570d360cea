import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, stat, symlink, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../workbench/paths.ts';
import { runOrThrow } from '../../workbench/processes.ts';

const require = createRequire(import.meta.url);
/** What vsce unpacks a package with: the names, in lower case, and the contents. */
const { readZip } = require('@vscode/vsce/out/zip.js') as {
  readZip(file: string, wanted: (name: string) => boolean): Promise<Map<string, Buffer>>;
};
/** And what it reads Markdown with. */
const MarkdownIt = createRequire(require.resolve('@vscode/vsce/out/zip.js'))('markdown-it') as new (options: {
  html: boolean;
}) => { render(page: string): string };

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
  async function build(
    name: string,
    zone: string,
    repository?: string,
  ): Promise<{ hash: string; notices: string; files: Map<string, string>; manifest: string }> {
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
    const { GITHUB_REPOSITORY: _, ...env } = process.env;
    const options = {
      cwd: place,
      env: { ...env, TZ: zone, ...(repository === undefined ? {} : { GITHUB_REPOSITORY: repository }) },
    };
    await runOrThrow(process.execPath, ['esbuild.js'], options);
    await runOrThrow(process.execPath, ['test/workbench/makePackage.ts'], options);
    const vsix = join(place, 'out/session-tokens.vsix');
    const bytes = await readFile(vsix);
    const files = await readZip(vsix, (name) => /\.(md|json|vsixmanifest)$/.test(name));
    return {
      files: new Map([...files].map(([name, content]) => [name, content.toString('utf8')])),
      manifest: await readFile(join(place, 'package.json'), 'utf8'),
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
    for (const page of ['readme.md', 'changelog.md']) {
      const source = page.replace(/^\w+/, (name) => name.toUpperCase());
      equal(first.files.get(`extension/${page}`), await readFile(join(root, source), 'utf8'));
    }
    deepEqual(JSON.parse(first.files.get('extension/package.json') ?? ''), forUsers(first.manifest));
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

  it('made for a repository, links and shows what is there, and names it in the manifest', async function () {
    this.timeout(120_000);
    const home = 'https://github.com/some-owner/some.name';
    const { files, manifest } = await build('repository', 'UTC', 'some-owner/some.name');
    deepEqual(JSON.parse(files.get('extension/package.json') ?? ''), {
      ...forUsers(manifest),
      repository: { type: 'git', url: `${home}.git` },
      bugs: { url: `${home}/issues` },
      homepage: `${home}#readme`,
    });
    equal(manifest, await readFile(join(root, 'package.json'), 'utf8'), 'the source was changed');
    match(files.get('extension.vsixmanifest') ?? '', /Services\.Links\.Support" Value="[^"]+\/issues"/);

    let pictures = 0;
    for (const page of ['README.md', 'CHANGELOG.md']) {
      const written = linksOf(await readFile(join(root, page), 'utf8'));
      const made = linksOf(files.get(`extension/${page.toLowerCase()}`) ?? '');
      equal(made.length, written.length, page);
      for (const [index, { url, picture }] of written.entries()) {
        pictures += picture ? 1 : 0;
        const isRelative = !/^([a-z]+:|#)/.test(url);
        equal(made[index]?.url, isRelative ? `${home}/${picture ? 'raw' : 'blob'}/HEAD/${url}` : url);
        ok(!picture || (isRelative && !url.endsWith('.svg')), `the Marketplace does not show ${url}`);
        if (isRelative) {
          await stat(join(root, decodeURI(url.replace(/#.*/, ''))));
        }
      }
    }
    ok(pictures >= 5, `only ${pictures} pictures were found`);
  });

  it('is not made for what is no name of a repository', async function () {
    this.timeout(120_000);
    await rejects(build('bad', 'UTC', 'https://github.com/a/b'), /GITHUB_REPOSITORY is owner\/name/);
  });
});

/** What of a manifest is for those who use the extension. */
function forUsers(manifest: string): Record<string, unknown> {
  const { scripts: _, devDependencies: __, allowScripts: ___, ...rest } = JSON.parse(manifest);
  return rest;
}

/** Links and pictures of a page, as Markdown is read in the Marketplace. */
function linksOf(page: string): { url: string; picture: boolean }[] {
  const html = new MarkdownIt({ html: true }).render(page);
  return [...html.matchAll(/<(a|img|source|video)\b[^>]*?\b(?:href|src|srcset)="([^"]*)"/g)].map(
    ([, element, url = '']) => ({ url, picture: element !== 'a' }),
  );
}
