/** Where details go that a person reads only when something is wrong. Implementations redact (redact.ts). */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** Notes a mistake of ours that must not keep anything else from going on. */
export function logFault(log: Pick<Log, 'error'>, error: unknown): void {
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
}

/** Passes on what it is told, less the secrets. */
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
