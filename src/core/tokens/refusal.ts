import type { Connection } from '../connection.ts';
import { TokensError } from '../errors.ts';

/** A gateway's own refusal, of one of these kinds. An `error` under HTTP 200 counts as a 400. */
export function isRefusal(error: unknown, ...statuses: number[]): error is TokensError {
  if (!TokensError.is(error) || error.details.status === undefined) {
    return false;
  }
  const { status } = error.details;
  return statuses.includes(status) || (status === 200 && statuses.includes(400));
}

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
