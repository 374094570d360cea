import type { Connection } from '../connection.ts';
import { type ErrorCode, TokensError } from '../errors.ts';
import { saysSessionIsGone } from '../protocols/text.ts';

/**
 * A gateway's own refusal, of one of these kinds. An `error` under HTTP 200 counts as a 400; a page or broken JSON
 * under it is nobody's refusal, and a question for the Tomcat user says nothing about a token (PROTOCOLS.md 2).
 */
export function isRefusal(error: unknown, ...statuses: number[]): error is TokensError {
  if (!TokensError.is(error) || error.details.status === undefined || error.code === 'E_PROTOCOL') {
    return false;
  }
  if (error.details.refused === 'gatewayUser') {
    return false;
  }
  const { status } = error.details;
  return statuses.includes(status) || (status === 200 && statuses.includes(400));
}

/** Whether a gateway has said that the token of a call is not good any more: nothing else is meant by this code. */
export function refusesToken(error: unknown): error is TokensError {
  return TokensError.is(error) && error.code === 'E_EXPIRED' && error.details.status !== undefined;
}

/** The same of a call in a session, whose end the status need not tell (PROTOCOLS.md 2). */
export function refusesSession(error: unknown): boolean {
  return refusesToken(error) || (isRefusal(error, 400, 404) && saysSessionIsGone(error.details.detail ?? ''));
}

/**
 * Whether a call that opens something failed in such a way that it may be open all the same: the request may have
 * arrived, and no answer said no.
 */
export function mayHaveOpened(error: unknown): boolean {
  if (!TokensError.is(error) || error.details.sent === false) {
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

/** The service to sign in to; `E_CONFIG` where CRA is not told one. */
export function serviceOf(connection: Connection, service: string | undefined): string | undefined {
  if (connection.kind !== 'bmc-cra') {
    return undefined;
  }
  const chosen = service ?? connection.service;
  if (chosen === undefined) {
    throw new TokensError('E_CONFIG', 'Say which service of {0} to sign in to.', [connection.name]);
  }
  return chosen;
}
