import * as v from 'valibot';
import { as, type Checked, nameCharacters } from './checks.ts';

const keepAliveModes = ['manual', 'auto'] as const;
export type KeepAliveMode = (typeof keepAliveModes)[number];

/** The placeholder in a header's value for the part that is in the secret storage. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: so people write it in their settings.
export const secretPlace = '${secret}';

/** A connection's secrets besides the login. A person is asked for them once. */
export interface ConnectionSecrets {
  /** Of the client certificate's key. */
  readonly passphrase?: string;
  /** The values of `${secret}` in headers, by the header's name in lower case. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** A text of the settings. */
export const name = v.pipe(v.string(), v.trim(), v.nonEmpty());
const number = v.pipe(v.number(), v.finite());
const positive = v.pipe(number, v.gtValue(0));

/** Headers that frame a message or belong to one hop of its way. */
const ownHeaders =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-(?:length|encoding)|accept-encoding|proxy-.*|cookie|set-cookie)$/i;

/** Whether a text can be a header's value: what else could be typed ends the header, or cannot be sent. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) && text.trim() !== '';
}

/** The name of a header that can be set. */
export const headerName = v.pipe(
  v.string(as('header')),
  v.check((text) => nameCharacters.test(text) && !ownHeaders.test(text), as('header')),
);
/** The same for requests with any body. */
const bodilessName = v.pipe(
  headerName,
  v.check((text) => !/^content-/i.test(text), as('header')),
);

/** What every connection has. */
export const commonSettings = {
  name,
  /** Origin with an optional path prefix; a slash at the end is taken away. */
  url: v.pipe(v.string(), v.trim(), v.check(isHttpUrl, as('address'))),
  /** The full life of a token where the gateway does not tell it, in minutes. */
  lifeMinutes: v.optional(number),
  keepAlive: v.optional(v.picklist(keepAliveModes), 'manual'),
  /** How many sessions are kept open on it at most. */
  maxSessions: v.optional(v.pipe(number, v.integer(), v.minValue(1)), 5),
  /** File of extra CA certificates (PEM). */
  caFile: v.optional(name),
  /** Client certificate (PEM), with the authorities between it and its root if the gateway wants them. */
  certFile: v.optional(name),
  /** Its private key (PEM); where absent, it is in `certFile`. */
  keyFile: v.optional(name),
  /** Client certificate and private key (PKCS#12), instead of the two. */
  pfxFile: v.optional(name),
  /** Sent with every request; `${secret}` in a value is replaced by what is in the secret storage. */
  headers: v.optional(
    v.record(bodilessName, v.pipe(v.string(), v.check(isHeaderValue, as('headerValue'))), as('headers')),
  ),
  rejectUnauthorized: v.optional(v.boolean(), true),
  /** The time of one request, from sending to the last byte, in seconds. */
  requestTimeoutSeconds: v.optional(positive, 30),
};

/** One gateway as its person described it in `sessionTokens.connections`, with every default filled in. */
export interface Connection extends Checked<typeof commonSettings> {
  /** The gateway's kind; what else its connections have, its protocol says. */
  readonly kind: string;
  readonly lifeMinutes: number;
  /** The service to sign in to, where a gateway consists of services. */
  readonly service?: string | undefined;
}

export type Parsed<T, Reason = string> = { ok: true; value: T } | { ok: false; reason: Reason };

/** Without the members that are undefined, which exact optional types tell from absent ones. */
export function withoutUndefined<T extends object>(input: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value !== undefined)) as never;
}

/** Whether a connection may need {@link ConnectionSecrets}. */
export function hasSecrets({ certFile, pfxFile, headers = {} }: Connection): boolean {
  return (
    (certFile ?? pfxFile) !== undefined || Object.values(headers).some((value) => value.includes(secretPlace))
  );
}

/** The part of a connection that decides who gets to see its credentials. */
export function originOf(connection: Pick<Connection, 'url'>): string {
  return new URL(connection.url).origin;
}

/** Whether an address is on this machine, so that plain http to it cannot be read by others. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** What is unsafe about a connection. Plain http to the loopback address is not: it does not leave the machine. */
export type Danger = 'unverified' | 'unencrypted';

export function dangerOf(connection: Pick<Connection, 'url' | 'rejectUnauthorized'>): Danger | undefined {
  if (new URL(connection.url).protocol === 'http:') {
    return isLoopback(connection.url) ? undefined : 'unencrypted'; // Without TLS there is nothing to verify.
  }
  return connection.rejectUnauthorized ? undefined : 'unverified';
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  const others = url && url.username + url.password + url.search + url.hash;
  return /^https?:$/.test(url?.protocol ?? '') && others === '';
}
