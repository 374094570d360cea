import * as vscode from 'vscode';
import type { ConnectionSettings } from '../connections/settings.ts';
import { DisposableStore } from '../core/disposable.ts';
import type { Keeper } from '../core/tokens/keeper.ts';

/** Tells VS Code what the walkthrough's steps and the welcome texts depend on. */
export class Contexts extends DisposableStore {
  readonly #known = new Map<string, boolean>();

  constructor(keeper: Keeper, connections: ConnectionSettings) {
    super();
    const tell = () => {
      this.#set('signedIn', keeper.connectionNames().length > 0);
      this.#set('hasBrokenConnections', connections.all().length === 0 && connections.problems().length > 0);
    };
    this.add(keeper.onDidChange(tell));
    this.add(connections.onDidChange(tell));
    tell();
  }

  /** Sets only what has changed: tokens change often, these values hardly ever. */
  #set(name: string, value: boolean): void {
    if (this.#known.get(name) !== value) {
      this.#known.set(name, value);
      void vscode.commands.executeCommand('setContext', `sessionTokens.${name}`, value);
    }
  }
}
