/** The log that a person reads when something is wrong. Implementations redact (redact.ts). */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Logs an error of our own code that must not stop anything else. */
export function logFault(log: Pick<Log, 'error'>, error: unknown): void {
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** Passes messages on to another log, redacted. */
export class RedactingLog implements Log {
  readonly #target: Log;
  readonly #redact: (text: string) => string;

  constructor(target: Log, redact: (text: string) => string) {
    this.#target = target;
    this.#redact = redact;
  }

  debug(message: string): void {
    this.#target.debug(this.#redact(message));
  }

  info(message: string): void {
    this.#target.info(this.#redact(message));
  }

  warn(message: string): void {
    this.#target.warn(this.#redact(message));
  }

  error(message: string): void {
    this.#target.error(this.#redact(message));
  }
}
