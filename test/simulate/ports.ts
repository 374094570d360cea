import type { Connection } from '../../src/core/connection.ts';
import { isLoginRefused } from '../../src/core/errors.ts';
import type { Log } from '../../src/core/log.ts';
import type { DataAnswer, DataCall, Gateway, Grant } from '../../src/core/protocols/protocol.ts';
import { RateLimit } from '../../src/core/tokens/rateLimit.ts';
import { mayRefuseToken } from '../../src/core/tokens/refusal.ts';
import { Scheduler } from '../../src/core/tokens/scheduler.ts';
import type { Claims, CredentialStore, TokenStore } from '../../src/core/tokens/store.ts';
import type { Books } from './books.ts';
import { type Day, lifeMs, second } from './day.ts';
import type { ModelServer, Operation } from './modelServer.ts';
import { never, type SimWindow } from './simWindow.ts';
import { TestWindow } from './window.ts';

/** Requests of one kind about tokens that the market-data service takes. */
const perSecond = 3;
const nothing = (): void => undefined;
const silent: Log = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * The ports of windows in the simulation: each call takes time, may be interrupted by the window's death, and is recorded.
 */
export class Ports {
  readonly #day: Day;
  readonly #books: Books;
  /** Calls of gateways so far. */
  requests = 0;
  /** Those that have not been answered. */
  underWay = 0;

  constructor(day: Day, books: Books) {
    this.#day = day;
    this.#books = books;
  }

  /** The core of a window. */
  make(window: SimWindow): TestWindow {
    let ids = 0;
    const { machine, name } = window;
    const clock = {
      now: () => machine.now(),
      setTimeout: (callback: () => void, ms: number) =>
        machine.setTimeout(() => window.alive && callback(), ms),
    };
    const claims = this.#claims(window);
    window.rate = new RateLimit({ clock, scheduler: new Scheduler(clock), claims, log: silent });
    return new TestWindow({
      name,
      clock,
      connections: this.#day.connections,
      store: this.#store(window),
      credentials: this.#logins(window),
      claims,
      connect: (connection) => this.#gateway(connection, window),
      newId: () => `${name}-${++ids}`,
    });
  }

  #store(window: SimWindow): TokenStore {
    const { machines, random, storage, time } = this.#day;
    const inner = storage.window(async () => {
      await time.lag(random.whole(1, 40));
      await machines[0].awake();
      const { isAsleep } = window.machine;
      await window.machine.awake();
      if (isAsleep && !window.alive) {
        await never(); // It was killed before it had sent this.
      }
    });
    return {
      ids: () => window.port(() => inner.ids()),
      read: (id) => window.port(() => inner.read(id)),
      write: (id, json) =>
        window.port(async () => {
          await inner.write(id, json);
          this.#books.written(id, json);
        }),
      delete: (id) => window.port(() => inner.delete(id)),
      onDidChange: (listener) => inner.onDidChange((id) => window.alive && listener(id)),
    };
  }

  #logins(window: SimWindow): CredentialStore {
    const { credentials } = this.#day;
    return {
      read: (connection) => window.port(() => credentials.read(connection)),
      write: (connection, given) => window.port(() => credentials.write(connection, given)),
      delete: (connection) => window.port(() => credentials.delete(connection)),
      onDidChange: (listener) => credentials.onDidChange((name) => window.alive && listener(name)),
    };
  }

  #claims(window: SimWindow): Claims {
    const { random, time } = this.#day;
    const inner = window.machine.claims.window(window.name);
    const port = <T>(call: () => Promise<T>) =>
      window.port(async () => {
        await time.lag(random.whole(0, 3));
        return window.alive ? call() : never<T>();
      });
    return {
      onDidClaim: (listener) => inner.onDidClaim((key) => window.alive && listener(key)),
      enter: () => port(() => inner.enter()),
      leave: () => port(() => inner.leave()),
      lives: (other) => port(() => inner.lives(other)),
      claim: (key, staleMs) => port(() => inner.claim(key, staleMs)),
      lease: (key, staleMs) =>
        port(async () => {
          const isMine = await inner.lease(key, staleMs);
          const id = /^renew-(.*)$/.exec(key)?.[1] ?? '';
          if (isMine && window.inner.keeper.find(id) !== undefined) {
            window.renewing.set(window.inner.keeper.reveal(id), time.now);
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
      const { now } = this.#day.time;
      const stays = ({ alive, name }: SimWindow) => alive && machine.claims.alive.has(name);
      const recent = machine.answered.filter(
        (one) =>
          one.operation === operation &&
          (one.by === window || (stays(one.by) && stays(window))) &&
          now - one.at < second,
      );
      if (window.alive && recent.length >= perSecond && !machine.isAsleep) {
        this.#day.blame(`${recent.length + 1} requests of ${machine.name} for ${operation} in a second`);
      }
      machine.answered = [
        ...machine.answered.filter(({ at }) => now - at < second),
        { operation, by: window, at: now },
      ];
      ended();
    };
  }

  #gateway(connection: Connection, window: SimWindow): Gateway {
    const server: ModelServer | undefined = this.#day.servers[connection.name];
    if (server === undefined) {
      throw new Error(connection.name);
    }
    const inner = server.gateway(connection, window.machine, (operation) => this.#turn(window, operation));
    const port = <T>(what: string, token: string, call: () => Promise<T>): Promise<T> =>
      this.#call(window, what, token, call);
    const { logOff, remainingLife } = inner;
    const books = this.#books;
    return {
      signIn: async (login, service, options) => {
        const grant = await port('signIn', connection.name, async () => {
          books.sendsLogin(login, window);
          return inner.signIn(login, service, options).catch((error: unknown) => {
            if (isLoginRefused(error) && window.alive && !window.machine.isAsleep) {
              books.loginRefused(login, window);
            }
            throw error;
          });
        });
        books.granted(grant.value, window);
        return grant;
      },
      getData: (call) =>
        port('getData', call.tokens.session ?? call.tokens.user, () => inner.getData(mortal(call, window))),
      ...(inner.renewsDead ? { renewsDead: true } : {}),
      keepAlive: async (tokens, options) => {
        const token = tokens.session ?? tokens.user;
        const isAutomatic = books.renews(token, window);
        const call = port('keepAlive', token, async () => {
          const sentAt = this.#day.time.now;
          const grant = await inner.keepAlive(tokens, options);
          if (isAutomatic) {
            books.renewed(grant.value, sentAt, window);
          }
          return grant;
        });
        const grant = await books.refreshes(tokens.more?.refreshToken, window, call);
        books.granted(grant.value, window);
        return grant;
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
        const call = port('close', token, () => inner.close(tokens, options));
        await books.closes(token, window, call);
        window.unclosed.delete(token);
        books.closed(token, window); // The window knows it only now: its machine may have slept.
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

  async #call<T>(window: SimWindow, what: string, token: string, call: () => Promise<T>): Promise<T> {
    const { tell, time } = this.#day;
    const sentAt = time.now;
    this.requests++;
    tell(`${window.name} ${what} ${token}`);
    try {
      const result = await window.port(() => {
        this.underWay++;
        return call().finally(async () => {
          await window.machine.awake();
          this.underWay--;
          this.#books.answeredAt = time.now;
        });
      });
      const { value, session = value, reportedMs = lifeMs, isUnchanged } = toldBy(result);
      tell(`${window.name} ${what} ${token}: ${session ?? 'done'}`);
      if (!isUnchanged) {
        this.#books.lives(session ?? token, sentAt, reportedMs, window);
      }
      return result;
    } catch (error) {
      tell(`${window.name} ${what} ${token}: ${error}`);
      if (mayRefuseToken(error)) {
        this.#books.callsDead(token, sentAt);
      }
      throw error;
    }
  }
}

function mortal(call: DataCall, window: SimWindow): DataCall {
  const { onSession } = call;
  return onSession === undefined
    ? call
    : { ...call, onSession: (session) => (window.alive ? onSession(session) : undefined) };
}

/** What an answer granted, and told of its life. */
function toldBy(result: unknown): Partial<Grant & DataAnswer> {
  return result ?? { isUnchanged: true };
}
