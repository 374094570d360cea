import type { Connection } from '../connection.ts';
import { type ErrorCode, TokensError } from '../errors.ts';
import { protocolOf } from '../protocols/kinds.ts';

/** Whether a gateway has refused the tokens of a call, or may have: that it was the request need not be told. */
export function mayRefuseToken(error: unknown): error is TokensError {
  return error instanceof TokensError && /^(?:sign-in|session|either)$/.test(error.details.refused ?? '');
}

/** Whether a gateway has said that a token of a call is not good any more. */
export function refusesToken(error: unknown): error is TokensError {
  return mayRefuseToken(error) && error.code === 'E_EXPIRED';
}

/** The same of a call in a session. */
export function refusesSession(error: unknown): boolean {
  return refusesToken(error) || (mayRefuseToken(error) && error.details.refused === 'session');
}

/**
 * Whether a call that opens something failed in such a way that it may be open all the same: the request may have
 * arrived, and no answer said no.
 */
export function mayHaveOpened(error: unknown): boolean {
  if (!(error instanceof TokensError) || error.details.sent === false) {
    return false;
  }
  const { status } = error.details;
  return unclear.has(error.code) && (status === undefined || (status >= 200 && status < 300));
}

const unclear: ReadonlySet<ErrorCode> = new Set([
  'E_CANCELLED',
  'E_NETWORK',
  'E_PROTOCOL',
  'E_TIMEOUT',
  'E_TOO_LARGE',
]);

/** The service to sign in to, where there are services. @throws E_CONFIG where none is chosen */
export function serviceOf(connection: Connection, service = connection.service): string | undefined {
  if (!protocolOf(connection).hasServices) {
    return undefined;
  }
  if (service === undefined) {
    throw new TokensError('E_CONFIG', 'Say which service of {0} to sign in to.', [connection.name]);
  }
  return service;
}
