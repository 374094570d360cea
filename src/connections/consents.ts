import * as v from 'valibot';
import type * as vscode from 'vscode';
import { type Connection, isLoopback, originOf } from '../core/connection.ts';
import { type Danger, dangerOf } from '../core/danger.ts';
import { TokensError } from '../core/errors.ts';

const key = 'consents';
const schema = v.array(v.tuple([v.string(), v.string(), v.string()]));

type Entry = v.InferOutput<typeof schema>[number];

/** What a person has agreed to: an unsafe way, for one connection to one origin. Nothing secret is in it. */
export class Consents {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** What is still to be agreed to before anything goes to a connection's gateway. */
  wanted(connection: Connection): Danger | undefined {
    const entry = entryOf(connection);
    return entry === undefined || this.#all().some((other) => isSame(other, entry)) ? undefined : entry[0];
  }

  /** Throws `E_CONFIG` that says what is to be agreed to, where nobody has. */
  check(connection: Connection): void {
    const { name } = connection;
    switch (this.wanted(connection)) {
      case 'unencrypted':
        throw new TokensError(
          'E_CONFIG',
          'The connection {0} sends credentials unencrypted to {1}: sign in to it by hand once, to say that this is wanted.',
          [name, originOf(connection)],
        );
      case 'unverified':
        throw new TokensError(
          'E_CONFIG',
          'The connection {0} does not verify the certificate of {1}: sign in to it by hand once, to say that this is wanted.',
          [name, originOf(connection)],
        );
    }
  }

  async give(connection: Connection): Promise<void> {
    const entry = entryOf(connection);
    if (entry !== undefined && this.wanted(connection) !== undefined) {
      await this.#state.update(key, [...this.#all(), entry]);
    }
  }

  /** A connection of this name is no more: another one has to be agreed to anew. */
  async forget(name: string): Promise<void> {
    const all = this.#all();
    const others = all.filter(([, of]) => of !== name);
    if (others.length < all.length) {
      await this.#state.update(key, others);
    }
  }

  #all(): readonly Entry[] {
    const parsed = v.safeParse(schema, this.#state.get(key));
    return parsed.success ? parsed.output : [];
  }
}

function entryOf(connection: Connection): [Danger, string, string] | undefined {
  const danger = dangerOf(connection);
  // Nobody stands between this machine and itself; it is still shown wherever the connection is.
  return danger === undefined || isLoopback(connection.url)
    ? undefined
    : [danger, connection.name, originOf(connection)];
}

function isSame(a: Entry, b: Entry): boolean {
  return a.every((part, at) => part === b[at]);
}
