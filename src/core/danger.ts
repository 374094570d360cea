import { type Connection, isLoopback } from './connection.ts';

/** What is unsafe about the way to a gateway. Plain http to this very machine is not: nobody else is on the way. */
export type Danger = 'unverified' | 'unencrypted';

export function dangerOf(connection: Pick<Connection, 'url' | 'rejectUnauthorized'>): Danger | undefined {
  if (connection.url.startsWith('http:')) {
    return isLoopback(connection.url) ? undefined : 'unencrypted'; // Without TLS there is nothing to verify.
  }
  return connection.rejectUnauthorized ? undefined : 'unverified';
}
