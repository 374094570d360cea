import * as v from 'valibot';
import type * as vscode from 'vscode';
import { type Connection, type Danger, dangerOf, isLoopback, originOf } from '../core/connection.ts';
import { Part } from '../core/disposable.ts';
import { TokensError } from '../core/errors.ts';
import { identityOf, protocolOf } from '../core/protocols/kinds.ts';

const key = 'consents';
const schema = v.array(v.tuple([v.string(), v.string(), v.string()]));

type Entry = v.InferOutput<typeof schema>[number];

/** What a person has to agree to: an unsafe connection, or settings that decide where secrets are sent. */
export type Agreement = Danger | 'described';

const refusals = {
  unencrypted: {
    template:
      'The connection {0} sends credentials unencrypted to {1}: sign in to it manually once to allow this.',
  },
  unverified: {
    template:
      'The connection {0} does not verify the certificate of {1}: sign in to it manually once to allow this.',
  },
  described: {
    template:
      'The connection {0} says itself where your secrets go at {1}: sign in to it manually once to allow this.',
  },
};

/**
 * Remembers what people have agreed to, by the connection's name and what they were shown: its origin or, of a described API,
 * where secrets go. When that changes they are asked again. Holds no secret.
 */
export class Consents extends Part<vscode.Memento> {
  /** What a person has to agree to before anything is sent to a connection's gateway. */
  wanted(connection: Connection): Agreement[] {
    return this.#missing(connection).map(([what]) => what);
  }

  /** @throws `E_CONFIG` where a person has to agree to something first */
  check(connection: Connection): void {
    const [what] = this.wanted(connection);
    if (what !== undefined) {
      const refusal = refusals[what];
      throw new TokensError('E_CONFIG', refusal.template, [connection.name, originOf(connection)]);
    }
  }

  /** Notes that a person has agreed. */
  async give(connection: Connection, what: Agreement): Promise<void> {
    const entry = this.#missing(connection).find(([one]) => one === what);
    if (entry !== undefined) {
      await this.deps.update(key, [...this.#all(), entry]);
    }
  }

  /** Forgets what was agreed to for a connection that was removed. */
  async forget(name: string): Promise<void> {
    const all = this.#all();
    const others = all.filter(([, of]) => of !== name);
    if (others.length < all.length) {
      await this.deps.update(key, others);
    }
  }

  #missing(connection: Connection): (readonly [Agreement, string, string])[] {
    const given = this.#all();
    return entriesOf(connection).filter(
      (entry) => !given.some((other) => entry.every((part, at) => part === other[at])),
    );
  }

  #all(): readonly Entry[] {
    const parsed = v.safeParse(schema, this.deps.get(key));
    return parsed.success ? parsed.output : [];
  }
}

function entriesOf(connection: Connection): (readonly [Agreement, string, string])[] {
  const { name } = connection;
  const danger = dangerOf(connection);
  const disclosures = protocolOf(connection).disclosures?.(connection);
  // What was shown counts too: a request for data may have been changed to include a token.
  const shown = `${identityOf(connection)} ${JSON.stringify(disclosures)}`;
  return [
    // Loopback traffic does not leave the machine, so nobody is asked; the tree still shows the danger.
    ...(danger === undefined || isLoopback(connection.url)
      ? []
      : [[danger, name, originOf(connection)] as const]),
    ...(disclosures === undefined ? [] : [['described', name, shown] as const]),
  ];
}
