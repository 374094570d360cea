import { TokensError } from '../errors.ts';
import { decodePairs } from '../http/encode.ts';
import type { HttpAnswer, HttpHead, HttpRequest } from '../http/request.ts';
import { jsonOf, readJson, type Sent } from '../json.ts';

/** A script's request to a gateway, through a relay. */
export interface ScriptRequest {
  readonly method: HttpRequest['method'];
  /** Below the connection's URL, encoded. */
  readonly path: string;
  /** What stands after the question mark, as it was sent. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | undefined;
}

/** A script's request, as its kind of gateway sends it on. */
export interface Relaying<Q> {
  /** Without what the script sent in the token's place. */
  readonly request: ScriptRequest;
  /** What it asks for, if it gets data in a session. */
  readonly query?: Q;
  readonly service?: string | undefined;
  /** Whether a session that it opens stays open. */
  readonly keepOpen?: boolean;
}

/** What a data call is made for, where that is a script. */
export interface Relayed {
  readonly request: ScriptRequest;
  readonly script: Script;
}

/** Who gets the answer. */
export interface Script {
  /** Is called with secrets that are to be masked in the answer. */
  onSecrets(secrets: readonly string[]): void;
  onHead(head: HttpHead): void;
  /** Is called with an answer that is no success. */
  onFailure(answer: HttpAnswer): void;
  /** Is called with the error of a call; another call may follow. */
  onError(error: unknown): void;
}

/** The error for a request about tokens. */
export function notRelayed(): TokensError {
  return new TokensError(
    'E_CONFIG',
    'Requests that sign in, renew or end tokens are not relayed: Session Tokens makes them itself.',
    [],
    { sent: false },
  );
}

/** The pairs of a query or a form without those of some names, which are in lower case; all else as it was sent. */
export function without(pairs: string, names: readonly string[]): string {
  const isNamed = (pair: string) => decodePairs(pair).some(([name]) => names.includes(name.toLowerCase()));
  return pairs
    .split('&')
    .filter((pair) => !isNamed(pair))
    .join('&');
}

/** A text decoded as often as any server may; bytes that are no UTF-8 stay encoded. */
function bare(text: string): string {
  const bytes = Buffer.from(text).toString('latin1');
  const once = bytes.replace(/%(?:25)*([\da-f]{2})/gi, (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return once === bytes ? text : bare(Buffer.from(once, 'latin1').toString());
}

/** The steps of a path as a server may read them: decoded, in lower case, without parameters and suffixes. */
export function stepsOf(path: string): string[] {
  return bare(path)
    .split(/[/\\]/)
    .map((step) =>
      step
        .replace(/[;?#].*$/s, '')
        .trim()
        .toLowerCase(),
    )
    .filter((step) => step !== '');
}

/** A script's request as it is sent, without the token. */
export function sentOf({ method, path, query, headers, body }: ScriptRequest): HttpRequest {
  const isSafe = method === 'GET' || method === 'HEAD';
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    headers,
    body,
    ...(isSafe ? { idempotent: 'network' } : {}),
  };
}

/** A step without the suffix by which some frameworks choose the format of the answer: `logoff.json`. */
export function unsuffixed(step: string): string {
  return step.replace(/(?<=.)\.\w+$/, '');
}

/** Whether the body is a form, and not JSON that calls itself one, as `curl -d` does. */
export function isForm({ headers, body }: ScriptRequest): boolean {
  const isCalledSo = /^application\/x-www-form-urlencoded\b/i.test(headers['content-type'] ?? '');
  return body !== undefined && isCalledSo && !/^\s*[[{]/.test(latin(body.subarray(0, 64)));
}

/** Bytes as characters of the same number. */
function latin(bytes: Uint8Array | readonly number[]): string {
  return Buffer.from(bytes).toString('latin1');
}

/** The parameters of a request, in its query and its form, in which bytes may stand as they are. */
export function paramsOf(request: ScriptRequest): [string, string][] {
  const form = isForm(request) ? latin(request.body ?? []) : '';
  return decodePairs(
    `${request.query}&${form}`.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`),
  );
}

/** The request without parameters of some names, which are in lower case, in its query and its form. */
export function withoutNames(request: ScriptRequest, names: readonly string[]): ScriptRequest {
  const { body, query } = request;
  const form = body && isForm(request) ? Buffer.from(without(latin(body), names), 'latin1') : body;
  return { ...request, query: without(query, names), body: form };
}

/** The request with one more field in its form. */
export function withField(request: ScriptRequest, pair: string): ScriptRequest {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', ...request.headers };
  const form = [latin(request.body ?? Buffer.alloc(0)), pair].filter(Boolean).join('&');
  return { ...request, headers, body: Buffer.from(form, 'latin1') };
}

/** The request with a text at a path of its JSON; undefined where its body cannot have it. Numbers stay as they were sent. */
export function withText(
  request: ScriptRequest,
  path: readonly string[],
  text: string,
): ScriptRequest | undefined {
  try {
    const body = textOf(request).trim();
    const json = textPut(body === '' ? new Map() : readJson(body).value, path, text);
    const headers = { 'content-type': 'application/json', ...request.headers };
    return json === undefined ? undefined : { ...request, headers, body: Buffer.from(jsonOf(json)) };
  } catch {
    return undefined;
  }
}

export function textOf({ body }: Pick<ScriptRequest, 'body'>): string {
  return Buffer.from(body ?? []).toString();
}

/** A value with a text at a path of it; missing objects on the way are added. Undefined where there is no such way. */
export function textPut(value: Sent, [step, ...further]: readonly string[], text: string): Sent | undefined {
  if (step === undefined) {
    return text;
  }
  const inside = (one: Sent | undefined) => textPut(one ?? new Map(), further, text);
  if (value instanceof Map) {
    const next = inside(value.get(step));
    const others = [...value].filter(([name]) => name.toLowerCase() !== step.toLowerCase());
    return next === undefined ? undefined : new Map([...others, [step, next]]);
  }
  const at = Number(step);
  if (!Array.isArray(value) || !Object.hasOwn(value, step)) {
    return undefined;
  }
  const next = inside(value[at]);
  return next === undefined ? undefined : value.with(at, next);
}
