import type * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../core/disposable.ts';
import { Emitter } from '../core/event.ts';
import type { TokenStore } from '../core/tokens/store.ts';

const prefix = 'token/';

/** Tokens in VS Code's secret storage, one entry each (docs/contract.md, Secrets). */
export class TokenVault implements TokenStore, Disposable {
  readonly #secrets: vscode.SecretStorage;
  readonly #owned = new DisposableStore();
  readonly #changes = this.#owned.add(new Emitter<string>());

  readonly onDidChange = this.#changes.event;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
    this.#owned.add(
      secrets.onDidChange(({ key }) => {
        if (key.startsWith(prefix)) {
          this.#changes.fire(key.slice(prefix.length));
        }
      }),
    );
  }

  async ids(): Promise<string[]> {
    const keys = await this.#secrets.keys();
    return keys.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
  }

  async read(id: string): Promise<string | undefined> {
    return this.#secrets.get(prefix + id);
  }

  async write(id: string, json: string): Promise<void> {
    await this.#secrets.store(prefix + id, json);
  }

  async delete(id: string): Promise<void> {
    await this.#secrets.delete(prefix + id);
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
