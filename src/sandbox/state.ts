import { randomBytes } from 'node:crypto';
import { type Idle, IdleTable } from './life.ts';

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

/** All that the gateway knows and would lose by a restart. */
export class State {
  readonly now: () => number;
  readonly userTokens: IdleTable<UserToken>;
  readonly craSessions: IdleTable<CraSession>;
  /** SARUS session tokens. */
  readonly sarusTokens: IdleTable<Idle>;
  /** SARUS tokens that expired: they are refused by 410 instead of 401. */
  readonly expiredSarusTokens = new Set<string>();
  readonly counters = noCounts();

  /** @param now monotonic milliseconds */
  constructor(now: () => number) {
    this.now = now;
    this.userTokens = new IdleTable(now, (name) => {
      this.counters.expired += this.#endSessions(name);
    });
    this.craSessions = new IdleTable(now, () => {
      this.counters.expired += 1;
    });
    this.sarusTokens = new IdleTable(now, (name) => {
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
