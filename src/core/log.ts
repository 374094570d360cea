/** The log of the extension. Implementations redact (redact.ts). */
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
export function redactingLog(target: Log, redact: (text: string) => string): Log {
  const passing = (level: keyof Log) => (message: string) => target[level](redact(message));
  return {
    debug: passing('debug'),
    info: passing('info'),
    warn: passing('warn'),
    error: passing('error'),
  };
}
