import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Claims } from '../core/tokens/store.ts';

/** Claims older than this are of deadlines long past. In milliseconds. */
const litterMs = 2 * 24 * 60 * 60_000;

/**
 * Claims as empty files in a folder that all windows of this machine share: creating a file is the one thing
 * that exactly one of several processes can do. Their names hold ids and times, nothing secret.
 */
export class FileClaims implements Claims {
  readonly #folder: string;
  #ready: Promise<void> | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async claim(key: string, staleMs: number): Promise<boolean> {
    this.#ready ??= this.#prepare();
    await this.#ready;
    const file = join(this.#folder, key.replace(/[^\w.-]/g, '_'));
    if (await create(file)) {
      return true;
    }
    try {
      const { mtimeMs } = await stat(file);
      if (Date.now() - mtimeMs < staleMs) {
        return false;
      }
      // Of several who find it stale, one can move it away.
      const aside = `${file}.${process.pid}`;
      await rename(file, aside);
      await rm(aside, { force: true });
    } catch {
      return false; // Somebody else has just moved it away.
    }
    return create(file);
  }

  async #prepare(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    for (const name of await readdir(this.#folder)) {
      const file = join(this.#folder, name);
      const age = await stat(file).then(
        ({ mtimeMs }) => Date.now() - mtimeMs,
        () => 0, // Another window tidies too.
      );
      if (age > litterMs) {
        await rm(file, { force: true });
      }
    }
  }
}

async function create(file: string): Promise<boolean> {
  try {
    await (await open(file, 'wx')).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}
