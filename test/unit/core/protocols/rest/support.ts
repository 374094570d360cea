import type { Connection } from '../../../../../src/core/connection.ts';
import { type JsonObject, plainOf } from '../../../../../src/core/json.ts';
import type { MakeReader } from '../../../../../src/core/protocols/answer.ts';
import type { DataCall } from '../../../../../src/core/protocols/protocol.ts';
import { RestClient } from '../../../../../src/core/protocols/rest/client.ts';
import type { RestQuery } from '../../../../../src/core/protocols/rest/request.ts';
import { TableEngine } from '../../../../../src/core/results/engine.ts';
import { RowSplitter } from '../../../../../src/core/results/rowSplitter.ts';
import { connectionOf } from '../../../../connectionOf.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../../simulate/shared.ts';
import { TestWindow } from '../../../../simulate/window.ts';
import { FakeClock } from '../../../fakeClock.ts';
import { type Deps, deps } from '../rig.ts';

/** A connection of kind `rest` with what describes it. */
export function restOf(url: string, description: Record<string, unknown>): Connection {
  return connectionOf({ name: 'api', kind: 'rest', url, ...description });
}

/** The least that a description says, for a server that takes `POST /login` and answers with a token. */
export const plain = {
  signIn: { request: 'POST /login', json: { user: '{username}', password: '{password}' } },
  token: '/token',
};

export const demo = { username: 'demo', password: 'demo-password' };

/** A reader that reads rows as the worker does. */
export const tableReader: MakeReader = (rowsAt, onScalar) => {
  const engine = new TableEngine();
  const reader = new RowSplitter(rowsAt, engine.table, onScalar);
  let bytes = 0;
  return {
    write: (chunk) => {
      bytes += chunk.length;
      reader.write(chunk);
    },
    end: async () => {
      const head = plainOf(reader.end()) as JsonObject;
      const { table } = engine;
      return {
        head,
        fields: table.fields,
        rowCount: table.rowCount,
        bytes,
        rows: async () => JSON.parse(engine.json({ from: 0, to: table.rowCount })),
        dispose: () => undefined,
      };
    },
    abort: () => undefined,
  };
};

/** A client by itself, without a keeper. */
export class Client {
  readonly deps: Deps;
  readonly gateway: RestClient;

  constructor(connection: Connection, more: Partial<Deps> = {}) {
    this.deps = deps(more);
    this.gateway = new RestClient({ ...this.deps, connection });
  }

  /** The rows that a request gets. */
  async rows(tokens: DataCall['tokens'], query: RestQuery) {
    const got = await this.data(tokens, query);
    return got.answer.rows();
  }

  data(tokens: DataCall['tokens'], query: RestQuery) {
    return this.gateway.getData({ tokens, query, keepOpen: true, makeReader: tableReader });
  }
}

/** What windows share, over servers of a test. */
export class Rig {
  readonly clock: FakeClock;
  readonly storage: SharedStorage;
  readonly credentials: MemoryCredentials;
  readonly claims = new SharedClaims(() => this.clock.now().up);
  readonly windows: TestWindow[] = [];
  /** Each step of the storage waits for it. */
  lag = Promise.resolve();

  /** @param first the machine of the same person that was there before, if this is another one */
  constructor(first?: Rig) {
    this.clock =
      first === undefined ? new FakeClock() : new FakeClock(first.clock.now().wall, 'other', 5_000_000);
    this.storage = first?.storage ?? new SharedStorage();
    this.credentials = first?.credentials ?? new MemoryCredentials();
  }

  async open(name: string, ...connections: Connection[]): Promise<TestWindow> {
    const window = new TestWindow({
      clock: this.clock,
      store: this.storage.window(() => this.lag),
      credentials: this.credentials,
      claims: this.claims.window(name),
      connections,
      connect: (connection, { clock, log, redactor }) =>
        new RestClient({ connection, clock, log, redactor, maxResponseBytes: () => 1 << 20 }),
      name,
    });
    this.windows.push(window);
    await window.keeper.load();
    return window;
  }

  async rows(window: TestWindow, request: Record<string, unknown> = { request: 'GET /items' }) {
    const { answer } = await window.keeper.getData(
      { connection: 'api', ...request },
      { makeReader: tableReader },
    );
    return answer.rows();
  }

  /** Lets time pass, and what it brings happen over real sockets. */
  async pass(window: TestWindow, ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.advance(Math.min(left, 1_000));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await window.keeper.flush();
  }

  end(): void {
    for (const window of this.windows) {
      window.dispose();
    }
  }
}
