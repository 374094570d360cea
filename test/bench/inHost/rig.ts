import type { Connection } from '../../../src/core/connection.ts';
import type { Disposable } from '../../../src/core/disposable.ts';
import { Emitter } from '../../../src/core/event.ts';
import type { Answer, AnswerReader } from '../../../src/core/protocols/answer.ts';
import type { Gateway, Grant } from '../../../src/core/protocols/protocol.ts';
import { Redactor } from '../../../src/core/redact.ts';
import type { ConnectionSource } from '../../../src/core/tokens/gateways.ts';
import { Keeper } from '../../../src/core/tokens/keeper.ts';
import { Scheduler } from '../../../src/core/tokens/scheduler.ts';
import type { CredentialStore, TokenStore } from '../../../src/core/tokens/store.ts';
import { connectionOf, sourceOf } from '../../connectionOf.ts';
import type { FakeClock } from '../../unit/fakeClock.ts';

/** Tokens of one connection: a user token and its sessions. */
const tokensEach = 100;

interface RigOptions {
  readonly tokens: number;
  readonly keepAlive: 'manual' | 'auto';
}

/** A keeper over a gateway that answers at once and a store in memory; both count. */
export class Rig implements Disposable {
  readonly lifeMs = 15 * 60_000;
  readonly scheduler: Scheduler;
  readonly keeper: Keeper;
  readonly connections: ConnectionSource;
  /** Renewals asked of the gateway. */
  requests = 0;
  writes = 0;
  readonly #clock: FakeClock;
  readonly #tokens: number;
  #issued = 0;

  constructor(clock: FakeClock, { tokens, keepAlive }: RigOptions) {
    this.#clock = clock;
    this.#tokens = tokens;
    const count = Math.ceil(tokens / tokensEach);
    const all = Array.from({ length: count }, (_, index) => manySessions(`c${index}`, keepAlive));
    this.connections = sourceOf(all);
    this.scheduler = new Scheduler(clock);
    this.keeper = new Keeper({
      clock,
      scheduler: this.scheduler,
      store: this.#store(),
      credentials: new NoCredentials(),
      claims: new AllClaims(),
      connections: this.connections,
      connect: async () => this.#gateway(),
      redactor: new Redactor(),
      log: new NoLog(),
      window: 'bench',
      warnMs: () => 120_000,
      maxIdleMs: () => 8 * 3_600_000,
    });
  }

  /** Signs in everywhere and opens the sessions. */
  async open(): Promise<void> {
    let left = this.#tokens;
    for (const { name: connection } of this.connections.all()) {
      await this.keeper.signIn(connection, { login: { username: 'demo', password: 'demo' } });
      left--;
      for (let session = 1; session < tokensEach && left > 0; session++, left--) {
        await this.keeper.getData(
          { connection, product: 'P', view: `V${session}`, session: 'new' },
          { makeReader: () => noRows },
        );
      }
    }
  }

  dispose(): void {
    this.keeper.dispose();
    this.scheduler.dispose();
  }

  #gateway(): Gateway {
    const grant = (value = `secret-${++this.#issued}-0123456789`): Grant => ({
      value,
      sent: this.#clock.now(),
    });
    return {
      signIn: async () => grant(),
      getData: async (call) => {
        const session = grant(call.tokens.session);
        if (call.tokens.session === undefined) {
          await call.onSession?.(session);
        }
        return { answer: noAnswer, sent: session.sent, session: session.value, totalRows: 0 };
      },
      keepAlive: async ({ user, session }) => {
        this.requests++;
        return grant(session ?? user);
      },
      close: async () => undefined,
      dispose: () => undefined,
    };
  }

  #store(): TokenStore {
    const entries = new Map<string, string>();
    const changes = new Emitter<string>();
    return {
      ids: async () => [...entries.keys()],
      read: async (id) => entries.get(id),
      write: async (id, json) => {
        this.writes++;
        entries.set(id, json);
        changes.fire(id);
      },
      delete: async (id) => {
        entries.delete(id);
        changes.fire(id);
      },
      onDidChange: changes.event,
    };
  }
}

const noAnswer: Answer = {
  head: {},
  fields: [],
  rowCount: 0,
  bytes: 2,
  rows: async () => [],
  dispose: () => undefined,
};

const noRows: AnswerReader = {
  write: () => undefined,
  end: async () => noAnswer,
  abort: () => undefined,
};

class NoCredentials implements CredentialStore {
  readonly onDidChange = () => ({ dispose: () => undefined });
  async read(): Promise<undefined> {
    return undefined;
  }
  async write(): Promise<void> {
    // Nothing is remembered.
  }
  async delete(): Promise<void> {
    // Nothing was remembered.
  }
}

/** This window is the only one. */
class AllClaims {
  readonly onDidClaim = () => ({ dispose: () => undefined });

  async enter(): Promise<void> {
    // There is nobody to tell.
  }
  async leave(): Promise<void> {
    // There is nobody to tell.
  }
  async lives(): Promise<boolean> {
    return true;
  }
  async claim(): Promise<boolean> {
    return true;
  }
  async lease(): Promise<boolean> {
    return true;
  }
  async claimed(): Promise<readonly string[]> {
    return [];
  }
  async release(): Promise<void> {
    // Nobody else wants it.
  }
}

class NoLog {
  debug(): void {
    // Not what is measured.
  }
  info(): void {
    // Not what is measured.
  }
  warn(): void {
    // Not what is measured.
  }
  error(message: string): void {
    throw new Error(message);
  }
}

function manySessions(name: string, keepAlive: 'manual' | 'auto'): Connection {
  return connectionOf({
    name,
    url: `http://127.0.0.1:9/${name}`,
    service: 'S1',
    keepAlive,
    lifeMinutes: 15,
    maxSessions: 1_000,
  });
}
