import { type Connection, originOf, secretPlace } from '../connection.ts';
import { encode, encodePairs, type Pairs, withQuery } from '../http/encode.ts';
import { isRecord } from '../http/text.ts';
import type { WireRequest } from '../protocols/protocol.ts';

export const requestForms = ['curl', 'cmd', 'python', 'powershell', 'http'] as const;
export type RequestForm = (typeof requestForms)[number];

/** Parameters that hold secrets, which are left out. */
const secretName = /^(?:session-?_?token|api-?_?key|password|email|token)$/i;

/** Headers that may hold a secret whatever their value looks like. */
const secretHeader = /auth|cookie|key|token|secret|pass|credential|session|signature/i;

/** A text, with environment variables in place of secrets. */
type Parts = readonly (string | { readonly variable: string })[];
type Field = readonly [name: string, value: Parts];

/** A request ready to be written as text. */
interface Written {
  readonly method: WireRequest['method'];
  readonly url: string;
  readonly query: readonly Field[];
  /** A JSON body in ASCII; empty where there is none. */
  readonly body: Parts;
  readonly form: readonly Field[];
  readonly headers: readonly Field[];
  /** The variable of the token. */
  readonly variable: string;
}

/** A request as text for another program. The token comes from an environment variable, and is never in the text. */
export function requestText(wire: WireRequest, connection: Connection, form: RequestForm): string {
  const { isWhole, json, method, path, token, variable } = wire;
  const parts = (text: string) => split([text], token, variable);
  const fields = (pairs: Pairs = []) =>
    pairs
      .filter(([name, value]) => value.includes(token) || !secretName.test(name))
      .map(([name, value]): Field => [name, parts(value)]);
  const headers = headersOf(wire, connection).map(([name, value]): Field => {
    const isSafe = [token, secretPlace].some((mark) => value.includes(mark)) || !secretHeader.test(name);
    const own = `HEADER_${name.toUpperCase().replace(/\W/g, '_')}`;
    return [name, split(parts(isSafe ? value : secretPlace), secretPlace, own)];
  });
  return writers[form]({
    ...{ method, headers, variable },
    url: (isWhole ? originOf(connection) : connection.url) + path.replaceAll(token, variable),
    query: fields(wire.query),
    body: json === undefined ? [] : parts(bodyOf(json, token)),
    form: fields(wire.form),
  });
}

/** Puts a variable wherever a mark is. */
function split(parts: Parts, mark: string, variable: string): Parts {
  return parts.flatMap((part) =>
    typeof part === 'string'
      ? part.split(mark).flatMap((text, at) => [...(at > 0 ? [{ variable }] : []), ...(text ? [text] : [])])
      : part,
  );
}

function bodyOf(json: unknown, token: string): string {
  const hasToken = (value: unknown) => JSON.stringify(value).includes(token);
  const members = isRecord(json) && hasToken(json) ? Object.entries(json) : [];
  const open = members.filter(([name, value]) => hasToken(value) || !secretName.test(name));
  return JSON.stringify(open.length > 0 ? Object.fromEntries(open) : json).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The headers of the request, and those of the connection that it does not replace. */
function headersOf({ authorization, headers }: WireRequest, connection: Connection): Pairs {
  const own = Object.entries({ ...headers, ...(authorization && { Authorization: authorization }) });
  const names = own.map(([name]) => name.toLowerCase());
  const others = Object.entries(connection.headers ?? {});
  return [...own, ...others.filter(([name]) => !names.includes(name.toLowerCase()))];
}

/** A text with variables, as a program of the form writes both. */
function words(
  parts: Parts,
  text: (part: string) => string,
  value: (variable: string) => string,
  joint = '',
): string {
  const written = parts.map((part) => (typeof part === 'string' ? text(part) : value(part.variable)));
  return written.length === 0 ? text('') : written.join(joint);
}

/** A field as one text. */
function whole([name, parts]: Field, joint: string): Parts {
  const [first, ...more] = parts;
  return typeof first === 'string' ? [name + joint + first, ...more] : [name + joint, ...parts];
}

/** The fields without variables, and those with some. */
function sorted(fields: readonly Field[]): { readonly open: Pairs; readonly secret: readonly Field[] } {
  const isOpen = ([, parts]: Field) => parts.every((part) => typeof part === 'string');
  return {
    open: fields.filter(isOpen).map(([name, parts]) => [name, parts.join('')]),
    secret: fields.filter((field) => !isOpen(field)),
  };
}

function curl(wire: Written): string {
  const { method, url, query, body, form } = wire;
  const text = (parts: Parts) =>
    words(parts, posix, (variable) => `"$${variable}"`).replace(/^'([\w :=-]+)'"(\$\w+)"$/, '"$1$2"'); // Easier to read.
  const { open, secret } = sorted(query);
  const isPlain = method === 'GET' && body.length + form.length === 0;
  const isUsual = isPlain || (method === 'POST' && body.length > 0);
  const lines = [
    `curl --silent --show-error --fail-with-body ${posix(withQuery(url, open))}`,
    ...(isUsual ? [] : [method === 'HEAD' ? '--head' : `--request ${method}`]),
    ...(isPlain && secret.length > 0 ? ['--get'] : []),
    ...secret.map((one) => `${isPlain ? '--data-urlencode' : '--url-query'} ${text(whole(one, '='))}`),
    ...curlOptions(wire, text),
  ];
  return `${lines.join(' \\\n  ')}\n`;
}

/**
 * cURL as the prompt of Windows' cmd takes it. Values go by `--url-query`, bare where they can: cmd looks for
 * variables in whatever stands between two percent signs, and in a batch file there is no quoting against that.
 */
function cmd(wire: Written): string {
  const { method, url, query } = wire;
  const inside = (part: string) => cmdWord(part).slice(1, -1);
  const text = (parts: Parts) => `"${words(parts, inside, (variable) => `%${variable}%`)}"`;
  const { open, secret } = sorted(query);
  const lines = [
    'curl --silent --show-error --fail-with-body',
    `${method === 'HEAD' ? '--head' : `--request ${method}`} ${cmdWord(url)}`,
    ...open.map(([name, value]) => {
      const isBare = /^[ -$&-~]*$/.test(value);
      return `--url-query ${cmdWord(isBare ? `${encode(name)}=${value}` : `+${encodePairs([[name, value]])}`)}`;
    }),
    ...secret.map((one) => `--url-query ${text(whole(one, '='))}`),
    ...curlOptions(wire, text),
  ];
  return `${lines.join(' ^\n  ')}\n`;
}

/** The options of cURL for a body and for headers. */
function curlOptions({ body, form, headers }: Written, text: (parts: Parts) => string): string[] {
  const { open, secret } = sorted(form);
  return [
    ...(body.length > 0
      ? [`--header ${text(['Content-Type: application/json'])}`, `--data ${text(body)}`]
      : []),
    ...open.map((pair) => `--data ${text([encodePairs([pair])])}`),
    ...secret.map((one) => `--data-urlencode ${text(whole(one, '='))}`),
    ...headers.map((one) => `--header ${text(whole(one, ': '))}`),
  ];
}

/**
 * A word in which nothing is special to cmd, nor to the program that splits its own command line: a quote
 * stands outside of cmd's quotes, and between two percent signs there is always a quote, as in no variable's name.
 */
function cmdWord(text: string): string {
  const inside = text.replace(
    /(\\*)(["%]|$)/g,
    (_, slashes: string, what: string) =>
      `${slashes}${slashes}${what === '"' ? '"\\^""' : what === '%' ? '"%"' : ''}`,
  );
  return `"${inside}"`;
}

function python({ method, url, query, body, form, headers }: Written): string {
  const variableOf = (variable: string) => `os.environ["${variable}"]`;
  const inJson = (variable: string) => `json.dumps(${variableOf(variable)})[1:-1]`;
  const fields = (all: readonly Field[]) =>
    all.map(([name, parts]) => `${literal(name)}: ${words(parts, literal, variableOf, ' + ')}`);
  const lines = [
    ...(body.length > 0 ? ['import json'] : []),
    ...['import os', '', 'import requests', '', `response = requests.${method.toLowerCase()}(`],
    `    ${literal(url)},`,
    ...(query.length > 0 ? ['    params={', ...fields(query).map((one) => `        ${one},`), '    },'] : []),
    ...(body.length > 0 ? [`    json=json.loads(${words(body, literal, inJson, ' + ')}),`] : []),
    ...(form.length > 0 ? [`    data={${fields(form).join(', ')}},`] : []),
    ...(headers.length > 0 ? [`    headers={${fields(headers).join(', ')}},`] : []),
    ...['    timeout=30,', ')', 'response.raise_for_status()', 'print(response.json())', ''],
  ];
  return lines.join('\n');
}

function powershell({ method, url, query, body, form, headers }: Written): string {
  const text = (parts: Parts) => words(parts, quoted, (variable) => `$env:${variable}`, ' + ');
  const table = (fields: readonly Field[]) =>
    `@{ ${fields.map(([name, parts]) => `${quoted(name)} = ${text(parts)}`).join('; ')} }`;
  const { open, secret } = sorted(query);
  const address = withQuery(url, open);
  const more = secret.map(([name, parts], at) => {
    const joint = at > 0 || address.includes('?') ? '&' : '?';
    return ` + '${joint}${name}=' + [uri]::EscapeDataString(${text(parts)})`;
  });
  const before = [
    ...(more.length > 0 ? [`$uri = ${quoted(address)}${more.join('')}\n`] : []),
    ...(body.length > 0 ? [`$body = ${text(body)}\n`] : []),
  ];
  const sent =
    body.length > 0
      ? " -Body $body -ContentType 'application/json'"
      : form.length > 0
        ? ` -Body ${table(form)} -ContentType 'application/x-www-form-urlencoded'`
        : '';
  const uri = more.length > 0 ? '$uri' : quoted(address);
  const all = headers.length === 0 ? '' : ` -Headers ${table(headers)}`;
  return `${before.join('')}Invoke-RestMethod -Method ${method} -Uri ${uri}${all}${sent}\n`;
}

/** As the usual HTTP clients of editors read it: `{{%name}}` is the value of a variable, percent-encoded. */
function httpFile({ method, url, query, body, form, headers, variable: token }: Written): string {
  const text = (parts: Parts) =>
    words(
      parts,
      (part) => part,
      (variable) => (variable === token ? '{{token}}' : `{{$processEnv ${variable}}}`),
    );
  const pairs = (fields: readonly Field[]) =>
    fields.map(([name, parts]) => `${encode(name)}=${words(parts, encode, () => '{{%token}}')}`).join('&');
  const joint = query.length === 0 ? '' : url.includes('?') ? '&' : '?';
  const sent =
    body.length > 0
      ? `Content-Type: application/json\n\n${text(body)}\n`
      : form.length > 0
        ? `Content-Type: application/x-www-form-urlencoded\n\n${pairs(form)}\n`
        : '';
  const lines = [
    `@token = {{$processEnv ${token}}}`,
    '',
    `${method} ${url}${joint}${pairs(query)}`,
    'Accept: application/json',
    ...headers.map((one) => text(whole(one, ': '))),
    sent,
  ];
  return lines.join('\n');
}

const writers: Readonly<Record<RequestForm, (wire: Written) => string>> = {
  curl,
  cmd,
  python,
  powershell,
  http: httpFile,
};

/** A word of a POSIX shell in which nothing is special. */
function posix(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A string of PowerShell in which nothing is special. */
function quoted(text: string): string {
  return `'${text.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** A string of Python: JSON's escapes are among Python's. */
function literal(text: string): string {
  return JSON.stringify(text);
}
