import * as vscode from 'vscode';
import { Part } from '../core/disposable.ts';
import { cancelled } from '../core/errors.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import type { Services } from '../services.ts';
import { toUserError } from '../userError.ts';
import { nameOf } from '../views/names.ts';
import { TreeNode } from '../views/nodes.ts';

type ProviderServices = Pick<Services, 'ready' | 'keeper' | 'log'> & {
  /** The kind of gateways whose tokens it has. */
  readonly kind: string;
  readonly connections: Pick<Services['connections'], 'find'>;
  /** Runs a command as for a person; an error is shown to them, and rejects. */
  run(id: string, input: unknown): Promise<unknown>;
};

/** A scope names the connection whose token is wanted: `connection:NAME`. */
const scopePrefix = 'connection:';

/** The tokens of sign-ins (user tokens, where sessions are under them), as sessions of VS Code. */
export class TokenProvider extends Part<ProviderServices> implements vscode.AuthenticationProvider {
  readonly #changes = this.add(
    new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>(),
  );
  /** The sessions that VS Code was told of, to tell it when one changes or ends. */
  readonly #told = new Map<string, vscode.AuthenticationSession>();

  readonly onDidChangeSessions = this.#changes.event;

  constructor(services: ProviderServices) {
    super(services);
    // Tells of changed settings as well.
    this.add(services.keeper.onDidChange(({ id }) => this.#look(id)));
  }

  async getSessions(
    scopes?: readonly string[],
    { account }: vscode.AuthenticationProviderSessionOptions = {},
  ): Promise<vscode.AuthenticationSession[]> {
    await this.deps.ready;
    const all = this.deps.keeper.tokens().flatMap((token) => this.#sessionOf(token) ?? []);
    const wanted = all.filter(
      (session) =>
        (scopes ?? []).every((scope) => session.scopes.includes(scope)) &&
        (account === undefined || account.id === session.account.id),
    );
    for (const session of wanted) {
      this.#told.set(session.id, session);
    }
    return wanted;
  }

  /** Signs in, with what is remembered or what the person answers; an error is shown to the person, and rejects. */
  async createSession(scopes: readonly string[]): Promise<vscode.AuthenticationSession> {
    const { keeper, kind, run } = this.deps;
    const connection = scopes.find((scope) => scope.startsWith(scopePrefix))?.slice(scopePrefix.length);
    const name = await run('sessionTokens.pickConnection', { kind, connection });
    // With a row of the tree, so that it runs as for a person, with questions, progress and messages.
    const signedIn = await run('sessionTokens.signIn', new TreeNode({ connection: String(name) }));
    const session = this.#sessionOf(keeper.find((signedIn as TokenInfo | undefined)?.id ?? ''));
    if (session === undefined) {
      throw toUserError(this.deps.log, cancelled());
    }
    this.#told.set(session.id, session);
    return session;
  }

  /** Closes the token, at its gateway if that can be asked for. */
  async removeSession(id: string): Promise<void> {
    const { keeper, log, ready } = this.deps;
    try {
      await ready;
      await keeper.close(id);
    } catch (error) {
      throw toUserError(log, error);
    }
  }

  /** Tells VS Code of tokens that were added, removed or got another value; changes of their lives do not matter here. */
  #look(id: string): void {
    const before = this.#told.get(id);
    const now = this.#sessionOf(this.deps.keeper.find(id));
    if (now === undefined) {
      this.#told.delete(id);
    } else {
      this.#told.set(id, now);
    }
    if (before?.accessToken !== now?.accessToken) {
      const [gone, here] = [before ? [before] : [], now ? [now] : []];
      this.#changes.fire({
        added: before ? [] : here,
        removed: now ? [] : gone,
        changed: before ? here : [],
      });
    }
  }

  #sessionOf(token: TokenInfo | undefined): vscode.AuthenticationSession | undefined {
    const { connections, keeper, kind } = this.deps;
    // An extension that gets it sends it where the connection leads now.
    if (
      token === undefined ||
      connections.find(token.connection)?.kind !== kind ||
      !keeper.isUsable(token.id) ||
      token.state === 'expired' ||
      (token.kind === 'session' && protocolOf({ kind }).sessions !== undefined)
    ) {
      return undefined;
    }
    const { id, connection, service } = token;
    return {
      id,
      accessToken: keeper.reveal(id),
      account: { id: JSON.stringify([connection, service]), label: nameOf(token) },
      scopes: [`${scopePrefix}${connection}`],
    };
  }
}
