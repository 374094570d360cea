import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { outDir, root } from './paths.ts';
import { runOrThrow } from './processes.ts';
import { step } from './progress.ts';

/** Where the package of the working tree is put. */
export const vsix = join(outDir, 'session-tokens.vsix');

/** All that decides what the package holds. */
const sources = ['src/**', 'media/**', 'l10n/**', '*.{json,js,md,ts}', 'LICENSE', '.vscodeignore'];

/** The packaged extension, made anew only when something it is made of has changed. */
export async function ensurePackage({ checkTypes = false } = {}): Promise<string> {
  const stamp = `${vsix}.sources`;
  const now = await hashOfSources();
  const made = existsSync(vsix) ? await readFile(stamp, 'utf8').catch(() => '') : '';
  if (made !== now) {
    if (checkTypes) {
      await step('Checking types', () =>
        runOrThrow(process.execPath, ['node_modules/typescript/bin/tsc', '--noEmit'], { cwd: root }),
      );
    }
    await step('Bundling the extension', () => runOrThrow(process.execPath, ['esbuild.js'], { cwd: root }));
    await step('Packaging the .vsix', makePackage);
    await writeFile(stamp, now);
  }
  return vsix;
}

/** Packages what is in dist/ now. */
export async function makePackage(): Promise<void> {
  await mkdir(outDir, { recursive: true });
  await packageTo(vsix);
}

/**
 * Packages what is in dist/ now to a file. The same content makes the same bytes, wherever and whenever.
 *
 * With `GITHUB_REPOSITORY` (`owner/name`; GitHub's workflows have it) the package names that repository, and the links
 * and pictures of README and CHANGELOG lead there, because outside of the repository relative ones lead nowhere.
 */
async function packageTo(file: string): Promise<void> {
  const repository = process.env.GITHUB_REPOSITORY;
  if (repository && !/^[\w-]+\/[\w.-]+$/.test(repository)) {
    throw new Error(`GITHUB_REPOSITORY is owner/name, not ${repository}.`);
  }
  const url = `https://github.com/${repository}`;
  const links = {
    repository: { type: 'git', url: `${url}.git` },
    bugs: { url: `${url}/issues` },
    homepage: `${url}#readme`,
  };
  const onlyHere = { scripts: undefined, devDependencies: undefined, allowScripts: undefined };
  // vsce packages what is on the disk: JSON, which nobody reads in a package, is written beside copies without spaces.
  const copies = await mkdtemp(join(outDir, 'package-'));
  try {
    for (const name of [...(await packagedFiles()), '.vscodeignore']) {
      await cp(join(root, name), join(copies, name));
      if (name.endsWith('.json')) {
        const content = JSON.parse(await readFile(join(root, name), 'utf8')) as object;
        const isManifest = name === 'package.json';
        const all = isManifest ? { ...content, ...onlyHere, ...(repository ? links : {}) } : content;
        await writeFile(join(copies, name), JSON.stringify(all));
      }
    }
    const unlinked = ['--allow-missing-repository', '--no-rewrite-relative-links'];
    await vsce(['package', ...(repository ? [] : unlinked), '--out', file], copies);
  } finally {
    await rm(copies, { recursive: true, force: true });
  }
}

/** What would be packaged, as paths from the top of the repository. */
export async function packagedFiles(): Promise<string[]> {
  return (await vsce(['ls'])).split('\n').filter(Boolean);
}

function vsce(args: readonly string[], cwd = root): Promise<string> {
  const cli = join(root, 'node_modules/@vscode/vsce/vsce');
  // Everything is bundled: node_modules is no part of the package.
  return runOrThrow(process.execPath, [cli, ...args, '--no-dependencies'], {
    cwd,
    // The date of all files in it: the first one that a zip can tell, in the one zone that is everywhere the same.
    env: { ...process.env, SOURCE_DATE_EPOCH: '315619200', TZ: 'UTC' },
  });
}

async function hashOfSources(): Promise<string> {
  const files: string[] = [];
  for await (const entry of glob(sources, { cwd: root, withFileTypes: true })) {
    if (entry.isFile()) {
      files.push(join(entry.parentPath, entry.name));
    }
  }
  const hash = createHash('sha256').update(process.env.GITHUB_REPOSITORY ?? '');
  for (const file of files.sort()) {
    hash
      .update(file)
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex');
}
