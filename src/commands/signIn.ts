import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import { protocolOf } from '../core/protocols/kinds.ts';
import { incomplete } from '../core/requests/request.ts';
import { commandButton, tell } from '../views/message.ts';
import { TreeNode } from '../views/nodes.ts';
import { askChoiceOrText, chosenConnection } from './ask.ts';
import type { CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { loginDialogs } from './logins.ts';
import { withProgress } from './progress.ts';

/** Signs in with what is remembered, else with what the person answers. */
export const signIn: Handler = async (services, call) => {
  const title = vscode.l10n.t('Sign In');
  const connection = await chosenConnection(services, call, title);
  const isAtRow = call.interactive && services.tree.selectedConnection() === connection.name;
  await confirmConnection(services, call, connection);
  const service = await chosenService(services, connection, call.args.service, title);
  // Questions come first, so that the progress shows only the wait for the server.
  const logins = loginDialogs(call);
  const remembered = await services.keeper.isRemembered(connection.name);
  const refusal = services.keeper.refusal(connection.name);
  const why = refusal === undefined ? 'unknown' : 'refused';
  const given = remembered ? undefined : await logins.askLogin?.(connection, service, why, refusal);
  if (!remembered && given === undefined) {
    return undefined;
  }
  const token = await withProgress(
    call.interactive,
    vscode.l10n.t('Signing in to {0}', connection.name),
    (signal) => services.keeper.signIn(connection.name, { service, signal, ...logins, ...given }),
  );
  if (isAtRow) {
    // With tokens the connection has another row, which gets the selection of the one before.
    services.tree.focusConnection(connection.name);
  }
  return token;
};

/** Tells a person of a new connection, and lets them sign in to it. */
export async function offerSignIn(message: string, connection = ''): Promise<void> {
  const button = commandButton(
    vscode.l10n.t('Sign In'),
    'sessionTokens.signIn',
    new TreeNode({ connection }),
  );
  await tell(vscode.window.showInformationMessage, message, button);
}

/** The service to sign in to, where there are services; offers the person those that the gateway lists. */
export async function chosenService(
  services: CommandServices,
  connection: Connection,
  named: unknown,
  title: string,
): Promise<string | undefined> {
  if (!protocolOf(connection).hasServices) {
    return undefined;
  }
  if (named !== undefined && typeof named !== 'string') {
    throw incomplete('service');
  }
  const known = named || connection.service;
  if (known !== undefined) {
    return known;
  }
  const listed = services.keeper
    .services(connection.name)
    .then((found) => found.map(({ name, status = '' }) => ({ label: name, description: status })));
  const placeholder = vscode.l10n.t('Service of {0}: choose one or type its name', connection.name);
  return askChoiceOrText({ title, placeholder, useTyped: vscode.l10n.t('use this name') }, listed);
}
