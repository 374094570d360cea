import * as vscode from 'vscode';
import type { ErrorCode, TokensError } from '../core/errors.ts';
import { isRecord } from '../core/http/text.ts';
import { copyOf } from '../core/json.ts';
import type { Log } from '../core/log.ts';
import { incomplete } from '../core/requests/request.ts';
import { toUserError } from '../userError.ts';
import { commandButton, tell } from '../views/message.ts';
import { Row } from '../views/nodes.ts';
import { viewType } from '../views/results/register.ts';
import type { Call, CommandServices, CommandTable } from './command.ts';

/**
 * How a command was called. Without an argument, with a row of a view, at the tab of a result, in the menu of its table or
 * by a link of the walkthrough, which says so: by a person. With an object, an empty one included: by a program.
 * @throws E_CONFIG for anything else, such as a name, which must not count as no argument
 */
export function callOf(input: unknown): Call {
  if (input instanceof Row) {
    return { args: input.args, interactive: true };
  }
  if (input === undefined || input === null || Array.isArray(input) || input instanceof vscode.Uri) {
    return { args: {}, interactive: true };
  }
  const copy = copyOf(input);
  if (!isRecord(copy)) {
    throw incomplete('arguments');
  }
  const { walkthrough, ...args } = copy;
  return { args, interactive: walkthrough === true || 'webview' in args || 'webviewSection' in args };
}

/**
 * Runs a command. The only place that reports errors: to a person with actions that help, to a program with a code.
 * @param isForProgram whether a program gets errors and cancellation, too, though a person is asked
 * @throws TokensError the error for a program
 */
export async function run(
  services: CommandServices,
  id: string,
  input: unknown,
  isForProgram = false,
): Promise<unknown> {
  let call: Call = { args: {}, interactive: false };
  try {
    call = callOf(forInputs.test(id) && typeof input === 'string' ? undefined : input);
    const isFromThere = input === undefined || call.args.webview !== undefined;
    const settled = isFromThere && id !== 'sessionTokens.showMenu' && focusSettled(services);
    const [table] = await Promise.all([tableOf(id), services.ready, settled]);
    return await table[id]?.(services, call);
  } catch (caught) {
    const error = toUserError(services.log, caught);
    const isCancelled = error.code === 'E_CANCELLED';
    if (call.interactive && !isCancelled) {
      void show(error, call.chosen ?? call.args.connection);
    }
    if (isForProgram || (!call.interactive && !isCancelled)) {
      throw error;
    }
    return undefined;
  }
}

/** What `${command:…}` of a launch configuration or task runs: VS Code hands over what that stands in, which may be a text. */
const forInputs = /\.(?:pick\w+|relayUrl)$/;

/** The table that a command is in, which is loaded with its first command. */
async function tableOf(id: string): Promise<CommandTable> {
  return id.startsWith('sessionTokens.results.')
    ? (await import('./results.ts')).resultCommands
    : (await import('./table.ts')).commandTable;
}

/** Before a command over a result: waits until the table has the focus, which it would take from a dialog. */
async function focusSettled({ results }: CommandServices): Promise<void> {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  if (tab instanceof vscode.TabInputWebview && tab.viewType.endsWith(viewType)) {
    await (await results()).active?.focused();
  }
}

/** Shows a person an error that is not of a command of theirs. */
export function report(log: Log, caught: unknown): void {
  const error = toUserError(log, caught);
  if (error.code !== 'E_CANCELLED') {
    void show(error);
  }
}

const showLog = [vscode.l10n.t('Show Log'), 'sessionTokens.showLog'] as const;
const signIn = [vscode.l10n.t('Sign In Again'), 'sessionTokens.signIn'] as const;
const settings = [vscode.l10n.t('Open Settings'), 'sessionTokens.openSettings'] as const;

/** Commands that help, with the titles of their buttons, by the code of the error; by default the log. */
const helps: Readonly<Partial<Record<ErrorCode, readonly (readonly [title: string, command: string])[]>>> = {
  E_CREDENTIALS: [signIn, showLog],
  E_EXPIRED: [signIn, showLog],
  E_UNKNOWN_TOKEN: [signIn, showLog],
  E_CONFIG: [settings, showLog],
  E_NETWORK: [settings, showLog],
  E_TLS: [settings, showLog],
  E_TOO_LARGE: [settings, showLog],
  E_LIMIT: [[vscode.l10n.t('Close All Sessions'), 'sessionTokens.closeAll'], showLog],
  E_NOT_READY: [[vscode.l10n.t('Get Data'), 'sessionTokens.getData']],
};

async function show(error: TokensError, connection?: unknown): Promise<void> {
  const { code, details } = error;
  const comesByItself = code === 'E_NOT_READY' && details.permanent === false;
  const helping = comesByItself ? [] : (helps[code] ?? [showLog]);
  const about = typeof connection === 'string' ? { connection } : undefined;
  const buttons = helping.map(([title, command]) => commandButton(title, command, about));
  await tell(vscode.window.showErrorMessage, error.message, ...buttons);
}
