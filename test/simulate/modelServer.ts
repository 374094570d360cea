import type { Clock, Instant } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
import { cancelled, type ErrorCode, TokensError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/protocols/answer.ts';
import type {
  CallOptions,
  DataAnswer,
  DataCall,
  Gateway,
  Grant,
  Life,
  Login,
  Tokens,
} from '../../src/core/protocols/protocol.ts';

/** How one request goes wrong. `done`: whether the operation is carried out all the same. */
export type Fault =
  | { readonly kind: 'network' | 'timeout' | 'page'; readonly done: boolean }
  | { readonly kind: 'refused' }
  | { readonly kind: 'status'; readonly status: number; readonly done: boolean }
  /** The caller gets a time-out at once, and its answer comes so many milliseconds later. */
  | { readonly kind: 'late'; readonly ms: number };

export type Operation = 'signIn' | 'getData' | 'keepAlive' | 'query' | 'close' | 'logOff';

interface Idle {
  lastUsed: number;
}

interface Session extends Idle {
  readonly user: string;
}

export interface ModelOptions {
  readonly clock: Clock;
  readonly lifeMs: number;
  readonly maxSessions?: number;
  /** Whether lives are told (SARUS always tells). */
  readonly reports?: boolean;
  /** CRA: whether there is a log-off; there is unless it is false. */
  readonly logsOff?: boolean;
  /** CRA: whether a call in a session that has gone opens another one instead, and says so only by its id. */
  readonly moves?: boolean;
  /** SARUS: whether a renewal replaces the token. */
  readonly replaces?: boolean;
  /** Decides how each request goes. */
  readonly fault?: (operation: Operation) => Fault | undefined;
  /** How long a request travels one way, in milliseconds. */
  readonly latency?: () => number;
  /** A name for a new token: distinct, and the same in every run. */
  readonly name?: (prefix: string) => string;
}

/** What has been asked of the server, by the token that it was about. */
export interface Asked {
  readonly operation: Operation;
  readonly token: string;
  readonly at: number;
}

/** A gateway without a network: the rules of docs/protocols.md in memory, on a clock that tests turn. */
export class ModelServer {
  readonly users = new Map<string, Idle>();
  readonly sessions = new Map<string, Session>();
  readonly asked: Asked[] = [];
  /** Tokens that ended by idleness, which a careful client has seen coming. */
  readonly expired = new Set<string>();
  /** Passwords and keys that are refused. */
  readonly wrong = new Set(['wrong']);
  /** What refused log-ons were made with. */
  readonly refusedLogOns: string[] = [];
  /** Most sessions that were ever open at once. */
  mostSessions = 0;
  readonly #options: ModelOptions;
  #names = 0;

  constructor(options: ModelOptions) {
    this.#options = options;
  }

  get #up(): number {
    return this.#options.clock.now().up;
  }

  /** Forgets what has been idle for its whole life. */
  sweep(): void {
    const dead = this.#up - this.#options.lifeMs;
    for (const [name, { lastUsed }] of this.users) {
      if (lastUsed <= dead) {
        this.users.delete(name);
        this.expired.add(name);
      }
    }
    for (const [name, session] of this.sessions) {
      if (session.lastUsed <= dead) {
        this.sessions.delete(name);
        this.expired.add(name);
      }
    }
  }

  evict(name: string): void {
    this.sessions.delete(name);
  }

  /** Forgets everything, as a restarted process would have. */
  restart(): void {
    this.users.clear();
    this.sessions.clear();
  }

  count(operation: Operation): number {
    return this.asked.filter((call) => call.operation === operation).length;
  }

  /**
   * @param machine The clock of who asks; by default the server's own.
   * @param turn Waits until a request about a token may be sent (SARUS), as for the real client.
   */
  gateway(
    connection: Connection,
    machine: Clock = this.#options.clock,
    turn?: (operation: Operation) => Promise<() => void>,
  ): Gateway {
    return connection.kind === 'sarus' ? new ModelSarus(this, machine, turn) : new ModelCra(this, machine);
  }

  /** Carries out one request, or lets it go wrong. */
  async exchange<T>(
    machine: Clock,
    operation: Operation,
    token: string,
    work: () => T,
    options: CallOptions,
    late?: (result: T) => void,
  ): Promise<{ sent: Instant; result: T }> {
    if (options.signal?.aborted) {
      throw cancelled();
    }
    const sent = machine.now();
    const fault = this.#options.fault?.(operation);
    await this.#travel(options, fault, late, work);
    this.sweep();
    if (fault?.kind === 'refused') {
      throw new TokensError('E_NETWORK', 'Nothing answers at {0}.', ['model'], { sent: false });
    }
    this.asked.push({ operation, token, at: this.#up });
    if (fault !== undefined && fault.kind !== 'late') {
      if (fault.done) {
        try {
          work();
        } catch {
          // Refused, but nobody hears of it.
        }
      }
      throw failureOf(fault);
    }
    const result = work();
    await this.#travel(options, undefined, late, () => result);
    return { sent, result };
  }

  name(prefix: string): string {
    return this.#options.name?.(prefix) ?? `${prefix}-secret-${++this.#names}`;
  }

  get reported(): { reportedMs?: number } {
    return this.#options.reports ? { reportedMs: this.#options.lifeMs } : {};
  }

  get moves(): boolean {
    return this.#options.moves ?? false;
  }

  /** Ends a user token, and what is open under it. */
  endUser(name: string): void {
    if (this.#options.logsOff === false) {
      throw refusal(404);
    }
    this.useUser(name);
    this.users.delete(name);
    for (const [session, { user }] of this.sessions) {
      if (user === name) {
        this.sessions.delete(session);
      }
    }
  }

  get replaces(): boolean {
    return this.#options.replaces ?? false;
  }

  get lifeMs(): number {
    return this.#options.lifeMs;
  }

  checkLogin(login: Login): void {
    const proof = login.apiKey ?? login.password ?? 'certificate';
    if (this.wrong.has(proof)) {
      this.refusedLogOns.push(proof);
      throw new TokensError('E_CREDENTIALS', '{0} refused the sign-in: {1}', ['model', revoked], {
        status: 401,
        detail: revoked,
        refused: 'login',
      });
    }
  }

  logOn(): string {
    const name = this.name('user');
    this.users.set(name, { lastUsed: this.#up });
    return name;
  }

  useUser(name: string): void {
    const user = this.users.get(name);
    if (user === undefined) {
      throw refusal(401);
    }
    user.lastUsed = this.#up;
  }

  useSession(user: string, name: string): void {
    this.useUser(user);
    const session = this.sessions.get(name);
    if (session?.user !== user) {
      throw refusal(404);
    }
    session.lastUsed = this.#up;
  }

  open(user: string): string {
    if (this.sessions.size >= (this.#options.maxSessions ?? Number.POSITIVE_INFINITY)) {
      throw new TokensError('E_LIMIT', '{0} has no session to give.', ['model'], { status: 503 });
    }
    const name = this.name('session');
    this.sessions.set(name, { user, lastUsed: this.#up });
    this.mostSessions = Math.max(this.mostSessions, this.sessions.size);
    return name;
  }

  /** SARUS: its token is the session. */
  useToken(name: string): Session {
    const token = this.sessions.get(name);
    if (token === undefined) {
      throw refusal(401);
    }
    return token;
  }

  remaining(token: Session): number {
    return this.lifeMs - (this.#up - token.lastUsed);
  }

  touch(token: Session): void {
    token.lastUsed = this.#up;
  }

  /** The way there or back; a caller who gives up is told at once, and the answer goes to `late`. */
  async #travel<T>(
    { signal }: CallOptions,
    fault: Fault | undefined,
    late: ((result: T) => void) | undefined,
    work: () => T,
  ): Promise<void> {
    const { clock, latency } = this.#options;
    if (fault?.kind === 'late') {
      clock.setTimeout(() => {
        this.sweep();
        try {
          const result = work();
          late?.(result);
        } catch {
          // Refused, but nobody hears of it.
        }
      }, fault.ms);
      throw new TokensError('E_TIMEOUT', 'No complete answer came from {0}.', ['model']);
    }
    const ms = latency?.() ?? 0;
    if (ms === 0) {
      await Promise.resolve();
    } else {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, ms));
    }
    if (signal?.aborted) {
      try {
        late?.(work());
      } catch {
        // Refused, but nobody hears of it.
      }
      throw cancelled();
    }
  }
}

class ModelCra implements Gateway {
  readonly #server: ModelServer;
  readonly #machine: Clock;

  constructor(server: ModelServer, machine: Clock) {
    this.#server = server;
    this.#machine = machine;
  }

  async signIn(login: Login, _service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      this.#server.checkLogin(login);
      return this.#server.logOn();
    };
    const { sent, result } = await this.#server.exchange(this.#machine, 'signIn', '', work, options);
    return { value: result, sent, ...this.#server.reported };
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const { user, session } = call.tokens;
    const asked = this.#machine.now();
    const work = () => {
      this.#server.useUser(user);
      if (session !== undefined && !(this.#server.moves && !this.#server.sessions.has(session))) {
        this.#server.useSession(user, session);
        if (!call.keepOpen) {
          this.#server.sessions.delete(session);
        }
        return session;
      }
      const opened = this.#server.open(user);
      if (!call.keepOpen) {
        this.#server.sessions.delete(opened);
      }
      return opened;
    };
    const late = (opened: string) => {
      if (opened !== session && call.keepOpen) {
        void call.onSession?.({ value: opened, sent: asked });
      }
    };
    const { sent, result } = await this.#server.exchange(
      this.#machine,
      'getData',
      session ?? user,
      work,
      call,
      late,
    );
    if (result !== session && call.keepOpen) {
      await call.onSession?.({ value: result, sent });
    }
    return { sent, answer: nothing, totalRows: 0, ...(call.keepOpen ? { session: result } : {}) };
  }

  async keepAlive(tokens: Tokens, options: CallOptions = {}): Promise<Grant> {
    const { user, session } = tokens;
    const work = () =>
      session === undefined ? this.#server.useUser(user) : this.#server.useSession(user, session);
    const { sent } = await this.#server.exchange(this.#machine, 'keepAlive', session ?? user, work, options);
    return { value: session ?? user, sent };
  }

  async close({ user, session }: Tokens, options: CallOptions = {}): Promise<void> {
    if (session === undefined) {
      return;
    }
    const work = () => {
      this.#server.useUser(user);
      if (this.#server.sessions.get(session)?.user === user) {
        this.#server.sessions.delete(session);
      }
    };
    await this.#server.exchange(this.#machine, 'close', session, work, options).catch(passOver(404, 410));
  }

  async logOff({ user }: Tokens, options: CallOptions = {}): Promise<void> {
    const work = () => this.#server.endUser(user);
    await this.#server
      .exchange(this.#machine, 'logOff', user, work, options)
      .catch(passOver(401, 404, 405, 410));
  }

  dispose(): void {
    // Holds nothing.
  }
}

class ModelSarus implements Gateway {
  readonly #server: ModelServer;
  readonly #machine: Clock;
  readonly #turn: ((operation: Operation) => Promise<() => void>) | undefined;

  constructor(
    server: ModelServer,
    machine: Clock,
    turn: ((operation: Operation) => Promise<() => void>) | undefined,
  ) {
    this.#server = server;
    this.#machine = machine;
    this.#turn = turn;
  }

  /** A request to one of the token endpoints, when it is its turn. */
  async #exchange<T>(
    ...[operation, token, work, options, late]: Tail<Parameters<typeof ModelServer.prototype.exchange<T>>>
  ): Promise<{ sent: Instant; result: T }> {
    const ended = await this.#turn?.(operation);
    return this.#server.exchange(this.#machine, operation, token, work, options, late).finally(ended);
  }

  async signIn(login: Login, _service: string | undefined, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      this.#server.checkLogin(login);
      return this.#server.open('');
    };
    const giveBack = (name: string) => this.#server.sessions.delete(name);
    const { sent, result } = await this.#exchange('signIn', '', work, options, giveBack);
    return { value: result, sent, reportedMs: this.#server.lifeMs };
  }

  async getData(call: DataCall): Promise<DataAnswer> {
    const name = call.tokens.user;
    const work = () => this.#server.touch(this.#server.useToken(name));
    const { sent } = await this.#server.exchange(this.#machine, 'getData', name, work, call);
    return { sent, answer: nothing, totalRows: 0 };
  }

  async keepAlive({ user }: Tokens, options: CallOptions = {}): Promise<Grant> {
    const work = () => {
      const token = this.#server.useToken(user);
      this.#server.touch(token);
      if (!this.#server.replaces) {
        return user;
      }
      this.#server.sessions.delete(user);
      const next = this.#server.name('session');
      this.#server.sessions.set(next, token);
      return next;
    };
    const { sent, result } = await this.#exchange('keepAlive', user, work, options);
    return { value: result, sent, reportedMs: this.#server.lifeMs };
  }

  async remainingLife({ user }: Tokens, options: CallOptions = {}): Promise<Life> {
    const work = () => Math.max(Math.floor(this.#server.remaining(this.#server.useToken(user))), 0);
    const { sent, result } = await this.#exchange('query', user, work, options);
    return { sent, reportedMs: result };
  }

  async close({ user }: Tokens, options: CallOptions = {}): Promise<void> {
    const work = () => {
      this.#server.useToken(user);
      this.#server.sessions.delete(user);
    };
    await this.#exchange('close', user, work, options).catch(passOver(401, 410));
  }

  dispose(): void {
    // Holds nothing.
  }
}

type Tail<T extends unknown[]> = T extends [unknown, ...infer R] ? R : never;

/** What is said to a wrong password. */
export const revoked = 'the user is revoked';

const nothing: Answer = {
  head: {},
  fields: [],
  rowCount: 0,
  bytes: 0,
  rows: async () => [],
  dispose: () => undefined,
};

/** What counts as closed. */
function passOver(...statuses: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof TokensError) || !statuses.includes(error.details.status ?? 0)) {
      throw error;
    }
    return undefined;
  };
}

function refusal(status: number): TokensError {
  const code: ErrorCode = status === 401 || status === 410 ? 'E_EXPIRED' : 'E_HTTP';
  const mayBeOfToken = code === 'E_EXPIRED' || status === 400 || status === 404;
  return new TokensError(code, '{0} answered with status {1}.', ['model', status], {
    status,
    ...(mayBeOfToken ? { refused: 'either' } : {}),
  });
}

function failureOf(fault: Exclude<Fault, { kind: 'refused' | 'late' }>): TokensError {
  switch (fault.kind) {
    case 'network':
      return new TokensError('E_NETWORK', 'The connection to {0} broke off.', ['model']);
    case 'timeout':
      return new TokensError('E_TIMEOUT', 'No complete answer came from {0}.', ['model']);
    case 'page':
      return new TokensError('E_PROTOCOL', '{0} answered with a web page.', ['model'], { status: 200 });
    case 'status':
      return refusal(fault.status);
  }
}
