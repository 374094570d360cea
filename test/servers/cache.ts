import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { withLock } from '../workbench/lock.ts';
import { cacheDir } from '../workbench/paths.ts';
import { step } from '../workbench/progress.ts';

/** Why a server cannot be had on this computer: its tests are skipped, and say this. */
export class CannotBeHad extends Error {}

/** Where the programs of all servers are kept, for many runs. */
export const serversDir = join(cacheDir, 'servers');

/**
 * The folder of a server's programs, made by `make` when there is none. It is made beside its place and moved there in
 * one rename, so what stands in its place is whole; of several processes one makes it and the others wait.
 */
export async function cached(name: string, make: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(serversDir, name);
  if (!existsSync(folder)) {
    await withLock(`${folder}.lock`, async () => {
      if (existsSync(folder)) {
        return;
      }
      const staging = `${folder}.staging`;
      await rm(staging, { recursive: true, force: true });
      await mkdir(staging, { recursive: true });
      await step(`Fetching ${name}`, () => make(staging));
      await rename(staging, folder);
    });
  }
  return folder;
}
