import type { TokenInfo } from '../core/tokens/token.ts';

/** The name of a token: its view or service, and its connection in brackets; without either the connection. */
export function nameOf({ target, service, connection }: TokenInfo): string {
  const what = target ?? service;
  return what === undefined ? connection : `${what} (${connection})`;
}
