import * as vscode from 'vscode';
import { known } from '../commands/boundary.ts';
import type { Parts } from '../commands/parts.ts';
import type { Connection, Kind } from '../core/connection.ts';
import { type Disposable, DisposableStore } from '../core/disposable.ts';
import { cancelled, TokensError } from '../core/errors.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { ConnectionNode } from '../views/nodes.ts';

type ProviderParts = Pick<Parts, 'ready' | 'keeper' | 'log'> & {
  readonly connections: Pick<Parts['connections'], 'all' | 'find' | 'onDidChange'>;
};

/** A scope names the connection whose token is wanted: `connection:NAME`. */
const scopePrefix = 'connection:';

/** The tokens that calls are made with (CRA: user tokens; SARUS: its tokens), as sessions of VS Code. */
export class TokenProvider implements vscode.AuthenticationProvider, Disposable {
  readonly #kind: Kind;
  readonly #parts: ProviderParts;
  readonly #owned = new DisposableStore();
  readonly #changes = this.#owned.add(
    new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>(),
  );
  /** What was told of: who has a token must hear when it is another one, or none any more. */
  readonly #told = new Map<string, vscode.AuthenticationSession>();

  readonly onDidChangeSessions = this.#changes.event;

  constructor(kind: Kind, parts: ProviderParts) {
    this.#kind = kind;
    this.#parts = parts;
    this.#owned.add(parts.keeper.onDidChange(({ id }) => this.#look(id)));
    this.#owned.add(
      parts.connections.onDidChange(() => {
        for (const id of [...this.#told.keys()]) {
          this.#look(id);
        }
      }),
    );
  }

  async getSessions(
    scopes?: readonly string[],
    { account }: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<vscode.AuthenticationSession[]> {
    await this.#parts.ready;
    return this.#parts.keeper.tokens().flatMap((token) => {
      const session = this.#sessionOf(token);
      const isWanted =
        session !== undefined &&
        (scopes ?? []).every((scope) => session.scopes.includes(scope)) &&
        (account === undefined || account.id === session.account.id);
      if (!isWanted) {
        return [];
      }
      this.#told.set(session.id, session);
      return [session];
    });
  }

  /** Signs in, with what is remembered or what the person answers. */
  async createSession(scopes: readonly string[]): Promise<vscode.AuthenticationSession> {
    const { keeper, log, ready } = this.#parts;
    try {
      await ready;
      const { name } = await this.#chosen(scopes);
      // As from its row in the tree: with its questions, its progress and its messages.
      const token = await vscode.commands.executeCommand<TokenInfo | undefined>(
        'sessionTokens.signIn',
        new ConnectionNode(name),
      );
      const session = token === undefined ? undefined : this.#sessionOf(keeper.token(token.id));
      if (session === undefined) {
        throw cancelled();
      }
      this.#told.set(session.id, session);
      return session;
    } catch (error) {
      throw known(log, error);
    }
  }

  /** Closes the token: at its gateway where that can be, and here. */
  async removeSession(id: string): Promise<void> {
    const { keeper, log, ready } = this.#parts;
    try {
      await ready;
      await keeper.close(id);
    } catch (error) {
      throw known(log, error);
    }
  }

  dispose(): void {
    this.#owned.dispose();
  }

  /** The connection that the scopes name, else the only one of this kind, else the one that the person chooses. */
  async #chosen(scopes: readonly string[]): Promise<Connection> {
    const connections = this.#parts.connections.all().filter(({ kind }) => kind === this.#kind);
    const named = scopes.find((scope) => scope.startsWith(scopePrefix))?.slice(scopePrefix.length);
    if (named !== undefined) {
      const connection = connections.find(({ name }) => name === named);
      if (connection === undefined) {
        throw new TokensError('E_CONFIG', 'There is no connection called {0}.', [named]);
      }
      return connection;
    }
    const [only] = connections;
    if (only === undefined) {
      throw new TokensError(
        'E_CONFIG',
        'There is no connection for this yet: add one, or start the sandbox gateway.',
      );
    }
    if (connections.length === 1) {
      return only;
    }
    const items = connections.map((connection) => ({
      label: connection.name,
      detail: connection.url,
      connection,
    }));
    const chosen = await vscode.window.showQuickPick(items, {
      placeHolder: vscode.l10n.t('Choose a connection'),
      ignoreFocusOut: true,
    });
    if (chosen === undefined) {
      throw cancelled();
    }
    return chosen.connection;
  }

  /** Tells of a token that came, went or got another value; its life alone is nobody's business here. */
  #look(id: string): void {
    const before = this.#told.get(id);
    const token = this.#parts.keeper.find(id);
    const now = token === undefined ? undefined : this.#sessionOf(token);
    if (before === undefined && now === undefined) {
      return;
    }
    if (now === undefined) {
      this.#told.delete(id);
    } else {
      this.#told.set(id, now);
    }
    if (before?.accessToken !== now?.accessToken) {
      this.#changes.fire({
        added: before === undefined && now !== undefined ? [now] : [],
        removed: before !== undefined && now === undefined ? [before] : [],
        changed: before !== undefined && now !== undefined ? [now] : [],
      });
    }
  }

  #sessionOf({ id, connection, kind, service, state }: TokenInfo): vscode.AuthenticationSession | undefined {
    const isMine = this.#parts.connections.find(connection)?.kind === this.#kind;
    // Whoever gets it sends it where the connection leads now.
    if (
      !isMine ||
      !this.#parts.keeper.isUsable(id) ||
      state === 'expired' ||
      (this.#kind === 'bmc-cra' && kind !== 'user')
    ) {
      return undefined;
    }
    return {
      id,
      accessToken: this.#parts.keeper.reveal(id),
      account: {
        id: JSON.stringify([connection, service]),
        label: service === undefined ? connection : `${connection} ${service}`,
      },
      scopes: [`${scopePrefix}${connection}`],
    };
  }
}
