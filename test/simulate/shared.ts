import { Emitter } from '../../src/core/event.ts';
import type { Claims, CredentialStore, Credentials, TokenStore } from '../../src/core/tokens/store.ts';

/** One secret storage; each window has its own view of it, with change events that arrive later. */
export class SharedStorage {
  readonly entries = new Map<string, string>();
  /** Writes and deletes so far. */
  writes = 0;
  /** Makes every step fail while it is set. */
  broken = false;
  readonly #windows = new Set<(id: string) => void>();

  /** @param lag carries out a step later, or at once */
  window(lag: () => Promise<void> = () => Promise.resolve()): TokenStore & { dispose(): void } {
    const changes = new Emitter<string>();
    const hear = (id: string) => void lag().then(() => changes.fire(id));
    this.#windows.add(hear);
    const step = async <T>(work: () => T): Promise<T> => {
      await lag();
      if (this.broken) {
        throw new Error('the keyring is locked');
      }
      return work();
    };
    return {
      ids: () => step(() => [...this.entries.keys()]),
      read: (id) => step(() => this.entries.get(id)),
      write: (id, json) =>
        step(() => {
          this.entries.set(id, json);
          this.#changed(id);
        }),
      delete: (id) =>
        step(() => {
          if (this.entries.delete(id)) {
            this.#changed(id);
          }
        }),
      onDidChange: changes.event,
      dispose: () => {
        this.#windows.delete(hear);
        changes.dispose();
      },
    };
  }

  #changed(id: string): void {
    this.writes++;
    for (const hear of this.#windows) {
      hear(id);
    }
  }
}

export class MemoryCredentials implements CredentialStore {
  readonly entries = new Map<string, Credentials>();
  readonly #changes = new Emitter<string>();

  readonly onDidChange = this.#changes.event;

  async read(connection: string): Promise<Credentials | undefined> {
    return this.entries.get(connection);
  }

  async write(connection: string, credentials: Credentials): Promise<void> {
    this.entries.set(connection, credentials);
    this.#changes.fire(connection);
  }

  async delete(connection: string): Promise<void> {
    this.entries.delete(connection);
    this.#changes.fire(connection);
  }
}

/** Of windows whose names begin with a machine's and a dot, as real ones' ids do. */
function machineOf(window: string): string {
  return window.slice(0, Math.max(window.indexOf('.'), 0));
}

/** The claims of all windows of a machine. */
export class SharedClaims {
  readonly alive = new Set<string>();
  /** Makes every question fail while it is set. */
  broken = false;
  readonly #owners = new Map<string, { window: string; at: number }>();
  readonly #claims = new Emitter<string>();
  readonly #up: () => number;

  constructor(up: () => number) {
    this.#up = up;
  }

  window(window: string): Claims {
    const take = (key: string, isFree: (owner: { window: string; at: number }) => boolean): boolean => {
      if (this.broken) {
        throw new Error('the folder cannot be written');
      }
      const owner = this.#owners.get(key);
      if (owner === undefined || isFree(owner)) {
        this.#owners.set(key, { window, at: this.#up() });
        this.#claims.fire(key);
        return true;
      }
      return false;
    };
    return {
      enter: async () => void this.alive.add(window),
      leave: async () => void this.alive.delete(window),
      lives: async (other) => this.alive.has(other) || machineOf(other) !== machineOf(window),
      claim: async (key, staleMs) => take(key, ({ at }) => this.#up() - at >= staleMs),
      lease: async (key, staleMs) =>
        take(key, (owner) => this.#up() - owner.at >= staleMs || !this.alive.has(owner.window)) ||
        this.#owners.get(key)?.window === window,
      onDidClaim: this.#claims.event,
      claimed: async (prefix) =>
        [...this.#owners.keys()].flatMap((key) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : [])),
      release: async (key) => {
        const owner = this.#owners.get(key)?.window ?? '';
        if ((owner === window || !this.alive.has(owner)) && this.#owners.delete(key)) {
          this.#claims.fire(key); // Watching a folder does not tell created files from deleted ones.
        }
      },
    };
  }
}
