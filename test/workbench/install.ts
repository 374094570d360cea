import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from './lock.ts';
import { cacheDir, root } from './paths.ts';
import { runOrThrow } from './processes.ts';
import { step } from './progress.ts';

/** code-server ships the server of VS Code 1.139, browser workbench included, as an npm package. */
const codeServer = process.env.CODE_SERVER_VERSION ?? '4.139.1';

interface ServerInstall {
  /** A Node that can run the server: it wants 24. */
  readonly node: string;
  /** server-main.js. */
  readonly main: string;
  /** Of this VS Code, as 1.139.1. */
  readonly version: string;
}

/** A real VS Code from the package registry alone; made once, then found again. */
export async function ensureServer(): Promise<ServerInstall> {
  const home = join(cacheDir, `code-server-${codeServer}`);
  const main = join(home, 'node_modules/code-server/lib/vscode/out/server-main.js');
  if (!existsSync(main)) {
    await withLock(`${home}.lock`, async () => {
      if (!existsSync(main)) {
        await step(
          `Installing VS Code (code-server ${codeServer}, about 200 MB) from the package registry`,
          () => install(home),
        );
      }
    });
  }
  const product = join(home, 'node_modules/code-server/lib/vscode/package.json');
  const { version } = JSON.parse(await readFile(product, 'utf8')) as { version: string };
  return { node: nodeForServer(), main, version };
}

/**
 * Everything is installed beside its place and moved there in one rename: what stands in its place is whole,
 * and what an interrupted run left is never mistaken for it.
 */
async function install(home: string): Promise<void> {
  await removeLeftovers(home);
  const staging = `${home}.staging-${process.pid}`;
  await mkdir(staging, { recursive: true });
  await writeFile(join(staging, 'package.json'), '{ "private": true }\n');
  // No install scripts, hence no compiler: the native modules they would build (terminal, watcher) are optional.
  await npm(staging, ['install', `code-server@${codeServer}`, '--no-save', '--ignore-scripts']);
  const server = join(staging, 'node_modules/code-server/lib/vscode');
  await withoutWatcher(server);
  await npm(server, ['install', '--omit=dev', '--ignore-scripts']);
  try {
    await rename(staging, home);
  } catch (error) {
    // Another process has installed it meanwhile.
    await rm(staging, { recursive: true, force: true });
    if (!existsSync(home)) {
      throw error;
    }
  }
}

/**
 * Older versions name the file watcher by its source repository, which is not everywhere to be had. It would not be
 * built anyway; its absence only logs.
 */
async function withoutWatcher(server: string): Promise<void> {
  const isWatcher = (name: string): boolean => /(^|\/)@parcel\/watcher/.test(name);
  for (const file of ['package.json', 'npm-shrinkwrap.json']) {
    const path = join(server, file);
    const manifest = JSON.parse(await readFile(path, 'utf8')) as Listing & {
      packages?: Record<string, Listing>;
    };
    for (const listing of [manifest, manifest.packages?.['']]) {
      if (listing?.dependencies) {
        listing.dependencies = without(listing.dependencies, isWatcher);
      }
    }
    if (manifest.packages) {
      manifest.packages = without(manifest.packages, isWatcher);
    }
    await writeFile(path, JSON.stringify(manifest, undefined, 2));
  }
}

interface Listing {
  dependencies?: Record<string, unknown>;
}

function without<T>(record: Record<string, T>, unwanted: (name: string) => boolean): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !unwanted(name)));
}

async function removeLeftovers(home: string): Promise<void> {
  const name = home.slice(cacheDir.length + 1);
  for (const entry of await readdir(cacheDir)) {
    if (entry.startsWith(`${name}.staging-`)) {
      await rm(join(cacheDir, entry), { recursive: true, force: true });
    }
  }
  // Without server-main.js (or we would not be here) a home is damaged: made anew.
  await rm(home, { recursive: true, force: true });
}

export async function npm(cwd: string, args: readonly string[]): Promise<void> {
  const all = [...args, '--prefix', cwd, '--no-audit', '--no-fund', '--loglevel=error'];
  const cli = process.env.npm_execpath;
  // Under `npm run` the very npm that runs us; else the one on PATH.
  if (cli?.endsWith('.js')) {
    await runOrThrow(process.execPath, [cli, ...all], { cwd });
  } else {
    await runOrThrow('npm', all, { cwd, shell: process.platform === 'win32' });
  }
}

function nodeForServer(): string {
  // The one that a version was made for: before 1.106 its extension host hangs under Node 24 and wants 22.
  const { CODE_SERVER_NODE: given } = process.env;
  if (given) {
    return given;
  }
  if (Number(process.versions.node.split('.')[0]) >= 24) {
    return process.execPath;
  }
  const packaged = join(root, 'node_modules/node/bin/node');
  if (!existsSync(packaged)) {
    throw new Error(
      'VS Code needs Node 24: run `npm ci` first, it brings one, and start this by an npm script.',
    );
  }
  return packaged;
}
