import * as vscode from 'vscode';
import { originOf } from '../core/connection.ts';
import { TokensError } from '../core/errors.ts';
import { connectionsTo } from '../sandbox/connections.ts';
import type { SandboxServer } from '../sandbox/gateway.ts';
import type { CommandServices, Handler } from './command.ts';
import { offerSignIn } from './signIn.ts';

/** Starts the sandbox gateway in this window, with a connection for each protocol and its login remembered. */
export const startSandbox: Handler = async (services, call) => {
  const { port = 0, lifeSeconds = 900 } = call.args;
  const server = await start(
    services.sandbox,
    number(port, 'port', 0, 65_535),
    number(lifeSeconds, 'lifeSeconds', 1, 86_400),
  );
  const { url } = server;
  const [service = ''] = server.services;
  const origin = originOf(server);
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
  await services.sandbox.server?.close();
  return undefined;
};

/**
 * Starts a gateway in place of one that runs.
 * @throws `E_CONFIG` when the port is taken; one that runs goes on
 */
async function start(
  sandbox: CommandServices['sandbox'],
  port: number,
  lifeSeconds: number,
): Promise<SandboxServer> {
  const { SandboxServer } = await import('../sandbox/gateway.ts');
  const server = new SandboxServer(lifeSeconds);
  if (sandbox.server?.port === port) {
    await sandbox.server.close(); // Our own sandbox has the port.
  }
  await server.listen(port).catch((error: NodeJS.ErrnoException) => {
    throw error.syscall === 'listen'
      ? new TokensError('E_CONFIG', 'The sandbox gateway cannot have port {0}: choose another one.', [port])
      : error;
  });
  const before = sandbox.server; // Another start may have put it here since.
  sandbox.server = server;
  await before?.close();
  return server;
}

function number(value: unknown, name: string, min: number, max: number): number {
  if (!(Number.isInteger(value) && Number(value) >= min && Number(value) <= max)) {
    throw new TokensError('E_CONFIG', '"{0}" must be a whole number from {1} to {2}.', [name, min, max]);
  }
  return Number(value);
}
