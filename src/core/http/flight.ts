import type { Clock, Instant } from '../clock.ts';
import type { Connection } from '../connection.ts';
import type { Disposable } from '../disposable.ts';
import { cancelled, TokensError } from '../errors.ts';
import type { HttpRequest } from './request.ts';

/** A request with all its attempts: its time, and how it goes on when its caller gives up. */
export class Flight {
  readonly request: HttpRequest;
  /** The connection's own headers. */
  readonly headers: Readonly<Record<string, string>>;
  readonly begun: Instant;
  /** The clock's `up` at which the time of the request is over. */
  readonly until: number;
  readonly kill = new AbortController();
  /** Whether a sink has got the body: from then on the request may not be sent again. */
  isHandedOn = false;
  /** Why it was given up, if it was. */
  failure: TokensError | undefined;
  readonly #clock: Clock;
  readonly #totalMs: number;
  readonly #onAbort = (): void => this.#giveUp(cancelled());
  readonly #givenUp = Promise.withResolvers<never>();
  #timer: Disposable;

  /** @param host the gateway's name in messages */
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

  /** Rejects when the caller gives up while the answer is read on, for at most the time of one more request. */
  get givenUp(): Promise<never> {
    return this.#givenUp.promise;
  }

  /** To be called when a chunk was read. */
  taken(): void {
    if (this.failure !== undefined && !this.request.background?.isWanted()) {
      this.kill.abort();
    }
  }

  /** To be called at the end of the request. */
  end(): void {
    this.#timer.dispose();
    this.request.signal?.removeEventListener('abort', this.#onAbort);
  }

  #giveUp(why: TokensError): void {
    const { background } = this.request;
    this.#timer.dispose();
    const isFirst = this.failure === undefined;
    this.failure ??= why;
    if (!isFirst || !background?.isWanted()) {
      this.kill.abort();
      return;
    }
    background.onBegin?.();
    this.#timer = this.#clock.setTimeout(() => this.kill.abort(), this.#totalMs);
    this.#givenUp.reject(why);
  }
}
