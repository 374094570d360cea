import { type IncomingHttpHeaders, request } from 'node:http';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { Connection, ConnectionSecrets } from '../../../../src/core/connection.ts';
import type { TokensError } from '../../../../src/core/errors.ts';
import { identityOf } from '../../../../src/core/protocols/kinds.ts';
import { Relay, type RelayAddress } from '../../../../src/core/relay/relay.ts';
import { connect } from '../../../connect.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { TestWindow } from '../../../simulate/window.ts';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

/** A window with a relay for its one connection, whose login is remembered, in front of a server of a test. */
export class RelayRig {
  readonly clock = new SystemClock();
  readonly window: TestWindow;
  readonly connections: Connection[];
  readonly opened: string[] = [];
  readonly wrong: number[] = [];
  readonly failures: (TokensError | undefined)[] = [];
  readonly #relays: Relay[] = [];

  constructor(connection: Connection, login?: Record<string, string>, secrets: ConnectionSecrets = {}) {
    this.connections = [connection];
    const credentials = new MemoryCredentials();
    if (login !== undefined) {
      credentials.entries.set(connection.name, { login, origin: identityOf(connection) });
    }
    this.window = new TestWindow({
      clock: this.clock,
      store: new SharedStorage().window(),
      credentials,
      claims: new SharedClaims(() => this.clock.now().up).window('w'),
      connections: this.connections,
      connect: (one, { redactor, log }) =>
        connect(one, {
          ...{ clock: this.clock, redactor, log, maxResponseBytes: () => 1 << 28 },
          secrets: async () => secrets,
        }),
      name: 'w',
    });
  }

  async relay(address?: RelayAddress): Promise<Relay> {
    const relay = await Relay.start(
      {
        clock: this.clock,
        log: this.window.log,
        connection: () => this.connections[0] as Connection,
        send: (script, options) =>
          this.window.keeper.relay(this.connections[0]?.name ?? '', script, {
            ...options,
            onOpened: (id) => this.opened.push(id),
          }),
        sentence: (error) => error.message,
        onDone: (error) => this.failures.push(error),
        onWrong: (count) => this.wrong.push(count),
      },
      address,
    );
    this.#relays.push(relay);
    return relay;
  }

  end(): void {
    for (const relay of this.#relays) {
      relay.dispose();
    }
    this.window.dispose();
  }
}

/** Asks as a script does, and with what no script would send. The path is sent as it is written. */
export function ask(url: string, { method = 'GET', headers = {}, body }: Asking = {}): Promise<Reply> {
  const [, host = '', port = '', path = '/'] = /^http:\/\/([^/:]+):(\d+)(.*)$/s.exec(url) ?? [];
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, path, method, headers, agent: false }, async (answer) => {
      const parts: Buffer[] = [];
      try {
        for await (const part of answer) {
          parts.push(part);
        }
        const bytes = Buffer.concat(parts);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, bytes, text: bytes.toString() });
      } catch (error) {
        reject(error);
      }
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
