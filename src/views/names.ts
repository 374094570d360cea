import type { TokenInfo } from '../core/tokens/token.ts';

/** How a token is called: its view in its connection, or the connection and service it is for. */
export function nameOf(token: TokenInfo): string {
  if (token.target !== undefined) {
    return `${token.target} (${token.connection})`;
  }
  return token.service === undefined ? token.connection : `${token.connection} ${token.service}`;
}
