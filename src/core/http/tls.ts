import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { Connection } from '../connection.ts';
import { type FailureDetails, type Message, TokensError } from '../errors.ts';
import { resolvePath } from '../paths.ts';
import type { Redactor } from '../redact.ts';

const pemCertificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The TLS options of a connection: whom it trusts, and its client certificate.
 * @param passphrase Of the key of the connection's client certificate.
 * @throws E_CONFIG when a file of certificates cannot be read.
 */
export async function tlsOptions(
  { connection, redactor }: { readonly connection: Connection; readonly redactor: Redactor },
  passphrase: string | undefined,
): Promise<tls.ConnectionOptions> {
  const { caFile, rejectUnauthorized, url } = connection;
  const own = await clientCertificate(connection, passphrase);
  // Node's own check, given the host: behind a proxy it does not know an IP address.
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const checkServerIdentity: typeof tls.checkServerIdentity = (_, certificate) =>
    tls.checkServerIdentity(host, certificate);
  if (caFile === undefined) {
    // Without a context of our own, VS Code can add the certificates of the operating system, as its settings say.
    return { rejectUnauthorized, checkServerIdentity, ...own };
  }
  try {
    const extra = (await readFile(resolvePath(caFile), 'utf8')).match(pemCertificates) ?? [];
    if (extra.length === 0) {
      throw new Error('no certificate in it');
    }
    for (const certificate of extra) {
      new X509Certificate(certificate); // Throws for what is no certificate, which TLS would ignore.
    }
    return {
      rejectUnauthorized,
      checkServerIdentity,
      ...own, // The agent keeps sockets and TLS sessions of different certificates apart by it.
      secureContext: tls.createSecureContext({ ca: [...trusted(), ...extra], ...own }),
    };
  } catch (error) {
    throw new TokensError('E_CONFIG', 'The CA file {0} cannot be read as PEM certificates.', [caFile], {
      detail: redactor.redact(String(error)),
      sent: false,
    });
  }
}

/** The certificates that Node trusts, and those of the operating system where Node can read them. */
function trusted(): string[] {
  const listed = (type: 'default' | 'system'): readonly string[] => {
    try {
      return tls.getCACertificates(type);
    } catch {
      return []; // Not every build has these lists, and a store may be unreadable.
    }
  };
  return [...new Set([...tls.rootCertificates, ...listed('default'), ...listed('system')])];
}

/** The options of `node:tls`. */
type ClientCertificate =
  | { readonly cert: string; readonly key: string }
  | { readonly pfx: Buffer; readonly passphrase?: string };

const pemKey = /-----BEGIN ((?:[A-Z]+ )*)PRIVATE KEY-----[\s\S]+?-----END \1PRIVATE KEY-----/;

/**
 * Reads and checks the client certificate of a connection, so that errors are told before anything is sent.
 * @param passphrase of its key, where one is known
 * @returns undefined where the connection has none
 * @throws E_CONFIG (a file is missing, of another format, or does not belong to the other), and E_CREDENTIALS where the key
 * needs a passphrase or another one. Neither has content of the files.
 */
export async function clientCertificate(
  connection: Pick<Connection, 'name' | 'certFile' | 'keyFile' | 'pfxFile'>,
  passphrase: string | undefined,
): Promise<ClientCertificate | undefined> {
  const { name, certFile, keyFile = certFile, pfxFile } = connection;
  if (pfxFile !== undefined) {
    return pfxOf(name, pfxFile, await contents('pfxFile', pfxFile), passphrase);
  }
  if (certFile === undefined || keyFile === undefined) {
    return undefined;
  }
  const cert = (await contents('certFile', certFile)).toString();
  const leaf = await orUnusable(
    { template: 'There is no certificate in PEM in the certFile {0}.', args: [certFile] },
    () => new X509Certificate(cert),
  );
  const key = keyOf(name, keyFile, (await contents('keyFile', keyFile)).toString(), passphrase);
  if (!leaf.checkPrivateKey(key)) {
    throw unusable({
      template: 'The private key in {0} does not belong to the certificate in {1}.',
      args: [keyFile, certFile],
    });
  }
  // Without its passphrase, so that it need not be opened again for each socket.
  return { cert, key: key.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function keyOf(name: string, file: string, text: string, passphrase: string | undefined): KeyObject {
  const key = pemKey.exec(text)?.[0] ?? '';
  const isEncrypted = /BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED/.test(key);
  try {
    return createPrivateKey(isEncrypted && passphrase !== undefined ? { key, passphrase } : key);
  } catch (error) {
    throw isEncrypted
      ? noPassphrase(name, passphrase, error)
      : unusable({ template: 'There is no private key in PEM in the keyFile {0}.', args: [file] }, error);
  }
}

function pfxOf(name: string, file: string, pfx: Buffer, passphrase: string | undefined): ClientCertificate {
  const found = passphrase === undefined ? { pfx } : { pfx, passphrase };
  try {
    tls.createSecureContext(found);
    return found;
  } catch (error) {
    // The messages of the libraries that VS Code and its server are built with.
    throw /mac verify|password|decrypt/i.test(String(error))
      ? noPassphrase(name, passphrase, error)
      : unusable(
          {
            template:
              'The pfxFile {0} is not a PKCS#12 file, or one protected by a method too old to be read here.',
            args: [file],
          },
          error,
        );
  }
}

function contents(setting: string, file: string): Promise<Buffer> {
  const message = { template: 'The {0} {1} cannot be read.', args: [setting, file] };
  return orUnusable(message, () => readFile(resolvePath(file)));
}

/** @throws E_CONFIG with a message where work fails */
async function orUnusable<T>(message: Message, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unusable(message, error);
  }
}

function noPassphrase(name: string, tried: string | undefined, error: unknown): TokensError {
  return new TokensError(
    'E_CREDENTIALS',
    tried === undefined
      ? 'The client certificate of {0} needs a passphrase: sign in manually to be asked for it.'
      : 'The passphrase does not open the client certificate of {0}: sign in manually to be asked for another.',
    [name],
    unsent(error),
  );
}

function unusable({ template, args }: Message, error?: unknown): TokensError {
  return new TokensError('E_CONFIG', template, args, unsent(error));
}

/** Only the error's code: its message might quote the file. */
function unsent(error: unknown): FailureDetails {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? { sent: false, detail: code } : { sent: false };
}
