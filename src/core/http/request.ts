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

/** Gets a body while it arrives; a chunk is its own from then on. A returned promise asks to wait; a `TokensError` thrown ends the request. */
export interface Sink {
  write(chunk: Uint8Array): void | Promise<void>;
}

export interface HttpAnswer extends HttpHead {
  /** The body, where it was not given to a sink; of a failure, its first 64 KiB. */
  readonly text: string;
  /** The same as bytes: as they were sent, where the request wanted that. */
  readonly raw?: Uint8Array;
  /** Whether a sink got the body. */
  readonly streamed: boolean;
  /** `Retry-After`, in milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * For a request whose answer matters even when nobody waits for it any more, because it opens something. When
 * the caller gives up (cancel, time-out), it is told at once, and the answer is read on in the background, for
 * at most the time of one more request.
 */
interface Linger {
  /** Whether there is still something to learn; asked when the caller gives up, and after every chunk from then on. */
  wanted(): boolean;
  /** The caller has been told; from now on the answer belongs to the background. */
  inBackground?(): void;
  /** The background reading has ended: with an answer, or without. */
  done(answer: HttpAnswer | undefined): void;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Below the connection's address; already encoded; begins with a slash. It may have a query. */
  readonly path: string;
  /** Whether the path is below the origin alone. */
  readonly isWhole?: boolean;
  /** Takes the place of the client's own cookies. */
  readonly cookies?: CookieJar;
  readonly query?: Pairs;
  readonly form?: Pairs;
  readonly json?: unknown;
  /** A body whose type the headers say. */
  readonly body?: Uint8Array | undefined;
  /** Whether the body of the answer stays in its charset, and that of a failure is read up to 4 MiB. */
  readonly asItIs?: boolean;
  readonly authorization?: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /**
   * Whether it may be sent again: `true` after a network failure before an answer and after 502, 503, 504
   * or 429 with a `Retry-After` that fits; `'network'` only after the former; absent: never, and then it also gets
   * a socket of its own, because a pooled one may die under it without telling whether the request arrived.
   */
  readonly idempotent?: boolean | 'network';
  readonly signal?: AbortSignal | undefined;
  /** Hears of what is secret in the connection's own headers and in cookies, before any answer. */
  readonly onSecrets?: ((secrets: readonly string[]) => void) | undefined;
  /** Whether a redirection is not followed: it is the answer. */
  readonly isAnswer?: (redirection: HttpHead) => boolean;
  /** Hears of the status and the headers before the body is read. */
  readonly onHead?: (head: HttpHead) => void;
  /**
   * Who gets the body, given its first byte that is no space (undefined: it has none). Nobody: it becomes text.
   * @throws what it likes; that ends the request.
   */
  readonly sink?: (head: HttpHead, first: number | undefined) => Sink | undefined;
  readonly linger?: Linger;
  /** Waits until it may be sent, each time that it is; what it resolves to is called when that has ended. */
  readonly turn?: (signal: AbortSignal | undefined) => Promise<() => void>;
}
