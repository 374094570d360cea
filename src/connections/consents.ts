import * as v from 'valibot';
import type * as vscode from 'vscode';
import { type Connection, isLoopback, originOf } from '../core/connection.ts';
import { type Danger, dangerOf } from '../core/danger.ts';
import { TokensError } from '../core/errors.ts';

const key = 'consents';
const schema = v.array(v.tuple([v.string(), v.string(), v.string()]));

type Entry = v.InferOutput<typeof schema>[number];

/** The unsafe connections that a person has agreed to, each by its name and origin. Holds no secret. */
export class Consents {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  /** What a person has to agree to before anything is sent to a connection's gateway. */
  wanted(connection: Connection): Danger | undefined {
    const entry = entryOf(connection);
    return entry === undefined || this.#all().some((other) => isSame(other, entry)) ? undefined : entry[0];
  }

  /** @throws `E_CONFIG` where a person has to agree to something first */
  check(connection: Connection): void {
    const danger = this.wanted(connection);
    if (danger !== undefined) {
      throw new TokensError(
        'E_CONFIG',
        danger === 'unencrypted'
          ? 'The connection {0} sends credentials unencrypted to {1}: sign in to it by hand once, to say that this is wanted.'
          : 'The connection {0} does not verify the certificate of {1}: sign in to it by hand once, to say that this is wanted.',
        [connection.name, originOf(connection)],
      );
    }
  }

  async give(connection: Connection): Promise<void> {
    const entry = entryOf(connection);
    if (entry !== undefined && this.wanted(connection) !== undefined) {
      await this.#state.update(key, [...this.#all(), entry]);
    }
  }

  /** Forgets what was agreed to for a connection that was removed. */
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
  // Loopback traffic does not leave the machine, so nobody is asked; the tree still shows the danger.
  return danger === undefined || isLoopback(connection.url)
    ? undefined
    : [danger, connection.name, originOf(connection)];
}

function isSame(a: Entry, b: Entry): boolean {
  return a.every((part, at) => part === b[at]);
}
