import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
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

/** Packages what is in dist/ now to a file. The same content makes the same bytes, wherever and whenever. */
export async function packageTo(file: string): Promise<void> {
  await vsce(['package', '--allow-missing-repository', '--no-rewrite-relative-links', '--out', file]);
}

/** What would be packaged, as paths from the top of the repository. */
export async function packagedFiles(): Promise<string[]> {
  return (await vsce(['ls'])).split('\n').filter(Boolean);
}

function vsce(args: readonly string[]): Promise<string> {
  const cli = join(root, 'node_modules/@vscode/vsce/vsce');
  // Everything is bundled: node_modules is no part of the package.
  return runOrThrow(process.execPath, [cli, ...args, '--no-dependencies'], {
    cwd: root,
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
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    hash
      .update(file)
      .update('\0')
      .update(await readFile(file))
      .update('\0');
  }
  return hash.digest('hex');
}
