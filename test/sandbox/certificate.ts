/** Key and certificate, PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/**
 * A self-signed certificate for 127.0.0.1 and localhost, in memory. Rejects with a sentence for a person when the
 * development dependency that makes it is not installed: it is no part of the extension.
 */
export async function selfSigned(): Promise<TlsIdentity> {
  const { generate } = await import('selfsigned').catch(() => {
    throw new Error('--tls needs the development dependency "selfsigned": run npm ci first.');
  });
  const pems = await generate([{ name: 'commonName', value: 'localhost' }], {
    keySize: 2048,
    algorithm: 'sha256',
    extensions: [
      // It signs itself, so clients that trust it trust it as an authority.
      { name: 'basicConstraints', cA: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
        ],
      },
    ],
  });
  return { key: pems.private, cert: pems.cert };
}
