// A second extension, written from docs/integration.md alone.
const vscode = require('vscode');

/** @import { SessionTokensApi } from '../../docs/session-tokens.d.ts' */

exports.activate = async (/** @type {import('vscode').ExtensionContext} */ context) => {
  /** @type {import('vscode').Extension<SessionTokensApi> | undefined} */
  const extension = vscode.extensions.getExtension('session-tokens.session-tokens');
  const api = await extension?.activate();
  if (api?.apiVersion !== 1) {
    throw new Error('Session Tokens is not there, or has another API.');
  }
  let changes = 0;
  /** @type {string | undefined} The connection whose token we hold. */
  let held;
  context.subscriptions.push(
    api.onDidChangeTokens(() => changes++),

    // The API: data without a prompt, and never a secret.
    vscode.commands.registerCommand('sample.busiestJob', async ({ connection }) => {
      await api.signIn(connection, { username: 'demo', password: 'demo' });
      const { rows, session } = await api.getData({
        connection,
        product: 'MVMVS',
        view: 'JCPU',
        show: false,
      });
      const [busiest] = [...rows].sort((a, b) => Number(b.ASICPSCA) - Number(a.ASICPSCA));
      return { job: busiest?.ASGNAME, session, changes };
    }),

    // The sign-in: a token for requests of one's own, after VS Code has asked the person.
    vscode.commands.registerCommand('sample.ownRequest', async ({ connection, silent } = {}) => {
      const name = connection ?? (await vscode.window.showInputBox({ prompt: 'Connection' }));
      const session = await vscode.authentication.getSession(
        'sessionTokens.bmc-cra',
        [`connection:${name}`],
        silent ? { silent: true } : { createIfNone: true },
      );
      if (session === undefined) {
        return undefined;
      }
      held = name;
      if (connection === undefined) {
        void vscode.window.showInformationMessage(`Sample: a token of ${session.account.label}`);
      }
      return { account: session.account.label, length: session.accessToken.length };
    }),

    // Whoever holds a token hears when it is another one, or none any more.
    vscode.authentication.onDidChangeSessions(async ({ provider }) => {
      if (held !== undefined && provider.id === 'sessionTokens.bmc-cra') {
        const session = await vscode.authentication.getSession(provider.id, [`connection:${held}`], {
          silent: true,
        });
        if (session === undefined) {
          void vscode.window.showInformationMessage(`Sample: no token of ${held} any more`);
          held = undefined;
        }
      }
    }),

    // A tool, as a chat participant would call it.
    vscode.commands.registerCommand('sample.tool', async ({ name, input }) => {
      const result = await vscode.lm.invokeTool(name, { input, toolInvocationToken: undefined });
      return result.content
        .map((part) => (part instanceof vscode.LanguageModelTextPart ? part.value : ''))
        .join('');
    }),
  );
};
