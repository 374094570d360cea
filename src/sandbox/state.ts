import { randomBytes } from 'node:crypto';
import { type Idle, IdleTable } from './life.ts';
import { type Counters, noCounts, type SandboxStats } from './stats.ts';

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

/** A SARUS session token. */
export type SarusToken = Idle;

/** What an expired SARUS token is remembered for: 410 instead of 401. More than anyone waits for. */
const rememberedExpired = 10_000;

/** All that the gateway knows and would lose by a restart. */
export class State {
  readonly now: () => number;
  readonly userTokens: IdleTable<UserToken>;
  readonly craSessions: IdleTable<CraSession>;
  readonly sarusTokens: IdleTable<SarusToken>;
  /** SARUS tokens that expired, oldest first. */
  readonly expiredSarusTokens = new Set<string>();
  counters: Counters = noCounts();
  /** SARUS data calls that the account's quota was charged for. */
  sarusCalls = 0;

  constructor(now: () => number) {
    this.now = now;
    this.userTokens = new IdleTable(now, (name) => this.#dropSessionsOf(name));
    this.craSessions = new IdleTable(now, () => this.#countExpired());
    this.sarusTokens = new IdleTable(now, (name) => {
      this.#countExpired();
      this.#remember(name);
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
    for (const [name, session] of this.craSessions.live()) {
      if (session.userToken === userToken && this.craSessions.delete(name)) {
        this.counters.closed += 1;
      }
    }
    this.userTokens.delete(userToken);
  }

  /** Ends a session that nobody asked to end. Without a name: the least recently used one of both protocols. */
  evict(name?: string): void {
    const victim = name ?? this.#leastRecentlyUsed();
    if (victim !== undefined && (this.craSessions.delete(victim) || this.sarusTokens.delete(victim))) {
      this.#countExpired();
    }
  }

  /** Ends all sessions; user tokens stay. */
  evictAll(): void {
    this.counters.expired += this.craSessions.size + this.sarusTokens.size;
    this.craSessions.clear();
    this.sarusTokens.clear();
  }

  /** Forgets everything, the counters too, as a restarted process would have. */
  reset(): void {
    this.userTokens.clear();
    this.craSessions.clear();
    this.sarusTokens.clear();
    this.expiredSarusTokens.clear();
    this.counters = noCounts();
    this.sarusCalls = 0;
  }

  #leastRecentlyUsed(): string | undefined {
    const all: [string, Idle][] = [...this.craSessions.live(), ...this.sarusTokens.live()];
    return all.sort(([, a], [, b]) => a.lastUsed - b.lastUsed)[0]?.[0];
  }

  #dropSessionsOf(userToken: string): void {
    for (const [name, session] of this.craSessions.live()) {
      if (session.userToken === userToken) {
        this.evict(name);
      }
    }
  }

  #countExpired(): void {
    this.counters.expired += 1;
  }

  #remember(token: string): void {
    this.expiredSarusTokens.add(token);
    for (const oldest of this.expiredSarusTokens) {
      if (this.expiredSarusTokens.size <= rememberedExpired) {
        break;
      }
      this.expiredSarusTokens.delete(oldest);
    }
  }
}

/** A new token or session id; long enough that nobody guesses it. */
export function newSecret(bytes: number): string {
  return randomBytes(bytes).toString('base64url');
}
