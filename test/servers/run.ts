import { onStop } from '../workbench/processes.ts';
import { CannotBeHad } from './cache.ts';
import type { Login } from './server.ts';
import { servers } from './servers.ts';

/** What is told of a server that was started, or why it cannot be had here. */
export type Told = { readonly url: string; readonly login: Login } | { readonly lacking: string };

/*
 * node test/servers/run.ts <name> <seconds that tokens live>: for who cannot start a server itself, as the host tests in
 * their bundle. Prints a line of JSON (Told) when it is ready, and ends it when the caller is gone or says so.
 */
const [name = '', seconds = '300'] = process.argv.slice(2);
const tell = (told: Told): void => console.log(JSON.stringify(told));
const server = servers[name];
if (server === undefined) {
  throw new Error(`There is no ${name}; there are ${Object.keys(servers).join(', ')}.`);
}
onStop(async () => undefined);
try {
  await server.fetch();
  const { url, login } = await server.start(Number(seconds));
  tell({ url, login });
  process.stdin.resume();
  process.stdin.once('end', () => process.kill(process.pid, 'SIGTERM'));
} catch (error) {
  if (!(error instanceof CannotBeHad)) {
    throw error;
  }
  tell({ lacking: error.message });
}
