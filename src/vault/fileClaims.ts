import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { once } from '../core/async.ts';
import { Part } from '../core/disposable.ts';
import { Emitter } from '../core/event.ts';
import { isRunning } from '../core/processes.ts';
import type { Claims } from '../core/tokens/store.ts';

/** Claims older than this are deleted at the next start, in milliseconds. */
const abandonedMs = 2 * 24 * 60 * 60_000;

/** Maximum time between creating a file and writing its owner into it, in milliseconds. */
const unwrittenMs = 2_000;

/**
 * An id of this machine, kept in a folder of its own disk. VS Code's `machineId` and `globalState` would not do: they are
 * the same in a window that is connected to another machine.
 * @param name distinguishes machines that share the disk, such as a home folder on a network
 */
export function machineIdIn(folder: string, name: string): string {
  const file = join(folder, `machine-${name.replace(/[^\w.-]/g, '_')}`);
  const made = randomUUID();
  try {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, made, { flag: 'wx' });
  } catch {
    // The file exists already, or cannot be written.
  }
  try {
    return readFileSync(file, 'utf8') || made;
  } catch {
    return made;
  }
}

/** A folder for claims, and this window as others see it. */
interface ClaimsDeps {
  readonly folder: string;
  /** The window's. Begins with the id of its machine and a dot, where that is known. */
  readonly id: string;
  /** Which start of the machine the window lives in; empty where the system does not tell. */
  readonly boot: string;
}

/**
 * Claims as small files in a folder that all windows of this machine share, since only one of several processes can create
 * a file (`O_EXCL`). A stale claim is not removed but followed by the next one, `key.0`, `key.1` …, so that of several
 * windows that find it stale only one gets the next. The files hold ids of windows and processes, nothing secret.
 */
export class FileClaims extends Part<ClaimsDeps> implements Claims {
  readonly #claims = this.add(new Emitter<string>());
  readonly #prepared = once(() => this.#prepare());
  readonly #watching = once(() => this.#watch());

  readonly onDidClaim = this.#claims.event;

  async enter(): Promise<void> {
    await this.#prepared();
    this.#watching();
    await writeFile(this.#presence(this.deps.id), `${process.pid} ${this.deps.boot}`);
  }

  async leave(): Promise<void> {
    await this.#prepared();
    await rm(this.#presence(this.deps.id), { force: true });
  }

  async lives(window: string): Promise<boolean> {
    const text = await textOf(this.#presence(window));
    if (this.#isElsewhere(window) && (text === '' || machineOf(window) !== '')) {
      return true; // A window of another machine counts as living: nobody can tell from here.
    }
    if (text === '') {
      return (await ageOf(this.#presence(window))) < unwrittenMs;
    }
    const [pid = '', boot = ''] = text.split(' ');
    return boot === this.deps.boot && isRunning(Number(pid));
  }

  async claim(key: string, staleMs: number): Promise<boolean> {
    return (await this.#take(key, async (_, ageMs) => ageMs >= staleMs)) === 'new';
  }

  async lease(key: string, staleMs: number): Promise<boolean> {
    const taken = await this.#take(
      key,
      async (owner, ageMs) =>
        ageMs >= staleMs || (owner === '' ? ageMs >= unwrittenMs : !(await this.lives(owner))),
    );
    return taken !== 'theirs';
  }

  async claimed(prefix: string): Promise<readonly string[]> {
    await this.#prepared();
    const names = await readdir(this.deps.folder);
    return names.flatMap((name) =>
      name.startsWith(prefix) && name.endsWith('.0') ? [name.slice(prefix.length, -'.0'.length)] : [],
    );
  }

  async release(key: string): Promise<void> {
    await this.#prepared();
    const files: string[] = [];
    while ((await ageOf(this.#claim(key, files.length))) < Number.POSITIVE_INFINITY) {
      files.push(this.#claim(key, files.length));
    }
    const last = files.at(-1);
    if (last === undefined) {
      return; // Nobody has it.
    }
    const owner = await textOf(last);
    if (owner === this.deps.id || !(await this.lives(owner))) {
      for (const file of files) {
        await rm(file, { force: true });
      }
    }
  }

  /** Takes the first claim of `key.0`, `key.1` … that is free, if the one before it is stale. */
  async #take(
    key: string,
    isFree: (owner: string, ageMs: number) => Promise<boolean>,
  ): Promise<'new' | 'mine' | 'theirs'> {
    await this.#prepared();
    let row = 0;
    for (;;) {
      const file = this.#claim(key, row);
      if (await created(file, this.deps.id)) {
        return 'new';
      }
      const owner = await textOf(file);
      const ageMs = await ageOf(file);
      if (ageMs === Number.POSITIVE_INFINITY) {
        row = 0; // It was released just now: starts again at `key.0`.
      } else if (await isFree(owner, ageMs)) {
        row++;
      } else {
        return owner === this.deps.id ? 'mine' : 'theirs';
      }
    }
  }

  /** Without it, on file systems that cannot be watched, changes by others are found when a claim is made. */
  #watch(): void {
    try {
      const watcher = watch(this.deps.folder, { persistent: false }, (_, name) => {
        if (typeof name === 'string' && name.endsWith('.0')) {
          this.#claims.fire(name.slice(0, -'.0'.length));
        }
      });
      watcher.on('error', () => watcher.close());
      this.add({ dispose: () => watcher.close() });
    } catch {
      // Not every file system can be watched.
    }
  }

  #claim(key: string, row: number): string {
    return join(this.deps.folder, `${key.replace(/[^\w.-]/g, '_')}.${row}`);
  }

  #presence(window: string): string {
    return join(this.deps.folder, `window-${window.replace(/[^\w.-]/g, '_')}`);
  }

  #isElsewhere(window: string): boolean {
    return machineOf(window) !== machineOf(this.deps.id);
  }

  async #prepare(): Promise<void> {
    await mkdir(this.deps.folder, { recursive: true });
    for (const name of await readdir(this.deps.folder)) {
      const file = join(this.deps.folder, name);
      const window = /^window-(.*)$/.exec(name)?.[1];
      const mayBeOld = window === undefined || this.#isElsewhere(window);
      const isLitter =
        (mayBeOld && (await ageOf(file)) > abandonedMs) ||
        (window !== undefined && !(await this.lives(window)));
      if (isLitter) {
        await rm(file, { force: true });
      }
    }
  }
}

/** Empty for windows of version 0.1. */
function machineOf(window: string): string {
  return window.slice(0, Math.max(window.indexOf('.'), 0));
}

/** Makes a file; false where there is one already. */
async function created(file: string, text: string): Promise<boolean> {
  try {
    await writeFile(file, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      return false;
    }
    throw error;
  }
}

/** Reads a file; empty where another window has removed it meanwhile. */
async function textOf(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

/** The age of a file in milliseconds; infinite where there is none. */
async function ageOf(file: string): Promise<number> {
  return stat(file).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => Number.POSITIVE_INFINITY,
  );
}
