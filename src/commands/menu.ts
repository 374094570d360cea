import * as vscode from 'vscode';
import { nameOf } from '../views/names.ts';
import { TokenNode } from '../views/nodes.ts';
import { askChoice } from './ask.ts';
import type { Handler } from './parts.ts';

/** What can be done with the token that ends first; behind the status-bar item. */
export const showMenu: Handler = async (parts) => {
  const token = parts.keeper.first();
  const items: (vscode.QuickPickItem & { command?: string; about?: TokenNode })[] = [];
  if (token !== undefined) {
    const about = new TokenNode(token.id, token.connection);
    items.push({ label: nameOf(token), kind: vscode.QuickPickItemKind.Separator });
    items.push({
      label: `$(refresh) ${vscode.l10n.t('Keep Alive')}`,
      command: 'sessionTokens.keepAlive',
      about,
    });
    items.push({
      label: `$(watch) ${vscode.l10n.t('Query Remaining Life')}`,
      command: 'sessionTokens.query',
      about,
    });
    items.push({
      label:
        token.keepAlive === 'auto'
          ? `$(circle-slash) ${vscode.l10n.t('Stop Automatic Renewal')}`
          : `$(sync) ${vscode.l10n.t('Renew Automatically')}`,
      command: 'sessionTokens.toggleKeepAlive',
      about,
    });
    items.push({
      label: `$(copy) ${vscode.l10n.t('Copy Token')}`,
      command: 'sessionTokens.copyToken',
      about,
    });
    items.push(
      token.kind === 'session'
        ? { label: `$(close) ${vscode.l10n.t('Close Session')}`, command: 'sessionTokens.close', about }
        : { label: `$(close-all) ${vscode.l10n.t('Close All Sessions')}`, command: 'sessionTokens.closeAll' },
    );
  }
  items.push({ label: vscode.l10n.t('More'), kind: vscode.QuickPickItemKind.Separator });
  items.push({ label: `$(table) ${vscode.l10n.t('Get Data')}`, command: 'sessionTokens.getData' });
  items.push({
    label: `$(list-tree) ${vscode.l10n.t('Show Tokens')}`,
    command: 'sessionTokens.tokens.focus',
  });
  const chosen = await askChoice(items, { title: vscode.l10n.t('Session Tokens'), ignoreFocusOut: false });
  if (chosen.command !== undefined) {
    await vscode.commands.executeCommand(chosen.command, chosen.about);
  }
};
