import type { Clock, Instant } from '../../src/core/clock.ts';
import type { Connection } from '../../src/core/connection.ts';
import { cancelled, TokensError } from '../../src/core/errors.ts';
import type { CallOptions, Gateway, Login } from '../../src/core/protocols/protocol.ts';
import { type Fault, failureOf, refusal, revoked } from './modelAnswers.ts';
import { ModelCra } from './modelCra.ts';
import { Families, ModelRest } from './modelRest.ts';
import { ModelSarus } from './modelSarus.ts';

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
  /** CRA: whether answers name the session that they open; they do unless it is false. */
  readonly names?: boolean;
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
  /** The refresh tokens that an API has issued. */
  readonly families = new Families();
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
    this.families.clear();
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
    if (connection.kind === 'rest') {
      return new ModelRest(this, connection, machine);
    }
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

  get names(): boolean {
    return this.#options.names ?? true;
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

  /** Of SARUS, or of an API: its token is the session. */
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

  /** The time of the way there or back; a caller that gives up is told at once, and the answer goes to `late`. */
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
