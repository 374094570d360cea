import type { Clock, Instant } from '../clock.ts';
import type { Connection } from '../connection.ts';
import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
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
  /** Why it was given up, if it was. */
  failure: TokensError | undefined;
  readonly #clock: Clock;
  readonly #totalMs: number;
  readonly #onAbort = (): void => this.#giveUp(cancelled());
  readonly #left = Promise.withResolvers<never>();
  #timer: Disposable;

  /** @param host how the gateway is called in sentences */
  constructor(
    request: HttpRequest,
    headers: Readonly<Record<string, string>>,
    { clock, connection }: { readonly clock: Clock; readonly connection: Connection },
    host: string,
  ) {
    const seconds = connection.requestTimeoutSeconds;
    this.request = request;
    this.headers = headers;
    this.begun = clock.now();
    this.#clock = clock;
    this.#totalMs = seconds * 1000;
    this.until = this.begun.up + this.#totalMs;
    const timedOut = () =>
      new TokensError('E_TIMEOUT', 'No complete answer came from {0} within {1} s.', [host, seconds]);
    this.#timer = clock.setTimeout(() => this.#giveUp(timedOut()), this.#totalMs);
    request.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Rejects when the caller is told of a failure while the answer is read on, for once more the time of the request. */
  get left(): Promise<never> {
    return this.#left.promise;
  }

  /** A chunk has been taken. */
  taken(): void {
    if (this.failure !== undefined && !this.request.linger?.wanted()) {
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
    linger.inBackground?.();
    this.#timer = this.#clock.setTimeout(() => this.kill.abort(), this.#totalMs);
    this.#left.reject(why);
  }
}
