import type * as vscode from 'vscode';
import type { CommandServices } from './commands/command.ts';
import type { DataResult } from './commands/dataResult.ts';
import type { Connection } from './core/connection.ts';
import { isRecord } from './core/http/text.ts';
import { protocolOf } from './core/protocols/kinds.ts';
import type { Login } from './core/protocols/protocol.ts';
import { type DataRequest, incomplete } from './core/requests/request.ts';
import type { TokenInfo } from './core/tokens/token.ts';
import { toUserError } from './userError.ts';

/** What other extensions get from `activate()` (docs/contract.md): metadata and verbs, never a secret, never a prompt. */
export interface SessionTokensApi {
  readonly apiVersion: 1;
  tokens(): Promise<TokenInfo[]>;
  readonly onDidChangeTokens: vscode.Event<void>;
  signIn(
    connection: string,
    credentials: Login,
    options?: { remember?: boolean; service?: string },
  ): Promise<TokenInfo>;
  /** A request's other members are for its connection's protocol. */
  getData(request: DataRequest | { readonly connection: string }): Promise<DataResult>;
  keepAlive(id: string): Promise<TokenInfo>;
  query(id: string): Promise<TokenInfo>;
  close(id: string): Promise<void>;
  closeAll(connection?: string): Promise<{ closed: number; failed: number }>;
}

/** The API without its event, which works before anything is loaded. */
export type ApiVerbs = Omit<SessionTokensApi, 'apiVersion' | 'onDidChangeTokens'>;

export function createApi(services: CommandServices): ApiVerbs {
  const { keeper, log, ready } = services;
  /** Activation does not wait for the stored tokens; calls that need them do. */
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
        if (typeof (service ?? '') !== 'string') {
          throw incomplete('service');
        }
        if (typeof (remember ?? true) !== 'boolean') {
          throw incomplete('remember');
        }
        return keeper.signIn(connection, {
          login: loginOf(services.connections.find(connection), credentials),
          remember: remember ?? undefined,
          service: service ?? undefined,
        });
      }),
    getData: (request) =>
      told(async () => {
        const asked = (isRecord(request) ? request : {}) as DataRequest;
        return (await import('./commands/getData.ts')).dataOf(services, asked);
      }),
    keepAlive: (id) => told(() => keeper.keepAlive(id)),
    query: (id) => told(() => keeper.remainingLife(id)),
    close: (id) => told(() => keeper.close(id)),
    closeAll: (connection) =>
      told(async () => {
        if (connection !== undefined && !keeper.holdsAny(connection)) {
          services.connections.get(connection); // Throws where there is none.
        }
        return keeper.closeAll(connection);
      }),
  };
}

/**
 * The login that a program has given; without any, the connection's client certificate is used.
 * @throws E_CONFIG for an incomplete login, which is not sent, because gateways count refused ones
 */
function loginOf(connection: Connection | undefined, credentials: unknown): Login {
  const given = Object.entries(isRecord(credentials) ? credentials : { credentials });
  const names = given.map(([name]) => name);
  const forms = connection === undefined ? [] : protocolOf(connection).logins(connection);
  const named = forms.find(({ fields }) => fields.some(({ name }) => names.includes(name)));
  const form = named ?? (forms.length === 1 ? forms[0] : undefined);
  const wrong =
    given.find(([, value]) => typeof value !== 'string' || value === '')?.[0] ??
    form?.fields.find(({ name, isOptional }) => !isOptional && !names.includes(name))?.name;
  if (wrong !== undefined) {
    throw incomplete(wrong);
  }
  return credentials as Login;
}
