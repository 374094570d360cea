import { join } from 'node:path';
import { SystemClock } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
import { TokensError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { Login } from '../../src/core/protocols/protocol.ts';
import { readerMaker } from '../../src/core/results/readers.ts';
import { WorkerClient } from '../../src/core/results/workerClient.ts';
import { RateLimit } from '../../src/core/tokens/rateLimit.ts';
import { Scheduler } from '../../src/core/tokens/scheduler.ts';
import { connect } from '../connect.ts';
import { connectionOf } from '../connectionOf.ts';
import type { Operation as FaultOperation, FaultRule } from '../sandbox/faultRules.ts';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { CountingClock } from '../simulate/countingClock.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../simulate/shared.ts';
import { TestWindow } from '../simulate/window.ts';
import { root } from '../workbench/paths.ts';

const worker = new WorkerClient(join(root, 'src/core/results/worker.ts'), new SystemClock());

export const protocols = ['views', 'getData', 'sarus'] as const;
export type Protocol = (typeof protocols)[number];

export const operations = [
  'sign in',
  'getData new',
  'getData reuse',
  'keepAlive',
  'query',
  'close',
  'closeAll',
  'sign out',
] as const;
export type Operation = (typeof operations)[number];

/** The requests that a fault strikes, by the operation of the table that is under way. */
const struck: Readonly<Record<Operation, FaultOperation>> = {
  'sign in': 'signIn',
  'getData new': 'getData',
  'getData reuse': 'getData',
  keepAlive: 'keepAlive',
  query: 'query',
  close: 'close',
  closeAll: 'close',
  'sign out': 'logOff',
};

/** The result of one cell. */
export interface Outcome {
  /** `ok`, or the error's code. */
  readonly result: string;
  readonly message: string;
  /** Sessions that the window holds as alive, and that the gateway counts. */
  readonly held: number;
  readonly counted: number;
  /** The same after everything was closed that is held. */
  readonly heldAtEnd: number;
  readonly countedAtEnd: number;
  /** Live timers of ours when nothing is under way any more, but the scheduler's one; and after the window has gone. */
  readonly timers: number;
  readonly timersAtEnd: number;
}

const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** How long one request may take, in seconds: long, so that no slow machine decides, but where waiting is the fault. */
const patient = 30;
const impatient = 1.5;

/** Does one operation while one fault strikes, against a gateway of its own. */
export async function runCell(
  protocol: Protocol,
  operation: Operation,
  fault: Omit<FaultRule, 'match'>,
): Promise<Outcome> {
  const sandbox = await startSandbox();
  try {
    return await strike(sandbox, protocol, operation, fault);
  } finally {
    await sandbox.close();
  }
}

async function strike(
  sandbox: Sandbox,
  protocol: Protocol,
  operation: Operation,
  fault: Omit<FaultRule, 'match'>,
): Promise<Outcome> {
  const clock = new CountingClock();
  const credentials = new MemoryCredentials();
  const storage = new SharedStorage();
  const claims = new SharedClaims(() => clock.now().up);
  const settings = {
    name: 'c',
    url: sandbox.url,
    ...(protocol === 'sarus'
      ? { kind: 'sarus' }
      : { kind: 'bmc-cra', dialect: protocol, service: sandbox.services[0] }),
  };
  const connections: Connection[] = [];
  const allow = (requestTimeoutSeconds: number) => {
    connections[0] = connectionOf({ ...settings, requestTimeoutSeconds });
  };
  allow(patient);
  const scheduler = new Scheduler(clock);
  const rate = new RateLimit({ clock, scheduler, claims: claims.window('w'), log: silent });
  const window = new TestWindow({
    clock,
    store: storage.window(),
    credentials,
    claims: claims.window('w'),
    connections,
    connect: (connection, { redactor, log }) =>
      connect(connection, {
        clock,
        redactor,
        log,
        turn: rate.turn,
        maxResponseBytes: () => 1 << 20,
        random: () => 0,
      }),
    name: 'w',
  });
  const { keeper } = window;
  const makeReader = readerMaker(worker, { maxBytes: 1 << 20 });
  const login: Login = protocol === 'sarus' ? { apiKey: 'demo' } : { username: 'demo', password: 'demo' };
  const getData = () =>
    keeper.getData(
      protocol === 'sarus'
        ? { connection: 'c', endpoint: 'GetValues', params: { Series: ['FX/EURUSD'], Periods: 5 } }
        : { connection: 'c', product: 'MVMVS', view: 'JCPU', rows: 1 },
      { makeReader },
    );

  if (operation !== 'sign in') {
    await keeper.signIn('c', { login, remember: true });
  }
  let id = '';
  if (operation !== 'sign in' && operation !== 'getData new' && protocol !== 'sarus') {
    id = (await getData()).session?.id ?? '';
  } else if (protocol === 'sarus' && operation !== 'sign in') {
    id = keeper.main('c').id;
  }
  const work: Readonly<Record<Operation, () => Promise<unknown>>> = {
    'sign in': () => keeper.signIn('c', { login }),
    'getData new': getData,
    'getData reuse': getData,
    keepAlive: () => keeper.keepAlive(id),
    query: () => keeper.remainingLife(id),
    close: () => keeper.close(id),
    closeAll: () => keeper.closeAll(),
    'sign out': () => keeper.signOut('c'),
  };

  allow(fault.fault === 'hang' || fault.fault === 'drip' ? impatient : patient);
  sandbox.setFaults({ ...fault, match: { operation: struck[operation] } });
  let result = 'ok';
  let message = '';
  try {
    const done = await work[operation]();
    if (operation === 'closeAll' || operation === 'sign out') {
      const { closed, failed } = done as { closed: number; failed: number };
      result = `${closed} closed, ${failed} failed`;
    }
  } catch (error) {
    result = error instanceof TokensError ? error.code : `not ours: ${error}`;
    message = error instanceof Error ? error.message : String(error);
  }
  if (fault.fault === 'hang' && !(operation === 'sign out' && protocol === 'sarus')) {
    // On a slow machine the caller may give up before the gateway has even seen the request.
    await until(() => sandbox.faults().some((rule) => rule.struck > 0), 2_000);
  }
  await sandbox.clearFaults();
  allow(patient);
  await quiet(window, clock);
  const held = () =>
    keeper.tokens().filter(({ kind, state }) => kind === 'session' && state !== 'expired').length;
  const counted = () => sandbox.stats().sessions;
  const before = { held: held(), counted: counted(), timers: clock.live - own(window) };
  await keeper.closeAll();
  await quiet(window, clock);
  const after = { heldAtEnd: held(), countedAtEnd: counted() };
  window.dispose();
  scheduler.dispose();
  return { result, message, ...before, ...after, timersAtEnd: clock.live };
}

/**
 * Waits until nothing is under way, or until something hangs. What is under way has a timer beside the scheduler's, but not
 * between two steps: none of several looks must see one.
 */
async function quiet(window: TestWindow, clock: CountingClock): Promise<void> {
  let looks = 0;
  await until(() => {
    looks = clock.live <= own(window) ? looks + 1 : 0;
    return looks > 3;
  }, 20_000);
}

async function until(isSo: () => boolean, ms: number): Promise<void> {
  const end = performance.now() + ms;
  while (!isSo() && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** Timers that a window has at rest. */
function own({ scheduler }: TestWindow): number {
  return scheduler.size > 0 ? 1 : 0;
}
