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

/** A request ready to be written as text. */
interface Written {
  readonly method: WireRequest['method'];
  readonly url: string;
  readonly query: Pairs;
  /** A JSON body in ASCII; empty where there is none. */
  readonly body: string;
  readonly form: Pairs;
  readonly headers: Pairs;
  /** The variable of the token. */
  readonly variable: string;
  /** Splits a text at the environment variables that stand in place of secrets: each second part is the name of one. */
  readonly split: (text: string) => readonly string[];
}

/** A request as text for another program. The token comes from an environment variable, and is never in the text. */
export function requestText(wire: WireRequest, connection: Connection, form: RequestForm): string {
  const { isWhole, json, method, path, token, variable } = wire;
  // Nobody can write this into a request: the token's mark is made for it alone.
  const marked = (name: string) => token + name + token;
  const text = (value: string) => value.replaceAll(token, marked(variable));
  const fields = (pairs: Pairs = []) =>
    pairs
      .filter(([name, value]) => value.includes(token) || !secretName.test(name))
      .map(([name, value]) => [name, text(value)] as const);
  const headers = headersOf(wire, connection).map(([name, value]) => {
    const isSafe = [token, secretPlace].some((mark) => value.includes(mark)) || !secretHeader.test(name);
    const own = `HEADER_${name.toUpperCase().replace(/\W/g, '_')}`;
    return [name, text(isSafe ? value : secretPlace).replaceAll(secretPlace, marked(own))] as const;
  });
  return writers[form]({
    ...{ method, headers, variable },
    url: (isWhole ? originOf(connection) : connection.url) + path.replaceAll(token, variable),
    query: fields(wire.query),
    body: json === undefined ? '' : text(bodyOf(json, token)),
    form: fields(wire.form),
    split: (value) => value.split(new RegExp(`${token}(\\w+?)${token}`)),
  });
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

/** Writes texts with variables as a program of the form writes both. */
function writer(
  { split }: Written,
  text: (part: string) => string,
  value: (variable: string) => string,
  joint = '',
): (whole: string) => string {
  return (whole) => {
    const parts = split(whole).map((part, at) => (at % 2 === 1 ? value(part) : part && text(part)));
    return parts.filter(Boolean).join(joint) || text('');
  };
}

/** The fields without variables, and those with some. */
function sorted({ split }: Written, fields: Pairs): { readonly open: Pairs; readonly secret: Pairs } {
  const isOpen = ([, value]: Pairs[number]) => split(value).length === 1;
  return { open: fields.filter(isOpen), secret: fields.filter((field) => !isOpen(field)) };
}

function curl(wire: Written): string {
  const { method, url, query, body, form } = wire;
  const quoted = writer(wire, posix, (variable) => `"$${variable}"`);
  const text = (value: string) => quoted(value).replace(/^'([\w :=-]+)'"(\$\w+)"$/, '"$1$2"'); // Easier to read.
  const { open, secret } = sorted(wire, query);
  const isPlain = method === 'GET' && body.length + form.length === 0;
  const isUsual = isPlain || (method === 'POST' && body !== '');
  const lines = [
    `curl --silent --show-error --fail-with-body ${posix(withQuery(url, open))}`,
    ...(isUsual ? [] : [method === 'HEAD' ? '--head' : `--request ${method}`]),
    ...(isPlain && secret.length > 0 ? ['--get'] : []),
    ...secret.map((one) => `${isPlain ? '--data-urlencode' : '--url-query'} ${text(one.join('='))}`),
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
  const written = writer(wire, inside, (variable) => `%${variable}%`);
  const text = (value: string) => `"${written(value)}"`;
  const { open, secret } = sorted(wire, query);
  const lines = [
    'curl --silent --show-error --fail-with-body',
    `${method === 'HEAD' ? '--head' : `--request ${method}`} ${cmdWord(url)}`,
    ...open.map(([name, value]) => {
      const isBare = /^[ -$&-~]*$/.test(value);
      return `--url-query ${cmdWord(isBare ? `${encode(name)}=${value}` : `+${encodePairs([[name, value]])}`)}`;
    }),
    ...secret.map((one) => `--url-query ${text(one.join('='))}`),
    ...curlOptions(wire, text),
  ];
  return `${lines.join(' ^\n  ')}\n`;
}

/** The options of cURL for a body and for headers. */
function curlOptions(wire: Written, text: (value: string) => string): string[] {
  const { body, headers } = wire;
  const { open, secret } = sorted(wire, wire.form);
  return [
    ...(body === '' ? [] : [`--header ${text('Content-Type: application/json')}`, `--data ${text(body)}`]),
    ...open.map((pair) => `--data ${text(encodePairs([pair]))}`),
    ...secret.map((one) => `--data-urlencode ${text(one.join('='))}`),
    ...headers.map((one) => `--header ${text(one.join(': '))}`),
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

function python(wire: Written): string {
  const { method, url, query, body, form, headers } = wire;
  const variableOf = (variable: string) => `os.environ["${variable}"]`;
  const text = writer(wire, literal, variableOf, ' + ');
  const inJson = writer(wire, literal, (variable) => `json.dumps(${variableOf(variable)})[1:-1]`, ' + ');
  const fields = (all: Pairs) => all.map(([name, value]) => `${literal(name)}: ${text(value)}`);
  const lines = [
    ...(body === '' ? [] : ['import json']),
    ...['import os', '', 'import requests', '', `response = requests.${method.toLowerCase()}(`],
    `    ${literal(url)},`,
    ...(query.length > 0 ? ['    params={', ...fields(query).map((one) => `        ${one},`), '    },'] : []),
    ...(body === '' ? [] : [`    json=json.loads(${inJson(body)}),`]),
    ...(form.length > 0 ? [`    data={${fields(form).join(', ')}},`] : []),
    ...(headers.length > 0 ? [`    headers={${fields(headers).join(', ')}},`] : []),
    ...['    timeout=30,', ')', 'response.raise_for_status()', 'print(response.json())', ''],
  ];
  return lines.join('\n');
}

function powershell(wire: Written): string {
  const { method, url, query, body, form, headers } = wire;
  const text = writer(wire, quoted, (variable) => `$env:${variable}`, ' + ');
  const table = (fields: Pairs) =>
    `@{ ${fields.map(([name, value]) => `${quoted(name)} = ${text(value)}`).join('; ')} }`;
  const { open, secret } = sorted(wire, query);
  const address = withQuery(url, open);
  const more = secret.map(([name, value], at) => {
    const joint = at > 0 || address.includes('?') ? '&' : '?';
    return ` + '${joint}${name}=' + [uri]::EscapeDataString(${text(value)})`;
  });
  const before = [
    ...(more.length > 0 ? [`$uri = ${quoted(address)}${more.join('')}\n`] : []),
    ...(body === '' ? [] : [`$body = ${text(body)}\n`]),
  ];
  const sent =
    body !== ''
      ? " -Body $body -ContentType 'application/json'"
      : form.length > 0
        ? ` -Body ${table(form)} -ContentType 'application/x-www-form-urlencoded'`
        : '';
  const uri = more.length > 0 ? '$uri' : quoted(address);
  const all = headers.length === 0 ? '' : ` -Headers ${table(headers)}`;
  return `${before.join('')}Invoke-RestMethod -Method ${method} -Uri ${uri}${all}${sent}\n`;
}

/** As the usual HTTP clients of editors read it: `{{%name}}` is the value of a variable, percent-encoded. */
function httpFile(wire: Written): string {
  const { method, url, query, body, form, headers, variable: token } = wire;
  const variableIn = (variable: string) => (variable === token ? '{{token}}' : `{{$processEnv ${variable}}}`);
  const text = writer(wire, (part) => part, variableIn);
  const encoded = writer(wire, encode, () => '{{%token}}');
  const pairs = (fields: Pairs) =>
    fields.map(([name, value]) => `${encode(name)}=${encoded(value)}`).join('&');
  const joint = query.length === 0 ? '' : url.includes('?') ? '&' : '?';
  const sent =
    body !== ''
      ? `Content-Type: application/json\n\n${text(body)}\n`
      : form.length > 0
        ? `Content-Type: application/x-www-form-urlencoded\n\n${pairs(form)}\n`
        : '';
  const lines = [
    `@token = {{$processEnv ${token}}}`,
    '',
    `${method} ${url}${joint}${pairs(query)}`,
    'Accept: application/json',
    ...headers.map((one) => text(one.join(': '))),
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
