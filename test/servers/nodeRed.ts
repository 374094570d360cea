import { randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { npm } from '../workbench/install.ts';
import { root } from '../workbench/paths.ts';
import { cached } from './cache.ts';
import { startProgram } from './process.ts';
import type { RealServer } from './server.ts';

/** OAuth's password grant, absolute. Tokens hold `+` and `/`; a revoked one is 401. The list of nodes stands at the top. */
export const nodeRed: RealServer = {
  name: 'Node-RED',
  fetch: programs,
  async start(lifeSeconds) {
    const login = { username: 'admin', password: randomUUID() };
    const modules = join(await programs(), 'node_modules');
    const running = await startProgram('/auth/login', async ({ port, folder }) => ({
      command: process.execPath,
      args: [
        ...['--import', join(root, 'test/workbench/guard.ts')],
        ...[
          join(modules, 'node-red/red.js'),
          '--settings',
          join(import.meta.dirname, 'node-red/settings.cjs'),
        ],
      ],
      env: {
        HOME: folder,
        NODE_RED: JSON.stringify({ modules, port, folder, lifeSeconds, ...login }),
      },
    }));
    return { ...running, name: this.name, login };
  },
};

/** Pinned by a lock of its own: as one of our dependencies it would make every installation by 116 MB larger. */
function programs(): Promise<string> {
  return cached('node-red', async (folder) => {
    for (const file of ['package.json', 'package-lock.json']) {
      await copyFile(join(import.meta.dirname, 'node-red', file), join(folder, file));
    }
    await npm(folder, ['ci', '--ignore-scripts', '--omit=optional']);
  });
}
