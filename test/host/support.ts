import assert from 'node:assert/strict';
import * as vscode from 'vscode';
import type { SessionTokensApi } from '../../src/api.ts';

export async function activated(): Promise<SessionTokensApi> {
  const extension = vscode.extensions.getExtension<SessionTokensApi>('session-tokens.session-tokens');
  assert.ok(extension, 'the extension is not there');
  return extension.activate();
}

/** Runs one of our commands by the end of its name. */
export async function run<T = unknown>(command: string, args: object = {}): Promise<T> {
  return vscode.commands.executeCommand<T>(`sessionTokens.${command}`, args);
}

/** Sets the connections and waits until the extension has seen them: an unknown one is refused. */
export async function setConnections(connections: readonly unknown[]): Promise<void> {
  const changed = new Promise<void>((resolve) => {
    const listening = vscode.workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('sessionTokens.connections')) {
        listening.dispose();
        resolve();
      }
    });
  });
  await vscode.workspace
    .getConfiguration('sessionTokens')
    .update('connections', connections, vscode.ConfigurationTarget.Global);
  await changed;
}

export async function removeConnections(): Promise<void> {
  await vscode.workspace
    .getConfiguration('sessionTokens')
    .update('connections', undefined, vscode.ConfigurationTarget.Global);
}
