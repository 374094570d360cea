import * as v from 'valibot';
import { as, nameCharacters, reason, reasonOf } from './checks.ts';
import type { Message } from './errors.ts';

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
/** One of these texts. */
export const choice = <const T extends readonly string[]>(of: T) => v.picklist(of);

/** Headers that frame a message or belong to one hop of its way, and those that say how a body is coded. */
const ownHeaders =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|proxy-.*|cookie|set-cookie)$/i;

/** Whether a text can be a header's value: what else could be typed ends the header, or cannot be sent. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) && text.trim() !== '';
}

const headerName = v.pipe(
  v.string(as('header')),
  v.check((text) => nameCharacters.test(text) && !ownHeaders.test(text), as('header')),
);

/** What every connection has. */
export const commonSettings = {
  name,
  /** Origin with an optional path prefix; a slash at the end is taken away. */
  url: v.pipe(v.string(), v.trim(), v.check(isHttpUrl, as('address'))),
  /** The full life of a token where the gateway does not tell it, in minutes. */
  lifeMinutes: v.optional(number),
  keepAlive: v.optional(choice(keepAliveModes), 'manual'),
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
    v.record(headerName, v.pipe(v.string(), v.check(isHeaderValue, as('headerValue'))), as('headers')),
  ),
  rejectUnauthorized: v.optional(v.boolean(), true),
  /** The time of one request, from sending to the last byte, in seconds. */
  requestTimeoutSeconds: v.optional(positive, 30),
};
const commonSchema = v.object(commonSettings);

/** One gateway as its person described it in `sessionTokens.connections`, with every default filled in. */
export interface Connection extends Readonly<v.InferOutput<typeof commonSchema>> {
  /** The gateway's kind; what else its connections have, its protocol says. */
  readonly kind: string;
  readonly lifeMinutes: number;
  /** The service to sign in to, where a gateway consists of services. */
  readonly service?: string | undefined;
}

/** The part of a kind of gateway by which its connections are read. */
export interface ConnectionKind {
  /** Bounds and default of `lifeMinutes`, in minutes. */
  readonly life: { readonly min: number; readonly max: number; readonly default: number };
  /** The members that only connections of this kind have. */
  readonly settings: v.ObjectEntries;
  /** The ways to sign in; one without fields is by client certificate alone. */
  logins(connection: Connection): readonly { readonly fields: readonly unknown[] }[];
  /** Members of only this kind that are kept as they are written, and read by {@link check}. */
  readonly asWritten?: readonly string[];
  /** Whether there are gateways that let anybody sign in, without a login or a certificate. */
  readonly mayBeOpen?: boolean;
  /** What is wrong with the members of this kind together, or with those {@link asWritten}. */
  check?(connection: Connection): Message | undefined;
}

export type Parsed<T, Reason = string> = { ok: true; value: T } | { ok: false; reason: Reason };

/**
 * Reads one entry of `sessionTokens.connections`. Numbers out of bounds are clamped to them; anything else that is wrong
 * gives a reason that names the member. Unknown members are ignored.
 */
export function readConnection(
  input: unknown,
  kinds: Readonly<Record<string, ConnectionKind>>,
): Parsed<Connection, Message> {
  const begun = v.safeParse(v.object({ name, kind: choice(Object.keys(kinds)) }), input);
  const kind = begun.success ? kinds[begun.output.kind] : undefined;
  if (!begun.success || kind === undefined) {
    return { ok: false, reason: reasonOf(begun.issues?.[0]) };
  }
  const isWritten = ([member]: [string, unknown]) => kind.asWritten?.includes(member) ?? false;
  const members = Object.entries(input as object);
  const checked = Object.fromEntries(members.filter((member) => !isWritten(member)));
  const parsed = v.safeParse(v.object({ ...commonSettings, ...kind.settings }), checked);
  if (!parsed.success) {
    return { ok: false, reason: reasonOf(parsed.issues[0]) };
  }
  const { lifeMinutes = kind.life.default, url, ...rest } = parsed.output;
  const connection = {
    ...withoutUndefined({ ...rest, ...Object.fromEntries(members.filter(isWritten)) }),
    kind: begun.output.kind,
    url: url.replace(/\/+$/, ''),
    lifeMinutes: Math.min(Math.max(lifeMinutes, kind.life.min), kind.life.max),
  };
  const { certFile, keyFile, pfxFile } = connection;
  if (pfxFile !== undefined && (certFile ?? keyFile) !== undefined) {
    const other = certFile === undefined ? 'keyFile' : 'certFile';
    return { ok: false, reason: reason('both', 'pfxFile', other) };
  }
  const wrongMember = kind.check?.(connection);
  if (wrongMember !== undefined) {
    return { ok: false, reason: wrongMember };
  }
  const isByCertificate =
    !kind.mayBeOpen && kind.logins(connection).some(({ fields }) => fields.length === 0);
  const needsCertificate = keyFile !== undefined || isByCertificate;
  return (certFile ?? pfxFile) === undefined && needsCertificate
    ? { ok: false, reason: reason('missing', 'certFile') }
    : { ok: true, value: connection };
}

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
