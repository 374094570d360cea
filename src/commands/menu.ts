import * as vscode from 'vscode';
import { commandButton } from '../views/message.ts';
import { nameOf } from '../views/names.ts';
import { askChoice, separator } from './ask.ts';
import type { Handler } from './command.ts';

type MenuItem = vscode.QuickPickItem & { readonly run?: () => unknown };

/** The menu of the status-bar item: actions for the token that ends first. */
export const showMenu: Handler = async ({ keeper }) => {
  const token = keeper.first();
  const items: MenuItem[] = [];
  if (token !== undefined) {
    const about = { id: token.id, connection: token.connection };
    const renewal =
      token.keepAlive === 'auto'
        ? vscode.l10n.t('Stop Automatic Renewal')
        : vscode.l10n.t('Renew Automatically');
    const isOver = token.state === 'expired' && keeper.ownerOf(token.id) === undefined;
    const ways = isOver
      ? [item('sign-in', vscode.l10n.t('Sign In Again'), 'sessionTokens.signIn', about)]
      : [
          item('refresh', vscode.l10n.t('Keep Alive'), 'sessionTokens.keepAlive', about),
          item('watch', vscode.l10n.t('Query Remaining Life'), 'sessionTokens.query', about),
          item('sync', renewal, 'sessionTokens.toggleKeepAlive', about),
          item('copy', vscode.l10n.t('Copy Token'), 'sessionTokens.copyToken', about),
        ];
    const close =
      token.kind === 'session'
        ? item('close', vscode.l10n.t('Close Session'), 'sessionTokens.close', about)
        : item('close-all', vscode.l10n.t('Close All Sessions'), 'sessionTokens.closeAll', about);
    items.push(separator(nameOf(token)), ...ways, close);
  }
  items.push(
    separator(vscode.l10n.t('More')),
    item('table', vscode.l10n.t('Get Data'), 'sessionTokens.getData'),
    item('list-tree', vscode.l10n.t('Show Tokens'), 'sessionTokens.tokens.focus'),
  );
  const chosen = await askChoice(items, { title: vscode.l10n.t('Session Tokens'), ignoreFocusOut: false });
  await chosen.run?.();
};

function item(icon: string, ...button: Parameters<typeof commandButton>): MenuItem {
  const { title: label, run } = commandButton(...button);
  return { iconPath: new vscode.ThemeIcon(icon), label, run };
}
