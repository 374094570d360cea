import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run, runOrThrow } from '../workbench/processes.ts';
import { CannotBeHad, serversDir } from './cache.ts';
import type { Program } from './process.ts';

/*
 * Debian packages, downloaded and unpacked into a folder instead of being installed: it needs no rights, and changes
 * nothing of the system. apt checks their signatures as it does for an installation.
 */

/** Lists of packages of our own, for where the system has none (images of containers) or old ones. */
const listsDir = join(serversDir, 'lists');

/**
 * Unpacks a package, and all that it needs and this system lacks, into `folder`.
 * @throws CannotBeHad where there is no apt, no such package, or no way to the archive
 */
export async function unpackDebian(name: string, folder: string): Promise<void> {
  if ((await run('apt-get', ['--version'])).code !== 0) {
    throw new CannotBeHad('there are no Debian packages on this system');
  }
  const debs = join(folder, 'debs');
  await mkdir(join(debs, 'partial'), { recursive: true });
  const failure = (await download(name, debs, [])) && (await downloadByOwnLists(name, debs));
  if (failure) {
    throw new CannotBeHad(`the package ${name} cannot be downloaded: ${failure}`);
  }
  for (const deb of await readdir(debs)) {
    if (deb.endsWith('.deb')) {
      await runOrThrow('dpkg-deb', ['-x', join(debs, deb), folder]);
    }
  }
  await rm(debs, { recursive: true });
}

async function downloadByOwnLists(name: string, debs: string): Promise<string | undefined> {
  const options = ['-o', `Dir::State::lists=${listsDir}`];
  await mkdir(join(listsDir, 'partial'), { recursive: true });
  const { code, output } = await run('apt-get', [...common(debs), ...options, 'update']);
  return code === 0 ? download(name, debs, options) : lastLine(output);
}

/** Downloads what an installation would; returns why it could not. */
async function download(name: string, debs: string, options: readonly string[]): Promise<string | undefined> {
  const apt = (args: readonly string[]) =>
    run('apt-get', [...common(debs), ...options, ...args], { cwd: debs });
  const plan = await apt(['install', '--yes', '--no-install-recommends', '--print-uris', name]);
  // A line for each package: 'address' name_version_architecture.deb size checksum
  const packages = [...plan.output.matchAll(/^'[^']+' ([^_\s]+)_\S+\.deb \d+/gm)].map(
    ([, found]) => found ?? '',
  );
  if (plan.code !== 0 || packages.length === 0) {
    return lastLine(plan.output);
  }
  const { code, output } = await apt(['download', '--quiet', ...packages]);
  return code === 0 ? undefined : lastLine(output);
}

/** Without the system's locks and caches, which belong to root. */
function common(debs: string): string[] {
  return [
    'Debug::NoLocking=1',
    `Dir::Cache=${debs}`,
    `Dir::Cache::archives=${debs}`,
    'APT::Sandbox::User=',
  ].flatMap((option) => ['-o', option]);
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) || 'apt-get said nothing';
}

/** How to run a program of the unpacked package in `folder`: the kernel ends it when its parent is gone. */
export async function unpacked(folder: string, program: string, args: readonly string[]): Promise<Program> {
  const lib = join(folder, 'usr/lib');
  const libraries = existsSync(lib) ? (await readdir(lib)).filter((name) => name.includes('-linux-')) : [];
  return {
    command: 'setpriv',
    args: ['--pdeathsig', 'KILL', join(folder, program), ...args],
    env: { LD_LIBRARY_PATH: libraries.map((name) => join(lib, name)).join(':') },
  };
}
