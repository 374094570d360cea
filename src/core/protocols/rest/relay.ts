import type { Connection } from '../../connection.ts';
import { encodePairs } from '../../http/encode.ts';
import type { HttpRequest } from '../../http/request.ts';
import { isRecord } from '../../http/text.ts';
import {
  isForm,
  type Relaying,
  type ScriptRequest,
  stepsOf,
  textOf,
  unsuffixed,
  withField,
  withoutNames,
  withText,
} from '../relayed.ts';
import type { Description, RestRequest } from './description.ts';
import { pathOf } from './place.ts';
import { type DataRequest, descriptionOf, type RestQuery, rowsAtPath } from './request.ts';
import { fillText, type PathTemplate } from './template.ts';

/** A script's request, unless it is one of those that the description has for tokens. */
export function relay(request: ScriptRequest, connection: Connection): Relaying<RestQuery> | undefined {
  const { query, renew, revoke, send, signIn } = descriptionOf(connection);
  const ofTokens = [...signIn, query, renew, revoke].filter((one) => one !== undefined);
  if (ofTokens.some((one) => isSame(one, request))) {
    return undefined;
  }
  const names = send.in === 'query' || send.in === 'body' ? [nameIn(send).toLowerCase()] : [];
  return { request: withoutNames(request, names) };
}

/** A script's request as a description's data request, without its body. */
export function scriptRequest({ method, path, query }: ScriptRequest, { send }: Description): DataRequest {
  return {
    method,
    path: [{ text: query === '' ? path : `${path}?${query}` }],
    ...{ headers: {}, basic: false, send: true, keep: {} },
    ...{ query: [], params: new Map(), isOwnBody: send.in !== 'body', rowsAt: rowsAtPath([]) },
  };
}

/** A request with the body of a script's, with the token at its place there. */
export function withBody(
  sent: HttpRequest,
  request: ScriptRequest,
  { send }: Description,
  token: string,
): HttpRequest {
  if (send.in !== 'body') {
    return { ...sent, body: request.body };
  }
  const value = fillText(
    send.value,
    (name) => name === 'token',
    () => token,
  );
  const placed = isForm(request)
    ? withField(request, encodePairs([[nameIn(send), value ?? '']]))
    : withText(request, pathOf(send.name) ?? [], value ?? '');
  const type = placed?.headers['content-type'];
  const headers = { ...(type === undefined ? {} : { 'Content-Type': type }), ...sent.headers };
  return { ...sent, headers, json: undefined, body: (placed ?? request).body };
}

/** What the token is called where it goes. */
function nameIn({ in: place, name }: Description['send']): string {
  return place === 'body' ? (pathOf(name)?.at(-1) ?? '') : name;
}

/** Marks any value in the path of a description. */
const any = '\0';

/** A part of a described path as text. Where a template stands for the whole path, only its answers tell which one it is. */
function textIn(part: PathTemplate[number]): string {
  return 'text' in part ? part.text : { simple: any, whole: '\n', query: '' }[part.form];
}

/** Whether two paths lead to the same, as a server may read them. */
export function isSamePath(described: string, path: string): boolean {
  const [steps, others] = [stepsOf(described), stepsOf(path)];
  return (
    steps.length === others.length &&
    steps.every((step, at) => step.includes(any) || [others[at], unsuffixed(others[at] ?? '')].includes(step))
  );
}

/** The members of JSON that are texts, however deep. */
function membersIn(json: string): [string, string][] {
  const plain = json.replace(/\\u([\da-f]{4})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return [...plain.matchAll(/"([^"]*)"\s*:\s*"([^"]*)/g)].map(([, name = '', value = '']) => [name, value]);
}

/** The fields of a form in parts: each has its name in the headers above it. */
function fieldsIn(body: string): [string, string][] {
  const blocks = body.split(/\r?\n\r?\n/);
  return blocks.slice(1).flatMap((block, at) => {
    const [value = ''] = block.split(/\r?\n/, 1);
    return [...(blocks[at] ?? '').matchAll(/\bname="?([^";\r\n]*)/g)].map(
      ([, name = '']): [string, string] => [name, value],
    );
  });
}

function wordsOf(pair: readonly [string, string]): string {
  return pair.join('\n').replaceAll('\\', '').toLowerCase();
}

function isFixed(value: unknown): value is string {
  return typeof value === 'string' && !/[{}]/.test(value);
}

/** Whether a script's request is one that is described: by its path, and by what is fixed in its query and its body. */
function isSame(described: RestRequest, request: ScriptRequest): boolean {
  const [path = '', query = ''] = described.path.map(textIn).join('').split('?');
  if (!isSamePath(path, request.path)) {
    return false;
  }
  const body = textOf(request);
  // What a packed body or one in UTF-16 says is not read here, and may be anything.
  const isRead = (request.headers['content-encoding'] ?? 'identity') === 'identity' && !body.includes('\0');
  // Every occurrence counts: servers differ in which of two equal names they use, and some take lists of requests.
  const isInParts = /^multipart\//i.test(request.headers['content-type'] ?? '');
  const members = isInParts ? fieldsIn(body) : membersIn(body);
  const given = [...new URLSearchParams(`${request.query}&${body}`), ...members].map(wordsOf);
  const json = isRecord(described.json) ? described.json : {};
  const isGiven = ([name, value]: readonly [string, unknown]) =>
    !isFixed(value) || given.includes(wordsOf([name, value]));
  const inBody = isRead ? [...Object.entries(described.form ?? {}), ...Object.entries(json)] : [];
  return [...new URLSearchParams(query), ...inBody].every(isGiven);
}
