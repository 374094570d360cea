/** The closed set of ways in which something can fail; part of the public contract. */
export type ErrorCode =
  | 'E_CONFIG'
  | 'E_CREDENTIALS'
  | 'E_EXPIRED'
  | 'E_UNKNOWN_TOKEN'
  | 'E_HTTP'
  | 'E_NETWORK'
  | 'E_TIMEOUT'
  | 'E_TLS'
  | 'E_TOO_LARGE'
  | 'E_PROTOCOL'
  | 'E_LIMIT'
  | 'E_CANCELLED'
  | 'E_STORAGE'
  | 'E_NOT_READY';

export interface FailureDetails {
  /** For the log; must be redacted before it is put here. */
  readonly detail?: string;
  /** The status that the gateway answered: of HTTP, or of the envelope in the body where there is one. */
  readonly status?: number;
  /** How long the gateway asked to wait (`Retry-After`), in milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /**
   * What the gateway has refused of a request, or misses; absent where it is none of these. Credentials: the person's
   * (`login`) or the gateway's own user's. Tokens: the sign-in's, the session's, or either of both. With the code
   * `E_EXPIRED` the token is certainly dead, else it may be.
   */
  readonly refused?: 'login' | 'gatewayUser' | 'sign-in' | 'session' | 'either';
  /** False when the request provably never left this machine, so that sending it again is safe. */
  readonly sent?: boolean;
  /** Whether another attempt would fail the same way. */
  readonly permanent?: boolean;
}

/** A message that is not translated yet: an English template, which is also its key in the bundles, and its arguments. */
export interface Message {
  readonly template: string;
  readonly args?: readonly (string | number)[];
}

/**
 * The error of this extension. `message` is one sentence for a person, made of a template and its arguments so that it can
 * be translated. It never carries a cause: the errors of libraries hold headers and bodies, and those hold secrets.
 */
export class TokensError extends Error implements Message {
  readonly code: ErrorCode;
  readonly template: string;
  readonly args: readonly (string | number)[];
  readonly details: FailureDetails;

  /**
   * @param template An English sentence with `{0}`, `{1}`… for the arguments; also its key in the language bundles.
   */
  constructor(
    code: ErrorCode,
    template: string,
    args: readonly (string | number)[] = [],
    details: FailureDetails = {},
  ) {
    const tidy = args.map((arg) => (typeof arg === 'string' ? onOneLine(arg) : arg));
    super(fill(template, tidy));
    this.name = 'TokensError';
    this.code = code;
    this.template = template;
    this.args = tidy;
    this.details = details;
  }
}

/** An argument may come from a user or a gateway: it must not break the message into lines, nor be endless. */
function onOneLine(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  return line.length > maxArgLength ? `${line.slice(0, maxArgLength)}…` : line;
}

/** Maximum of an argument of a message, in characters. */
const maxArgLength = 200;

/** Whether a gateway has refused the login itself, and not just the request. */
export function isLoginRefused(error: unknown): error is TokensError {
  return error instanceof TokensError && error.details.refused === 'login';
}

/** Whether a gateway asks for its own user, or has refused it. */
export function isGatewayUserRefused(error: unknown): error is TokensError {
  return error instanceof TokensError && error.details.refused === 'gatewayUser';
}

/** Puts arguments in the places `{0}`, `{1}`… of a template, as `vscode.l10n.t` does. */
export function fill(template: string, args: readonly (string | number)[] = []): string {
  return template.replace(/\{(\d+)\}/g, (place, index: string) => String(args[Number(index)] ?? place));
}

/** The error for work that was cancelled by a person or by the end of the window. */
export function cancelled(): TokensError {
  return new TokensError('E_CANCELLED', 'Cancelled.');
}

export function isCancelled(error: unknown): boolean {
  return error instanceof TokensError && error.code === 'E_CANCELLED';
}

/**
 * The reason of an `AbortSignal` when the tab of a result was closed: the request was good, so the session that was opened
 * for it stays open for the next one.
 */
export const tabClosed = 'tab closed';

/** The error for the name of a connection that does not exist. */
export function noConnection(name: unknown): TokensError {
  const shown = typeof name === 'string' && name !== '' ? name : String(JSON.stringify(name));
  return new TokensError('E_CONFIG', 'There is no connection called {0}.', [shown]);
}
