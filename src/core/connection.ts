import * as v from 'valibot';
import type { Sentence } from './errors.ts';

/** The protocols that are spoken. */
export const kinds = ['bmc-cra', 'sarus'] as const;
export type Kind = (typeof kinds)[number];

/** How a CRA gateway is spoken to (PROTOCOLS.md 2a, 2b); `auto` finds out and remembers. */
export const dialects = ['auto', 'getData', 'views'] as const;
export type Dialect = (typeof dialects)[number];

export const keepAliveModes = ['manual', 'auto'] as const;
export type KeepAliveMode = (typeof keepAliveModes)[number];

/** CRA: what a person logs on with. */
export const logins = ['password', 'certificate'] as const;

/** Stands in a header's value for what is kept in the secret storage. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: so people write it in their settings.
export const secretPlace = '${secret}';

/** One gateway as its person described it in `sessionTokens.connections`, with every default filled in. */
export interface Connection {
  readonly name: string;
  readonly kind: Kind;
  /** Origin with an optional path prefix, without a slash at the end. */
  readonly url: string;
  /** CRA: the service to log on to. */
  readonly service?: string;
  readonly dialect: Dialect;
  /** CRA: the gateway's timeout; SARUS: the life asked for. In minutes. */
  readonly lifeMinutes: number;
  /** CRA: the Tomcat user for Basic authorization. */
  readonly gatewayUser?: string;
  readonly keepAlive: KeepAliveMode;
  /** CRA: how many sessions are kept open on it at most. */
  readonly maxSessions: number;
  /** File of extra CA certificates (PEM). */
  readonly caFile?: string;
  /** Client certificate (PEM), with the authorities between it and its root if the gateway wants them. */
  readonly certFile?: string;
  /** Its private key (PEM); where absent, it is in `certFile`. */
  readonly keyFile?: string;
  /** Client certificate and private key (PKCS#12), instead of the two. */
  readonly pfxFile?: string;
  readonly login: (typeof logins)[number];
  /** Sent with every request; in a value, `${secret}` stands for what is kept in the secret storage. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly rejectUnauthorized: boolean;
  /** For one request, from sending to the last byte. In seconds. */
  readonly requestTimeoutSeconds: number;
}

/** What is secret of a connection besides its login: a person is asked for it once. */
export interface ConnectionSecrets {
  /** Of the client certificate's key. */
  readonly passphrase?: string;
  /** What stands for `${secret}` in a header, by the header's name in small letters. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Bounds that the CRA gateway clamps its timeout to (PROTOCOLS.md 2), in minutes. */
const craLife = { least: 5, most: 1440, usual: 15 };
/** Bounds of SARUS's `Minutes` (PROTOCOLS.md 1). */
const sarusLife = { least: 1, most: 1440, usual: 30 };

/** What can be wrong with a field, {0}. */
const wrong = {
  missing: { template: '"{0}" is missing' },
  string: { template: '"{0}" must be a string' },
  number: { template: '"{0}" must be a number' },
  boolean: { template: '"{0}" must be a boolean' },
  choice: { template: '"{0}" must be one of {1}' },
  empty: { template: '"{0}" must not be empty' },
  positive: { template: '"{0}" must be more than 0' },
  integer: { template: '"{0}" must be a whole number' },
  least: { template: '"{0}" must be 1 or more' },
  address: { template: '"{0}" must be an http or https address without user, query or fragment' },
  headers: { template: '"{0}" must be an object of headers' },
  header: {
    template: '"{0}" is no header that can be set: its name is wrong, or each request needs its own',
  },
  headerValue: { template: '"{0}" must be text without line breaks that a header can carry' },
  both: { template: '"{0}" cannot be used together with "{1}"' },
  entry: { template: 'must be an object' },
} as const;
type Wrong = keyof typeof wrong;

/** The message of a check is the name of what is wrong. */
const as = (what: Wrong): Wrong => what;

const name = v.pipe(v.string(as('string')), v.trim(), v.nonEmpty(as('empty')));
const number = v.pipe(v.number(as('number')), v.finite(as('number')));
const positive = v.pipe(number, v.gtValue(0, as('positive')));
const choice = <const T extends readonly string[]>(of: T) => v.picklist(of, as('choice'));

/** Headers that frame a message or belong to one hop of its way, and those that say how a body is coded. */
const ownHeaders =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|accept-encoding|proxy-.*|cookie|set-cookie)$/i;

/** Whether a text can be a header's value: what else could be typed ends the header, or cannot be sent. */
export function isHeaderValue(text: string): boolean {
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(text) && text.trim() !== '';
}

const headerName = v.pipe(
  v.string(as('header')),
  v.check((text) => /^[\w!#$%&'*+.^`|~-]+$/.test(text) && !ownHeaders.test(text), as('header')),
);

const choices: Readonly<Record<string, readonly string[]>> = {
  kind: kinds,
  dialect: dialects,
  keepAlive: keepAliveModes,
  login: logins,
};

const schema = v.object(
  {
    name,
    kind: choice(kinds),
    url: v.pipe(v.string(as('string')), v.trim(), v.check(isHttpUrl, as('address'))),
    service: v.optional(name),
    dialect: v.optional(choice(dialects), 'auto'),
    lifeMinutes: v.optional(positive),
    gatewayUser: v.optional(name),
    keepAlive: v.optional(choice(keepAliveModes), 'manual'),
    maxSessions: v.optional(v.pipe(number, v.integer(as('integer')), v.minValue(1, as('least'))), 5),
    caFile: v.optional(name),
    certFile: v.optional(name),
    keyFile: v.optional(name),
    pfxFile: v.optional(name),
    login: v.optional(choice(logins), 'password'),
    headers: v.optional(
      v.record(
        headerName,
        v.pipe(v.string(as('string')), v.check(isHeaderValue, as('headerValue'))),
        as('headers'),
      ),
    ),
    rejectUnauthorized: v.optional(v.boolean(as('boolean')), true),
    requestTimeoutSeconds: v.optional(positive, 30),
  },
  as('entry'),
);

export type Parsed<T, Reason = string> = { ok: true; value: T } | { ok: false; reason: Reason };

/**
 * Reads one entry of `sessionTokens.connections`. Numbers out of bounds are clamped as CONTRACT.md says;
 * anything else that is wrong gives a reason that names the field. Unknown fields are passed over.
 */
export function parseConnection(input: unknown): Parsed<Connection, Sentence> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    return { ok: false, reason: reasonOf(parsed.issues[0]) };
  }
  const { lifeMinutes, url, service, gatewayUser, caFile, certFile, keyFile, pfxFile, headers, ...rest } =
    parsed.output;
  const login = rest.kind === 'bmc-cra' ? rest.login : 'password';
  if (pfxFile !== undefined && (certFile ?? keyFile) !== undefined) {
    const other = certFile === undefined ? 'keyFile' : 'certFile';
    return { ok: false, reason: { ...wrong.both, args: ['pfxFile', other] } };
  }
  if ((certFile ?? pfxFile) === undefined && (keyFile !== undefined || login === 'certificate')) {
    return { ok: false, reason: { ...wrong.missing, args: ['certFile'] } };
  }
  const bounds = rest.kind === 'sarus' ? sarusLife : craLife;
  return {
    ok: true,
    value: {
      ...rest,
      login,
      url: url.replace(/\/+$/, ''),
      lifeMinutes: Math.min(Math.max(lifeMinutes ?? bounds.usual, bounds.least), bounds.most),
      ...(service === undefined ? {} : { service }),
      ...(gatewayUser === undefined ? {} : { gatewayUser }),
      ...(caFile === undefined ? {} : { caFile }),
      ...(certFile === undefined ? {} : { certFile }),
      ...(keyFile === undefined ? {} : { keyFile }),
      ...(pfxFile === undefined ? {} : { pfxFile }),
      ...(headers === undefined ? {} : { headers }),
    },
  };
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

/** Whether an origin is this very machine, where plain http shows nothing to anybody. */
export function isLoopback(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function isHttpUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    (url.protocol === 'http:' || url.protocol === 'https:') &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === ''
  );
}

function reasonOf(issue: v.BaseIssue<unknown>): Sentence {
  const field = v.getDotPath(issue) ?? '';
  const isMissing = field !== '' && issue.received === 'undefined';
  const { template } = wrong[isMissing ? 'missing' : (issue.message as Wrong)];
  return { template, args: field === '' ? [] : [field, (choices[field] ?? []).join(', ')] };
}
