import { createHash } from 'node:crypto';
import type { ConnectionSecrets } from '../connection.ts';
import { TokensError } from '../errors.ts';
import type { Event } from '../event.ts';
import type { Login } from '../protocols/protocol.ts';

/** Where tokens are stored: one entry each, shared by all windows. Every method may reject. */
export interface TokenStore {
  ids(): Promise<string[]>;
  /** Undefined where there is no such entry. */
  read(id: string): Promise<string | undefined>;
  write(id: string, json: string): Promise<void>;
  delete(id: string): Promise<void>;
  /** An entry was written or deleted, by any window, this one included. */
  readonly onDidChange: Event<string>;
}

/** An entry of the store that could not be read; it is left where it is. */
export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

/** By then all windows have heard of what one has stored, in milliseconds. */
export const syncDelayMs = 2_000;

/** By then another machine that was asked for its clocks has answered, in milliseconds. */
export const answeredMs = 2 * syncDelayMs;

/** A name for the key of a claim: people call their connections what they like, and claims are files. */
export function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 16);
}

/** What a person gave for a connection, and the origin that it was given for: it goes nowhere else. */
export interface Credentials {
  /** Absent where it was not to be remembered. */
  readonly login?: Login;
  readonly secrets?: ConnectionSecrets;
  readonly origin: string;
  /** The gateway has refused the login, with these words (redacted, possibly none): it is sent no more. */
  readonly refused?: string;
  /** The same for the gateway's own login in it. */
  readonly gatewayRefused?: true;
}

/** Where logins are remembered, by the connection's name. Every method may reject. */
export interface CredentialStore {
  read(connection: string): Promise<Credentials | undefined>;
  write(connection: string, credentials: Credentials): Promise<void>;
  delete(connection: string): Promise<void>;
  /** A connection's entry was written or deleted, by any window, this one included. */
  readonly onDidChange: Event<string>;
}

/** Lets the windows of a machine, and no other one's, agree on who does what. Every method may reject. */
export interface Claims {
  /** This window lives from now on, for {@link lives}. */
  enter(): Promise<void>;
  /** This window is about to exit: the others count it as dead. */
  leave(): Promise<void>;
  /** Whether a window has entered and neither left nor died; one of another machine always counts as living. */
  lives(window: string): Promise<boolean>;
  /** True for exactly one of all callers in all windows; after `staleMs` milliseconds the key can be claimed again. */
  claim(key: string, staleMs: number): Promise<boolean>;
  /** True, at each call, for one living window; after its death or `staleMs` milliseconds for another one. */
  lease(key: string, staleMs: number): Promise<boolean>;
  /** Somebody has claimed a key; fires for windows of this machine, without delay, and sometimes twice. */
  readonly onDidClaim: Event<string>;
  /** What follows `prefix` in the keys that begin so and that anybody has claimed. */
  claimed(prefix: string): Promise<readonly string[]>;
  /** Ends a claim or lease of a key, so that the next caller gets it; one that a living window has taken over stays. */
  release(key: string): Promise<void>;
}

/** The error of a store that fails. */
export function storageTrouble(): TokensError {
  return new TokensError(
    'E_STORAGE',
    'The secret storage of this computer does not work, so tokens are kept in memory and end with this window. Unlock its keyring, or set one up, to keep them.',
  );
}
