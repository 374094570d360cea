import type { Clock, Instant } from '../clock.ts';
import type { Disposable } from '../disposable.ts';
import { cancelled, type TokensError } from '../errors.ts';
import type { HttpRequest } from './request.ts';

/** A request on its way, with all its attempts: its time, and what becomes of it when its caller gives up. */
export class Flight {
  readonly request: HttpRequest;
  /** The connection's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly begun: Instant;
  /** `up` of the clock at which the time of the request is over. */
  readonly until: number;
  readonly kill = new AbortController();
  /** Whether a sink has begun to take the body: from then on nothing may be sent again. */
  isHandedOn = false;
  readonly #clock: Clock;
  readonly #reject: (why: TokensError) => void;
  readonly #totalMs: number;
  readonly #onAbort = (): void => this.#giveUp(cancelled());
  #timer: Disposable;
  /** Why it was given up, if it was. */
  failure: TokensError | undefined;
  /** Whether the caller has been told of a failure while the answer is read on. */
  isInBackground = false;

  /**
   * @param totalMs For all of it, in milliseconds; once more so long for what is read on in the background.
   * @param timedOut The error when that time is over.
   * @param reject Called at once when the request is given up while its answer is read on.
   */
  constructor(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
    clock: Clock,
    totalMs: number,
    timedOut: () => TokensError,
    reject: (why: TokensError) => void,
  ) {
    this.request = request;
    this.headers = headers;
    this.begun = clock.now();
    this.until = this.begun.up + totalMs;
    this.#clock = clock;
    this.#reject = reject;
    this.#totalMs = totalMs;
    this.#timer = clock.setTimeout(() => this.#giveUp(timedOut()), totalMs);
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** A chunk has been taken. */
  taken(): void {
    if (this.isInBackground && !this.request.linger?.wanted()) {
      this.kill.abort();
    }
  }

  /** Nothing more comes. */
  end(): void {
    this.#timer.dispose();
    this.request.signal?.removeEventListener('abort', this.#onAbort);
  }

  #giveUp(why: TokensError): void {
    const { linger } = this.request;
    this.#timer.dispose();
    const isFirst = this.failure === undefined;
    this.failure ??= why;
    if (!isFirst || !linger?.wanted()) {
      this.kill.abort();
      return;
    }
    this.isInBackground = true;
    linger.inBackground?.();
    this.#timer = this.#clock.setTimeout(() => this.kill.abort(), this.#totalMs);
    this.#reject(why);
  }
}
