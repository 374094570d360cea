import * as vscode from 'vscode';
import type { ConnectionSettings } from '../connections/settings.ts';
import type { Keeper } from '../core/tokens/keeper.ts';

/** Keeps the context keys up to date that the walkthrough and the welcome texts depend on. */
export function tellContexts(keeper: Keeper, connections: ConnectionSettings): vscode.Disposable {
  const known = new Map<string, boolean>();
  /** Sets only values that have changed: tokens change often, these values rarely. */
  const set = (name: string, value: boolean): void => {
    if (known.get(name) !== value) {
      known.set(name, value);
      void vscode.commands.executeCommand('setContext', `sessionTokens.${name}`, value);
    }
  };
  const tell = () => {
    set('signedIn', keeper.connectionNames().length > 0);
    set('hasBrokenConnections', connections.all().length === 0 && connections.problems().length > 0);
  };
  tell();
  return vscode.Disposable.from(keeper.onDidChange(tell), connections.onDidChange(tell));
}
