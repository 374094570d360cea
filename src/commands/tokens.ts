import * as vscode from 'vscode';
import type { Connection } from '../core/connection.ts';
import type { TokenInfo } from '../core/tokens/token.ts';
import { nameOf, timeLeft } from '../views/names.ts';
import { chosenName, chosenToken, namedConnection } from './ask.ts';
import type { Call, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { askGatewayLogin, loginDialogs } from './logins.ts';
import { withProgress } from './progress.ts';

/** The key of whether a person was warned of a clipboard on another computer. */
const warnedKey = 'clipboardWarned';

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
  const isSignedIn = ({ name }: Connection) => services.keeper.holdsAny(name);
  const name = await chosenName(services, call, vscode.l10n.t('Sign Out'), isSignedIn);
  const count = await withProgress(call.interactive, vscode.l10n.t('Signing out of {0}', name), (signal) =>
    services.keeper.signOut(name, { signal, ...(call.interactive && { askGatewayLogin }) }),
  );
  return told(call, count);
};

/**
 * Puts a token on the clipboard, not into the command's result, and tells the person, also when a program asked for it. If
 * the settings say so, the token is removed from there again.
 */
export const copyToken: Handler = async (services, call) => {
  const token = await chosenToken(services, call, vscode.l10n.t('Copy Token'));
  const value = services.keeper.reveal(token.id);
  await vscode.env.clipboard.writeText(value);
  const clearMs = services.options.clipboardClearMs();
  if (clearMs > 0) {
    services.scheduler.after('clipboard', clearMs, () => void clear(value));
  }
  const copied = vscode.l10n.t('Copied the token of {0}', nameOf(token));
  if (call.interactive) {
    vscode.window.setStatusBarMessage(copied, 5_000);
  } else {
    void vscode.window.showInformationMessage(copied);
  }
  // Whether the clipboard and the gateways are on different computers.
  const isShared = vscode.env.remoteName !== undefined || vscode.env.uiKind === vscode.UIKind.Web;
  if (isShared && services.state.get(warnedKey) !== true) {
    await services.state.update(warnedKey, true);
    void vscode.window.showWarningMessage(
      vscode.l10n.t(
        'This window works on another computer: the clipboard with the token is that of the computer you sit at, and programs on it can read it.',
      ),
    );
  }
};

/** Clears the clipboard, unless a person has copied something else since. */
async function clear(value: string): Promise<void> {
  if ((await vscode.env.clipboard.readText()) === value) {
    await vscode.env.clipboard.writeText('');
  }
}

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
      vscode.l10n.t('Sessions closed: {0}, not closed: {1}. The log says why.', closed, failed),
    );
  } else if (interactive) {
    vscode.window.setStatusBarMessage(vscode.l10n.t('Sessions closed: {0}', closed), 5_000);
  }
  return count;
}
