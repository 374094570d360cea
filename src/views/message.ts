import * as vscode from 'vscode';
import { TreeNode } from './nodes.ts';

/** A button of a message, and what it does. */
interface Button extends vscode.MessageItem {
  readonly run: () => unknown;
}

/** A button that runs a command as for a person, about a connection or a token where one is given. */
export function commandButton(title: string, command: string, about?: TreeNode['args']): Button {
  return { title, run: () => vscode.commands.executeCommand(command, about && new TreeNode(about)) };
}

/** Shows a message, and does what the button says that a person chooses. */
export async function tell(
  show: (message: string, ...buttons: Button[]) => Thenable<Button | undefined>,
  message: string,
  ...buttons: readonly Button[]
): Promise<void> {
  await (await show(message, ...buttons))?.run();
}
