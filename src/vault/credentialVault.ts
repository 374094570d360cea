import * as v from 'valibot';
import type * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import type { CredentialStore, Credentials } from '../core/tokens/store.ts';
import { SecretEntries } from './secretEntries.ts';

// A newer version may keep more: marking a login as refused must not drop that.
const schema = v.looseObject({
  /** By the names of its fields; the protocol checks it when it is used. */
  login: v.exactOptional(v.record(v.string(), v.string())),
  secrets: v.exactOptional(
    v.looseObject({
      passphrase: v.exactOptional(v.string()),
      headers: v.exactOptional(v.record(v.string(), v.string())),
    }),
  ),
  origin: v.string(),
  refused: v.exactOptional(v.string()),
  gatewayRefused: v.exactOptional(v.literal(true)),
});

/** Logins, one entry for each connection. */
export class CredentialVault extends Part<vscode.SecretStorage> implements CredentialStore {
  readonly #entries = this.add(new SecretEntries(this.deps, 'credentials/'));
  /** What was read or written last, by connection. */
  readonly #last = new Map<string, Credentials | undefined>();
  #isLeaving = false;

  readonly onDidChange = this.#entries.onDidChange;

  /** An entry that cannot be read counts as none: the person is asked, and their answer replaces it. */
  async read(connection: string): Promise<Credentials | undefined> {
    if (!this.#isLeaving) {
      this.#last.set(connection, parsed(await this.#entries.read(connection)));
    }
    return this.#last.get(connection);
  }

  /**
   * To be called when the window exits, and the secret storage may be shut down already: from now on what was read last is
   * used, so that sessions can still be closed.
   */
  leave(): void {
    this.#isLeaving = true;
  }

  async write(connection: string, credentials: Credentials): Promise<void> {
    this.#last.set(connection, credentials);
    await this.#entries.write(connection, JSON.stringify(credentials));
  }

  async delete(connection: string): Promise<void> {
    this.#last.delete(connection);
    await this.#entries.delete(connection);
  }
}

function parsed(json: string | undefined): Credentials | undefined {
  try {
    return json === undefined ? undefined : v.parse(schema, JSON.parse(json));
  } catch {
    return undefined;
  }
}
