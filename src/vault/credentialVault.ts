import * as v from 'valibot';
import type * as vscode from 'vscode';
import type { CredentialStore, Credentials } from '../core/tokens/store.ts';

const schema = v.object({
  login: v.union([
    v.object({
      username: v.string(),
      password: v.string(),
      gatewayPassword: v.exactOptional(v.string()),
    }),
    v.object({ apiKey: v.string() }),
    v.object({ email: v.string(), password: v.string() }),
  ]),
  origin: v.string(),
});

/** Logins in VS Code's secret storage, one entry for each connection (CONTRACT.md, Secrets). */
export class CredentialVault implements CredentialStore {
  readonly #secrets: vscode.SecretStorage;

  constructor(secrets: vscode.SecretStorage) {
    this.#secrets = secrets;
  }

  /** An entry that cannot be read counts as none: the person is asked, and their answer replaces it. */
  async read(connection: string): Promise<Credentials | undefined> {
    const json = await this.#secrets.get(keyOf(connection));
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
    await this.#secrets.store(keyOf(connection), JSON.stringify(credentials));
  }

  async delete(connection: string): Promise<void> {
    await this.#secrets.delete(keyOf(connection));
  }
}

function keyOf(connection: string): string {
  return `credentials/${connection}`;
}
