import { pbkdf2Sync, randomBytes, randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached } from './cache.ts';
import { unpackDebian, unpacked } from './debian.ts';
import { startProgram } from './process.ts';
import type { Login, RealServer } from './server.ts';

/** A cookie, sliding. Answers are texts: a refused sign-in is 200 with `Fails.`; what has expired is 403. */
export const qbittorrent: RealServer = {
  name: 'qBittorrent',
  fetch: programs,
  async start(lifeSeconds) {
    const login = { username: 'admin', password: randomUUID() };
    const programsDir = await programs();
    const running = await startProgram('/', async ({ port, folder }) => {
      const config = join(folder, 'qBittorrent/config');
      await mkdir(config, { recursive: true });
      await writeFile(join(config, 'qBittorrent.conf'), configuration(port, lifeSeconds, login));
      const program = await unpacked(programsDir, 'usr/bin/qbittorrent-nox', [`--profile=${folder}`]);
      return { ...program, env: { ...program.env, HOME: folder } };
    });
    return { ...running, name: this.name, login };
  },
};

function programs(): Promise<string> {
  return cached('qbittorrent', (folder) => unpackDebian('qbittorrent-nox', folder));
}

/** It talks to nobody but the tests. */
function configuration(port: number, lifeSeconds: number, { username, password }: Login): string {
  const salt = randomBytes(16);
  const hash = pbkdf2Sync(password, salt, 100_000, 64, 'sha512');
  return [
    '[LegalNotice]',
    'Accepted=true',
    '[BitTorrent]',
    'Session\\DHTEnabled=false',
    'Session\\LSDEnabled=false',
    'Session\\PeXEnabled=false',
    'Session\\Interface=lo',
    'Session\\InterfaceName=lo',
    'Session\\InterfaceAddress=127.0.0.1',
    'Session\\Port=0',
    '[Network]',
    'PortForwardingEnabled=false',
    '[Preferences]',
    'General\\Locale=en',
    'Connection\\UPnP=false',
    'WebUI\\Address=127.0.0.1',
    `WebUI\\Port=${port}`,
    'WebUI\\LocalHostAuth=true',
    'WebUI\\UseUPnP=false',
    `WebUI\\SessionTimeout=${lifeSeconds}`,
    `WebUI\\Username=${username}`,
    `WebUI\\Password_PBKDF2="@ByteArray(${salt.toString('base64')}:${hash.toString('base64')})"`,
    '',
  ].join('\n');
}
