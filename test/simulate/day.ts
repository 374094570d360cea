import type { Connection } from '../../src/core/connection.ts';
import type { Login } from '../../src/core/protocols/protocol.ts';
import { connectionOf } from '../connectionOf.ts';
import type { Fault } from './modelAnswers.ts';
import { ModelServer, type Operation } from './modelServer.ts';
import { Random } from './random.ts';
import { MemoryCredentials, SharedStorage } from './shared.ts';
import { Computer, type SimWindow } from './simWindow.ts';
import { WorldTime } from './time.ts';

export const second = 1_000;
export const minute = 60 * second;
export const hour = 60 * minute;
/** Of all tokens. */
export const lifeMs = 15 * minute;
export const maxSessions = 4;

/** How long another window may act on what it has not heard yet, in milliseconds. */
export const hearsayMs = 5 * second;

/** The random choices of a day's seed, and the day's gateways, logins and machines. */
export class Day {
  readonly random: Random;
  readonly time = new WorldTime();
  readonly storage = new SharedStorage();
  readonly credentials = new MemoryCredentials();
  /** The first is the person's own, with the secret storage; the second one is reached from there. */
  readonly machines: readonly [Computer, ...Computer[]];
  readonly servers: Readonly<Record<'cra' | 'sarus', ModelServer>> & Partial<Record<string, ModelServer>>;
  readonly connections: readonly Connection[];
  /** What people know, who have changed it since it was remembered. */
  readonly logins: Record<string, Login> = {
    cra: { username: 'demo', password: 'a-secret-password' },
    sarus: { apiKey: 'a-secret-key-of-sarus' },
    api: { username: 'demo', password: 'the-secret-password-of-the-api' },
  };
  /** So many windows are open at once, at most. */
  readonly most: number;
  readonly violations: string[] = [];
  readonly tell: (line: string) => void;
  windows: SimWindow[] = [];
  /** Whether gateways still fail. */
  isFaulty = true;
  readonly #troubled: number;
  #names = 0;

  /** @param tell is called with everything that happens, for `--trace` */
  constructor(seed: number, tell: (line: string) => void) {
    this.tell = (line) => tell(`${Math.round(this.time.now)} ms: ${line}`);
    const random = new Random(seed);
    this.random = random;
    const wall = Date.UTC(2026, 2, 28, 12);
    const own = new Computer(this.time, 'm1', wall, 1_000_000);
    this.machines = [own];
    if (random.chance(0.6)) {
      const aheadMs = random.whole(-30, 30) * minute * (random.chance(0.2) ? 24 : 1);
      const up = random.chance(0.5) ? random.whole(1, 60) * minute : 90 * 24 * hour;
      this.machines = [own, new Computer(this.time, 'm2', wall + aheadMs, up)];
      this.tell(`m2 is ${aheadMs} ms ahead, and up for ${up} ms`);
    }
    this.most = random.whole(1, 3);
    this.#troubled = random.next() * 0.25;
    const common = {
      clock: this.time.server,
      lifeMs,
      fault: (operation: Operation) => this.#fault(operation),
      latency: () => this.#latency(),
      name: (prefix: string) => `${prefix}-secret-${this.number()}`,
    };
    this.servers = {
      cra: new ModelServer({
        ...common,
        reports: random.chance(0.5),
        ...(random.chance(0.3) ? { maxSessions: 3 } : {}),
      }),
      sarus: new ModelServer({ ...common, replaces: random.chance(0.3) }),
    };
    const settings = { maxSessions, keepAlive: random.chance(0.6) ? 'auto' : 'manual' };
    this.connections = [
      connectionOf({ name: 'cra', kind: 'bmc-cra', service: 'S1', ...settings }),
      connectionOf({ name: 'sarus', kind: 'sarus', lifeMinutes: lifeMs / minute, ...settings }),
    ];
    // Every other day there is an API besides.
    if (seed % 2 === 0) {
      const api = connectionOf({ name: 'api', ...settings, ...describedBy(random) });
      this.connections = [...this.connections, api];
      this.servers = { ...this.servers, api: new ModelServer(common) };
    }
  }

  /** A number for a name that nothing else has. */
  number(): number {
    return ++this.#names;
  }

  /** Since when all machines are awake: before, news may have waited. */
  get lastAwake(): number {
    return Math.max(...this.machines.map(({ asleepUntil }) => asleepUntil));
  }

  /** Notes what must not have happened. */
  blame(what: string): void {
    this.violations.push(`at ${Math.round(this.time.now)} ms: ${what}`);
  }

  /** One of the connections; the first more often than the others. */
  connectionName(firstShare: number): string {
    if (this.servers.api !== undefined && this.random.chance(0.5)) {
      return 'api';
    }
    return this.random.chance(firstShare) ? 'cra' : 'sarus';
  }

  /** Somebody changes their password, or the key of their account. */
  changeLogin(name: string): void {
    const secret = `another-secret-${this.number()}`;
    const before = { apiKey: '', password: '', ...this.logins[name] };
    this.servers[name]?.wrong.add(before.apiKey || before.password);
    this.logins[name] = name === 'sarus' ? { apiKey: secret } : { username: 'demo', password: secret };
    this.tell(`the login of ${name} is ${secret}`);
  }

  /** A gateway forgets a session. */
  evict(): void {
    const server = this.servers[this.connectionName(0.5)];
    const name = this.random.one([...(server?.sessions.keys() ?? [])]);
    if (name !== undefined) {
      this.tell(`${name} is evicted`);
      server?.evict(name);
    }
  }

  /** A gateway forgets everything; now and then because of a change of a login. */
  restartGateway(): void {
    const name = this.connectionName(0.5);
    this.tell(`${name} starts anew`);
    this.servers[name]?.restart();
    if (this.random.chance(0.5)) {
      this.changeLogin(name);
    }
  }

  #latency(): number {
    return this.random.chance(0.03) ? this.random.whole(1, 20) * second : this.random.whole(5, 400);
  }

  /**
   * A gateway may give wrong answers about what it has done, but not about a token that is being closed: that could not be
   * recovered.
   */
  #fault(operation: Operation): Fault | undefined {
    const { random } = this;
    if (!this.isFaulty || !random.chance(this.#troubled)) {
      return undefined;
    }
    const done = random.chance(0.5);
    const dice = random.whole(0, 5);
    if (dice === 0) {
      return { kind: 'refused' };
    }
    if (dice === 1) {
      return { kind: 'network', done };
    }
    if (dice === 2) {
      return { kind: 'timeout', done };
    }
    if (dice === 3) {
      return { kind: 'page', done };
    }
    if (dice === 4 && operation === 'getData') {
      return { kind: 'late', ms: random.whole(1, 30) * second };
    }
    const statuses = operation === 'close' ? [429, 500, 503] : [400, 401, 404, 410, 429, 500, 503];
    return { kind: 'status', status: random.one(statuses) ?? 500, done };
  }
}

/** An API whose tokens slide, end whatever is done with them, or rotate, with what else may differ. */
function describedBy(random: Random): Record<string, unknown> {
  const way = random.one(['sliding', 'absolute', 'rotating']);
  const sliding = way === 'sliding' || (way === 'rotating' && random.chance(0.3));
  const isTold = random.chance(0.5);
  const refreshed = {
    keep: { refreshToken: '/refresh' },
    renew: { request: 'POST /refresh', form: { refresh: '{refreshToken}' }, send: false },
  };
  // A life that ends by itself is set back by a renewal only where that says so.
  const isRenewed = way === 'sliding' || (way === 'absolute' && isTold && random.chance(0.5));
  return {
    kind: 'rest',
    signIn: { request: 'POST /login', json: { user: '{username}', password: '{password}' } },
    token: '/token',
    lifeMinutes: lifeMs / minute,
    life: { ...(isTold ? { seconds: '/ttl' } : { minutes: lifeMs / minute }), sliding },
    ...(random.chance(0.5) ? { query: { request: 'GET /me', seconds: '/left' } } : {}),
    ...(way === 'rotating' ? refreshed : isRenewed ? { renew: { request: 'POST /renew' } } : {}),
    ...(random.chance(0.7) ? { revoke: { request: 'POST /logout' } } : {}),
  };
}
