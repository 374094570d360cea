import { randomBytes } from 'node:crypto';
import { type View, views } from './views.ts';

/** Anything that expires when it has not been used for its life. Times in milliseconds of a monotonic clock. */
export interface Idle {
  lastUsed: number;
  readonly lifeMs: number;
}

/** The counters of the stats, which only grow until the gateway restarts. */
export class Counters {
  /** Sessions opened so far. A one-shot call counts as opened and closed. */
  opened = 0;
  /** getData calls inside an open session; for SARUS, calls of data endpoints. */
  reused = 0;
  /** Successful keepalive and renew calls. */
  keepAlives = 0;
  /** Sessions closed so far because somebody asked. */
  closed = 0;
  /** Sessions that the gateway ended: by idleness, or evicted. */
  expired = 0;
  /** Opens refused for the limit. */
  refused = 0;
}

/** What `GET /sandbox/stats` answers; the fields and their meanings are part of the public contract. */
export interface SandboxStats extends Counters {
  /** Live CRA user tokens. */
  userTokens: number;
  /** Live sessions: CRA sessions and SARUS tokens. */
  sessions: number;
}

/** A CRA user token: what a log-on to a service gives. */
interface UserToken extends Idle {
  readonly service: string;
}

/** A CRA data session. The data is cached in it: it is the view as it was at `collectedAt`. */
export interface CraSession extends Idle {
  readonly userToken: string;
  readonly view: View;
  /** Epoch milliseconds. */
  collectedAt: number;
}

/** Things that expire by idleness, by name. Each access removes what has expired, so that no timer is needed. */
class IdleTable<T extends Idle> extends Map<string, T> {
  readonly #clock: Pick<State, 'now'>;
  readonly #expired: (name: string) => void;

  constructor(clock: Pick<State, 'now'>, expired: (name: string) => void) {
    super();
    this.#clock = clock;
    this.#expired = expired;
  }

  override get(name: string): T | undefined {
    this.#sweep();
    return super.get(name);
  }

  /** Names and entries that live, oldest first. */
  live(): [string, T][] {
    this.#sweep();
    return [...this];
  }

  /** Removes what has been idle for its whole life, and reports it. */
  #sweep(): void {
    const now = this.#clock.now();
    for (const [name, { lastUsed, lifeMs }] of this) {
      if (now >= lastUsed + lifeMs) {
        this.delete(name);
        this.#expired(name);
      }
    }
  }
}

/** What every handler works with: the settings of the gateway, its clocks, and all that it would lose by a restart. */
export class State {
  readonly lifeMs: number;
  /** CRA sessions open at once. SARUS documents no such limit and has none. */
  maxSessions = 20;
  /** Names of the CRA services. */
  services: readonly string[] = ['BBI3SYSA', 'BBI3SYSB'];
  views: readonly View[] = views;
  /** Monotonic milliseconds. */
  now = (): number => performance.now();
  /** Epoch milliseconds. */
  wall = (): number => Date.now();
  /** Of the listening socket; known once it listens. */
  port = 0;
  readonly userTokens = new IdleTable<UserToken>(this, (name) => {
    this.counters.expired += this.#endSessions(name);
  });
  readonly craSessions = new IdleTable<CraSession>(this, () => {
    this.counters.expired += 1;
  });
  /** SARUS session tokens. */
  readonly sarusTokens = new IdleTable<Idle>(this, (name) => {
    this.counters.expired += 1;
    this.expiredSarusTokens.add(name);
  });
  /** SARUS tokens that expired: they are refused by 410 instead of 401. */
  readonly expiredSarusTokens = new Set<string>();
  readonly counters = new Counters();

  /**
   * @param lifeSeconds of a token that nobody uses. From 300 up it is CRA's timeout and clamped to 86,400, and SARUS grants the
   *   `Minutes` asked for; a shorter one is real as it is and bounds SARUS's lives too, so that tests need not wait
   * @throws RangeError for a life that is none
   */
  constructor(lifeSeconds = 900) {
    if (!(lifeSeconds > 0)) {
      throw new RangeError('The life must be a number of seconds above 0.');
    }
    this.lifeMs = Math.min(lifeSeconds, 86_400) * 1000;
  }

  stats(): SandboxStats {
    const sessions = this.craSessions.live().length + this.sarusTokens.live().length;
    return { userTokens: this.userTokens.live().length, sessions, ...this.counters };
  }

  /** Uses a session, and so the user token: that one stays alive as long as any of its sessions (docs/protocols.md 2). */
  useSession(session: CraSession): void {
    session.lastUsed = this.now();
    this.useUserToken(session.userToken);
  }

  useUserToken(name: string): void {
    const token = this.userTokens.get(name);
    if (token !== undefined) {
      token.lastUsed = this.now();
    }
  }

  /** Ends a user token that was logged off, and the sessions under it. */
  logOff(userToken: string): void {
    this.counters.closed += this.#endSessions(userToken);
    this.userTokens.delete(userToken);
  }

  /** Ends the sessions under a user token; how many there were. */
  #endSessions(userToken: string): number {
    const under = this.craSessions.live().filter(([, session]) => session.userToken === userToken);
    return under.filter(([name]) => this.craSessions.delete(name)).length;
  }
}

/** A new token or session id; long enough that nobody guesses it. */
export function newSecret(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
