import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { grantedLifeMs, type Idle, IdleTable } from './life.ts';
import { mvipViews } from './views/mvip.ts';
import { mvmvsViews } from './views/mvmvs.ts';
import type { View } from './views/view.ts';

/** What `GET /sandbox/stats` answers; the fields and their meanings are part of the public contract. */
export interface SandboxStats {
  /** Live CRA user tokens. */
  userTokens: number;
  /** Live sessions: CRA sessions and SARUS tokens. */
  sessions: number;
  /** Sessions opened so far. A one-shot call counts as opened and closed. */
  opened: number;
  /** getData calls inside an open session; for SARUS, calls of data endpoints. */
  reused: number;
  /** Successful keepalive and renew calls. */
  keepAlives: number;
  /** Sessions closed so far because somebody asked. */
  closed: number;
  /** Sessions that the gateway ended: by idleness, or evicted. */
  expired: number;
  /** Opens refused for the limit. */
  refused: number;
}

/** The counters of the stats, which only grow until the gateway restarts. */
export function noCounts(): Omit<SandboxStats, 'userTokens' | 'sessions'> {
  return { opened: 0, reused: 0, keepAlives: 0, closed: 0, expired: 0, refused: 0 };
}

/** A CRA user token: what a log-on to a service gives. */
interface UserToken extends Idle {
  readonly service: string;
}

/** A CRA data session. The data is cached in it: it is the view as it was at `collectedAt`. */
export interface CraSession extends Idle {
  readonly userToken: string;
  readonly product: string;
  readonly view: string;
  /** Epoch milliseconds. */
  collectedAt: number;
}

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /**
   * Life of a token that nobody uses, in seconds; default 900. From 300 up it is CRA's timeout and clamped to
   * 86,400, and SARUS grants the `Minutes` asked for; a shorter one is real as it is and bounds SARUS's lives too.
   */
  readonly lifeSeconds?: number | undefined;
  /** CRA sessions open at once; default 20. SARUS documents no such limit and has none. */
  readonly maxSessions?: number | undefined;
  /** Names of the CRA services; default `BBI3SYSA` and `BBI3SYSB`. */
  readonly services?: readonly string[] | undefined;
  /** Monotonic milliseconds; tests turn it. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Views that CRA has beside its own. */
  readonly moreViews?: readonly View[] | undefined;
}

/** What every handler works with: the settings of the gateway, its clocks, and all that it would lose by a restart. */
export class State {
  readonly lifeMs: number;
  readonly maxSessions: number;
  readonly services: readonly string[];
  readonly views: readonly View[];
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Epoch milliseconds, moved by the same clock as the lives. */
  readonly wall: () => number;
  /** Of the listening socket; known once it listens. */
  port = 0;
  readonly userTokens: IdleTable<UserToken>;
  readonly craSessions: IdleTable<CraSession>;
  /** SARUS session tokens. */
  readonly sarusTokens: IdleTable<Idle>;
  /** SARUS tokens that expired: they are refused by 410 instead of 401. */
  readonly expiredSarusTokens = new Set<string>();
  readonly counters = noCounts();

  /** @throws RangeError for a life that is none */
  constructor({ lifeSeconds = 900, maxSessions = 20, services, now, moreViews = [] }: SandboxOptions) {
    this.lifeMs = grantedLifeMs(lifeSeconds);
    this.maxSessions = maxSessions;
    this.services = services ?? ['BBI3SYSA', 'BBI3SYSB'];
    this.views = [...mvmvsViews, ...mvipViews, ...moreViews];
    this.now = now ?? (() => performance.now());
    // A clock that tests turn carries the wall clock of the answers with it; the machine's own may stand still in sleep.
    const wallOffset = Date.now() - this.now();
    this.wall = now === undefined ? Date.now : () => wallOffset + now();
    this.userTokens = new IdleTable(this.now, (name) => {
      this.counters.expired += this.#endSessions(name);
    });
    this.craSessions = new IdleTable(this.now, () => {
      this.counters.expired += 1;
    });
    this.sarusTokens = new IdleTable(this.now, (name) => {
      this.counters.expired += 1;
      this.expiredSarusTokens.add(name);
    });
  }

  stats(): SandboxStats {
    const sessions = this.craSessions.size + this.sarusTokens.size;
    return { userTokens: this.userTokens.size, sessions, ...this.counters };
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
