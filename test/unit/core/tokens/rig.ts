import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import type { Connection } from '../../../../src/core/connection.ts';
import type { Login } from '../../../../src/core/protocols/protocol.ts';
import type { OperationOptions } from '../../../../src/core/tokens/signIn.ts';
import { connectionOf } from '../../../connectionOf.ts';
import type { Fault } from '../../../simulate/modelAnswers.ts';
import { type ModelOptions, ModelServer, type Operation } from '../../../simulate/modelServer.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../../simulate/window.ts';
import { FakeClock } from '../../fakeClock.ts';

export const lifeMs = 60_000;
export const demo: Login = { username: 'demo', password: 'demo' };
export const key: Login = { apiKey: 'demo' };

/** A machine that windows run on. */
export interface Machine {
  readonly clock: FakeClock;
  readonly claims: SharedClaims;
}

/** A machine with windows, a CRA gateway called `cra` and a SARUS one called `sarus`, on a clock that a test turns. */
export class Rig {
  readonly clock = new FakeClock();
  readonly storage = new SharedStorage();
  readonly credentials = new MemoryCredentials();
  readonly claims = new SharedClaims(() => this.clock.now().up);
  readonly cra: ModelServer;
  readonly sarus: ModelServer;
  readonly connections: Connection[];
  /** Faults that wait for their operation. */
  readonly faults: { operation: Operation; fault: Fault }[] = [];
  maxIdleMs = 8 * 3_600_000;
  readonly #windows: TestWindow[] = [];
  readonly #machines: Machine[];

  constructor(settings: Record<string, unknown> = {}, model: Partial<ModelOptions> = {}) {
    const options: ModelOptions = {
      clock: this.clock,
      lifeMs,
      reports: true,
      fault: (operation) => {
        const place = this.faults.findIndex((rule) => rule.operation === operation);
        return place < 0 ? undefined : this.faults.splice(place, 1)[0]?.fault;
      },
      ...model,
    };
    this.#machines = [this];
    this.cra = new ModelServer(options);
    this.sarus = new ModelServer(options);
    this.connections = [
      connectionOf({ name: 'cra', kind: 'bmc-cra', service: 'S1', ...settings }),
      connectionOf({ name: 'sarus', kind: 'sarus', ...settings }),
    ];
  }

  /** Another machine of the same person, whose wall clock goes `aheadMs` before this one's. */
  machine(name: string, aheadMs: number, up = 100_000_000): Machine {
    const clock = new FakeClock(this.clock.now().wall + aheadMs, name, up);
    const machine = { clock, claims: new SharedClaims(() => clock.now().up) };
    this.#machines.push(machine);
    return machine;
  }

  /**
   * Opens a window and lets it find what is stored.
   * @param lag delays each step of its secret storage
   */
  async open(
    name: string,
    lag?: () => Promise<void>,
    { clock, claims }: Machine = this,
  ): Promise<TestWindow> {
    const store = this.storage.window(lag);
    const window = new TestWindow({
      clock,
      store,
      credentials: this.credentials,
      claims: claims.window(name),
      connections: this.connections,
      connect: (connection) =>
        (connection.kind === 'sarus' ? this.sarus : this.cra).gateway(connection, clock),
      name,
      maxIdleMs: () => this.maxIdleMs,
    });
    this.#windows.push(window);
    await window.keeper.load();
    return window;
  }

  /** The window's process is killed: nothing of it happens any more. */
  crash(window: TestWindow): void {
    window.dispose();
    for (const { claims } of this.#machines) {
      claims.alive.delete(window.name);
    }
  }

  /** Runs everything that needs no time. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      await turn();
    }
  }

  /** Lets time pass in small steps, and everything happen on the way. */
  async pass(ms: number, stepMs = 250): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      for (const { clock } of this.#machines) {
        clock.advance(Math.min(stepMs, left));
      }
      await this.settle();
    }
  }

  /** Lets time pass until something has happened. */
  async during<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = () => {
      over = true;
    };
    work.then(end, end);
    while (!over) {
      await this.pass(50, 50);
    }
    return work;
  }

  getData(window: TestWindow, request: Record<string, unknown> = {}, options: OperationOptions = {}) {
    const cra = { connection: 'cra', product: 'P', view: 'V' };
    return window.keeper.getData({ ...cra, ...request }, { makeReader: plainReader, ...options });
  }

  getSarus(window: TestWindow, options: OperationOptions = {}) {
    return window.keeper.getData(
      { connection: 'sarus', endpoint: 'GetIt' },
      { makeReader: plainReader, ...options },
    );
  }

  /** Asserts that the window holds exactly what both gateways have open. */
  assertInStep(window: TestWindow): void {
    for (const [name, server] of [
      ['cra', this.cra],
      ['sarus', this.sarus],
    ] as const) {
      server.sweep();
      const held = window.keeper
        .tokens(name)
        .filter(({ kind, state }) => kind === 'session' && state !== 'expired');
      assert.deepEqual(
        held.map(({ id }) => window.keeper.reveal(id)).sort(),
        [...server.sessions.keys()].sort(),
        name,
      );
    }
  }

  end(): void {
    for (const window of this.#windows) {
      window.dispose();
    }
    for (const { clock } of this.#machines) {
      assert.equal(clock.pending, 0, 'a timer is left');
    }
  }
}

/** Holds steps of a window's storage back, which others then overtake. */
export class Gate {
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  /** For {@link Rig.open}. */
  readonly passed = async (): Promise<void> => {
    if (this.#closed) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  };

  close(): void {
    this.#closed = true;
  }

  /** Lets pass what comes from now on; what waits goes on waiting. */
  open(): void {
    this.#closed = false;
  }

  /** Releases the steps that wait. */
  release(): void {
    for (const go of this.#waiting.splice(0)) {
      go();
    }
  }
}
