/** Where details go that a person reads only when something is wrong. Implementations redact (redact.ts). */
export interface Log {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}
