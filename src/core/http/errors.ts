import type { Connection } from '../connection.ts';
import { type Message, TokensError } from '../errors.ts';
import type { Redactor } from '../redact.ts';

/** The `TokensError` for what a library threw, whose message goes to the log only, redacted. */
export function explain(
  error: unknown,
  host: string,
  { connection, redactor }: { readonly connection: Connection; readonly redactor: Redactor },
): TokensError {
  if (error instanceof TokensError) {
    return error;
  }
  const { code, syscall, message } = rootOf(error);
  const detail = redactor.redact(`${code} ${message}`.trim());
  const unsent = { detail, sent: false };
  const [, unreached] = unreachable.find(([form]) => form.test(`${code} ${syscall} ${message}`)) ?? [];
  if (unreached !== undefined) {
    const details = { ...unsent, permanent: code === 'ENOTFOUND' };
    return new TokensError('E_NETWORK', unreached.template, [host], details);
  }
  const alert = certificateAlert.exec(`${code} ${message}`)?.[1]?.toLowerCase().replaceAll('_', ' ');
  const tlsFailure = alert === undefined ? tlsFailures[code] : alertMessage(alert, connection);
  if (tlsFailure !== undefined) {
    return new TokensError('E_TLS', tlsFailure.template, [host, alert ?? code], unsent);
  }
  if (/^(?:CERT|ERR_TLS|ERR_SSL)_|_CERT_|_CRL_/.test(code)) {
    return new TokensError('E_TLS', 'The certificate of {0} is not trusted: {1}.', [host, code], unsent);
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return tooManyHeaders(host);
  }
  if (code.startsWith('HPE_')) {
    return new TokensError(
      'E_PROTOCOL',
      '{0} does not answer in HTTP; check the address (http or https?) and its port.',
      [host],
      { detail },
    );
  }
  if (code === 'ERR_INVALID_CHAR' || code === 'ERR_UNESCAPED_CHARACTERS') {
    return new TokensError('E_PROTOCOL', 'A token of {0} has characters that cannot be sent.', [host], {
      sent: false,
    });
  }
  return new TokensError('E_NETWORK', 'The connection to {0} broke off.', [host], { detail });
}

/** Why nothing was sent, by the code, the system call and the message of an error. */
const unreachable: readonly (readonly [form: RegExp, Message])[] = [
  [/^(?:ENOTFOUND|EAI_AGAIN|EAI_NODATA) |^\S* getaddrinfo /, { template: 'The host of {0} was not found.' }],
  [/^ECONNREFUSED /, { template: 'Nothing answers at {0}: the connection was refused.' }],
  [/^(?:EHOSTUNREACH|ENETUNREACH) |^\S* connect /, { template: '{0} cannot be reached.' }],
  // VS Code's own agent gives no other code.
  [
    /^\S* \S* Failed to establish a socket connection to proxies/,
    { template: 'The proxy on the way to {0} cannot be reached; check the setting http.proxy of VS Code.' },
  ],
];

/**
 * A TLS alert about the client's certificate, as opposed to the server's. Libraries spell its alerts in several ways:
 * `ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED`, `sslv3 alert bad certificate`, `SSL/TLS_ALERT_UNKNOWN_CA`.
 */
const certificateAlert =
  /alert[ _]((?:no|bad|unsupported)[ _]certificate|certificate[ _](?:required|revoked|expired|unknown)|unknown[ _]ca|access[ _]denied|decrypt[ _]error|handshake[ _]failure)/i;

function alertMessage(alert: string, { certFile, pfxFile }: Connection): Message {
  if ((certFile ?? pfxFile) !== undefined) {
    return { template: '{0} refused the client certificate of this connection: {1}.' };
  }
  return alert === 'handshake failure'
    ? {
        template:
          '{0} broke off the TLS handshake; if it wants a client certificate, name its files in the connection’s certFile and keyFile, or in pfxFile.',
      }
    : {
        template:
          '{0} wants a client certificate; name its files in the connection’s certFile and keyFile, or in pfxFile.',
      };
}

const selfSigned = {
  template:
    'The certificate of {0} is self-signed; name its PEM file in the connection’s caFile to trust it.',
};
const unknownIssuer = {
  template:
    'The certificate of {0} was issued by an authority that is not known here; name the authority’s PEM file in the connection’s caFile.',
};

/** What the codes of Node and OpenSSL mean for a person. */
const tlsFailures: Readonly<Record<string, Message>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT: unknownIssuer,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownIssuer,
  CERT_HAS_EXPIRED: { template: 'The certificate of {0} has expired.' },
  CERT_NOT_YET_VALID: { template: 'The certificate of {0} is not valid yet; check this machine’s clock.' },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    template:
      'The certificate of {0} was issued for another name; use the name in it as the connection’s address.',
  },
  EPROTO: {
    template:
      '{0} does not answer in TLS, or in one too old; check the address (http or https?) and its port.',
  },
};

/** @param bound in bytes */
export function tooLarge(host: string, bound: number): TokensError {
  return new TokensError('E_TOO_LARGE', 'The answer of {0} is larger than {1} MB.', [
    host,
    Number((bound / 1_048_576).toPrecision(6)),
  ]);
}

export function tooManyHeaders(host: string): TokensError {
  return new TokensError('E_TOO_LARGE', 'The answer of {0} has too many headers, or too long ones.', [host]);
}

export function brokenOff(host: string): TokensError {
  return new TokensError('E_NETWORK', 'The answer of {0} broke off.', [host]);
}

/** The error inside of axios's, and inside of an `AggregateError` for all addresses of a host. */
function rootOf(error: unknown): { code: string; syscall: string; message: string } {
  let root: unknown = error;
  if (root instanceof Error && 'isAxiosError' in root && root.cause instanceof Error) {
    root = root.cause;
  }
  if (root instanceof AggregateError && root.errors[0] instanceof Error) {
    root = root.errors[0];
  }
  const known: Partial<NodeJS.ErrnoException> = root instanceof Error ? root : {};
  return { code: String(known.code ?? ''), syscall: known.syscall ?? '', message: known.message ?? '' };
}
