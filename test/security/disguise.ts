import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Sandbox, startSandbox } from '../sandbox/gateway.ts';
import { canaries } from './canaries.ts';

/**
 * A gateway as people have it, with users of its own: stands before a sandbox, which knows only its public users,
 * and learns what tokens are issued. One that echoes says back whatever it was told, as a gateway does that somebody
 * left in its debugging mode: in its errors; where it echoes `all`, also in its rows: whole, in base64, in another case and
 * as a name.
 */
export class Disguise {
  readonly sandbox: Sandbox;
  /** The tokens that were issued. */
  readonly secrets = new Set<string>();
  readonly #server: http.Server;
  readonly #echoes: 'errors' | 'all';

  private constructor(sandbox: Sandbox, echoes: 'errors' | 'all') {
    this.sandbox = sandbox;
    this.#echoes = echoes;
    this.#server = http.createServer((request, response) => this.#pass(request, response));
  }

  static async start(echoes: 'errors' | 'all'): Promise<Disguise> {
    const disguise = new Disguise(await startSandbox({ basic: true, maxSessions: 4 }), echoes);
    await new Promise<void>((resolve) => disguise.#server.listen(0, '127.0.0.1', resolve));
    return disguise;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.sandbox.close();
  }

  async #pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) {
      parts.push(part as Buffer);
    }
    const told = Buffer.concat(parts).toString();
    const body = disclose(told);
    const headers = { ...request.headers, 'content-length': String(Buffer.byteLength(body)) };
    delete headers['accept-encoding'];
    delete headers['transfer-encoding'];
    if (headers.authorization?.startsWith('Basic ')) {
      headers.authorization = `Basic ${Buffer.from('tomcat:tomcat').toString('base64')}`;
    }
    const onward = http.request(
      { port: this.sandbox.port, method: request.method, path: disclose(request.url ?? ''), headers },
      (answer) => {
        if (this.#echoes === 'all' || (answer.statusCode ?? 0) >= 400) {
          void this.#echo(answer, response, heardIn(request, told));
          return;
        }
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.on('data', (chunk: Buffer) => {
          this.#learn(chunk.toString());
          response.write(chunk);
        });
        answer.on('end', () => response.end());
        answer.on('error', () => response.destroy());
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    onward.end(body);
  }

  async #echo(answer: http.IncomingMessage, response: http.ServerResponse, heard: string): Promise<void> {
    const parts: Buffer[] = [];
    try {
      for await (const part of answer) {
        parts.push(part as Buffer);
      }
    } catch {
      response.destroy();
      return;
    }
    const text = Buffer.concat(parts).toString();
    this.#learn(text);
    const body = withEcho(text, heard, this.secrets);
    const headers = { ...answer.headers };
    delete headers['transfer-encoding'];
    if (body !== text) {
      headers['content-length'] = String(Buffer.byteLength(body));
    }
    response.writeHead(answer.statusCode ?? 500, headers);
    response.end(body);
  }

  #learn(text: string): void {
    for (const [, value = ''] of text.matchAll(/"(?:userToken|SessionToken|session)"\s*:\s*"([^"]+)"/g)) {
      this.secrets.add(value);
    }
  }
}

/** The secrets of a request: the values of its parameters without their names, and then all of it as it came. */
function heardIn({ url = '', headers }: http.IncomingMessage, body: string): string {
  const { searchParams } = new URL(url, 'http://gateway');
  const values = [...searchParams.values(), ...new URLSearchParams(body).values()];
  return [...values, url, headers.authorization, body].filter(Boolean).join(' ');
}

/** An answer with what was heard in the words of its error, or in its first rows. */
function withEcho(text: string, heard: string, tokens: ReadonlySet<string>): string {
  const body = objectOf(text);
  if (body === undefined) {
    // Tomcat's page.
    return text.replace('<b>Message</b>', () => `<b>Message</b> ${heard}:`);
  }
  if (typeof body.error === 'string') {
    return JSON.stringify({ ...body, error: `${heard}: ${body.error}` });
  }
  const errors = body.Errors as { Detail?: unknown } | undefined;
  if (typeof errors?.Detail === 'string') {
    return JSON.stringify({ ...body, Errors: { ...errors, Detail: `${heard}: ${errors.Detail}` } });
  }
  const result = body.Rows ?? body.Result;
  const rows = [result, ...Object.values(result ?? {})].find(Array.isArray) ?? [];
  const cells: Record<string, string> = { HEARD: heard, HEARD64: Buffer.from(heard).toString('base64') };
  for (const token of tokens) {
    if (heard.includes(token)) {
      cells[`UPPER${Object.keys(cells).length}`] = token.toUpperCase();
      cells[token] = 'as a name';
    }
  }
  if (rows.length === 0) {
    return text;
  }
  // First, so that they are the first columns of a table.
  for (const [at, row] of rows.slice(0, 3).entries()) {
    const inCells = Object.values(row as object).some(Array.isArray);
    const added = Object.entries(cells).map(([field, cell]) => [field, inCells ? [{ 0: cell }] : cell]);
    rows[at] = { ...Object.fromEntries(added), ...(row as object) };
  }
  return JSON.stringify(body);
}

function objectOf(text: string): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** Our users in the words of the sandbox. */
function disclose(text: string): string {
  const pairs = [
    [canaries.email, 'demo@example.com'],
    [canaries.username, 'demo'],
    [canaries.password, 'demo'],
    [canaries.apiKey, 'demo'],
  ] as const;
  let known = text;
  for (const [ours, theirs] of pairs) {
    const encoded = encodeURIComponent(ours).replace(
      /[!'()]/g,
      (char) => `%${char.charCodeAt(0).toString(16)}`,
    );
    known = known.replaceAll(encoded, encodeURIComponent(theirs));
    known = known.replaceAll(JSON.stringify(ours).slice(1, -1), theirs);
  }
  return known;
}
