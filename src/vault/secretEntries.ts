import type * as vscode from 'vscode';
import { DisposableStore } from '../core/disposable.ts';
import { Emitter } from '../core/event.ts';
import type { TokenStore } from '../core/tokens/store.ts';

/** The entries of VS Code's secret storage whose keys begin with a prefix, under what follows it (docs/contract.md, Secrets). */
export class SecretEntries extends DisposableStore implements TokenStore {
  readonly #secrets: vscode.SecretStorage;
  readonly #prefix: string;
  readonly #changes = new Emitter<string>();

  readonly onDidChange = this.#changes.event;

  constructor(secrets: vscode.SecretStorage, prefix: string) {
    super();
    this.#secrets = secrets;
    this.#prefix = prefix;
    this.add(
      secrets.onDidChange(({ key }) => {
        if (key.startsWith(prefix)) {
          this.#changes.fire(key.slice(prefix.length));
        }
      }),
    );
  }

  async ids(): Promise<string[]> {
    const keys = await this.#secrets.keys();
    return keys.filter((key) => key.startsWith(this.#prefix)).map((key) => key.slice(this.#prefix.length));
  }

  async read(id: string): Promise<string | undefined> {
    return this.#secrets.get(this.#prefix + id);
  }

  async write(id: string, json: string): Promise<void> {
    await this.#secrets.store(this.#prefix + id, json);
  }

  async delete(id: string): Promise<void> {
    await this.#secrets.delete(this.#prefix + id);
  }
}
