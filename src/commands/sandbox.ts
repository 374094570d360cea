import * as vscode from 'vscode';
import { originOf } from '../core/connection.ts';
import { TokensError } from '../core/errors.ts';
import { connectionsTo } from '../sandbox/connections.ts';
import type { Handler } from './command.ts';
import { offerSignIn } from './signIn.ts';

/** Starts the sandbox gateway in this window, with a connection for each protocol and its login remembered. */
export const startSandbox: Handler = async (services, call) => {
  const { port, lifeSeconds } = call.args;
  const sandbox = await services.sandbox.start({
    port: port === undefined ? undefined : number(port, 'port', 0, 65_535),
    lifeSeconds: lifeSeconds === undefined ? undefined : number(lifeSeconds, 'lifeSeconds', 1, 86_400),
  });
  const { url } = sandbox;
  const [service = ''] = sandbox.services;
  const origin = originOf(sandbox);
  const made = connectionsTo(url, service);
  const names = made.map(({ settings }) => settings.name);
  await services.connections.put(made.map(({ settings }) => settings));
  // The logins are public, and remembered so that one more command gets a token.
  for (const { settings, login } of made) {
    await services.keeper.signOut(settings.name); // What the sandbox before has issued has ended with it.
    await services.credentials.write(settings.name, { login, origin });
  }
  if (call.interactive) {
    void offerSignIn(vscode.l10n.t('The sandbox gateway runs at {0}.', url), names[0]);
  }
  return { url, connections: names };
};

/** Stops the sandbox gateway and removes its connections. */
export const stopSandbox: Handler = async (services) => {
  for (const { settings } of connectionsTo('', '')) {
    const { name } = settings;
    if (services.connections.find(name) !== undefined) {
      await services.keeper.signOut(name);
      await services.connections.remove(settings);
    }
  }
  await services.sandbox.stop();
  return undefined;
};

function number(value: unknown, name: string, min: number, max: number): number {
  if (!(Number.isInteger(value) && Number(value) >= min && Number(value) <= max)) {
    throw new TokensError('E_CONFIG', '"{0}" must be a whole number from {1} to {2}.', [name, min, max]);
  }
  return Number(value);
}
