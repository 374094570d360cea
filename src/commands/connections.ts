import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { freeName } from '../core/entries.ts';
import { TokensError } from '../core/errors.ts';
import { parseConnection, protocols } from '../core/protocols/kinds.ts';
import { mayRefuseToken } from '../core/tokens/refusal.ts';
import { translated } from '../userError.ts';
import { askChoice, askText, chosenConnection, confirm } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { withProgress } from './progress.ts';
import { offerSignIn } from './signIn.ts';

/** Stores a connection; leads a person through its kind, address and name, and tries it if they want. */
export const addConnection: Handler = async (services, call) => {
  if (!call.interactive) {
    return services.connections.add(call.args);
  }
  const title = vscode.l10n.t('Add Connection');
  const kinds = Object.entries(protocols).map(([kind, { label }]) => ({ label, description: kind }));
  const { description: kind } = await askChoice(kinds, {
    title,
    placeHolder: vscode.l10n.t('What kind of gateway?'),
  });
  const url = await askText({
    title,
    prompt: vscode.l10n.t("The gateway's address"),
    placeHolder: 'https://host:8443',
    validateInput: (text) => problemOf({ name: 'x', kind, url: text }),
  });
  const name = await askText({
    title,
    prompt: vscode.l10n.t('A name for it'),
    value: freeName(
      new URL(url).hostname,
      services.connections.all().map((connection) => connection.name),
      '-',
    ),
    validateInput: (text) =>
      services.connections.find(text.trim()) === undefined
        ? problemOf({ name: text, kind, url })
        : vscode.l10n.t('There is a connection of this name already.'),
  });
  const connection = services.connections.check({ name, kind, url });
  const tryIt = {
    label: vscode.l10n.t('Try It'),
    detail: vscode.l10n.t('Sees whether such a gateway answers there'),
  };
  const justAdd = { label: vscode.l10n.t('Add Without Trying') };
  if ((await askChoice([tryIt, justAdd], { title, placeHolder: connection.url })) === tryIt) {
    await confirmConnection(services, call, connection);
    const trouble = await troubleWith(services, connection);
    if (trouble !== undefined) {
      const anyway = vscode.l10n.t('Add Anyway');
      if ((await vscode.window.showWarningMessage(trouble, anyway)) !== anyway) {
        return undefined;
      }
    }
  }
  const stored = await services.connections.add({ name, kind, url });
  void offerSignIn(vscode.l10n.t('{0} was added.', connection.name), connection.name);
  return stored;
};

/** Signs out of a connection and takes it out of the settings. */
export const removeConnection: Handler = async (services, call) => {
  const connection = await chosenConnection(services, call, vscode.l10n.t('Remove Connection'));
  if (call.interactive) {
    await confirm(
      vscode.l10n.t('Remove the connection {0}?', connection.name),
      vscode.l10n.t('Remove'),
      vscode.l10n.t('Its sessions are closed; its tokens and credentials are forgotten.'),
    );
  }
  await services.keeper.signOut(connection.name);
  await services.connections.remove(connection.name);
  await services.consents.forget(connection.name);
  return undefined;
};

/** Opens the setting that holds the connections. */
export const openSettings: Handler = async () => {
  await vscode.commands.executeCommand('workbench.action.openSettings', 'sessionTokens');
};

/** Opens the first steps. */
export const openWalkthrough: Handler = async () => {
  await vscode.commands.executeCommand(
    'workbench.action.openWalkthrough',
    'session-tokens.session-tokens#start',
    false,
  );
};

/** Why a gateway does not answer as it should; undefined when it does. */
async function troubleWith(services: CommandServices, connection: Connection): Promise<string | undefined> {
  return withProgress(true, vscode.l10n.t('Trying {0}', connection.url), async (signal) => {
    const gateway = await services.connect(connection);
    try {
      if (gateway.services !== undefined) {
        await gateway.services({ signal });
      } else {
        // Without a token the answer is a refusal, in the protocol's own form.
        await gateway.remainingLife?.({ user: 'none' }, { signal });
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof TokensError)) {
        throw error;
      }
      return mayRefuseToken(error) ? undefined : translated(error);
    } finally {
      gateway.dispose();
    }
  });
}

function problemOf(input: unknown): string | undefined {
  const parsed = parseConnection(input);
  return parsed.ok ? undefined : translated(parsed.reason);
}
