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
