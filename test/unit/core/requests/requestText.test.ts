// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write into their settings
import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { Connection } from '../../../../src/core/connection.ts';
import { type DataRequest, wireOf } from '../../../../src/core/requests/request.ts';
import { type RequestForm, requestForms, requestText } from '../../../../src/core/requests/requestText.ts';
import { connectionOf } from '../../../connectionOf.ts';
import { classicLogon, logon, sarusToken, service, withSandbox } from '../../sandbox/support.ts';

const to = (request: object, more: Record<string, unknown> = {}) =>
  connectionOf({
    name: 'c',
    kind: 'endpoint' in request ? 'sarus' : 'bmc-cra',
    url: 'https://host.example:8443/p',
    service: 'SVC',
    ...more,
  });

/** The text of a request to a connection. */
const textOf = (request: DataRequest, connection: Connection, form: RequestForm) =>
  requestText(wireOf(request, connection, new Map()), connection, form);

const nasty = `it's "$(id)" \`x\` \\ %1 {{y}} ’; é`;
const cra: DataRequest = {
  connection: 'c',
  product: 'MVMVS',
  view: 'JCPU',
  filter: nasty,
  rows: 5,
  session: 'own-id',
};
const sarus: DataRequest = {
  connection: 'c',
  endpoint: 'GetUserDatasources',
  params: { Name: nasty, SessionToken: 'leak-me', apikey: 'leak-me' },
};

const posted: DataRequest = {
  connection: 'c',
  endpoint: 'GetValues',
  params: { Series: ['FX/EURUSD'], Periods: 1, SessionToken: 'leak-me', APIKey: 'leak-me', Name: nasty },
};

describe('results: the text of a request', () => {
  const text = (request: DataRequest, dialect: 'getData' | 'views', form: RequestForm) =>
    textOf(request, to(request, { dialect }), form);

  it('never holds a secret or a session', () => {
    for (const form of requestForms) {
      for (const request of [cra, sarus, posted]) {
        for (const dialect of ['getData', 'views'] as const) {
          const written = text(request, dialect, form);
          assert.doesNotMatch(written, /leak-me|own-id/);
          assert.match(written, 'endpoint' in request ? /SESSION_TOKEN/ : /USER_TOKEN/);
        }
      }
    }
  });

  it('speaks the dialect of the connection', () => {
    assert.match(
      text(cra, 'getData', 'curl'),
      /\/p\/cra\/ServiceGateway\/Services\/SVC\/getData\?product=MVMVS&view=JCPU&/,
    );
    assert.match(
      text(cra, 'getData', 'curl'),
      /--request POST[\s\S]*--data-urlencode "userToken=\$USER_TOKEN"/,
    );
    assert.match(
      text(cra, 'views', 'curl'),
      /\/services\/SVC\/products\/MVMVS\/views\/JCPU\/data\?[^']*&close=Y'/,
    );
    assert.match(
      text(cra, 'views', 'http'),
      /^@token = \{\{\$processEnv USER_TOKEN\}\}\n\nGET https:[\s\S]*\nAuthorization: Bearer \{\{token\}\}\n$/,
    );
    assert.match(
      text(sarus, 'views', 'http'),
      /^GET https:\/\/host\.example:8443\/p\/GetUserDatasources\?Name=.*&SessionToken=\{\{%token\}\}$/m,
    );
    assert.match(text(sarus, 'views', 'powershell'), /EscapeDataString\(\$env:SESSION_TOKEN\)/);
  });

  it('is safe in a shell, whatever the values hold', function () {
    let args: string[];
    try {
      const script = `curl() { printf '%s\\0' "$@"; }\n${text(cra, 'getData', 'curl')}`;
      args = execFileSync('sh', ['-c', script], { env: { USER_TOKEN: 'tok en' }, encoding: 'utf8' }).split(
        '\0',
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
        this.skip(); // No POSIX shell on this system.
      }
      throw error;
    }
    const address = args.find((arg) => arg.startsWith('https:'));
    assert.equal(new URL(address ?? '').searchParams.get('filter'), nasty);
    assert.ok(args.includes('userToken=tok en'));
  });

  it('the token of an .http file is encoded where it goes into a form or an address', () => {
    const variables: Record<string, string> = { USER_TOKEN: 'a+b/c=&d e', SESSION_TOKEN: 'a+b/c=&d e' };
    /** As the editors' clients replace variables; a name with a percent sign before it is encoded. */
    const filled = (written: string) =>
      written
        .replace(/\{\{\$processEnv (\w+)\}\}/g, (_, name: string) => variables[name] ?? '')
        .replace(/\{\{(%?)token\}\}/g, (_, percent: string) => {
          const token =
            /^@token = (.*)$/m.exec(written)?.[1]?.replace(/\{\{\$processEnv (\w+)\}\}/, '$1') ?? '';
          const value = variables[token] ?? '';
          return percent === '' ? value : encodeURIComponent(value);
        });
    const form = filled(text(cra, 'getData', 'http'));
    assert.equal(new URLSearchParams(form.trimEnd().split('\n').at(-1)).get('userToken'), 'a+b/c=&d e');
    const address = /^GET (\S+)$/m.exec(filled(text(sarus, 'views', 'http')))?.[1] ?? '';
    assert.equal(new URL(address).searchParams.get('SessionToken'), 'a+b/c=&d e');
    assert.match(filled(text(cra, 'views', 'http')), /^Authorization: Bearer a\+b\/c=&d e$/m);
  });

  const runners: Readonly<Record<string, (written: string, env: Env) => [string, string[]]>> = {
    curl: (written) => ['sh', ['-c', written]],
    cmd: (written, env) => ['curl', cmdArguments(written, env).slice(1)],
    python: (written) => ['python3', ['-c', written]],
    powershell: (written) => ['pwsh', ['-NoProfile', '-Command', written]],
  };
  for (const [form, runner] of Object.entries(runners)) {
    it(`the text as ${form} makes the request, whatever its values hold`, async function () {
      this.timeout(240_000); // It starts many programs.
      if (!runs(form)) {
        this.skip();
      }
      const heard: { method: string; url: URL; body: string; bearer: string }[] = [];
      const server = createServer(async (request, response) => {
        let body = '';
        for await (const chunk of request) {
          body += String(chunk);
        }
        const { method = '', url = '', headers } = request;
        heard.push({ method, url: new URL(url, 'http://x'), body, bearer: headers.authorization ?? '' });
        response.setHeader('Content-Type', 'application/json');
        response.end('{}');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/p`;
      const env = { USER_TOKEN: 'a+b/c=&d', SESSION_TOKEN: 'a+b/c=&d', PATH: process.env.PATH ?? '' };
      try {
        for (const value of values) {
          for (const [dialect, request] of [
            ['getData', { ...cra, filter: value }],
            ['views', { ...cra, filter: value }],
            ['views', { ...sarus, params: { filter: value, 'a b%&': 'x' } }],
            ['views', { ...posted, params: { filter: value, 'a b%&': ['x', 1, null] } }],
          ] as const) {
            const written = textOf(request, to(request, { url, service, dialect }), form as RequestForm);
            await run(...runner(written, env), env);
            const got = heard.pop();
            if ('endpoint' in request && request.endpoint === posted.endpoint) {
              const { SESSION_TOKEN } = env;
              const body = { filter: value, 'a b%&': ['x', 1, null], SessionToken: SESSION_TOKEN };
              assert.deepEqual(JSON.parse(got?.body ?? ''), body, written);
              continue;
            }
            assert.equal(got?.url.searchParams.get('filter'), value, written);
            if ('endpoint' in request) {
              assert.equal(got.url.searchParams.get('SessionToken'), env.SESSION_TOKEN);
              assert.equal(got.url.searchParams.get('a b%&'), 'x');
            } else if (dialect === 'getData') {
              assert.equal(got.method, 'POST');
              assert.equal(new URLSearchParams(got.body).get('userToken'), env.USER_TOKEN);
            } else {
              assert.equal(got.bearer, `Bearer ${env.USER_TOKEN}`);
            }
          }
        }
      } finally {
        server.close();
      }
    });

    it(`the text as ${form} gets data of the sandbox`, async function () {
      if (!runs(form)) {
        this.skip();
      }
      await withSandbox({}, async (sandbox) => {
        const { url } = sandbox;
        const PATH = process.env.PATH ?? '';
        for (const [dialect, request, env] of [
          ['getData', cra, { USER_TOKEN: await classicLogon(sandbox) }],
          ['views', cra, { USER_TOKEN: await logon(sandbox) }],
          ['views', { ...sarus, params: {} }, { SESSION_TOKEN: await sarusToken(sandbox) }],
          ['views', posted, { SESSION_TOKEN: await sarusToken(sandbox) }],
        ] as const) {
          const plain = 'endpoint' in request ? request : { ...request, filter: '' };
          const written = textOf(plain, to(request, { url, service, dialect }), form as RequestForm);
          const out = await run(...runner(written, { ...env, PATH }), { ...env, PATH });
          assert.match(out, 'endpoint' in request ? /Result/ : /ASICPSCA/, `${out}${written}`);
        }
      });
    });
  }

  const headers = {
    'X-Team': `it's "50%" of $HOME & \\ %PATH%`,
    'X-Gateway': '${secret}',
    'X-Mixed': 'v1 ${secret}; "${secret}"',
    'X-Api-Key': 'written down in the clear',
    Authorization: 'Basic ${secret}',
  };
  const variables = {
    HEADER_X_GATEWAY: 'from a variable',
    HEADER_X_MIXED: 'twice',
    HEADER_X_API_KEY: 'from a third',
    HEADER_AUTHORIZATION: 'bWU6bWU=',
  };

  it('the connection’s headers are in every form, what is or may be secret of them as a variable', () => {
    for (const form of requestForms) {
      for (const dialect of ['getData', 'views'] as const) {
        const written = textOf(cra, to(cra, { headers, dialect }), form);
        assert.match(written, /X-Team/);
        assert.match(written, /X-Mixed[^\n]*v1 [^\n]*HEADER_X_MIXED[^\n]*HEADER_X_MIXED/);
        assert.match(written, /HEADER_X_GATEWAY/);
        assert.match(written, /HEADER_X_API_KEY/);
        assert.doesNotMatch(written, /in the clear|\$\{secret\}/);
        assert.equal(
          /HEADER_AUTHORIZATION/.test(written),
          dialect === 'getData',
          'the token has that header',
        );
      }
    }
  });

  for (const [form, runner] of Object.entries(runners)) {
    it(`the text as ${form} sends the connection’s headers, whatever they hold`, async function () {
      if (!runs(form)) {
        this.skip();
      }
      const heard: IncomingHttpHeaders[] = [];
      const server = createServer((request, response) => {
        heard.push(request.headers);
        response.setHeader('Content-Type', 'application/json');
        response.end('{}');
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/p`;
      const env = { ...variables, USER_TOKEN: 'tok', SESSION_TOKEN: 'tok', PATH: process.env.PATH ?? '' };
      try {
        for (const [dialect, request, authorization] of [
          ['getData', cra, 'Basic bWU6bWU='],
          ['views', cra, 'Bearer tok'],
          ['views', sarus, 'Basic bWU6bWU='],
        ] as const) {
          const connection = to(request, { url, service, headers, dialect });
          const written = textOf(request, connection, form as RequestForm);
          await run(...runner(written, env), env);
          const got = heard.pop();
          assert.equal(got?.authorization, authorization, written);
          assert.equal(got['x-team'], headers['X-Team'], written);
          assert.equal(got['x-gateway'], 'from a variable');
          assert.equal(got['x-mixed'], 'v1 twice; "twice"');
          assert.equal(got['x-api-key'], 'from a third');
        }
      } finally {
        server.close();
      }
    });
  }

  it('no value of a request can name a variable of cmd', () => {
    const written = text({ ...cra, filter: '%PATH% %USER_TOKEN% %PATH:~0,3%' }, 'views', 'cmd');
    const words = cmdArguments(written, { PATH: 'C:\\', USER_TOKEN: 'secret' });
    assert.ok(
      words.includes('+filter=%25PATH%25%20%25USER_TOKEN%25%20%25PATH%3A~0%2C3%25'),
      words.join('\n'),
    );
    assert.equal(written.split('%USER_TOKEN%').length, 2);
  });
});

type Env = Readonly<Record<string, string>>;

const values = [
  'JOBNAME="A B" & CPU>5 | x^y <z> (!) \\',
  '50% of %PATH% and %USER_TOKEN%',
  '100%',
  'two\r\nlines\tand a tab',
  '"',
  'a\\"b\\\\" & calc.exe',
  "it's $HOME `id` $(id) é ünï ’",
  '',
];

function runs(form: string): boolean {
  try {
    execFileSync('sh', ['-c', 'true']);
    if (form === 'python') {
      execFileSync('python3', ['-c', 'import requests']);
    } else {
      execFileSync(form === 'powershell' ? 'pwsh' : 'curl', ['--version']);
    }
    return true;
  } catch {
    return false;
  }
}

async function run(program: string, args: readonly string[], env: Env): Promise<string> {
  return (await promisify(execFile)(program, args, { env, encoding: 'utf8' })).stdout;
}

/** The words that a program gets from a line typed into Windows' cmd: variables, carets and quotes, then its own split. */
function cmdArguments(line: string, env: Env): string[] {
  const named = new Map(Object.entries(env).map(([name, value]) => [name.toUpperCase(), value]));
  // Line by line; a name that is no variable's is passed over up to its first percent sign only.
  const expanded = line
    .trimEnd()
    .split(' ^\n')
    .map((part) => withVariables(part, named))
    .join('\u0001');
  assert.ok(!expanded.includes('\n'), 'the line ends early');
  let command = '';
  let quoted = false;
  for (let at = 0; at < expanded.length; at++) {
    const char = expanded.charAt(at);
    if (char === '\u0001') {
      assert.ok(!quoted, 'a caret inside of quotes does not go on with the line');
      command += ' ';
    } else if (char === '^' && !quoted) {
      command += expanded.charAt(++at);
    } else {
      quoted = char === '"' ? !quoted : quoted;
      assert.ok(quoted || !/[&|<>()]/.test(char), `${char} is an operator of cmd`);
      command += char;
    }
  }
  const words: string[] = [];
  let word: string | undefined;
  let inside = false;
  for (const [, slashes = '', char = ''] of command.matchAll(/(\\*)([\s\S]|$)/g)) {
    if (char === '"') {
      word = `${word ?? ''}${'\\'.repeat(Math.floor(slashes.length / 2))}`;
      if (slashes.length % 2 === 1) {
        word += '"';
      } else {
        inside = !inside;
      }
    } else if ((char === ' ' || char === '') && !inside) {
      word = slashes === '' ? word : `${word ?? ''}${slashes}`;
      if (word !== undefined) {
        words.push(word);
      }
      word = undefined;
    } else {
      word = `${word ?? ''}${slashes}${char}`;
    }
  }
  return words;
}

function withVariables(line: string, named: ReadonlyMap<string, string>): string {
  const begin = line.indexOf('%');
  const end = line.indexOf('%', begin + 1);
  if (begin < 0 || end < 0) {
    return line;
  }
  const value = named.get((line.slice(begin + 1, end).split(':')[0] ?? '').toUpperCase());
  return value === undefined
    ? line.slice(0, begin + 1) + withVariables(line.slice(begin + 1), named)
    : line.slice(0, begin) + value + withVariables(line.slice(end + 1), named);
}
