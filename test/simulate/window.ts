import type { Clock } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
import type { Log } from '../../src/core/log.ts';
import { redactingLog } from '../../src/core/log.ts';
import type { Answer, MakeReader } from '../../src/core/protocols/answer.ts';
import type { Gateway } from '../../src/core/protocols/protocol.ts';
import { Redactor } from '../../src/core/redact.ts';
import { Keeper } from '../../src/core/tokens/keeper.ts';
import { Scheduler } from '../../src/core/tokens/scheduler.ts';
import type { Claims, CredentialStore, TokenStore } from '../../src/core/tokens/store.ts';
import { sourceOf } from '../connectionOf.ts';

interface WindowParts {
  readonly clock: Clock;
  readonly store: TokenStore;
  readonly credentials: CredentialStore;
  readonly claims: Claims;
  readonly connections: readonly Connection[];
  readonly connect: (connection: Connection, window: TestWindow) => Gateway;
  readonly name: string;
  readonly maxIdleMs?: () => number;
  readonly newId?: () => string;
  /** Whether {@link TestWindow.lines} keeps what is logged; by default it does. */
  readonly keepsLog?: boolean;
}

/** One window: the core as the extension joins it, without the extension. */
export class TestWindow {
  readonly name: string;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly redactor = new Redactor();
  readonly keeper: Keeper;
  /** From how much life left a token counts as expiring. */
  warnMs = 2_000;
  /** What went to the log, after redaction. */
  readonly lines: string[] = [];
  readonly log: Log;

  constructor({
    clock,
    store,
    credentials,
    claims,
    connections,
    connect,
    name,
    maxIdleMs,
    newId,
    keepsLog = true,
  }: WindowParts) {
    this.name = name;
    this.clock = clock;
    this.scheduler = new Scheduler(clock);
    const write = (line: string) => {
      if (keepsLog) {
        this.lines.push(line);
      }
    };
    const target = { debug: write, info: write, warn: write, error: write };
    this.log = redactingLog(target, (text) => this.redactor.redact(text));
    this.keeper = new Keeper({
      clock,
      scheduler: this.scheduler,
      store,
      credentials,
      claims,
      connections: sourceOf(connections),
      connect: async (connection) => connect(connection, this),
      redactor: this.redactor,
      log: this.log,
      window: name,
      warnMs: () => this.warnMs,
      maxIdleMs: maxIdleMs ?? (() => 8 * 3_600_000),
      ...(newId === undefined ? {} : { newId }),
    });
  }

  dispose(): void {
    this.keeper.dispose();
    this.scheduler.dispose();
  }
}

/** A reader that only looks for the members at the top level, once the body is whole. */
export const plainReader: MakeReader = (_shape, onScalar) => {
  const chunks: Uint8Array[] = [];
  return {
    write: (chunk) => {
      chunks.push(chunk);
    },
    end: async (): Promise<Answer> => {
      const head = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      for (const [name, value] of Object.entries(head)) {
        if (typeof value !== 'object') {
          onScalar(name, String(value));
        }
      }
      return { head, fields: [], rowCount: 0, bytes: 0, rows: async () => [], dispose: () => undefined };
    },
    abort: () => undefined,
  };
};
