import type * as vscode from 'vscode';
import type { CommandServices } from './commands/command.ts';
import type { DataResult } from './commands/getData.ts';
import { TokensError } from './core/errors.ts';
import type { Login } from './core/protocols/gateway.ts';
import type { DataRequest } from './core/request.ts';
import type { TokenInfo } from './core/tokens/token.ts';
import { toUserError } from './userError.ts';

/** What other extensions get from `activate()` (CONTRACT.md): metadata and verbs, never a secret, never a prompt. */
export interface SessionTokensApi {
  readonly apiVersion: 1;
  tokens(): Promise<TokenInfo[]>;
  readonly onDidChangeTokens: vscode.Event<void>;
  signIn(
    connection: string,
    credentials:
      | { username: string; password: string; gatewayPassword?: string }
      | { apiKey: string }
      | { email: string; password: string }
      | Record<string, never>,
    options?: { remember?: boolean; service?: string },
  ): Promise<TokenInfo>;
  getData(request: DataRequest): Promise<DataResult>;
  keepAlive(id: string): Promise<TokenInfo>;
  query(id: string): Promise<TokenInfo>;
  close(id: string): Promise<void>;
  closeAll(connection?: string): Promise<{ closed: number; failed: number }>;
}

/** All of it but the event, which is there before anything is loaded. */
export type ApiVerbs = Omit<SessionTokensApi, 'apiVersion' | 'onDidChangeTokens'>;

export function createApi(services: CommandServices): ApiVerbs {
  const { keeper, log, ready } = services;
  /** Activation does not wait for the tokens held from earlier; whoever asks for one does. */
  const told = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      await ready;
      return await work();
    } catch (error) {
      throw toUserError(log, error);
    }
  };
  return {
    tokens: () => told(async () => keeper.tokens()),
    signIn: (connection, credentials, options) =>
      told(async () => {
        const { remember, service } = options ?? {};
        return keeper.signIn(connection, { login: loginOf(credentials), remember, service });
      }),
    getData: (request) =>
      told(async () => (await import('./commands/getData.ts')).getDataQuietly(services, request)),
    keepAlive: (id) => told(() => keeper.keepAlive(id)),
    query: (id) => told(() => keeper.query(id)),
    close: (id) => told(() => keeper.close(id)),
    closeAll: (connection) => told(() => keeper.closeAll(connection)),
  };
}

/**
 * Nothing to prove who somebody is with leaves the connection's client certificate.
 * @throws E_CONFIG for half of a login, of which nothing may be sent: gateways count refused ones
 */
function loginOf(credentials: Parameters<SessionTokensApi['signIn']>[1]): Login {
  const given = new Map<string, unknown>(Object.entries(credentials ?? { credentials }));
  const needed = given.has('username') || given.has('email') ? ['password'] : [];
  const wrong = [...given.keys(), ...needed].find((name) => !isText(given.get(name)));
  if (wrong !== undefined || typeof credentials !== 'object') {
    throw new TokensError(
      'E_CONFIG',
      'The request is not complete: "{0}" is missing or not as it should be.',
      [wrong ?? 'credentials'],
    );
  }
  return given.size === 0 ? { certificate: true } : (credentials as Login);
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}
