import { TokensError } from '../../src/core/errors.ts';
import { identityOf } from '../../src/core/protocols/kinds.ts';
import type { OperationOptions } from '../../src/core/tokens/signIn.ts';
import { Books } from './books.ts';
import { Day, hour, maxSessions, minute, second } from './day.ts';
import { Looks } from './looks.ts';
import { Ports } from './ports.ts';
import { SimWindow } from './simWindow.ts';
import { mostEvents } from './time.ts';
import { plainReader } from './window.ts';

const views = ['A', 'B', 'C', 'D', 'E', 'F'];

export interface Verdict {
  readonly seed: number;
  /** The broken promises of the day. */
  readonly violations: readonly string[];
  readonly operations: number;
  readonly requests: number;
}

/**
 * A simulated day of the core: several windows, often on two machines with clocks of their own, gateways, people who do
 * random things, and faults. All of it follows from the seed.
 */
export class World {
  readonly #seed: number;
  readonly #day: Day;
  readonly #books: Books;
  readonly #looks: Looks;
  readonly #ports: Ports;
  /** Windows that are being closed. */
  readonly #leaving = new Set<SimWindow>();
  #operations = 0;

  /** @param tell hears everything that happens, when a seed is looked into */
  constructor(seed: number, tell: (line: string) => void = () => undefined) {
    this.#seed = seed;
    this.#day = new Day(seed, tell);
    this.#books = new Books(this.#day);
    this.#looks = new Looks(this.#day, this.#books);
    this.#ports = new Ports(this.#day, this.#books);
  }

  async run(hours: number): Promise<Verdict> {
    const { connections, credentials, logins, machines, random, time, violations } = this.#day;
    const unhandled = (reason: unknown) => this.#day.blame(`unhandled rejection: ${reason}`);
    process.on('unhandledRejection', unhandled);
    try {
      for (const connection of connections) {
        const login = logins[connection.name];
        if (login !== undefined && (connection.kind !== 'rest' || random.chance(0.7))) {
          await credentials.write(connection.name, { login, origin: identityOf(connection) });
        }
      }
      this.#open();
      const end = hours * hour;
      while (time.now < end && violations.length === 0) {
        await time.runUntil(time.now + this.#pause());
        if (time.events > mostEvents) {
          this.#day.blame('something does not come to rest');
        }
        this.#somethingHappens();
        // Nobody does anything while the person's machine sleeps; everything else goes on.
        await time.runUntil(machines[0].asleepUntil);
        this.#looks.look();
      }
      await this.#rest();
    } finally {
      process.off('unhandledRejection', unhandled);
      for (const window of this.#day.windows) {
        this.#kill(window);
      }
    }
    return {
      seed: this.#seed,
      violations,
      operations: this.#operations,
      requests: this.#ports.requests,
    };
  }

  /** Mostly minutes; sometimes so short that things overlap. */
  #pause(): number {
    const { random } = this.#day;
    return random.chance(0.5) ? random.whole(0, 500) : -Math.log(1 - random.next()) * 7 * minute;
  }

  #somethingHappens(): void {
    const { machines, most, random, time, windows } = this.#day;
    if (windows.length === 0) {
      this.#open();
      return;
    }
    const window = random.one(windows.filter(({ machine }) => !machine.isAsleep));
    const machine = random.one(machines);
    if (window === undefined || machine === undefined) {
      return;
    }
    const dice = random.next();
    if (dice < 0.84) {
      if (this.#day.servers.api === undefined || random.chance(0.8)) {
        this.#operate(window);
      } else {
        // Several at once, since what may be used only once is then easily used twice.
        for (const one of windows.filter(({ machine }) => !machine.isAsleep)) {
          this.#operate(one, 'api');
          this.#operate(one, 'api');
        }
      }
    } else if (dice < 0.88) {
      if (windows.length < most) {
        this.#open();
      }
    } else if (dice < 0.91) {
      this.#kill(window);
    } else if (dice < 0.925) {
      void this.#leave(window);
    } else if (dice < 0.94) {
      this.#day.evict();
    } else if (dice < 0.945) {
      this.#day.restartGateway();
    } else if (dice < 0.96 && machine.isReckoned) {
      const ms = random.one([hour, -hour, 24 * hour, -24 * hour, 10 * minute, -10 * minute]) ?? 0;
      this.#day.tell(`the clock of ${machine.name} is set by ${ms} ms`);
      machine.setWall(ms);
      machine.lastJump = time.now;
    } else if (dice >= 0.96 && dice < 0.98) {
      const ms = random.chance(0.5) ? random.whole(1, 20) * minute : random.whole(1, 4) * hour;
      this.#day.tell(`${machine.name} sleeps for ${ms} ms`);
      machine.sleep(ms);
    } else if (dice >= 0.98 && dice < 0.99 && time.now - machine.lastJump > minute) {
      // A clock that is set and a machine that is started anew, with no window to see one before the other, are more
      // than anyone can tell apart.
      machine.isReckoned = false;
      for (const one of [...windows, ...this.#leaving]) {
        // What is seen on the person's own machine goes with it.
        if (one.machine === machine || machine === machines[0]) {
          this.#kill(one);
        }
      }
      this.#day.tell(`${machine.name} starts anew`);
      machine.reboot();
    }
  }

  /** @param of a connection and its tokens; by default any */
  #operate(window: SimWindow, of?: string): void {
    const { logins, random } = this.#day;
    const { keeper } = window.inner;
    const options: OperationOptions & { makeReader: typeof plainReader } = {
      makeReader: plainReader,
      ...(random.chance(0.1) ? { signal: this.#signal() } : {}),
    };
    const connection = of ?? this.#day.connectionName(0.6);
    const dice = random.next();
    const work = (): Promise<unknown> => {
      if (dice < 0.6) {
        return keeper.getData(this.#request(connection), options);
      }
      const id = random.one(keeper.tokens(of).map((token) => token.id)) ?? '';
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
      const login = logins[connection] ?? {};
      return keeper.signIn(
        connection,
        random.chance(0.5)
          ? options
          : { ...options, login, ...(random.chance(0.5) ? { remember: true } : {}) },
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
          this.#day.blame(`not an error of ours: ${error instanceof Error ? error.stack : error}`);
        }
      },
    );
  }

  #request(connection: string): Readonly<Record<string, unknown>> {
    const { random } = this.#day;
    if (connection === 'sarus') {
      return {
        connection,
        endpoint: 'GetValues',
        params: { Series: [{ Datasource: 'D', Symbol: 'S' }], Periods: 5 },
      };
    }
    if (connection === 'api') {
      return { connection, request: 'GET /items' };
    }
    return {
      connection,
      product: 'P',
      view: random.one(views),
      session: random.chance(0.85) ? 'reuse' : 'new',
      keepOpen: random.chance(0.9),
    };
  }

  #signal(): AbortSignal {
    const stop = new AbortController();
    const { random, time } = this.#day;
    time.server.setTimeout(() => stop.abort(), random.whole(0, 900));
    return stop.signal;
  }

  #open(): void {
    const { machines, random, time } = this.#day;
    const machine = random.one(machines) ?? machines[0];
    const name = `${machine.name}.w${this.#day.number()}`;
    this.#day.tell(`${name} opens`);
    const window = new SimWindow(name, machine, time.now, (self) => this.#ports.make(self));
    this.#day.windows.push(window);
    window.ready = window.inner.keeper.load();
    window.ready
      .then(() => time.lag(2 * second))
      .then(
        () => {
          machine.isReckoned ||= window.alive;
        },
        (error: unknown) => this.#day.blame(`load: ${error}`),
      );
  }

  /** The process is killed: between any two steps of anything. */
  #kill(window: SimWindow): void {
    this.#day.tell(`${window.name} is killed`);
    this.#leaving.delete(window);
    window.alive = false;
    window.diedAt = this.#day.time.now;
    window.machine.claims.alive.delete(window.name);
    window.inner.dispose();
    this.#looks.checkLog(window);
    this.#day.windows = this.#day.windows.filter((other) => other !== window);
  }

  /** The window is closed as people close one. */
  async #leave(window: SimWindow): Promise<void> {
    this.#day.windows = this.#day.windows.filter((other) => other !== window);
    this.#leaving.add(window);
    this.#day.tell(`${window.name} leaves`);
    await window.inner.keeper.closeMine(3_500);
    await window.inner.keeper.flush();
    this.#kill(window);
  }

  /** Faults end, windows become idle, and then the records (books.ts) must match. */
  async #rest(): Promise<void> {
    const { time, violations } = this.#day;
    if (violations.length > 0) {
      return;
    }
    this.#day.isFaulty = false;
    if (this.#day.windows.length === 0) {
      this.#open();
    }
    await time.runUntil(this.#day.lastAwake + 2 * minute);
    await time.runUntil(time.now + 2 * minute);
    while (time.now - this.#books.lastWrittenAt < second) {
      await time.runUntil(time.now + second); // A token was renewed just now, and other windows are hearing of it.
    }
    this.#looks.look();
    this.#checkRest();
    this.#looks.checkSame();
    this.#looks.checkKnown();
    const [window] = this.#day.windows;
    const count = window?.inner.keeper.tokens('cra').filter(({ kind }) => kind === 'session').length ?? 0;
    if (count > maxSessions) {
      this.#day.blame(`${count} sessions are held, and ${maxSessions} may be`);
    }
    // What a sign-in gives that ends after all was closed stays open, where people see it.
    for (let waited = 0; this.#ports.underWay > 0 && waited < minute; waited += second) {
      await time.runUntil(time.now + second);
    }
    let failed: number | undefined;
    window?.inner.keeper.closeAll().then(
      (count) => {
        failed = count.failed;
      },
      (error: unknown) => this.#day.blame(`closing all: ${error}`),
    );
    await time.runUntil(time.now + 2 * minute);
    if (failed !== 0) {
      this.#day.blame(
        failed === undefined ? 'closing all never ended' : `${failed} sessions could not be closed`,
      );
    }
    this.#looks.checkClosed();
    this.#looks.checkSame();
    for (const one of this.#day.windows) {
      this.#looks.checkLog(one);
    }
  }

  /** Nothing is left to wait for. */
  #checkRest(): void {
    const { machines, time, windows } = this.#day;
    for (const { name, waiting } of windows) {
      if (waiting > 0) {
        this.#day.blame(`${waiting} operations of ${name} never ended`);
      }
    }
    for (const machine of machines) {
      const own = windows.filter((window) => window.machine === machine).length;
      // For a second each counts in the rate of requests.
      const recent = machine.answered.filter(({ at }) => time.now - at <= second).length;
      if (machine.timers.size > own + recent) {
        this.#day.blame(`${machine.timers.size} timers for ${own} windows of ${machine.name}`);
      }
    }
  }
}
