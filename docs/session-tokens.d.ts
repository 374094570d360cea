import type { Event } from 'vscode';

/** What `activate()` of the extension `session-tokens.session-tokens` returns. It never hands out a secret. */
export interface SessionTokensApi {
  readonly apiVersion: 1;
  /** Every token that is held, as of now. */
  tokens(): Promise<TokenInfo[]>;
  /** Something about a token has changed, or there is one more or less. */
  readonly onDidChangeTokens: Event<void>;
  /** Signs in without a prompt. `remember` undefined leaves what is remembered as it is. */
  signIn(
    connection: string,
    credentials:
      | { username: string; password: string; gatewayPassword?: string }
      | { apiKey: string }
      | { email: string; password: string }
      /**
       * What the description of a `rest` connection asks for, by name. `{}`: with the client certificate of a connection
       * whose `login` is `certificate`.
       */
      | Record<string, string>,
    options?: { remember?: boolean; service?: string },
  ): Promise<TokenInfo>;
  /** Gets data; what is undefined in a request counts as left out. */
  getData(request: DataRequest): Promise<DataResult>;
  /** Sets a token's life back to its full length. */
  keepAlive(id: string): Promise<TokenInfo>;
  /** How long a token lives: asked of the gateway where it can be, else reckoned. */
  query(id: string): Promise<TokenInfo>;
  /** Ends a session at its gateway. */
  close(id: string): Promise<void>;
  /** Ends all sessions, or those of one connection; rejects with `E_CONFIG` for one that there is not. */
  closeAll(connection?: string): Promise<{ closed: number; failed: number }>;
}

/** A value as JSON has them. */
export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

// What a request says, by the kind of its connection: by npm run docs.

export type DataRequest = CraRequest | SarusRequest | RestRequest;

/** For connections of the kind `bmc-cra`. */
export interface CraRequest {
  connection: string;
  /** Whether the result is shown to the person; default true. */
  show?: boolean | undefined;
  service?: string | undefined;
  /** `reuse` (default) an open session, open a `new` one, or the id of a token. */
  session?: string | undefined;
  /** Whether the session stays open; default true. */
  keepOpen?: boolean | undefined;
  product: string;
  view: string;
  context?: string | undefined;
  server?: string | undefined;
  system?: string | undefined;
  scope?: string | undefined;
  period?: string | undefined;
  /** From 1. */
  startRow?: number | undefined;
  rows?: number | undefined;
  filter?: string | undefined;
  sort?: string | undefined;
  refresh?: boolean | undefined;
}

/** For connections of the kind `sarus`. */
export interface SarusRequest {
  connection: string;
  /** Whether the result is shown to the person; default true. */
  show?: boolean | undefined;
  endpoint: string;
  params?: Record<string, Json> | undefined;
  method?: 'GET' | 'POST' | undefined;
}

/** For connections of the kind `rest`. */
export interface RestRequest {
  connection: string;
  /** Whether the result is shown to the person; default true. */
  show?: boolean | undefined;
  request: string;
  params?: Record<string, Json> | undefined;
  json?: Json | undefined;
  rows?: string | undefined;
}

// End of what a request says.

/** A number that JavaScript cannot hold exactly (`9007199254740993`) is given as its text. */
export type Cell = string | number | boolean | null | string[];

export interface DataResult {
  rows: Record<string, Cell>[];
  /** In the order of the server; `hidden`: by the view's definition. */
  columns: { field: string; label: string; hidden?: true }[];
  /** The gateway's messages beside the rows, and what was mended in the answer. */
  warnings?: string[];
  totalRows: number;
  /** From the sending of the request to the last byte, in milliseconds. */
  elapsedMs: number;
  /** Of the body, inflated. */
  bytes: number;
  /** The session that it ran in, if that is still open. */
  session?: TokenInfo;
  /** Whether an open session served it. */
  reused: boolean;
}

/** A token: everything about it but its value. */
export interface TokenInfo {
  /** Ours; never derived from the secret. */
  id: string;
  connection: string;
  /** A token that is sign-in and session in one is a `session`. */
  kind: 'user' | 'session';
  service?: string;
  /** What a session under a user token is for: `MVMVS/JCPU`. */
  target?: string;
  state: 'live' | 'expiring' | 'expired';
  /** Milliseconds since 1970 of this machine's clock; never later than the server's truth when `source` is `reported`. */
  expiresAt: number;
  lifeMs: number;
  openedAt: number;
  lastUsedAt: number;
  /** Told by the server, or estimated from the timeout. */
  source: 'reported' | 'estimated';
  keepAlive: 'manual' | 'auto';
  /** `••••` and the last 4 characters; all dots when it has fewer than 12. */
  masked: string;
  /** Whether its gateway can be asked to renew it, and to end it. */
  renewable: boolean;
  closable: boolean;
}

/** The `code` of the errors that every call rejects with. */
export type ErrorCode =
  | 'E_CONFIG'
  | 'E_CREDENTIALS'
  | 'E_EXPIRED'
  | 'E_UNKNOWN_TOKEN'
  | 'E_HTTP'
  | 'E_NETWORK'
  | 'E_TIMEOUT'
  | 'E_TLS'
  | 'E_TOO_LARGE'
  | 'E_PROTOCOL'
  | 'E_LIMIT'
  | 'E_CANCELLED'
  | 'E_STORAGE'
  | 'E_NOT_READY';
