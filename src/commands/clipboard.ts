import * as vscode from 'vscode';
import type { Call, CommandServices } from './command.ts';

const warnedKey = 'clipboardWarned';
const task = 'clipboard';

/**
 * Puts a token on the clipboard and tells the person, also when a program asked for it. If the settings say so, the token
 * is removed from there again.
 */
export async function copyToken(
  services: Pick<CommandServices, 'state' | 'options' | 'scheduler'>,
  { interactive }: Pick<Call, 'interactive'>,
  value: string,
  name: string,
): Promise<void> {
  await vscode.env.clipboard.writeText(value);
  const clearMs = services.options.clipboardClearMs();
  if (clearMs > 0) {
    services.scheduler.after(task, clearMs, () => void clear(value));
  }
  const copied = vscode.l10n.t('Copied the token of {0}', name);
  if (interactive) {
    vscode.window.setStatusBarMessage(copied, 5_000);
  } else {
    void vscode.window.showInformationMessage(copied);
  }
  if (isShared() && services.state.get(warnedKey) !== true) {
    await services.state.update(warnedKey, true);
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        'This window works on another computer: the clipboard with the token is that of the computer you sit at, and programs on it can read it.',
      ),
    );
  }
}

/** Clears the clipboard, unless a person has copied something else since. */
async function clear(value: string): Promise<void> {
  if ((await vscode.env.clipboard.readText()) === value) {
    await vscode.env.clipboard.writeText('');
  }
}

/** Whether the clipboard and the gateways are on different computers. */
function isShared(): boolean {
  return vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web;
}
