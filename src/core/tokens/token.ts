import type { KeepAliveMode } from '../connection.ts';

/** A token as people and other programs see it (docs/contract.md): everything about it but its value. */
export interface TokenInfo {
  /** Ours; never derived from the secret. */
  id: string;
  connection: string;
  /** A token that is sign-in and session in one is a `session`. */
  kind: 'user' | 'session';
  service?: string;
  /** What a session under a user token is for: `MVMVS/JCPU`. */
  target?: string;
  state: TokenState;
  /** Milliseconds since 1970 of this machine's clock; never later than the server's truth when `source` is `reported`. */
  expiresAt: number;
  lifeMs: number;
  openedAt: number;
  lastUsedAt: number;
  /** Told by the server, or estimated from the timeout. */
  source: 'reported' | 'estimated';
  keepAlive: KeepAliveMode;
  /** `••••` and the last 4 characters; all dots when it has fewer than 12. */
  masked: string;
  /** Whether its gateway can be asked to renew it, and to end it. */
  renewable: boolean;
  closable: boolean;
}

/** A closed token is gone and has no state. */
export type TokenState = 'live' | 'expiring' | 'expired';

/** What of a token may be shown. */
export function mask(value: string): string {
  return value.length < 12 ? '••••' : `••••${value.slice(-4)}`;
}
