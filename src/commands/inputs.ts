import * as vscode from 'vscode';
import { noConnection } from '../core/errors.ts';
import { protocols } from '../core/protocols/kinds.ts';
import { chosenConnection, chosenToken } from './ask.ts';
import { type Handler, oneOf } from './command.ts';

/*
 * Inputs of tasks and launch configurations: `${command:…}` and `${input:…}` use the text that a command resolves
 * to. None of these texts is secret, because everybody on the machine can read command lines.
 */

/** The name or the address of a connection: the one that is given, the only one, or the one that a person chooses. */
export const pickConnection: Handler = async (services, { args }) => {
  const kind = oneOf('kind', args.kind, Object.keys(protocols));
  const value = oneOf('value', args.value, ['name', 'url']) ?? 'name';
  const connection = await chosenConnection(
    services,
    { args: named(args, 'connection'), interactive: true },
    { title: vscode.l10n.t('Choose a Connection') },
    (candidate) => kind === undefined || candidate.kind === kind,
  );
  if (kind !== undefined && connection.kind !== kind) {
    throw noConnection(connection.name);
  }
  return connection[value];
};

/** The id of a token: the one that is given, the only one, or the one that a person chooses. */
export const pickToken: Handler = async (services, { args }) => {
  const call = { args: { ...named(args, 'id'), ...named(args, 'connection') }, interactive: true };
  return (await chosenToken(services, call, vscode.l10n.t('Choose a Token'))).id;
};

/** `${command:…}` passes the whole launch configuration, in which only a text under our own name counts. */
export function named(args: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return typeof args[name] === 'string' ? { [name]: args[name] } : {};
}
