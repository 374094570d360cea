import type { Connection } from '../core/connection.ts';
import { entryName } from '../core/entries.ts';
import { noConnection, TokensError } from '../core/errors.ts';
import { parseConnection } from '../core/protocols/kinds.ts';
import type { ConnectionSource } from '../core/tokens/gateways.ts';
import { translated } from '../userError.ts';
import { EntryList } from './entryList.ts';

/** The connections in the person's settings. Only application scope is read, so that no workspace can add one. */
export class ConnectionSettings extends EntryList<Connection> implements ConnectionSource {
  #read = this.read('user');

  constructor() {
    super('connections', parseConnection);
    this.onDidChange(() => {
      this.#read = this.read('user');
    });
  }

  all(): readonly Connection[] {
    return this.#read.values;
  }

  problems() {
    return this.#read.problems;
  }

  find(name: unknown): Connection | undefined {
    return this.all().find((connection) => connection.name === name);
  }

  /** @throws `E_CONFIG` where there is no connection of that name */
  get(name: unknown): Connection {
    const connection = this.find(name);
    if (connection === undefined) {
      throw noConnection(name);
    }
    return connection;
  }

  /**
   * Stores a connection; returns it as stored.
   * @throws `E_CONFIG` when it is not one or its name is taken
   */
  async add(input: unknown): Promise<Record<string, unknown>> {
    const connection = this.check(input);
    const stored = { ...(input as Record<string, unknown>), name: connection.name, url: connection.url };
    await this.write('user', (entries) => {
      if (this.find(connection.name) !== undefined) {
        throw new TokensError('E_CONFIG', 'There is a connection called {0} already.', [connection.name]);
      }
      return [...entries, stored];
    });
    return stored;
  }

  /** Changes members of a stored connection. */
  async change(name: string, members: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write('user', (entries) =>
      entries.map((entry) => (entryName(entry) === name ? { ...(entry as object), ...members } : entry)),
    );
  }

  /** @throws `E_CONFIG` that names what is wrong */
  check(input: unknown): Connection {
    const parsed = parseConnection(input);
    if (!parsed.ok) {
      throw new TokensError('E_CONFIG', 'This is not a connection: {0}.', [translated(parsed.reason)]);
    }
    return parsed.value;
  }
}
