import * as vscode from 'vscode';
import { type Connection, originOf } from '../core/connection.ts';
import { chosenConnection, confirm, orUndefined } from './ask.ts';
import type { Call, CommandServices, Handler } from './command.ts';
import { confirmConnection } from './consent.ts';
import { named } from './inputs.ts';
import { signIn } from './signIn.ts';

/** Opens a terminal whose scripts use the sessions of a connection without getting a token. */
export const openTerminal: Handler = async (services, call) => {
  const title = vscode.l10n.t('Open Terminal with Session');
  const connection = await agreed(services, call, title);
  const isSignedIn = services.keeper.holdsAny(connection.name, ({ state }) => state !== 'expired');
  if (call.interactive && !isSignedIn) {
    // Without it the terminal opens, too: its first request that needs a token tells to sign in.
    await orUndefined(signIn(services, { ...call, args: { connection: connection.name } }));
  }
  await services.relays.openTerminal(connection);
};

/** For `${input:…}` in tasks: the address that scripts put before a path. It is not a token, and ends with the window. */
export const relayUrl: Handler = async (services, { args }) => {
  const call = { args: named(args, 'connection'), interactive: true };
  const connection = await agreed(services, call, vscode.l10n.t('Choose a Connection'));
  return services.relays.urlForTasks(connection);
};

/** Ends the relays of a connection. */
export const stopRelay: Handler = async (services, call) => {
  const { relays } = services;
  const has = ({ name }: Connection) => relays.of(name) !== undefined;
  const { name } = await chosenConnection(services, call, { title: vscode.l10n.t('Stop Relay') }, has);
  await relays.stop(name);
};

/** The chosen connection, after a person has agreed that scripts use it: each window asks once. */
async function agreed(services: CommandServices, call: Call, title: string): Promise<Connection> {
  const connection = await chosenConnection(services, call, { title });
  const { name } = connection;
  await confirmConnection(services, call, connection);
  if (!services.relays.agreed.has(name)) {
    await confirm(
      vscode.l10n.t('Let scripts use {0}?', name),
      vscode.l10n.t('Allow'),
      vscode.l10n.t(
        'A relay on this machine sends the requests of scripts in a terminal to {0}, signed in as you. The scripts get no token. The relay ends with the terminal or task.',
        originOf(connection),
      ),
    );
    services.relays.agreed.add(name);
  }
  return connection;
}
