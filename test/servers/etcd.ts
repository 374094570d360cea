import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { unpackDebian, unpacked } from './debian.ts';
import { freePort, startProgram } from './process.ts';
import type { Login, RealServer } from './server.ts';

/** Sliding: a token dies when it was not used for so long. No revocation. What was refused is 400, numbers are texts. */
export const etcd: RealServer = {
  name: 'etcd',
  fetch: programs,
  async start(lifeSeconds) {
    const login = { username: 'root', password: randomUUID() };
    const programsDir = await programs();
    const running = await startProgram('/health', async ({ port, folder }) => {
      const client = `http://127.0.0.1:${port}`;
      const peer = `http://127.0.0.1:${await freePort()}`;
      return unpacked(programsDir, 'usr/bin/etcd', [
        ...['--name', 'only', '--data-dir', join(folder, 'data')],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...[
          '--initial-cluster',
          `only=${peer}`,
          '--auth-token-ttl',
          String(lifeSeconds),
          '--log-level',
          'error',
        ],
      ]);
    });
    await enableLogin(running.url, login);
    return { ...running, name: this.name, login };
  },
};

function programs(): Promise<string> {
  return cached('etcd', (folder) => unpackDebian('etcd-server', folder));
}

/** Has the server ask who comes; and two keys in it, for there to be something to see. */
async function enableLogin(url: string, { username, password }: Login): Promise<void> {
  const post = async (path: string, body: object): Promise<void> => {
    const answer = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(body) });
    if (!answer.ok) {
      throw new Error(`etcd answers ${path} with ${answer.status}: ${await answer.text()}`);
    }
  };
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  await post('kv/put', { key: base64('colour'), value: base64('blue') });
  await post('kv/put', { key: base64('size'), value: base64('42') });
  await post('auth/user/add', { name: username, password });
  await post('auth/role/add', { name: 'root' });
  await post('auth/user/grant', { user: username, role: 'root' });
  await post('auth/enable', {});
}
