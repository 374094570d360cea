import { type ErrorCode, TokensError } from '../../src/core/errors.ts';
import type { Answer } from '../../src/core/protocols/answer.ts';

/** How one request goes wrong. `done`: whether the operation is carried out all the same. */
export type Fault =
  | { readonly kind: 'network' | 'timeout' | 'page'; readonly done: boolean }
  | { readonly kind: 'refused' }
  | { readonly kind: 'status'; readonly status: number; readonly done: boolean }
  /** The caller gets a time-out at once, and its answer comes so many milliseconds later. */
  | { readonly kind: 'late'; readonly ms: number };

/** What is said to a wrong password. */
export const revoked = 'the user is revoked';

export const nothing: Answer = {
  head: {},
  fields: [],
  rowCount: 0,
  bytes: 2,
  rows: async () => [],
  dispose: () => undefined,
};

/** What counts as closed. */
export function passOver(...statuses: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!(error instanceof TokensError) || !statuses.includes(error.details.status ?? 0)) {
      throw error;
    }
    return undefined;
  };
}

export function refusal(status: number): TokensError {
  const code: ErrorCode = status === 401 || status === 410 ? 'E_EXPIRED' : 'E_HTTP';
  const mayBeOfToken = code === 'E_EXPIRED' || status === 400 || status === 404;
  return new TokensError(code, '{0} answered with status {1}.', ['model', status], {
    status,
    ...(mayBeOfToken ? { refused: 'either' } : {}),
  });
}

export function failureOf(fault: Exclude<Fault, { kind: 'refused' | 'late' }>): TokensError {
  switch (fault.kind) {
    case 'network':
      return new TokensError('E_NETWORK', 'The connection to {0} broke off.', ['model']);
    case 'timeout':
      return new TokensError('E_TIMEOUT', 'No complete answer came from {0}.', ['model']);
    case 'page':
      return new TokensError('E_PROTOCOL', '{0} answered with a web page.', ['model'], { status: 200 });
    case 'status':
      return refusal(fault.status);
  }
}
