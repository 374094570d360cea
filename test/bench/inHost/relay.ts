import { existsSync, writeFileSync } from 'node:fs';
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
  writeFileSync(at(files.address), JSON.stringify(url));
  await told(files.warm);
  const blocks = new Blocks();
  await told(files.done);
  blocks.stop();
  const { ms, cpuMs } = blocks.longest();
  tell({ blockMs: ms, blockCpuMs: cpuMs } satisfies RelayBlocks);
}
