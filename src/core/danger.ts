import { type Connection, isLoopback } from './connection.ts';

/** What is unsafe about the way to a gateway. Plain http to this very machine is not: nobody else is on the way. */
export type Danger = 'unverified' | 'unencrypted';

export function dangerOf(connection: Pick<Connection, 'url' | 'rejectUnauthorized'>): Danger | undefined {
  if (connection.url.startsWith('http:') && !isLoopback(connection.url)) {
    return 'unencrypted';
  }
  return connection.rejectUnauthorized ? undefined : 'unverified';
}
