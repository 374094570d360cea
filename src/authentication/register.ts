import * as vscode from 'vscode';
import { once } from '../core/async.ts';
import { type Disposable, DisposableStore } from '../core/disposable.ts';

type Provider = vscode.AuthenticationProvider;

/** The prefix of a provider's id, before the kind. */
const prefix = 'sessionTokens.';

/**
 * Gives other extensions tokens, after VS Code has asked the person: one provider for each kind of gateway. VS Code asks
 * every provider for its sessions as it starts; the app is loaded for that only where a token is held. Once it is loaded for
 * whatever reason, the providers tell of its tokens.
 * @param providers the providers in package.json, with labels in the person's language
 */
export function registerAuthentication(
  providers: readonly { readonly id: string; readonly label: string }[],
  holdsTokens: () => Promise<boolean>,
  load: (kind: string) => Promise<Provider>,
  appLoaded: Promise<unknown>,
): Disposable {
  const owned = new DisposableStore();
  for (const { id, label } of providers) {
    const changes = owned.add(
      new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>(),
    );
    const loaded = once(async () => {
      const provider = await load(id.slice(prefix.length));
      owned.add(provider.onDidChangeSessions((change) => changes.fire(change)));
      return provider;
    });
    void appLoaded.then(loaded);
    const lazy: Provider = {
      onDidChangeSessions: changes.event,
      getSessions: async (scopes, options) =>
        (await holdsTokens()) ? (await loaded()).getSessions(scopes, options) : [],
      createSession: async (scopes, options) => (await loaded()).createSession(scopes, options),
      removeSession: async (id) => (await loaded()).removeSession(id),
    };
    owned.add(
      vscode.authentication.registerAuthenticationProvider(id, label, lazy, {
        supportsMultipleAccounts: true,
      }),
    );
  }
  return owned;
}
