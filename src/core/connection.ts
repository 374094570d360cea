import * as v from 'valibot';

/** The protocols that are spoken. */
export const kinds = ['bmc-cra', 'sarus'] as const;
export type Kind = (typeof kinds)[number];

/** How a CRA gateway is spoken to (PROTOCOLS.md 2a, 2b); `auto` finds out and remembers. */
export const dialects = ['auto', 'getData', 'views'] as const;
export type Dialect = (typeof dialects)[number];

export type KeepAliveMode = 'manual' | 'auto';

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
  readonly rejectUnauthorized: boolean;
  /** For one request, from sending to the last byte. In seconds. */
  readonly requestTimeoutSeconds: number;
}

/** Bounds that the CRA gateway clamps its timeout to (PROTOCOLS.md 2), in minutes. */
const craLife = { least: 5, most: 1440, usual: 15 };
/** Bounds of SARUS's `Minutes` (PROTOCOLS.md 1). */
const sarusLife = { least: 1, most: 1440, usual: 30 };

const name = v.pipe(v.string(), v.trim(), v.nonEmpty('must not be empty'));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0, 'must be more than 0'));

const schema = v.object({
  name,
  kind: v.picklist(kinds, `must be one of ${kinds.join(', ')}`),
  url: v.pipe(
    v.string(),
    v.trim(),
    v.check(isHttpUrl, 'must be an http or https address without user, query or fragment'),
  ),
  service: v.optional(name),
  dialect: v.optional(v.picklist(dialects, `must be one of ${dialects.join(', ')}`), 'auto'),
  lifeMinutes: v.optional(positive),
  gatewayUser: v.optional(name),
  keepAlive: v.optional(v.picklist(['manual', 'auto'], 'must be manual or auto'), 'manual'),
  maxSessions: v.optional(
    v.pipe(v.number(), v.integer('must be a whole number'), v.minValue(1, 'must be 1 or more')),
    5,
  ),
  caFile: v.optional(name),
  rejectUnauthorized: v.optional(v.boolean(), true),
  requestTimeoutSeconds: v.optional(positive, 30),
});

export type Parsed<T> = { ok: true; value: T } | { ok: false; reason: string };

/**
 * Reads one entry of `sessionTokens.connections`. Numbers out of bounds are clamped as CONTRACT.md says;
 * anything else that is wrong gives a reason that names the field. Unknown fields are passed over.
 */
export function parseConnection(input: unknown): Parsed<Connection> {
  const parsed = v.safeParse(schema, input);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const field = v.getDotPath(issue);
    return { ok: false, reason: field === null ? 'must be an object' : `"${field}" ${describe(issue)}` };
  }
  const { lifeMinutes, url, service, gatewayUser, caFile, ...rest } = parsed.output;
  const bounds = rest.kind === 'sarus' ? sarusLife : craLife;
  return {
    ok: true,
    value: {
      ...rest,
      url: url.replace(/\/+$/, ''),
      lifeMinutes: Math.min(Math.max(lifeMinutes ?? bounds.usual, bounds.least), bounds.most),
      ...(service === undefined ? {} : { service }),
      ...(gatewayUser === undefined ? {} : { gatewayUser }),
      ...(caFile === undefined ? {} : { caFile }),
    },
  };
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

function describe(issue: v.BaseIssue<unknown>): string {
  if (issue.type === 'object' || issue.received === 'undefined') {
    return 'is missing';
  }
  return issue.kind === 'schema' && issue.type !== 'picklist' ? `must be a ${issue.type}` : issue.message;
}
