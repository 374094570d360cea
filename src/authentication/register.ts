import * as vscode from 'vscode';
import { once } from '../core/async.ts';
import type { Kind } from '../core/connection.ts';
import { type Disposable, DisposableStore } from '../core/disposable.ts';

type Provider = vscode.AuthenticationProvider;

/**
 * Gives other extensions tokens, after VS Code has asked the person: one provider for each kind of gateway. VS Code
 * asks every provider for its sessions as it starts; where no token is held there is nothing to load for that.
 */
export function registerAuthentication(
  holdsTokens: () => Promise<boolean>,
  load: (kind: Kind) => Promise<Provider>,
): Disposable {
  const owned = new DisposableStore();
  const labels: Readonly<Record<Kind, string>> = {
    'bmc-cra': vscode.l10n.t('Session Tokens: BMC AMI Common REST API'),
    sarus: vscode.l10n.t('Session Tokens: SARUS'),
  };
  for (const kind of ['bmc-cra', 'sarus'] as const) {
    const changes = owned.add(
      new vscode.EventEmitter<vscode.AuthenticationProviderAuthenticationSessionsChangeEvent>(),
    );
    const loaded = once(async () => {
      const provider = await load(kind);
      owned.add(provider.onDidChangeSessions((change) => changes.fire(change)));
      return provider;
    });
    const lazy: Provider = {
      onDidChangeSessions: changes.event,
      getSessions: async (scopes, options) =>
        (await holdsTokens()) ? (await loaded()).getSessions(scopes, options) : [],
      createSession: async (scopes, options) => (await loaded()).createSession(scopes, options),
      removeSession: async (id) => (await loaded()).removeSession(id),
    };
    owned.add(
      vscode.authentication.registerAuthenticationProvider(`sessionTokens.${kind}`, labels[kind], lazy, {
        supportsMultipleAccounts: true,
      }),
    );
  }
  return owned;
}
