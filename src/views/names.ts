import type { TokenInfo } from '../core/tokens/token.ts';

/** The name of a token: its view and connection, or its connection and service. */
export function nameOf(token: TokenInfo): string {
  if (token.target !== undefined) {
    return `${token.target} (${token.connection})`;
  }
  return token.service === undefined ? token.connection : `${token.connection} ${token.service}`;
}
