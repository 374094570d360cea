import { type Connection, secretPlace } from '../connection.ts';
import { encode, encodePairs, type Pairs } from '../http/encode.ts';
import { isRecord } from '../http/text.ts';
import type { Json, JsonObject } from '../json.ts';
import type { WireRequest } from '../protocols/protocol.ts';

export const requestForms = ['curl', 'cmd', 'python', 'powershell', 'http'] as const;
export type RequestForm = (typeof requestForms)[number];

/** Parameters that hold secrets, which are left out. */
const secretName = /^(?:session-?_?token|api-?_?key|password|email|token)$/i;

/** Headers that may hold a secret whatever their value looks like. */
const secretHeader = /auth|cookie|key|token|secret|pass|credential|session|signature/i;

/** A request ready to be written as text, with the names of environment variables in place of secrets. */
interface Written {
  readonly method: WireRequest['method'];
  readonly url: string;
  readonly query: Pairs;
  /** The token, unless it is in a header; see `headers`. */
  readonly secret: Pick<WireRequest['token'], 'variable'> & {
    readonly place: 'query' | 'json' | 'form' | 'nowhere';
    readonly name: string;
  };
  /** A JSON body in ASCII: the parts before and after the token, or one part without the token. */
  readonly body: readonly string[];
  /** The fields of a form, but for the token. */
  readonly form: Pairs;
  /** The headers. Between two parts of a value is the value of `variable`. */
  readonly headers: readonly { readonly name: string; readonly parts: string[]; readonly variable: string }[];
}

/** A request as text for another program. The token comes from an environment variable, and is never in the text. */
export function requestText(wire: WireRequest, connection: Connection, form: RequestForm): string {
  const { token } = wire;
  const name = typeof token.name === 'string' ? token.name : token.name.join('/');
  const isBearer = token.place === 'bearer';
  const place = isBearer || token.place === 'header' ? 'nowhere' : token.place;
  const [before = '', after = ''] = isBearer ? ['Bearer '] : (token.around ?? []);
  const inHeader = { name, parts: [before, after], variable: token.variable };
  const written: Written = {
    method: wire.method,
    url: connection.url + wire.path,
    query: wire.query.filter(([one]) => !secretName.test(one)),
    secret: { name, place, variable: token.variable },
    body: bodyAround(wire),
    form: (wire.form ?? []).filter(([one]) => !secretName.test(one)),
    headers: [...(place === token.place ? [] : [inHeader]), ...ownHeaders(wire, connection, name)],
  };
  return writers[form](written);
}

/** Placeholder of the token until the body is written. */
const mark = '\u0000';

function bodyAround({ json, token }: WireRequest): string[] {
  if (token.place !== 'json') {
    return json === undefined ? [] : [ascii(json)];
  }
  const members = Object.entries(isRecord(json) ? json : {}).filter(([name]) => !secretName.test(name));
  const path = [token.name].flat();
  return ascii(withMember(Object.fromEntries(members), path, mark)).split(ascii(mark).slice(1, -1));
}

/** An object with a text at a path in it, as its last member. */
function withMember(body: JsonObject, [name = '', ...further]: readonly string[], text: string): JsonObject {
  const { [name]: inner, ...others } = body;
  return {
    ...others,
    [name]: further.length === 0 ? text : withMember(isRecord(inner) ? inner : {}, further, text),
  };
}

function ascii(json: Json): string {
  return JSON.stringify(json).replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The headers of the request, and those of the connection that it does not replace. */
function ownHeaders(wire: WireRequest, { headers = {} }: Connection, tokenName: string): Written['headers'] {
  const own = Object.keys(wire.headers ?? {}).map((name) => name.toLowerCase());
  const others = Object.entries(headers).filter(([name]) => !own.includes(name.toLowerCase()));
  return [...Object.entries(wire.headers ?? {}), ...others]
    .filter(([name]) => name.toLowerCase() !== tokenName.toLowerCase())
    .map(([name, value]) => ({
      name,
      parts: (value.includes(secretPlace) || !secretHeader.test(name) ? value : secretPlace).split(
        secretPlace,
      ),
      variable: `HEADER_${name.toUpperCase().replace(/\W/g, '_')}`,
    }));
}

/** A header's value as a program of the form writes it. */
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
  return query.length === 0 ? url : `${url}${url.includes('?') ? '&' : '?'}${encodePairs(query)}`;
}

/** The character before one more parameter of the address. */
function jointOf(written: Written): string {
  return addressOf(written).includes('?') ? '&' : '?';
}

function curl(wire: Written): string {
  const { method, secret } = wire;
  const token = `"${secret.name}=$${secret.variable}"`;
  const lines = [`curl --silent --show-error --fail-with-body ${posix(addressOf(wire))}`];
  const sendsBody = wire.body.length > 0 || wire.form.length > 0 || secret.place === 'form';
  if (method === 'HEAD') {
    lines.push('--head');
  } else if (!(method === 'GET' && !sendsBody) && !(method === 'POST' && wire.body.length > 0)) {
    lines.push(`--request ${method}`);
  }
  if (secret.place === 'query') {
    lines.push(
      ...(method === 'GET' && !sendsBody ? ['--get', `--data-urlencode ${token}`] : [`--url-query ${token}`]),
    );
  }
  if (wire.body.length > 0) {
    const body = wire.body.map(posix).join(`"$${secret.variable}"`);
    lines.push("--header 'Content-Type: application/json'", `--data ${body}`);
  }
  lines.push(...wire.form.map((pair) => `--data ${posix(encodePairs([pair]))}`));
  if (secret.place === 'form') {
    lines.push(`--data-urlencode ${token}`);
  }
  for (const { name, parts, variable } of wire.headers) {
    const text = words([`${name}: ${parts[0]}`, ...parts.slice(1)], posix, `"$${variable}"`, '');
    lines.push(`--header ${text.replace(/^'([\w :-]+)'"(\$\w+)"$/, '"$1$2"')}`); // Easier to read.
  }
  return `${lines.join(' \\\n  ')}\n`;
}

/**
 * cURL as the prompt of Windows' cmd takes it. Values go by `--url-query`, bare where they can: cmd looks for
 * variables in whatever stands between two percent signs, and in a batch file there is no quoting against that.
 */
function cmd({ method, url, query, secret, body, form, headers }: Written): string {
  const token = `%${secret.variable}%`;
  const inside = (part: string) => cmdWord(part).slice(1, -1);
  const lines = [
    'curl --silent --show-error --fail-with-body',
    `${method === 'HEAD' ? '--head' : `--request ${method}`} ${cmdWord(url)}`,
    ...query.map(([name, value]) => {
      // Line breaks, and characters that cmd would send in the machine's code page, are encoded.
      const isBare = /^[ -$&-~]*$/.test(value);
      return `--url-query ${cmdWord(isBare ? `${encode(name)}=${value}` : `+${encodePairs([[name, value]])}`)}`;
    }),
  ];
  if (secret.place === 'query') {
    lines.push(`--url-query "${secret.name}=${token}"`);
  }
  if (body.length > 0) {
    lines.push('--header "Content-Type: application/json"', `--data "${body.map(inside).join(token)}"`);
  }
  lines.push(...form.map((pair) => `--data ${cmdWord(encodePairs([pair]))}`));
  if (secret.place === 'form') {
    lines.push(`--data-urlencode "${secret.name}=${token}"`);
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

function python({ method, url, query, secret, body, form, headers }: Written): string {
  const token = `os.environ["${secret.variable}"]`;
  const params = query.map(([name, value]) => `        ${literal(name)}: ${literal(value)},`);
  if (secret.place === 'query') {
    params.push(`        ${literal(secret.name)}: ${token},`);
  }
  const imports = body.length > 0 ? ['import json', 'import os'] : ['import os'];
  const lines = [...imports, '', 'import requests', '', `response = requests.${method.toLowerCase()}(`];
  lines.push(`    ${literal(url)},`);
  if (params.length > 0) {
    lines.push('    params={', ...params, '    },');
  }
  if (body.length > 0) {
    lines.push(`    json=json.loads(${body.map(literal).join(` + json.dumps(${token})[1:-1] + `)}),`);
  }
  const fields = form.map(([name, value]) => `${literal(name)}: ${literal(value)}`);
  if (secret.place === 'form') {
    fields.push(`${literal(secret.name)}: ${token}`);
  }
  if (fields.length > 0) {
    lines.push(`    data={${fields.join(', ')}},`);
  }
  const sent = headers.map(
    ({ name, parts, variable }) =>
      `${literal(name)}: ${words(parts, literal, `os.environ["${variable}"]`, ' + ')}`,
  );
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
  const headers = sent.length === 0 ? '' : ` -Headers @{ ${sent.join('; ')} }`;
  const before: string[] = [];
  let uri = address;
  let body = '';
  if (secret.place === 'query') {
    uri = '$uri';
    before.push(
      `$uri = ${address} + '${jointOf(wire)}${secret.name}=' + [uri]::EscapeDataString(${token})\n`,
    );
  }
  if (wire.body.length > 0) {
    before.push(`$body = ${wire.body.map(quoted).join(` + ${token} + `)}\n`);
    body = " -Body $body -ContentType 'application/json'";
  } else if (wire.form.length > 0 || secret.place === 'form') {
    const fields = wire.form.map(([name, value]) => `${quoted(name)} = ${quoted(value)}`);
    const all = [...fields, ...(secret.place === 'form' ? [`${secret.name} = ${token}`] : [])].join('; ');
    body = ` -Body @{ ${all} } -ContentType 'application/x-www-form-urlencoded'`;
  }
  return `${before.join('')}Invoke-RestMethod -Method ${method} -Uri ${uri}${headers}${body}\n`;
}

/** As the usual HTTP clients of editors read it: `{{%name}}` is the value of a variable, percent-encoded. */
function httpFile(wire: Written): string {
  const { method, secret } = wire;
  const head = `@token = {{$processEnv ${secret.variable}}}\n\n${method} ${addressOf(wire)}`;
  const own = wire.headers.map(
    ({ name, parts, variable }) =>
      `${name}: ${parts.join(variable === secret.variable ? '{{token}}' : `{{$processEnv ${variable}}}`)}\n`,
  );
  const inQuery = secret.place === 'query' ? `${jointOf(wire)}${secret.name}={{%token}}` : '';
  const accept = `\nAccept: application/json\n${own.join('')}`;
  const fields = [
    ...(wire.form.length > 0 ? [encodePairs(wire.form)] : []),
    ...(secret.place === 'form' ? [`${secret.name}={{%token}}`] : []),
  ];
  const body =
    wire.body.length > 0
      ? `Content-Type: application/json\n\n${wire.body.join('{{token}}')}\n`
      : fields.length > 0
        ? `Content-Type: application/x-www-form-urlencoded\n\n${fields.join('&')}\n`
        : '';
  return `${head}${inQuery}${accept}${body}`;
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
