import { existsSync, writeFileSync } from 'node:fs';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as vscode from 'vscode';
import { Blocks, extension, tell, timed } from './support.ts';

/** Through which this host and who measures it tell each other how far they are. */
export const files = { address: 'relay.json', warm: 'relay.warm', done: 'relay.done' } as const;

export interface RelayBlocks {
  readonly blockMs: number;
  readonly blockCpuMs: number;
}

/**
 * Passes everything on as it is: what a second hop costs in this host by itself, which no relay can go below. Tells at
 * `/cpu` how much of the processor the host has used, in milliseconds.
 */
async function bareProxy(): Promise<string> {
  const to = new URL(process.env.BENCH_URL ?? '');
  const agent = new Agent({ keepAlive: true });
  const server = createServer((incoming, response) => {
    const { method, url, headers } = incoming;
    if (url === '/cpu') {
      const { user, system } = process.cpuUsage();
      response.end(String((user + system) / 1_000));
      return;
    }
    const sent = { host: to.hostname, port: to.port, path: url, method, headers, agent };
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
  const told = async (file: string) => {
    while (!existsSync(at(file))) {
      await delay(20);
    }
  };
  const api = await extension().activate();
  await api.signIn('c0', { username: 'demo', password: 'demo' }, { remember: false });
  timed().answer('Allow');
  const url = await vscode.commands.executeCommand<string>('sessionTokens.relayUrl', { connection: 'c0' });
  writeFileSync(at(files.address), JSON.stringify({ relay: url, bare: await bareProxy() }));
  await told(files.warm);
  const blocks = new Blocks();
  await told(files.done);
  blocks.stop();
  const { ms, cpuMs } = blocks.longest();
  tell({ blockMs: ms, blockCpuMs: cpuMs } satisfies RelayBlocks);
}
