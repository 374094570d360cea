import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { nameOf } from '../views/names.ts';
import { timeLeft } from '../views/remaining.ts';
import { chosenName, chosenToken, namedConnection } from './ask.ts';
import { copyToken as copy } from './clipboard.ts';
import type { Call, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { askGatewayLogin, loginDialogs } from './logins.ts';
import { withProgress } from './progress.ts';

/** Sets a token's life back to its full length. */
export const keepAlive: Handler = async (services, call) => {
  const title = vscode.l10n.t('Keep Alive');
  const { id } = call.args;
  const connection = id === undefined ? namedConnection(services, call) : undefined;
  const token =
    connection !== undefined ? services.keeper.main(connection) : await chosenToken(services, call, title);
  const settings = services.connections.find(token.connection);
  if (settings !== undefined) {
    await confirmConnection(services, call, settings);
  }
  const renewed = await withProgress(
    call.interactive,
    vscode.l10n.t('Keeping {0} alive', nameOf(token)),
    (signal) => services.keeper.keepAlive(token.id, { signal, ...(call.interactive && loginDialogs(call)) }),
  );
  if (call.interactive) {
    vscode.window.setStatusBarMessage(
      vscode.l10n.t('{0} lives for {1} more', nameOf(renewed), timeLeft(renewed.expiresAt - Date.now())),
      5_000,
    );
  }
  return renewed;
};

/** Asks the server for the life left where it can be asked; else estimates it and says so. */
export const query: Handler = async (services, call) => {
  const token = await chosenToken(services, call, vscode.l10n.t('Query Remaining Life'));
  const told = await withProgress(call.interactive, vscode.l10n.t('Querying {0}', nameOf(token)), (signal) =>
    services.keeper.remainingLife(token.id, { signal }),
  );
  if (call.interactive) {
    const words = [nameOf(told), timeLeft(told.expiresAt - Date.now())];
    void vscode.window.showInformationMessage(
      (await services.keeper.canAsk(token.id))
        ? vscode.l10n.t('{0} has {1} left, says the gateway.', ...words)
        : vscode.l10n.t(
            '{0} has about {1} left, estimated from the timeout: this gateway cannot be asked.',
            ...words,
          ),
    );
  }
  return told;
};

/** Ends a session at its gateway. */
export const close: Handler = async (services, call) => {
  const isSession = ({ kind }: TokenInfo) => kind === 'session';
  const token = await chosenToken(services, call, vscode.l10n.t('Close Session'), isSession);
  await withProgress(call.interactive, vscode.l10n.t('Closing {0}', nameOf(token)), (signal) =>
    services.keeper.close(token.id, { signal, ...(call.interactive && loginDialogs(call)) }),
  );
};

/** Ends all sessions, of one connection or of all. */
export const closeAll: Handler = async (services, call) => {
  const name = namedConnection(services, call);
  const count = await withProgress(call.interactive, vscode.l10n.t('Closing all sessions'), (signal) =>
    services.keeper.closeAll(name, { signal, ...(call.interactive && { askGatewayLogin }) }),
  );
  return told(call, count);
};

/** Closes a connection's sessions, forgets its tokens and its login. */
export const signOut: Handler = async (services, call) => {
  const isSignedIn = ({ name }: Connection) => services.keeper.tokens(name).length > 0;
  const name = await chosenName(services, call, vscode.l10n.t('Sign Out'), isSignedIn);
  const count = await withProgress(call.interactive, vscode.l10n.t('Signing out of {0}', name), (signal) =>
    services.keeper.signOut(name, { signal, ...(call.interactive && { askGatewayLogin }) }),
  );
  return told(call, count);
};

/** Puts a token's value on the clipboard; it is not in the command's result. */
export const copyToken: Handler = async (services, call) => {
  const token = await chosenToken(services, call, vscode.l10n.t('Copy Token'));
  await copy(services, call, services.keeper.reveal(token.id), nameOf(token));
};

/** Turns automatic renewal of a token on or off. */
export const toggleKeepAlive: Handler = async (services, call) => {
  const token = await chosenToken(services, call, vscode.l10n.t('Toggle Automatic Renewal'));
  return services.keeper.setKeepAlive(token.id, token.keepAlive === 'auto' ? 'manual' : 'auto');
};

/** Tells a person how many sessions were closed, and returns the count. */
function told<T extends { closed: number; failed: number }>({ interactive }: Call, count: T): T {
  const { closed, failed } = count;
  if (interactive && failed > 0) {
    void vscode.window.showWarningMessage(
      vscode.l10n.t('{0} sessions were closed, {1} could not be: the log says why.', closed, failed),
    );
  } else if (interactive) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('{0} sessions closed', closed), 5_000);
  }
  return count;
}
