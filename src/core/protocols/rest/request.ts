import * as v from 'valibot';
import { oncePer } from '../../async.ts';
import { type Checked, json } from '../../checks.ts';
import { type Connection, secretPlace } from '../../connection.ts';
import { TokensError } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { RowPath } from '../answer.ts';
import {
  type Description,
  isSafe,
  knownNames,
  namesOf,
  parseDescription,
  parseRequest,
  type RestRequest,
  textsIn,
} from './description.ts';
import { pathOf } from './place.ts';
import { namesIn } from './template.ts';

export const request = {
  /** The name of one of the description's requests, or a method and a path. */
  request: v.pipe(v.string(), v.nonEmpty()),
  /** Fill the templates of the request; what is left over is its query. */
  params: v.exactOptional(v.record(v.string(), json)),
  /** The body, in place of that of the description. */
  json: v.exactOptional(json),
  /** Where the rows stand. */
  rows: v.exactOptional(
    v.pipe(
      v.string(),
      v.check((text) => pathOf(text) !== undefined),
    ),
  ),
};

export type RestQuery = Checked<typeof request>;

/** The description of a connection, which was checked when it was read. */
export const descriptionOf = oncePer((connection: Connection): Description => {
  const parsed = parseDescription({ ...connection });
  if (!parsed.ok) {
    throw new TokensError('E_CONFIG', parsed.reason.template, parsed.reason.args);
  }
  return parsed.value;
});

/** A request for data, ready to be filled in. */
export interface DataRequest extends RestRequest {
  /** The rest of the parameters, which are its query. */
  readonly query: readonly (readonly [string, string])[];
  readonly params: ReadonlyMap<string, string>;
  /** Whether the body is the caller's own, in which nothing is filled in. */
  readonly isOwnBody: boolean;
  readonly rowsAt: RowPath;
}

/** @throws E_CONFIG for a request that is none, or that names what only a sign-in may have */
export function dataRequest(query: RestQuery, connection: Connection): DataRequest {
  const description = descriptionOf(connection);
  const { ask, inputs, send } = description;
  const found = requestOf(query.request, description);
  if (found === undefined) {
    throw new TokensError(
      'E_CONFIG',
      '“{0}” is neither a request that the connection {1} names, nor a method and a path such as GET /items.',
      [query.request, connection.name],
    );
  }
  const isOwnBody = query.json !== undefined;
  const one = isOwnBody ? { ...found, json: query.json, form: undefined } : found;
  const own = isOwnBody ? { ...one, json: undefined } : one;
  const [asked] = namesOf(own, (name) => ask.includes(name));
  if (asked !== undefined) {
    throw new TokensError(
      'E_CONFIG',
      'A request for data cannot name “{0}”, which is asked for to sign in.',
      [asked],
    );
  }
  const [inPath, texts] = [namesIn(one.path), textsIn([own.headers, own.form, own.json])];
  const params = Object.entries(query.params ?? {});
  const known = knownNames(description);
  const isFilled = (name: string) =>
    (!known.has(name) || Object.hasOwn(inputs, name)) &&
    (inPath.includes(name) || texts.some((text) => text.includes(`{${name}}`)));
  const left = params.filter(([name]) => !isFilled(name)).flatMap(pairsOf);
  const steering = left.find(([name]) => send.in === 'query' && name === send.name);
  if (steering !== undefined) {
    throw new TokensError('E_CONFIG', 'The parameter {0} is filled in by itself and cannot be given.', [
      send.name,
    ]);
  }
  const filled = params.filter(([name, value]) => isFilled(name) && value !== null);
  return {
    ...one,
    query: left,
    params: new Map(filled.map(([name, value]) => [name, plainText(value)])),
    isOwnBody,
    rowsAt: rowsAtPath(
      query.rows === undefined ? (one.rows ?? description.rows) : (pathOf(query.rows) ?? []),
    ),
  };
}

/** The values of names that are no secret: inputs, parameters, and the life from the settings. */
export function openValues(
  connection: Connection,
  params: ReadonlyMap<string, string> = new Map(),
): Map<string, string | number> {
  const { lifeMinutes } = connection;
  return new Map<string, string | number>([
    ...Object.entries(descriptionOf(connection).inputs),
    ...params,
    ['lifeMinutes', lifeMinutes],
    ['lifeSeconds', Math.round(lifeMinutes * 60)],
  ]);
}

/** The headers of a request: its own, and those of every request that it does not replace, also by its token. */
export function headersOf(
  { headers: own }: RestRequest,
  { headers, send }: Description,
  hasToken: boolean,
): Readonly<Record<string, string>> {
  const names = [...Object.keys(own), ...(hasToken && send.in === 'header' ? [send.name] : [])];
  const others = new Set(names.map((name) => name.toLowerCase()));
  const left = Object.entries(headers).filter(([name]) => !others.has(name.toLowerCase()));
  return { ...Object.fromEntries(left), ...own };
}

/** Headers with a part in the secret storage: the HTTP client fills them in, and all others are filled in with each request. */
export function storedHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([, value]) => value.includes(secretPlace)));
}

/** The rows that a JSON Pointer leads to. */
export function rowsAtPath(at: readonly string[]): RowPath {
  return { member: 'Rows', mayWrap: false, at };
}

/** A list is repeated; what is null is left out. */
function pairsOf([name, value]: [string, Json]): [string, string][] {
  return [value].flat().flatMap((one): [string, string][] => (one === null ? [] : [[name, plainText(one)]]));
}

function plainText(value: Json): string {
  return Array.isArray(value)
    ? value.map(plainText).join(',')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

/** Whether a request may change something at the server. */
export function mayChange(text: string, connection: Connection): boolean {
  const found = requestOf(text, descriptionOf(connection));
  return found !== undefined && !isSafe(found);
}

/** A request by its name in a description, or by its method and path. */
function requestOf(text: string, { requests }: Description): RestRequest | undefined {
  return Object.hasOwn(requests, text) ? requests[text] : parseRequest(text);
}
