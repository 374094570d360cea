import { type Connection, isLoopback } from './connection.ts';

/** What is unsafe about the way to a gateway. To this very machine nothing is: nobody else is on the way. */
export type Danger = 'unverified' | 'unencrypted';

export function dangerOf(connection: Pick<Connection, 'url' | 'rejectUnauthorized'>): Danger | undefined {
  if (isLoopback(connection.url)) {
    return undefined;
  }
  if (connection.url.startsWith('http:')) {
    return 'unencrypted';
  }
  return connection.rejectUnauthorized ? undefined : 'unverified';
}
