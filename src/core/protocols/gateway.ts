import type { Instant } from '../clock.ts';
import type { Answer, MakeReader } from '../results/answer.ts';

/** The gateway's own Tomcat user (CRA, Basic authorization); a name in the connection's settings goes before this one. */
export interface GatewayLogin {
  readonly gatewayUser?: string;
  readonly gatewayPassword?: string;
}

/** What a person proves who they are with. */
export type Login =
  | ({ username: string; password: string } & GatewayLogin)
  | { apiKey: string }
  | { email: string; password: string }
  /** CRA: with the client certificate of the connection alone. */
  | ({ certificate: true } & GatewayLogin);

/** Every call can be called off. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a gateway said about the life of a token, with the moment from which it counts. */
export interface Life {
  /** When the request was sent: the life is reckoned from here, so it never ends later than in truth. */
  readonly sent: Instant;
  /** The life that the server told, in milliseconds; absent where it told none. */
  readonly reportedMs?: number;
}

/** A token that a gateway handed out. `value` is the secret. */
export interface Grant extends Life {
  readonly value: string;
}

/** A data call, as CONTRACT.md's DataRequest says it, less what only concerns its showing. */
export type DataQuery = CraQuery | SarusQuery;

export interface CraQuery {
  readonly product: string;
  readonly view: string;
  readonly context?: string;
  readonly server?: string;
  readonly system?: string;
  readonly scope?: string;
  readonly period?: string;
  readonly startRow?: number;
  readonly rows?: number;
  readonly filter?: string;
  readonly sort?: string;
  readonly refresh?: boolean;
}

export interface SarusQuery {
  readonly endpoint: string;
  readonly params?: Readonly<Record<string, string>>;
}

/** The tokens that a call is made with. CRA: user token, and the session where there is one. SARUS: `user` is its token. */
export interface Tokens extends GatewayLogin {
  readonly user: string;
  readonly session?: string;
  /** CRA: the service that issued both. */
  readonly service?: string;
}

export interface DataCall extends CallOptions {
  readonly tokens: Tokens;
  readonly query: DataQuery;
  /** CRA: whether the session stays open after the answer. */
  readonly keepOpen: boolean;
  readonly makeReader: MakeReader;
  /**
   * CRA: hears of the session that the call opened as soon as its id is known, which may be long before the
   * end of the answer, or without any: so the session is never lost. Awaited before the call returns. It may also
   * come after the call was rejected with `E_CANCELLED` or `E_TIMEOUT`: the answer is then read on until the id
   * is known. A session told here, and not in the answer's `session`, has been closed again by the call.
   */
  readonly onSession?: (session: Grant) => void | Promise<void>;
}

export interface CloseOptions extends CallOptions {
  /** CRA: the view of the session, for a gateway where a session is closed by a last data call only (PROTOCOLS.md 2b). */
  readonly query?: CraQuery;
}

export interface DataAnswer extends Life {
  readonly answer: Answer;
  /** CRA: the session that served the call and is still open. */
  readonly session?: string;
  readonly totalRows: number;
}

/** A service of a CRA gateway (PROTOCOLS.md 2). */
export interface Service {
  readonly name: string;
  readonly status?: string;
}

/** A column of a view, by the view's definition. */
export interface Column {
  readonly field: string;
  readonly label: string;
}

/**
 * What can be asked of a gateway. Implementations hold no token: they are told them. All methods reject with
 * a `TokensError` only; a rejection never holds a secret.
 */
export interface Gateway {
  /** CRA has sessions under a user token; SARUS has one token that is the session. */
  readonly grants: 'user' | 'session';
  /** Logs on. Never sent twice. Rejects with `E_CREDENTIALS` when refused. */
  signIn(login: Login, service: string | undefined, options?: CallOptions): Promise<Grant>;
  getData(call: DataCall): Promise<DataAnswer>;
  /** Renews the session if there is one in `tokens`, else the user token; the grant's value may be a new one (SARUS). */
  keepAlive(tokens: Tokens, options?: CallOptions): Promise<Grant>;
  /** Asks for the life that is left; absent where the protocol has no such question (CRA). */
  query?(tokens: Tokens, options?: CallOptions): Promise<Life>;
  /** Ends the session (SARUS: revokes the token). A session that the gateway no longer knows counts as closed. */
  close(tokens: Tokens, options?: CloseOptions): Promise<void>;
  /** Services to sign in to; absent where there are none (SARUS). */
  services?(options?: CallOptions): Promise<Service[]>;
  /** The columns of a view; absent where the protocol has none (SARUS). */
  columns?(tokens: Tokens, query: CraQuery, options?: CallOptions): Promise<Column[]>;
  /** Closes idle network connections. */
  dispose(): void;
}
