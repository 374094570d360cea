import { type Connection, isLoopback } from './connection.ts';

/** What is unsafe about a connection. Plain http to the loopback address is not: it does not leave the machine. */
export type Danger = 'unverified' | 'unencrypted';

export function dangerOf(connection: Pick<Connection, 'url' | 'rejectUnauthorized'>): Danger | undefined {
  if (connection.url.startsWith('http:')) {
    return isLoopback(connection.url) ? undefined : 'unencrypted'; // Without TLS there is nothing to verify.
  }
  return connection.rejectUnauthorized ? undefined : 'unverified';
}
