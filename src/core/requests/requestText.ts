import { type Connection, secretPlace } from '../connection.ts';
import { encode, encodePairs, type Pairs } from '../http/encode.ts';
import type { WireRequest } from '../protocols/protocol.ts';

/** The programs that a request can be written for. */
export const requestForms = ['curl', 'cmd', 'python', 'powershell', 'http'] as const;
export type RequestForm = (typeof requestForms)[number];

/** Parameters that hold secrets are left out, whoever put them there. */
const secretName = /^(?:session-?_?token|api-?_?key|password|email|token)$/i;

/** Headers that may hold a secret whatever their value looks like. */
const secretHeader = /auth|cookie|key|token|secret|pass|credential|session|signature/i;

/** A request whose text can be written. Secrets are not in it, only the names of the variables that hold them. */
interface Written {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  readonly query: Pairs;
  readonly secret: WireRequest['token'];
  /** The JSON body, in ASCII, before and after the token in it. */
  readonly body: readonly [string, string];
  /** The connection's own. Between two parts of a value stands what is in `variable`. */
  readonly headers: readonly { readonly name: string; readonly parts: string[]; readonly variable: string }[];
}

/**
 * The text that makes a request from elsewhere. The token comes from an environment variable, and is never in the text.
 */
export function requestText(wire: WireRequest, connection: Connection, form: RequestForm): string {
  const written: Written = {
    method: wire.method,
    url: connection.url + wire.path,
    query: wire.query.filter(([name]) => !secretName.test(name)),
    secret: wire.token,
    body: bodyAround(wire),
    headers: ownHeaders(connection, wire.token),
  };
  return writers[form](written);
}

function bodyAround({ json = {}, token }: WireRequest): [string, string] {
  const members = Object.entries(json).filter(([name]) => !secretName.test(name));
  const text = JSON.stringify(Object.fromEntries([...members, [token.name, '']])).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return [text.slice(0, -2), text.slice(-2)];
}

/** The headers of the connection, less those in whose place the request has its own. */
function ownHeaders({ headers = {} }: Connection, token: WireRequest['token']): Written['headers'] {
  return Object.entries(headers)
    .filter(([name]) => name.toLowerCase() !== token.name.toLowerCase())
    .map(([name, value]) => ({
      name,
      parts: (value.includes(secretPlace) || !secretHeader.test(name) ? value : secretPlace).split(
        secretPlace,
      ),
      variable: `HEADER_${name.toUpperCase().replace(/\W/g, '_')}`,
    }));
}

/** A header's value in the words of a form. */
function words(
  parts: readonly string[],
  text: (part: string) => string,
  variable: string,
  joint: string,
): string {
  return parts
    .flatMap((part, at) => [...(at > 0 ? [variable] : []), ...(part === '' ? [] : [text(part)])])
    .join(joint);
}

function addressOf({ url, query }: Written): string {
  return query.length === 0 ? url : `${url}?${encodePairs(query)}`;
}

function curl(wire: Written): string {
  const { method, secret } = wire;
  const lines = [`curl --silent --show-error --fail-with-body ${posix(addressOf(wire))}`];
  switch (secret.place) {
    case 'query':
      lines.push('--get', `--data-urlencode "${secret.name}=$${secret.variable}"`);
      break;
    case 'json':
      lines.push(
        "--header 'Content-Type: application/json'",
        `--data ${posix(wire.body[0])}"$${secret.variable}"${posix(wire.body[1])}`,
      );
      break;
    case 'form':
      lines.push(`--request ${method}`, `--data-urlencode "${secret.name}=$${secret.variable}"`);
      break;
    case 'bearer':
      lines.push(`--header "${secret.name}: Bearer $${secret.variable}"`);
  }
  for (const { name, parts, variable } of wire.headers) {
    lines.push(`--header ${words([`${name}: ${parts[0]}`, ...parts.slice(1)], posix, `"$${variable}"`, '')}`);
  }
  return `${lines.join(' \\\n  ')}\n`;
}

/**
 * cURL as the prompt of Windows' cmd takes it. Values go by `--url-query`, bare where they can: cmd looks for
 * variables in whatever stands between two percent signs, and in a batch file there is no quoting against that.
 */
function cmd({ method, url, query, secret, body, headers }: Written): string {
  const token = `%${secret.variable}%`;
  const inside = (part: string) => cmdWord(part).slice(1, -1);
  const lines = [
    'curl --silent --show-error --fail-with-body',
    `--request ${method} ${cmdWord(url)}`,
    ...query.map(([name, value]) => {
      // What cmd cannot hold (the end of a line) or sends in the code page of the machine is encoded.
      const isBare = /^[ -$&-~]*$/.test(value);
      return `--url-query ${cmdWord(isBare ? `${encode(name)}=${value}` : `+${encodePairs([[name, value]])}`)}`;
    }),
  ];
  switch (secret.place) {
    case 'query':
      lines.push(`--url-query "${secret.name}=${token}"`);
      break;
    case 'json':
      lines.push('--header "Content-Type: application/json"', `--data "${body.map(inside).join(token)}"`);
      break;
    case 'form':
      lines.push(`--data-urlencode "${secret.name}=${token}"`);
      break;
    case 'bearer':
      lines.push(`--header "${secret.name}: Bearer ${token}"`);
  }
  for (const { name, parts, variable } of headers) {
    lines.push(`--header "${name}: ${words(parts, inside, `%${variable}%`, '')}"`);
  }
  return `${lines.join(' ^\n  ')}\n`;
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

function python({ method, url, query, secret, body, headers }: Written): string {
  const token = `os.environ["${secret.variable}"]`;
  const params = query.map(([name, value]) => `        ${literal(name)}: ${literal(value)},`);
  if (secret.place === 'query') {
    params.push(`        ${literal(secret.name)}: ${token},`);
  }
  const imports = secret.place === 'json' ? ['import json', 'import os'] : ['import os'];
  const lines = [...imports, '', 'import requests', '', `response = requests.${method.toLowerCase()}(`];
  lines.push(`    ${literal(url)},`);
  if (params.length > 0) {
    lines.push('    params={', ...params, '    },');
  }
  if (secret.place === 'json') {
    lines.push(`    json={**json.loads(${literal(body.join(''))}), ${literal(secret.name)}: ${token}},`);
  }
  if (secret.place === 'form') {
    lines.push(`    data={${literal(secret.name)}: ${token}},`);
  }
  const sent = headers.map(
    ({ name, parts, variable }) =>
      `${literal(name)}: ${words(parts, literal, `os.environ["${variable}"]`, ' + ')}`,
  );
  if (secret.place === 'bearer') {
    sent.unshift(`${literal(secret.name)}: "Bearer " + ${token}`);
  }
  if (sent.length > 0) {
    lines.push(`    headers={${sent.join(', ')}},`);
  }
  lines.push('    timeout=30,', ')', 'response.raise_for_status()', 'print(response.json())', '');
  return lines.join('\n');
}

function powershell(wire: Written): string {
  const { method, secret } = wire;
  const token = `$env:${secret.variable}`;
  const address = quoted(addressOf(wire));
  const sent = wire.headers.map(
    ({ name, parts, variable }) => `${quoted(name)} = ${words(parts, quoted, `$env:${variable}`, ' + ')}`,
  );
  if (secret.place === 'bearer') {
    sent.unshift(`${secret.name} = "Bearer ${token}"`);
  }
  const headers = sent.length === 0 ? '' : ` -Headers @{ ${sent.join('; ')} }`;
  const call = (uri: string, body = '') =>
    `Invoke-RestMethod -Method ${method} -Uri ${uri}${headers}${body}\n`;
  switch (secret.place) {
    case 'query': {
      const joint = wire.query.length === 0 ? '?' : '&';
      return `$uri = ${address} + '${joint}${secret.name}=' + [uri]::EscapeDataString(${token})\n${call('$uri')}`;
    }
    case 'json':
      return `$body = ${wire.body.map(quoted).join(` + ${token} + `)}\n${call(address, " -Body $body -ContentType 'application/json'")}`;
    case 'form':
      return call(
        address,
        ` -Body @{ ${secret.name} = ${token} } -ContentType 'application/x-www-form-urlencoded'`,
      );
    case 'bearer':
      return call(address);
  }
}

/** As the usual HTTP clients of editors read it: `{{%name}}` is the value of a variable, percent-encoded. */
function httpFile(wire: Written): string {
  const { method, secret } = wire;
  const head = `@token = {{$processEnv ${secret.variable}}}\n\n${method} ${addressOf(wire)}`;
  const own = wire.headers.map(
    ({ name, parts, variable }) => `${name}: ${parts.join(`{{$processEnv ${variable}}}`)}\n`,
  );
  const accept = `\nAccept: application/json\n${own.join('')}`;
  switch (secret.place) {
    case 'query':
      return `${head}${wire.query.length === 0 ? '?' : '&'}${secret.name}={{%token}}${accept}`;
    case 'json':
      return `${head}${accept}Content-Type: application/json\n\n${wire.body.join('{{token}}')}\n`;
    case 'form':
      return `${head}${accept}Content-Type: application/x-www-form-urlencoded\n\n${secret.name}={{%token}}\n`;
    case 'bearer':
      return `${head}${accept}${secret.name}: Bearer {{token}}\n`;
  }
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
