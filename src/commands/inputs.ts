import * as vscode from 'vscode';
import { noConnection, TokensError } from '../core/errors.ts';
import { protocols } from '../core/protocols/kinds.ts';
import { chosenConnection, chosenToken } from './ask.ts';
import type { Handler } from './command.ts';

/*
 * Inputs of tasks and launch configurations: `${command:…}` and `${input:…}` take the text that a command resolves
 * to. Neither is a secret: both end up in command lines, which everybody on the machine can read.
 */

/** The name of a connection, or its address: the one that is given, the only one, or the one that is chosen. */
export const pickConnection: Handler = async (services, { args }) => {
  const { kind, value = 'name' } = args;
  const kinds = Object.keys(protocols);
  if (kind !== undefined && !kinds.some((one) => one === kind)) {
    throw new TokensError('E_CONFIG', '"{0}" must be one of {1}.', ['kind', kinds.join(', ')]);
  }
  if (value !== 'name' && value !== 'url') {
    throw new TokensError('E_CONFIG', '"{0}" must be one of {1}.', ['value', 'name, url']);
  }
  const connection = await chosenConnection(
    services,
    { args: named(args, 'connection'), interactive: true },
    vscode.l10n.t('Choose a Connection'),
    (candidate) => kind === undefined || candidate.kind === kind,
  );
  if (kind !== undefined && connection.kind !== kind) {
    throw noConnection(connection.name);
  }
  return connection[value];
};

/** The id of a token: the one that is given, the only one, or the one that is chosen. */
export const pickToken: Handler = async (services, { args }) => {
  const { connection } = args;
  const token = await chosenToken(
    services,
    { args: named(args, 'id'), interactive: true },
    vscode.l10n.t('Choose a Token'),
    (candidate) => typeof connection !== 'string' || candidate.connection === connection,
  );
  return token.id;
};

/** `${command:…}` hands over the whole launch configuration: only a text under our own name is meant for us. */
function named(args: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return typeof args[name] === 'string' ? { [name]: args[name] } : {};
}
