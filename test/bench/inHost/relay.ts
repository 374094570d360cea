import { existsSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { Blocks, extension, tell, timed } from './support.ts';

/** Through which this host and who measures it tell each other how far they are. */
export const files = { address: 'relay.json', done: 'relay.done' } as const;

/** What has happened in the host since it was asked before, in milliseconds. */
export interface HostUse {
  readonly cpuMs: number;
  readonly block: { readonly ms: number; readonly cpuMs: number };
}

/**
 * Passes everything on as it is: what a second hop costs in this host by itself, which no relay can go below. Tells the
 * host's use at `/use`.
 */
async function bareProxy(): Promise<string> {
  const to = new URL(process.env.BENCH_URL ?? '');
  const agent = new Agent({ keepAlive: true });
  let [before, blocks] = [process.cpuUsage(), new Blocks()];
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    if (url === '/use') {
      const { user, system } = process.cpuUsage(before);
      blocks.stop();
      const use: HostUse = { cpuMs: (user + system) / 1_000, block: blocks.longest() };
      [before, blocks] = [process.cpuUsage(), new Blocks()];
      response.end(JSON.stringify(use));
      return;
    }
    // VS Code's agent looks for a protocol that is not said in a stack trace, which takes as long as all else here.
    const { protocol, hostname: host, port } = to;
    const sent = { protocol, host, port, path: url, method, headers, agent };
    const outgoing = request(sent, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    incoming.pipe(outgoing.on('error', () => response.destroy()));
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Has a relay while somebody outside measures it. */
export async function run(): Promise<void> {
  const at = (file: string) => join(__dirname, file);
  const api = await extension().activate();
  await api.signIn('c0', { username: 'demo', password: 'demo' }, { remember: false });
  timed().answer('Allow');
  const url = await vscode.commands.executeCommand<string>('sessionTokens.relayUrl', { connection: 'c0' });
  writeFileSync(at(files.address), JSON.stringify({ relay: url, bare: await bareProxy() }));
  while (!existsSync(at(files.done))) {
    await delay(20);
  }
  tell({});
}
