import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import tls from 'node:tls';
import type { Connection } from '../connection.ts';
import { TokensError } from '../errors.ts';
import { resolvePath } from '../paths.ts';
import type { Redactor } from '../redact.ts';
import { clientCertificate } from './clientCertificate.ts';

const pemCertificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * How a connection's gateway is known, and this side proves itself to it.
 * @param passphrase Of the key of the connection's client certificate.
 * @throws E_CONFIG when a file of certificates cannot be read.
 */
export async function tlsOptions(
  { connection, redactor }: { readonly connection: Connection; readonly redactor: Redactor },
  passphrase: string | undefined,
): Promise<tls.ConnectionOptions> {
  const { caFile, rejectUnauthorized, url } = connection;
  const own = await clientCertificate(connection, passphrase);
  // Node's own check, which behind a proxy does not know the name where that is an IP address.
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const checkServerIdentity: typeof tls.checkServerIdentity = (_, certificate) =>
    tls.checkServerIdentity(host, certificate);
  if (caFile === undefined) {
    // No context of ours: so VS Code can put in the certificates of the operating system, as its settings say.
    return { rejectUnauthorized, checkServerIdentity, ...own };
  }
  try {
    const extra = (await readFile(resolvePath(caFile), 'utf8')).match(pemCertificates) ?? [];
    if (extra.length === 0) {
      throw new Error('no certificate in it');
    }
    for (const certificate of extra) {
      new X509Certificate(certificate); // What is no certificate would be passed over in silence.
    }
    return {
      rejectUnauthorized,
      checkServerIdentity,
      ...own, // By it the agent tells sockets and TLS sessions of one certificate from those of another.
      secureContext: tls.createSecureContext({ ca: [...trusted(), ...extra], ...own }),
    };
  } catch (error) {
    throw new TokensError('E_CONFIG', 'The CA file {0} cannot be read as PEM certificates.', [caFile], {
      detail: redactor.redact(String(error)),
      sent: false,
    });
  }
}

/** What Node trusts by itself, and what the operating system trusts where Node can tell. */
function trusted(): string[] {
  const listed = (type: 'default' | 'system'): readonly string[] => {
    try {
      return tls.getCACertificates(type);
    } catch {
      return []; // Not every build has lists, and a store that cannot be read adds nothing.
    }
  };
  return [...new Set([...tls.rootCertificates, ...listed('default'), ...listed('system')])];
}
