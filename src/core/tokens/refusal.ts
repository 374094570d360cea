import type { Connection } from '../connection.ts';
import { type ErrorCode, TokensError } from '../errors.ts';
import { protocolOf } from '../protocols/kinds.ts';

/** Whether a gateway has refused the tokens of a call, or may have: not all say if it was the token or the request. */
export function mayRefuseToken(error: unknown): error is TokensError {
  return error instanceof TokensError && /^(?:sign-in|session|either)$/.test(error.details.refused ?? '');
}

/** Whether a gateway has said that a token of a call is not good any more. */
export function refusesToken(error: unknown): error is TokensError {
  return mayRefuseToken(error) && error.code === 'E_EXPIRED';
}

/** Whether a gateway has said that the session of a call, or its user token, is not good any more. */
export function refusesSession(error: unknown): boolean {
  return refusesToken(error) || (mayRefuseToken(error) && error.details.refused === 'session');
}

/**
 * Whether a call that failed may have opened something all the same: the request may have arrived, and no answer refused
 * it.
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
