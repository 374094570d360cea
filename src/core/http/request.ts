import type { IncomingHttpHeaders } from 'node:http';
import type { Instant } from '../clock.ts';
import type { CookieJar } from './cookies.ts';
import type { Pairs } from './encode.ts';

/** The beginning of an answer. */
export interface HttpHead {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Just before the request was sent; of several attempts, the one that was answered. */
  readonly sent: Instant;
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

/**
 * Gets a body while it arrives, and owns each chunk. A returned promise asks to wait; a `TokensError` thrown ends the
 * request.
 */
export interface Sink {
  write(chunk: Uint8Array): void | Promise<void>;
}

export interface HttpAnswer extends HttpHead {
  /** The body, unless a sink got it; of a failure, its first 64 KiB. */
  readonly text: string;
  /** The body as bytes, in its own charset if the request has `asItIs`. */
  readonly raw?: Uint8Array;
  /** `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * For a request that opens something, whose answer matters even when nobody waits for it any more. When the caller gives up
 * (cancel, time-out), it is told at once, and the answer is read on in the background, for at most the time of one more
 * request.
 */
interface Background {
  /** Whether there is still something to learn; asked when the caller gives up, and after every chunk from then on. */
  isWanted(): boolean;
  /** Is called when the caller was told, and the answer is read on in the background. */
  onBegin?(): void;
  /** Is called at the end of the background reading, with the answer if there is one. */
  onEnd(answer: HttpAnswer | undefined): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the connection's address; already encoded; begins with a slash. It may have a query. */
  readonly path: string;
  /** Whether the path is below the origin alone. */
  readonly isWhole?: boolean;
  /** Used instead of the client's own cookies. */
  readonly cookies?: CookieJar | undefined;
  readonly query?: Pairs;
  readonly form?: Pairs | undefined;
  readonly json?: unknown;
  /** A body whose type is in the headers. */
  readonly body?: Uint8Array | undefined;
  /** Whether the body of the answer stays in its charset, and that of a failure is read up to 4 MiB. */
  readonly asItIs?: boolean;
  readonly authorization?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether it may be sent again: `true` after a network failure before an answer and after 502, 503, 504
   * or 429 with a `Retry-After` that fits; `'network'` only after the former; absent: never, and then it also gets
   * a socket of its own, because a pooled one may die under it without telling whether the request arrived.
   */
  readonly idempotent?: boolean | 'network';
  readonly signal?: AbortSignal | undefined;
  /** Is called with the secrets in the connection's own headers and in cookies, before any answer. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined;
  /** Whether a redirect is not followed, but is the answer. */
  readonly isAnswer?: ((redirection: HttpHead) => boolean) | undefined;
  /** Is called with the status and the headers, before the body is read. */
  readonly onHead?: (head: HttpHead) => void;
  /**
   * The sink for the body, given its first byte that is no white space (undefined: it is empty). Without a sink it becomes
   * text.
   * @throws any error, which ends the request.
   */
  readonly sink?: (head: HttpHead, first: number | undefined) => Sink | undefined;
  readonly background?: Background | undefined;
  /** Called before each attempt, waits until it may be sent; the returned function is called when it has ended. */
  readonly turn?: ((signal: AbortSignal | undefined) => Promise<() => void>) | undefined;
}
