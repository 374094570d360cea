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
  readonly debug;
  readonly info;
  readonly warn;
  readonly error;

  constructor(target: Log, redact: (text: string) => string) {
    const passing = (level: keyof Log) => (message: string) => target[level](redact(message));
    this.debug = passing('debug');
    this.info = passing('info');
    this.warn = passing('warn');
    this.error = passing('error');
  }
}
