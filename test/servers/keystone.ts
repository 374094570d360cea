import { existsSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { runOrThrow } from '../workbench/processes.ts';
import { cached } from './cache.ts';
import { unpackDebian, unpacked } from './debian.ts';
import { type Program, startProgram } from './process.ts';
import type { Login, RealServer } from './server.ts';

/** The one user of the database that is made with the programs. It guards nothing but itself. */
const madeWith: Login = { username: 'admin', password: 'pw-admin' };

/** Absolute, an instant in ISO 8601, a query; the token in a header of its own, and in a second one where it is what is meant. */
export const keystone: RealServer = {
  name: 'Keystone',
  fetch: programs,
  async start(lifeSeconds) {
    const programsDir = await programs();
    const running = await startProgram('/v3', async ({ port, folder }) => {
      await cp(join(programsDir, 'made'), folder, { recursive: true });
      return python(programsDir, folder, lifeSeconds, ['serve', String(port)]);
    });
    return { ...running, name: this.name, login: madeWith };
  },
};

function programs(): Promise<string> {
  return cached('keystone', async (folder) => {
    await unpackDebian('keystone', folder);
    const made = join(folder, 'made');
    const { uid, gid } = userInfo();
    await mkdir(made);
    for (const args of [
      ['db_sync'],
      ['fernet_setup', '--keystone-user', String(uid), '--keystone-group', String(gid)],
      ['bootstrap', '--bootstrap-username', madeWith.username, '--bootstrap-password', madeWith.password],
    ]) {
      const { command, args: all, env } = await python(folder, made, 3600, args);
      await runOrThrow(command, all, { cwd: made, env: { ...process.env, ...env } });
    }
  });
}

/** Keystone with its database and keys in `data`, run by `run_keystone.py`. */
async function python(
  programsDir: string,
  data: string,
  lifeSeconds: number,
  args: readonly string[],
): Promise<Program> {
  await writeFile(join(data, 'keystone.conf'), configuration(data, lifeSeconds));
  const script = join(import.meta.dirname, 'run_keystone.py');
  const own = 'usr/bin/python3';
  const program = await unpacked(programsDir, own, [script, ...args]);
  return {
    command: program.command,
    // The system has one already, as a rule: then it was not unpacked.
    args: existsSync(join(programsDir, own))
      ? program.args
      : program.args.map((arg) => (arg === join(programsDir, own) ? `/${own}` : arg)),
    env: {
      ...program.env,
      PYTHONPATH: join(programsDir, 'usr/lib/python3/dist-packages'),
      OS_KEYSTONE_CONFIG_DIR: data,
      OS_KEYSTONE_CONFIG_FILES: 'keystone.conf',
    },
  };
}

function configuration(data: string, lifeSeconds: number): string {
  return `[DEFAULT]
use_stderr = true
[database]
connection = sqlite:///${join(data, 'keystone.db')}
[token]
provider = fernet
expiration = ${lifeSeconds}
allow_expired_window = 0
[fernet_tokens]
key_repository = ${join(data, 'keys')}
[fernet_receipts]
key_repository = ${join(data, 'keys')}
[credential]
key_repository = ${join(data, 'keys')}
[cache]
enabled = true
backend = dogpile.cache.memory
[identity]
password_hash_rounds = 4
`;
}
