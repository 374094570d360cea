import * as v from 'valibot';
import type * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../core/disposable.ts';
import { Emitter } from '../core/event.ts';
import type { CredentialStore, Credentials } from '../core/tokens/store.ts';

const schema = v.object({
  /** By the names of its fields; whether the connection's protocol accepts it is checked where it is used. */
  login: v.exactOptional(v.record(v.string(), v.string())),
  secrets: v.exactOptional(
    v.object({
      passphrase: v.exactOptional(v.string()),
      headers: v.exactOptional(v.record(v.string(), v.string())),
    }),
  ),
  origin: v.string(),
  refused: v.exactOptional(v.string()),
  gatewayRefused: v.exactOptional(v.literal(true)),
});

const prefix = 'credentials/';

/** Logins in VS Code's secret storage, one entry for each connection (docs/contract.md, Secrets). */
export class CredentialVault implements CredentialStore, Disposable {
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

  /** An entry that cannot be read counts as none: the person is asked, and their answer replaces it. */
  async read(connection: string): Promise<Credentials | undefined> {
    const json = await this.#secrets.get(prefix + connection);
    if (json === undefined) {
      return undefined;
    }
    try {
      const parsed = v.safeParse(schema, JSON.parse(json));
      return parsed.success ? parsed.output : undefined;
    } catch {
      return undefined;
    }
  }

  async write(connection: string, credentials: Credentials): Promise<void> {
    await this.#secrets.store(prefix + connection, JSON.stringify(credentials));
  }

  async delete(connection: string): Promise<void> {
    await this.#secrets.delete(prefix + connection);
  }

  dispose(): void {
    this.#owned.dispose();
  }
}
