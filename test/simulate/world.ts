import type { Connection } from '../../src/core/connection.ts';
import { isLoginRefused, TokensError } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { DataCall, Gateway, Login } from '../../src/core/protocols/protocol.ts';
import { RateLimit } from '../../src/core/tokens/rateLimit.ts';
import type { OperationOptions } from '../../src/core/tokens/signIn.ts';
import type { Claims, CredentialStore, TokenStore } from '../../src/core/tokens/store.ts';
import { connectionOf } from '../connectionOf.ts';
import { type Fault, ModelServer, type Operation } from './modelServer.ts';
import { Random } from './random.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from './shared.ts';
import { mostEvents, SimMachine, WorldTime } from './time.ts';
import { plainReader, TestWindow } from './window.ts';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const lifeMs = 15 * minute;
const maxSessions = 4;
const views = ['A', 'B', 'C', 'D', 'E', 'F'];
const firstLogins: Readonly<Record<string, Login>> = {
  cra: { username: 'demo', password: 'a-secret-password' },
  sarus: { apiKey: 'a-secret-key-of-sarus' },
};

/** Requests of one kind about tokens that the market-data service takes. */
const perSecond = 3;
const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/** How long another window may act on what it has not heard yet, in milliseconds. */
const hearsayMs = 5 * second;

/** A machine that windows run on, with claims of its own. */
class Computer extends SimMachine {
  readonly claims = new SharedClaims(() => this.now().up);
  lastJump = Number.NEGATIVE_INFINITY;
  /** Requests about tokens that were answered in the last second. */
  answered: { readonly operation: Operation; readonly by: SimWindow; readonly at: number }[] = [];
  /** Whether a window has reckoned lives anew since the machine was started, and told the store. */
  isReckoned = true;
}

/** One window: the real core on ports that die with it. */
class SimWindow {
  readonly name: string;
  readonly machine: Computer;
  readonly openedAt: number;
  readonly inner: TestWindow;
  alive = true;
  /** Keeps its requests below what gateways take in a second. */
  rate: RateLimit | undefined;
  diedAt = Number.POSITIVE_INFINITY;
  /** What was asked of it and has not come back. */
  waiting = 0;
  /** Tokens whose automatic renewal is its own to do, and since when. It may come to nothing: the token is being closed. */
  readonly renewing = new Map<string, number>();
  /** Tokens that it is closing, or was refused to close: it may ask by a renewal whether they live. */
  readonly unclosed = new Set<string>();
  /** What it held earlier has been found. */
  ready: Promise<unknown> = never();

  constructor(name: string, machine: Computer, openedAt: number, make: (window: SimWindow) => TestWindow) {
    this.name = name;
    this.machine = machine;
    this.openedAt = openedAt;
    this.inner = make(this);
  }

  /** Nothing comes back to a window that has died, and so nothing follows. */
  async port<T>(call: () => Promise<T>): Promise<T> {
    if (!this.alive) {
      return never();
    }
    try {
      const result = await call();
      return this.alive ? result : await never();
    } catch (error) {
      if (!this.alive) {
        return never();
      }
      throw error;
    }
  }
}

/** What is looked at of an entry of the store. */
interface StoredToken {
  readonly kind: 'user' | 'session';
  readonly connection: string;
  readonly sent: { readonly machine: string; readonly boot: string };
}

export interface Verdict {
  readonly seed: number;
  /** What must not have happened. */
  readonly violations: readonly string[];
  readonly operations: number;
  readonly requests: number;
}

/**
 * A day in the life of the core: several windows, often on two machines with clocks of their own, two gateways, people
 * who do what comes to their mind, and everything that goes wrong. All of it follows from the seed.
 */
export class World {
  readonly #seed: number;
  readonly #random: Random;
  readonly #time: WorldTime;
  readonly #storage = new SharedStorage();
  readonly #credentials = new MemoryCredentials();
  /** The first is the person's own, with the secret storage; the second one is reached from there. */
  readonly #machines: readonly [Computer, ...Computer[]];
  readonly #servers: Readonly<Record<string, ModelServer>>;
  readonly #connections: Connection[];
  readonly #violations: string[] = [];
  /** Values that have been in the store: from then on nobody may lose them. */
  readonly #stored = new Set<string>();
  /** When each entry of the store was written last. */
  readonly #writtenAt = new Map<string, number>();
  /** The entries of the store, by their texts: they are read far more often than written. */
  readonly #parsed = new Map<string, StoredToken>();
  /** Sessions that turned up when their askers had given up: they are closed as soon as they are known. */
  readonly #unwanted = new Set<string>();
  /** Tokens whose closing was confirmed, with the time, and the window that knows it. */
  readonly #closed = new Map<string, { readonly at: number; readonly by: SimWindow }>();
  /** The last automatic renewal of each token: a life counts from its sending, and is known with its answer. */
  readonly #renewed = new Map<
    string,
    { readonly sentAt: number; readonly at: number; readonly by: SimWindow; readonly boot: string }
  >();
  /** When a window of each start of a machine was last at work. */
  readonly #seen = new Map<string, number>();
  /** When a gateway answered last. */
  #answeredAt = 0;
  #overBudgetSince = Number.POSITIVE_INFINITY;
  readonly #most: number;
  #windows: SimWindow[] = [];
  #names = 0;
  #operations = 0;
  #requests = 0;
  #faulty = true;
  readonly #troubled: number;
  /** What people know, who have changed it since it was remembered. */
  readonly #logins = { ...firstLogins };
  /** Logins that a window has heard a refusal of. */
  readonly #refused = new Map<string, { readonly at: number; readonly by: SimWindow }>();

  readonly #tell: (line: string) => void;

  /** @param tell hears everything that happens, when a seed is looked into */
  constructor(seed: number, tell: (line: string) => void = () => undefined) {
    this.#seed = seed;
    this.#tell = (line) => tell(`${Math.round(this.#time.now)} ms: ${line}`);
    this.#random = new Random(seed);
    this.#time = new WorldTime();
    const wall = Date.UTC(2026, 2, 28, 12);
    const own = new Computer(this.#time, 'm1', wall, 1_000_000);
    this.#machines = [own];
    if (this.#random.chance(0.6)) {
      const aheadMs = this.#random.whole(-30, 30) * minute * (this.#random.chance(0.2) ? 24 : 1);
      const up = this.#random.chance(0.5) ? this.#random.whole(1, 60) * minute : 90 * 24 * hour;
      this.#machines = [own, new Computer(this.#time, 'm2', wall + aheadMs, up)];
      this.#tell(`m2 is ${aheadMs} ms ahead, and up for ${up} ms`);
    }
    this.#most = this.#random.whole(1, 3);
    this.#troubled = this.#random.next() * 0.25;
    const common = {
      clock: this.#time.server,
      lifeMs,
      fault: (operation: Operation) => this.#fault(operation),
      latency: () => this.#latency(),
      name: (prefix: string) => `${prefix}-secret-${++this.#names}`,
    };
    this.#servers = {
      cra: new ModelServer({
        ...common,
        reports: this.#random.chance(0.5),
        ...(this.#random.chance(0.3) ? { maxSessions: 3 } : {}),
      }),
      sarus: new ModelServer({ ...common, replaces: this.#random.chance(0.3) }),
    };
    const settings = { maxSessions, keepAlive: this.#random.chance(0.6) ? 'auto' : 'manual' };
    this.#connections = [
      connectionOf({ name: 'cra', kind: 'bmc-cra', service: 'S1', ...settings }),
      connectionOf({ name: 'sarus', kind: 'sarus', lifeMinutes: lifeMs / minute, ...settings }),
    ];
  }

  async run(hours: number): Promise<Verdict> {
    const unhandled = (reason: unknown) => this.#blame(`unhandled rejection: ${reason}`);
    process.on('unhandledRejection', unhandled);
    try {
      for (const connection of this.#connections) {
        const login = firstLogins[connection.name];
        if (login !== undefined) {
          const { origin } = new URL(connection.url);
          await this.#credentials.write(connection.name, { login, origin });
        }
      }
      this.#open();
      const end = hours * hour;
      while (this.#time.now < end && this.#violations.length === 0) {
        await this.#time.runUntil(this.#time.now + this.#pause());
        if (this.#time.events > mostEvents) {
          this.#blame('something does not come to rest');
        }
        this.#somethingHappens();
        // Nobody does anything while the own machine sleeps; the rest of the world goes on.
        await this.#time.runUntil(this.#machines[0].asleepUntil);
        this.#look();
      }
      await this.#rest();
    } finally {
      process.off('unhandledRejection', unhandled);
      for (const window of this.#windows) {
        this.#kill(window);
      }
    }
    return {
      seed: this.#seed,
      violations: this.#violations,
      operations: this.#operations,
      requests: this.#requests,
    };
  }

  /** Mostly minutes; sometimes so short that things overlap. */
  #pause(): number {
    return this.#random.chance(0.5)
      ? this.#random.whole(0, 500)
      : -Math.log(1 - this.#random.next()) * 7 * minute;
  }

  #somethingHappens(): void {
    const random = this.#random;
    if (this.#windows.length === 0) {
      this.#open();
      return;
    }
    const window = random.one(this.#windows.filter(({ machine }) => !machine.isAsleep));
    const machine = random.one(this.#machines);
    if (window === undefined || machine === undefined) {
      return;
    }
    const dice = random.next();
    if (dice < 0.84) {
      this.#operate(window);
    } else if (dice < 0.88) {
      if (this.#windows.length < this.#most) {
        this.#open();
      }
    } else if (dice < 0.91) {
      this.#kill(window);
    } else if (dice < 0.925) {
      void this.#leave(window);
    } else if (dice < 0.94) {
      this.#evict();
    } else if (dice < 0.945) {
      const name = random.chance(0.5) ? 'cra' : 'sarus';
      this.#tell(`${name} starts anew`);
      this.#servers[name]?.restart();
      if (random.chance(0.5)) {
        this.#changeLogin(name);
      }
    } else if (dice < 0.96 && machine.isReckoned) {
      const ms = random.one([hour, -hour, 24 * hour, -24 * hour, 10 * minute, -10 * minute]) ?? 0;
      this.#tell(`the clock of ${machine.name} is set by ${ms} ms`);
      machine.setWall(ms);
      machine.lastJump = this.#time.now;
    } else if (dice >= 0.96 && dice < 0.98) {
      const ms = random.chance(0.5) ? random.whole(1, 20) * minute : random.whole(1, 4) * hour;
      this.#tell(`${machine.name} sleeps for ${ms} ms`);
      machine.sleep(ms);
    } else if (dice >= 0.98 && dice < 0.99 && this.#time.now - machine.lastJump > minute) {
      // A clock that is set and a machine that is started anew, with no window to see one before the other, are more
      // than anyone can tell apart.
      machine.isReckoned = false;
      for (const one of [...this.#windows]) {
        // What is seen on the person's own machine goes with it.
        if (one.machine === machine || machine === this.#machines[0]) {
          this.#kill(one);
        }
      }
      this.#tell(`${machine.name} starts anew`);
      machine.reboot();
    }
  }

  #operate(window: SimWindow): void {
    const random = this.#random;
    const { keeper } = window.inner;
    const options: OperationOptions & { makeReader: typeof plainReader } = {
      makeReader: plainReader,
      ...(random.chance(0.1) ? { signal: this.#signal() } : {}),
    };
    const connection = random.chance(0.6) ? 'cra' : 'sarus';
    const dice = random.next();
    const getData = () =>
      keeper.getData(
        connection === 'sarus'
          ? {
              connection,
              endpoint: 'GetValues',
              params: { Series: [{ Datasource: 'D', Symbol: 'S' }], Periods: 5 },
            }
          : {
              connection,
              product: 'P',
              view: random.one(views),
              session: random.chance(0.85) ? 'reuse' : 'new',
              keepOpen: random.chance(0.9),
            },
        options,
      );
    const work = (): Promise<unknown> => {
      if (dice < 0.6) {
        return getData();
      }
      const id = random.one(keeper.tokens().map((token) => token.id)) ?? '';
      if (dice < 0.7) {
        return keeper.keepAlive(id, options);
      }
      if (dice < 0.78) {
        return keeper.remainingLife(id, options);
      }
      if (dice < 0.86) {
        return keeper.close(id, options);
      }
      if (dice < 0.88) {
        return keeper.closeAll(random.chance(0.5) ? connection : undefined, options);
      }
      if (dice < 0.94) {
        return keeper.setKeepAlive(id, random.chance(0.7) ? 'auto' : 'manual');
      }
      return keeper.signIn(
        connection,
        random.chance(0.5)
          ? options
          : {
              ...options,
              login: this.#logins[connection] ?? { apiKey: '' },
              ...(random.chance(0.5) ? { remember: true } : {}),
            },
      );
    };
    this.#operations++;
    window.waiting++;
    // As with the extension's commands, whatever people ask for waits until what was held earlier has been found.
    window.ready.then(work).then(
      () => {
        window.waiting--;
      },
      (error: unknown) => {
        window.waiting--;
        if (!(error instanceof TokensError)) {
          this.#blame(`not an error of ours: ${error instanceof Error ? error.stack : error}`);
        }
      },
    );
  }

  #signal(): AbortSignal {
    const stop = new AbortController();
    this.#time.server.setTimeout(() => stop.abort(), this.#random.whole(0, 900));
    return stop.signal;
  }

  #open(): void {
    const machine = this.#random.one(this.#machines) ?? this.#machines[0];
    const name = `${machine.name}.w${++this.#names}`;
    this.#tell(`${name} opens`);
    const window = new SimWindow(name, machine, this.#time.now, (self) => this.#make(name, self));
    this.#windows.push(window);
    window.ready = window.inner.keeper.load();
    window.ready
      .then(() => this.#time.lag(2 * second))
      .then(
        () => {
          machine.isReckoned ||= window.alive;
        },
        (error: unknown) => this.#blame(`load: ${error}`),
      );
  }

  #make(name: string, window: SimWindow): TestWindow {
    let ids = 0;
    const { machine } = window;
    const clock = {
      now: () => machine.now(),
      setTimeout: (callback: () => void, ms: number) =>
        machine.setTimeout(() => window.alive && callback(), ms),
    };
    const claims = this.#claimsOf(name, window);
    window.rate = new RateLimit({ clock, claims, log: silent });
    return new TestWindow({
      name,
      clock,
      connections: this.#connections,
      store: this.#store(window),
      credentials: this.#loginStore(window),
      claims,
      connect: (connection) => this.#gateway(connection, window),
      newId: () => `${name}-${++ids}`,
    });
  }

  #store(window: SimWindow): TokenStore {
    const inner = this.#storage.window(async () => {
      await this.#time.lag(this.#random.whole(1, 40));
      await this.#machines[0].awake();
      await window.machine.awake();
    });
    const port = <T>(call: () => Promise<T>) => {
      return window.port(call);
    };
    return {
      ids: () => port(() => inner.ids()),
      read: (id) => port(() => inner.read(id)),
      write: (id, json) =>
        port(async () => {
          await inner.write(id, json);
          this.#writtenAt.set(id, this.#time.now);
          const value = /"value":"([^"]+)"/.exec(json)?.[1];
          if (value !== undefined) {
            if (!this.#stored.has(value) && json.includes('"closing":true')) {
              this.#unwanted.add(value);
            }
            this.#stored.add(value);
            this.#checkBudget();
          }
        }),
      delete: (id) => port(() => inner.delete(id)),
      onDidChange: (listener) => inner.onDidChange((id) => window.alive && listener(id)),
    };
  }

  #loginStore(window: SimWindow): CredentialStore {
    return {
      read: (connection) => window.port(() => this.#credentials.read(connection)),
      write: (connection, credentials) => window.port(() => this.#credentials.write(connection, credentials)),
      delete: (connection) => window.port(() => this.#credentials.delete(connection)),
      onDidChange: (listener) => this.#credentials.onDidChange((name) => window.alive && listener(name)),
    };
  }

  #claimsOf(name: string, window: SimWindow): Claims {
    const inner = window.machine.claims.window(name);
    const port = <T>(call: () => Promise<T>) => {
      return window.port(async () => {
        await this.#time.lag(this.#random.whole(0, 3));
        return window.alive ? call() : never<T>();
      });
    };
    return {
      onDidClaim: (listener) => inner.onDidClaim((key) => window.alive && listener(key)),
      enter: () => port(() => inner.enter()),
      leave: () => port(() => inner.leave()),
      lives: (other) => port(() => inner.lives(other)),
      claim: (key, staleMs) => port(() => inner.claim(key, staleMs)),
      lease: (key, staleMs) =>
        port(async () => {
          const isMine = await inner.lease(key, staleMs);
          const id = /^renew-(.*)-\d+-\d+$/.exec(key)?.[1] ?? '';
          if (isMine && window.inner.keeper.find(id) !== undefined) {
            window.renewing.set(window.inner.keeper.reveal(id), this.#time.now);
          }
          return isMine;
        }),
      claimed: (prefix) => port(() => inner.claimed(prefix)),
      release: (key) => port(() => inner.release(key)),
    };
  }

  /**
   * Lets a request about a token go when it is its turn; of one machine there are never more in a second than are taken.
   * A window that goes has given its places to others, who cannot wait for what may be gone: it is counted by itself.
   */
  async #turn(window: SimWindow, operation: Operation): Promise<() => void> {
    const ended = (await window.rate?.turn(operation, perSecond)) ?? nothing;
    return () => {
      const { machine } = window;
      const stays = ({ alive, name }: SimWindow) => alive && machine.claims.alive.has(name);
      const recent = machine.answered.filter(
        (one) =>
          one.operation === operation &&
          (one.by === window || (stays(one.by) && stays(window))) &&
          this.#time.now - one.at < second,
      );
      if (window.alive && recent.length >= perSecond && !machine.isAsleep) {
        this.#blame(`${recent.length + 1} requests of ${machine.name} for ${operation} in a second`);
      }
      machine.answered = [
        ...machine.answered.filter(({ at }) => this.#time.now - at < second),
        { operation, by: window, at: this.#time.now },
      ];
      ended();
    };
  }

  #gateway(connection: Connection, window: SimWindow): Gateway {
    const server = this.#servers[connection.name];
    if (server === undefined) {
      throw new Error(connection.name);
    }
    const inner = server.gateway(connection, window.machine, (operation) => this.#turn(window, operation));
    const port = async <T>(what: string, token: string, call: () => Promise<T>): Promise<T> => {
      this.#requests++;
      this.#tell(`${window.name} ${what} ${token}`);
      try {
        const result = await window.port(() =>
          call().finally(async () => {
            await window.machine.awake();
            this.#answeredAt = this.#time.now;
          }),
        );
        this.#tell(`${window.name} ${what} ${token}: ${newValueOf(result)}`);
        return result;
      } catch (error) {
        this.#tell(`${window.name} ${what} ${token}: ${error}`);
        throw error;
      }
    };
    const { logOff, remainingLife } = inner;
    return {
      signIn: (login, service, options) =>
        port('signIn', connection.name, async () => {
          this.#checkUnrefused(login, window);
          return inner.signIn(login, service, options).catch((error: unknown) => {
            const isFirst = !this.#refused.has(JSON.stringify(login));
            if (isLoginRefused(error) && isFirst && window.alive && !window.machine.isAsleep) {
              this.#refused.set(JSON.stringify(login), { at: this.#time.now, by: window });
            }
            throw error;
          });
        }),
      getData: (call) =>
        port('getData', call.tokens.session ?? call.tokens.user, () =>
          inner.getData(this.#mortal(call, window)),
        ),
      keepAlive: (tokens, options) => {
        const token = tokens.session ?? tokens.user;
        if (!window.unclosed.has(token)) {
          this.#checkOpen(token);
        }
        const since = window.renewing.get(token) ?? Number.NEGATIVE_INFINITY;
        const isAutomatic = this.#time.now - Math.max(since, this.#lastAwake) < hearsayMs && since >= 0;
        window.renewing.delete(token);
        if (isAutomatic) {
          this.#checkAgreed(token, window);
        }
        return port('keepAlive', token, async () => {
          const sentAt = this.#time.now;
          const grant = await inner.keepAlive(tokens, options);
          if (isAutomatic) {
            const { boot } = window.machine.now();
            this.#renewed.set(grant.value, { sentAt, at: this.#time.now, by: window, boot });
          }
          return grant;
        });
      },
      ...(remainingLife === undefined
        ? {}
        : {
            remainingLife: (tokens, options) =>
              port('query', tokens.user, () => remainingLife.call(inner, tokens, options)),
          }),
      close: async (tokens, options) => {
        const token = tokens.session ?? tokens.user;
        window.unclosed.add(token);
        await port('close', token, () => inner.close(tokens, options));
        window.unclosed.delete(token);
        this.#closed.set(token, { at: this.#time.now, by: window }); // Now it knows: its machine may have slept.
      },
      ...(logOff === undefined
        ? {}
        : {
            logOff: (tokens, options) =>
              port('logOff', tokens.user, () => logOff.call(inner, tokens, options)),
          }),
      dispose: () => inner.dispose(),
    };
  }

  /** Somebody changes their password, or the key of their account. */
  #changeLogin(name: 'cra' | 'sarus'): void {
    const secret = `another-secret-${++this.#names}`;
    const before = { apiKey: '', password: '', ...this.#logins[name] };
    this.#servers[name]?.wrong.add(before.apiKey || before.password);
    this.#logins[name] = name === 'sarus' ? { apiKey: secret } : { username: 'demo', password: secret };
    this.#tell(`the login of ${name} is ${secret}`);
  }

  /** A refused login is sent no more: accounts are locked for that. Another machine may not have heard of it yet. */
  #checkUnrefused(login: Login, window: SimWindow): void {
    const first = this.#refused.get(JSON.stringify(login));
    if (
      first !== undefined &&
      first.by.diedAt - first.at > second &&
      (first.by.machine === window.machine ||
        this.#time.now - Math.max(first.at, this.#lastAwake) > hearsayMs)
    ) {
      this.#blame(`${window.name} sends a login that ${first.by.name} was refused with at ${first.at} ms`);
    }
  }

  /** What was closed is not renewed, once whoever closed it has had the time to tell. */
  #checkOpen(token: string): void {
    const closed = this.#closed.get(token);
    if (
      closed !== undefined &&
      this.#time.now - Math.max(closed.at, this.#lastAwake) > hearsayMs &&
      closed.by.diedAt - closed.at > second
    ) {
      this.#blame(`${token} was renewed, and was closed ${Math.round(this.#time.now - closed.at)} ms before`);
    }
  }

  /** Since when all machines are awake: before, news may have waited. */
  get #lastAwake(): number {
    return Math.max(...this.#machines.map(({ asleepUntil }) => asleepUntil));
  }

  /** Two machines do not renew one token for the same deadline, if the second one has had the time to hear of the first. */
  #checkAgreed(token: string, window: SimWindow): void {
    const last = this.#renewed.get(token);
    const { now } = this.#time;
    if (
      last !== undefined &&
      last.by.machine !== window.machine &&
      this.#hasHeard(window, last.boot) &&
      last.by.diedAt - last.at > second &&
      now - Math.max(last.at, this.#lastAwake, window.openedAt) > hearsayMs &&
      now - last.sentAt < lifeMs / 2
    ) {
      this.#blame(
        `${window.name} renews ${token}, and ${last.by.name} did ${Math.round(now - last.at)} ms before`,
      );
    }
  }

  #mortal(call: DataCall, window: SimWindow): DataCall {
    const { onSession } = call;
    return onSession === undefined
      ? call
      : { ...call, onSession: (session) => (window.alive ? onSession(session) : undefined) };
  }

  /** The process is killed: between any two steps of anything. */
  #kill(window: SimWindow): void {
    this.#tell(`${window.name} is killed`);
    window.alive = false;
    window.diedAt = this.#time.now;
    window.machine.claims.alive.delete(window.name);
    window.rate?.dispose();
    window.inner.dispose();
    this.#checkLog(window);
    this.#windows = this.#windows.filter((other) => other !== window);
  }

  /** The window is closed as people close one. */
  async #leave(window: SimWindow): Promise<void> {
    this.#windows = this.#windows.filter((other) => other !== window);
    this.#tell(`${window.name} leaves`);
    await window.inner.keeper.closeMine(3_500);
    await window.inner.keeper.flush();
    this.#kill(window);
  }

  #evict(): void {
    const server = this.#servers[this.#random.chance(0.5) ? 'cra' : 'sarus'];
    const name = this.#random.one([...(server?.sessions.keys() ?? [])]);
    if (name !== undefined) {
      this.#tell(`${name} is evicted`);
      server?.evict(name);
    }
  }

  #latency(): number {
    return this.#random.chance(0.03) ? this.#random.whole(1, 20) * second : this.#random.whole(5, 400);
  }

  /** A gateway lies about what it has done, but not about a token that somebody wants closed: that nobody could mend. */
  #fault(operation: Operation): Fault | undefined {
    const random = this.#random;
    if (!this.#faulty || !random.chance(this.#troubled)) {
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

  /** Nothing that has run out may be offered as alive. */
  #look(): void {
    for (const server of Object.values(this.#servers)) {
      server.sweep();
    }
    for (const window of this.#windows) {
      const { inner, name } = window;
      for (const { id, state, connection } of inner.keeper.tokens()) {
        const value = inner.keeper.reveal(id);
        if (state !== 'expired' && this.#servers[connection]?.expired.has(value) && this.#knows(window, id)) {
          this.#blame(`${name} shows ${value} as ${state}, and it has run out`);
        }
      }
    }
    this.#checkAlike();
    for (const { machine } of this.#windows) {
      if (!machine.isAsleep) {
        this.#seen.set(machine.now().boot, this.#time.now);
      }
    }
  }

  /** Whether a window can know what is left of a token: from its own machine, or from another one that it has heard of. */
  #knows(window: SimWindow, id: string): boolean {
    if (this.#machines.length > 1 && this.#time.now - (this.#writtenAt.get(id) ?? 0) < second) {
      return false; // A window of its machine may have found that out just now.
    }
    const token = this.#entry(this.#storage.entries.get(id));
    if (token?.kind === 'user' && this.#time.now - window.openedAt < lifeMs && this.#machines.length > 1) {
      return false; // It lives as long as the last of its sessions, and that may have been closed.
    }
    const isHeard = ({ sent }: StoredToken) =>
      sent.machine === window.machine.name || this.#hasHeard(window, sent.boot);
    // A user token lives as long as the last of its sessions.
    return token?.kind === 'user'
      ? [...this.#storage.entries.values()]
          .map((json) => this.#entry(json))
          .every((entry) => entry?.connection !== token.connection || isHeard(entry))
      : token === undefined || isHeard(token);
  }

  #entry(json: string | undefined): StoredToken | undefined {
    if (json === undefined) {
      return undefined;
    }
    const entry: StoredToken = this.#parsed.get(json) ?? JSON.parse(json);
    this.#parsed.set(json, entry);
    return entry;
  }

  /** Whether another machine, by its start, and a window have been at work together. */
  #hasHeard(window: SimWindow, boot: string): boolean {
    const since = Math.max(window.openedAt, this.#lastAwake) + hearsayMs;
    return (this.#seen.get(boot) ?? Number.NEGATIVE_INFINITY) > since;
  }

  /** A token has the same life left on all machines, less what the news of it may have been under way. */
  #checkAlike(): void {
    const { now } = this.#time;
    if (now - Math.max(this.#lastAwake, this.#answeredAt) < hearsayMs) {
      return; // Not all may have heard the latest.
    }
    for (const id of this.#storage.entries.keys()) {
      const lives = this.#windows.flatMap((window) => {
        const token =
          now - window.openedAt > hearsayMs && this.#knows(window, id) && window.inner.keeper.find(id);
        // A user token lives as long as its sessions, and those may have been closed this moment.
        return token && token.kind === 'session'
          ? [{ window, left: token.expiresAt - window.machine.now().wall }]
          : [];
      });
      const most = Math.max(...lives.map(({ left }) => left));
      for (const { window, left } of lives) {
        if (most > hearsayMs && left < most - hearsayMs) {
          this.#tell(this.#storage.entries.get(id) ?? '');
          this.#blame(`${window.name} has ${left} ms left of ${id}, and another window ${most} ms`);
        }
      }
    }
  }

  /** The windows together keep the budget at every moment. */
  #checkBudget(): void {
    const { cra } = this.#servers;
    cra?.sweep();
    const known = [...(cra?.sessions.keys() ?? [])].filter(
      (value) => this.#stored.has(value) && !this.#unwanted.has(value),
    );
    // Machines hear of each other's only when they are stored.
    const graceMs = this.#machines.length > 1 ? minute : 0;
    this.#overBudgetSince =
      known.length > maxSessions ? Math.min(this.#overBudgetSince, this.#time.now) : Number.POSITIVE_INFINITY;
    if (
      known.length > maxSessions &&
      this.#time.now - Math.max(this.#overBudgetSince, this.#lastAwake) >= graceMs
    ) {
      this.#blame(`${known.length} sessions are open, and ${maxSessions} may be: ${known.join(', ')}`);
    }
  }

  /** Faults end, windows come to rest, and the books must balance. */
  async #rest(): Promise<void> {
    if (this.#violations.length > 0) {
      return;
    }
    this.#faulty = false;
    if (this.#windows.length === 0) {
      this.#open();
    }
    await this.#time.runUntil(this.#lastAwake + 2 * minute);
    await this.#time.runUntil(this.#time.now + 2 * minute);
    this.#look();
    for (const { name, waiting } of this.#windows) {
      if (waiting > 0) {
        this.#blame(`${waiting} operations of ${name} never ended`);
      }
    }
    for (const machine of this.#machines) {
      const windows = this.#windows.filter((window) => window.machine === machine).length;
      // For a second each counts in the rate of requests.
      const recent = machine.answered.filter(({ at }) => this.#time.now - at <= second).length;
      if (machine.timers.size > windows + recent) {
        this.#blame(`${machine.timers.size} timers for ${windows} windows of ${machine.name}`);
      }
    }
    this.#checkSame();
    this.#checkKnown('after recovery');
    const [window] = this.#windows;
    const count = window?.inner.keeper.tokens('cra').filter(({ kind }) => kind === 'session').length ?? 0;
    if (count > maxSessions) {
      this.#blame(`${count} sessions are held, and ${maxSessions} may be`);
    }
    let failed: number | undefined;
    window?.inner.keeper.closeAll().then(
      (count) => {
        failed = count.failed;
      },
      (error: unknown) => this.#blame(`closing all: ${error}`),
    );
    await this.#time.runUntil(this.#time.now + 2 * minute);
    if (failed !== 0) {
      this.#blame(
        failed === undefined ? 'closing all never ended' : `${failed} sessions could not be closed`,
      );
    }
    for (const server of Object.values(this.#servers)) {
      for (const value of server.sessions.keys()) {
        if (this.#stored.has(value)) {
          this.#blame(`${value} is still open after everything was closed`);
        }
      }
    }
    this.#checkSame();
    for (const one of this.#windows) {
      this.#checkLog(one);
    }
  }

  /** All windows show what the store holds. */
  #checkSame(): void {
    const stored = [...this.#storage.entries.keys()].sort().join();
    for (const { name, inner } of this.#windows) {
      const shown = inner.keeper
        .tokens()
        .map(({ id }) => id)
        .sort()
        .join();
      if (shown !== stored) {
        this.#blame(`${name} shows ${shown}, and stored is ${stored}`);
      }
      for (const [id, json] of this.#storage.entries) {
        if (inner.keeper.find(id) !== undefined && !json.includes(`"value":"${inner.keeper.reveal(id)}"`)) {
          this.#blame(`${name} has another value of ${id} than the store`);
        }
      }
    }
  }

  /** What a gateway counts as open and was ever stored is stored. */
  #checkKnown(when: string): void {
    const entries = [...this.#storage.entries.values()].join('\n');
    for (const server of Object.values(this.#servers)) {
      server.sweep();
      for (const value of server.sessions.keys()) {
        const isHeld = entries.includes(`"value":"${value}"`);
        if (this.#stored.has(value) && !isHeld) {
          this.#blame(`${value} is open, and nobody knows it ${when}`);
        }
      }
    }
  }

  #checkLog({ inner, name }: SimWindow): void {
    const line = inner.lines.find((text) => text.includes('-secret-'));
    if (line !== undefined) {
      this.#blame(`${name} wrote a secret into the log: ${line}`);
    }
  }

  #blame(what: string): void {
    this.#violations.push(`at ${Math.round(this.#time.now)} ms: ${what}`);
  }
}

/** What an answer granted, for whoever follows the trace. */
function newValueOf(result: unknown): string {
  const { value, session } = (result ?? {}) as { readonly value?: unknown; readonly session?: unknown };
  return String(session ?? value ?? 'done');
}

function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
