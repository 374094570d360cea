import type { IncomingMessage } from 'node:http';
import { craRefusal, Refusal, tomcatPage } from './answer.ts';

/** One request, read whole. */
export interface Call {
  readonly method: string;
  /** Path and query as they came. */
  readonly url: string;
  /** The path's parts, percent-decoded; case is kept, for paths are case-sensitive (docs/protocols.md 2). */
  readonly path: readonly string[];
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly authorization: string;
  /** The header `session`, which newer pages name beside the query's parameter (docs/protocols.md 2b). */
  readonly session: string;
  readonly body: string;
}

/** Log-ons and tokens are small: more is a mistake. In bytes. */
const bodyLimit = 1 << 20;

export async function readCall(request: IncomingMessage): Promise<Call> {
  const url = request.url ?? '/';
  const [pathname = '', query] = url.split(/\?(.*)/s);
  return {
    method: request.method ?? 'GET',
    url,
    path: partsOf(pathname),
    query: new URLSearchParams(query),
    contentType: request.headers['content-type'] ?? '',
    authorization: request.headers.authorization ?? '',
    session: request.headers.session?.toString() ?? '',
    body: await readBody(request),
  };
}

function partsOf(pathname: string): readonly string[] {
  try {
    return pathname.split('/').slice(1).map(decodeURIComponent);
  } catch {
    throw new Refusal(tomcatPage(400, 'Invalid character found in the request target'));
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyLimit) {
      throw new Refusal(tomcatPage(413, 'The request body is too large', { Connection: 'close' }));
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A switch in the query: `Y`/`N` or `true`/`false` (docs/protocols.md 2b). */
export function yesOrNo(query: URLSearchParams, name: string): boolean | undefined {
  const text = parameter(query, name);
  if (text !== undefined && !/^(?:y|n|true|false)$/i.test(text)) {
    throw craRefusal(`${name} must be Y or N.`);
  }
  return text === undefined ? undefined : /^[yt]/i.test(text);
}

/** The value of a query parameter; absent, empty and the literal `null` that public clients send are all none. */
export function parameter(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name);
  return value === null || value === '' || value === 'null' ? undefined : value;
}

/** A form body's fields. Anything but a form is refused, as the real gateway's servlet would not see the fields. */
export function form(call: Call): URLSearchParams {
  if (call.body === '') {
    return new URLSearchParams();
  }
  if (!call.contentType.toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    throw new Refusal(tomcatPage(415, 'The body must be application/x-www-form-urlencoded'));
  }
  return new URLSearchParams(call.body);
}

/** The token of an `Authorization: Bearer` header. */
export function bearer({ authorization }: Call): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
}

/** The fields of a JSON object in the body; undefined where it is none. */
export function jsonFields({ contentType, body }: Call): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    const isJson = /^application\/json\b/i.test(contentType);
    return isJson && typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** Refuses every method but the one that is documented or assumed. */
export function allow(call: Call, ...methods: readonly string[]): void {
  if (!methods.includes(call.method)) {
    throw new Refusal(
      tomcatPage(405, `Request method '${call.method}' is not supported`, { Allow: methods.join(', ') }),
    );
  }
}
