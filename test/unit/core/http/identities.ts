import { execFile } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate } from 'selfsigned';

export interface Identity {
  readonly cert: string;
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority, and what it vouches for, in files of a folder of their own. */
export class Authority {
  readonly folder: string;
  readonly cert: string;
  readonly #key: string;

  private constructor(folder: string, cert: string, key: string) {
    this.folder = folder;
    this.cert = cert;
    this.#key = key;
  }

  static async make(): Promise<Authority> {
    const made = await generate([{ name: 'commonName', value: 'Authority of the tests' }], {
      keyType: 'ec',
      algorithm: 'sha256',
      extensions: [{ name: 'basicConstraints', cA: true }],
    });
    const folder = await mkdtemp(join(tmpdir(), 'identities-'));
    await writeFile(join(folder, 'ca.pem'), made.cert);
    return new Authority(folder, made.cert, made.private);
  }

  get caFile(): string {
    return join(this.folder, 'ca.pem');
  }

  async issue(name: string, until?: Date): Promise<Identity> {
    const made = await generate([{ name: 'commonName', value: name }], {
      keyType: 'ec',
      algorithm: 'sha256',
      ca: { cert: this.cert, key: this.#key },
      ...(until === undefined
        ? {}
        : { notBeforeDate: new Date(until.getTime() - 86_400_000), notAfterDate: until }),
      extensions: [
        { name: 'basicConstraints', cA: false },
        { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
      ],
    });
    return {
      cert: made.cert,
      key: made.private,
      certFile: await this.file(`${name}.pem`, made.cert),
      keyFile: await this.file(`${name}-key.pem`, made.private),
    };
  }

  async file(name: string, text: string): Promise<string> {
    const file = join(this.folder, name);
    await writeFile(file, text);
    return file;
  }

  /** A key that opens with a passphrase only. */
  async locked(
    name: string,
    { key }: Identity,
    passphrase: string,
    type: 'pkcs8' | 'sec1' = 'pkcs8',
  ): Promise<string> {
    const cipher = { type, format: 'pem', cipher: 'aes-256-cbc', passphrase } as const;
    return this.file(name, createPrivateKey(key).export(cipher).toString());
  }

  /** As browsers and Windows export an identity; undefined where this machine has no `openssl` to make it with. */
  async pfx(name: string, { certFile, keyFile }: Identity, passphrase: string): Promise<string | undefined> {
    const file = join(this.folder, name);
    const args = ['pkcs12', '-export', '-in', certFile, '-inkey', keyFile, '-out', file];
    try {
      await promisify(execFile)('openssl', [...args, '-passout', `pass:${passphrase}`]);
      return file;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        return undefined;
      }
      throw error;
    }
  }

  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}
