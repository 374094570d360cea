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

/** The counters among them, which only grow until the gateway restarts. */
export type Counters = Omit<SandboxStats, 'userTokens' | 'sessions'>;

export function noCounts(): Counters {
  return { opened: 0, reused: 0, keepAlives: 0, closed: 0, expired: 0, refused: 0 };
}
