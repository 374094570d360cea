import * as vscode from 'vscode';
import { type ErrorCode, TokensError } from '../core/errors.ts';
import { type Log, logFault } from '../core/log.ts';
import { ConnectionNode, isTreeNode } from '../views/nodes.ts';
import type { CommandId } from './ids.ts';
import type { Call, Parts } from './parts.ts';

/** A row of the tree and an empty hand are a person's; an object of plain arguments is a program's. */
export function callOf(input: unknown): Call {
  if (isTreeNode(input)) {
    const args = input.row === 'token' ? { id: input.id } : { connection: input.connection };
    return { args, interactive: true };
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) {
    return { args: input as Record<string, unknown>, interactive: false };
  }
  return { args: {}, interactive: true };
}

/** Runs a command behind the one boundary that errors are told at. What commands do is loaded with the first. */
export async function run(parts: Parts, id: CommandId, call: Call): Promise<unknown> {
  try {
    const [{ commandTable }] = await Promise.all([import('./table.ts'), parts.ready]);
    return await commandTable[id](parts, call);
  } catch (caught) {
    const error = known(parts.log, caught);
    if (error.code === 'E_CANCELLED') {
      return undefined;
    }
    if (!call.interactive) {
      throw error;
    }
    void show(error, call);
    return undefined;
  }
}

/** Shows a person what went wrong where no command of theirs is at its end. */
export function report(log: Log, caught: unknown): void {
  const error = known(log, caught);
  if (error.code !== 'E_CANCELLED') {
    void show(error, { args: {}, interactive: true });
  }
}

/** What a program gets: the sentence in the person's language and the code. The log gets the detail. */
export function known(log: Log, caught: unknown): TokensError {
  if (TokensError.is(caught)) {
    if (caught.code !== 'E_CANCELLED') {
      log.error(
        `${caught.code} ${caught.message}${caught.details.detail ? ` (${caught.details.detail})` : ''}`,
      );
    }
    return new TokensError(caught.code, vscode.l10n.t(caught.template, ...caught.args), [], caught.details);
  }
  logFault(log, caught);
  return new TokensError(
    'E_PROTOCOL',
    vscode.l10n.t('Something went wrong in Session Tokens itself; the log says what.'),
  );
}

type Action = readonly [title: string, command: string];

/** What helps, by what went wrong. */
function actionsFor(code: ErrorCode): Action[] {
  const signIn: Action = [vscode.l10n.t('Sign In Again'), 'sessionTokens.signIn'];
  const settings: Action = [vscode.l10n.t('Open Settings'), 'sessionTokens.openSettings'];
  const closeAll: Action = [vscode.l10n.t('Close All Sessions'), 'sessionTokens.closeAll'];
  const log: Action = [vscode.l10n.t('Show Log'), 'sessionTokens.showLog'];
  const getData: Action = [vscode.l10n.t('Get Data'), 'sessionTokens.getData'];
  switch (code) {
    case 'E_CREDENTIALS':
    case 'E_EXPIRED':
      return [signIn, log];
    case 'E_CONFIG':
    case 'E_TLS':
    case 'E_TOO_LARGE':
      return [settings, log];
    case 'E_LIMIT':
      return [closeAll, log];
    case 'E_NOT_READY':
      return [getData];
    default:
      return [log];
  }
}

async function show(error: TokensError, { args }: Call): Promise<void> {
  const actions = actionsFor(error.code);
  const chosen = await vscode.window.showErrorMessage(error.message, ...actions.map(([title]) => title));
  const command = actions.find(([title]) => title === chosen)?.[1];
  if (command !== undefined) {
    const connection = args.connection;
    const node = typeof connection === 'string' ? new ConnectionNode(connection) : undefined;
    await vscode.commands.executeCommand(command, node);
  }
}
