import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../../../../src/core/clock.ts';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { Connection } from '../../../../src/core/connection.ts';
import { type ErrorCode, TokensError } from '../../../../src/core/errors.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import type { Log } from '../../../../src/core/log.ts';
import type { Answer, AnswerReader, MakeReader, Row } from '../../../../src/core/protocols/answer.ts';
import type { DataCall, Gateway, GatewayDeps, Query } from '../../../../src/core/protocols/protocol.ts';
import { Redactor } from '../../../../src/core/redact.ts';
import { connect } from '../../../connect.ts';
import { connectionOf } from '../../../connectionOf.ts';

/** A request as a server got it. */
export interface Got {
  readonly method: string;
  /** Path and query, exactly as they were sent. */
  readonly url: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  readonly form: URLSearchParams;
  readonly socket: IncomingMessage['socket'];
}

export interface TestServer {
  readonly url: string;
  readonly got: Got[];
  readonly server: Server;
}

const open: Server[] = [];

/** Starts a server on the loopback that answers as a test says; `closeServers` ends it. */
export async function serve(
  answer: Answering,
  make: (listener: RequestListener) => Server = createServer,
): Promise<TestServer> {
  const got: Got[] = [];
  const server = make(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) {
      parts.push(part);
    }
    const url = request.url ?? '';
    const body = Buffer.concat(parts).toString();
    const { pathname, searchParams } = new URL(url, 'http://x');
    const call: Got = {
      method: request.method ?? '',
      url,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body,
      form: new URLSearchParams(body),
      socket: request.socket,
    };
    got.push(call);
    answer(call, response, got.length - 1);
  });
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, got, server };
}

export async function closeServers(): Promise<void> {
  for (const server of open.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Answers what a test server gets; `index` counts the requests from 0. */
type Answering = (got: Got, response: ServerResponse, index: number) => void;

/** The clients of a file of tests: they and the servers that they speak to end with each test. */
export function clients(settings: Record<string, unknown> = {}) {
  const open: Gateway[] = [];

  afterEach(async () => {
    for (const gateway of open.splice(0)) {
      gateway.dispose();
    }
    await closeServers();
  });

  function client(
    url: string,
    more: Record<string, unknown> = {},
    parts: Partial<GatewayDeps> = {},
  ): Gateway {
    const gateway = connect(connection(url, { ...settings, ...more }), { ...deps(), ...parts });
    open.push(gateway);
    return gateway;
  }

  async function against(
    answer: Answering,
    more?: Record<string, unknown>,
    parts?: Partial<GatewayDeps>,
  ): Promise<{ server: TestServer; gateway: Gateway }> {
    const server = await serve(answer);
    return { server, gateway: client(server.url, more, parts) };
  }

  return { client, against };
}

/** A data call that keeps its session open. */
export function callOf(query: Query, more: Partial<DataCall> = {}): DataCall {
  return { tokens: { user: 'user-token' }, query, keepOpen: true, makeReader: readers().make, ...more };
}

export function json(response: ServerResponse, body: unknown, status = 200, headers = {}): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}

/** Tomcat's error page. */
export function tomcat(response: ServerResponse, status: number, reason: string, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html;charset=utf-8' });
  response.end(
    `<!doctype html><html lang="en"><head><title>HTTP Status ${status} – ${reason}</title><style>h1 {color:red}</style></head>` +
      `<body><h1>HTTP Status ${status} – ${reason}</h1><hr class="line" /><p><b>Type</b> Status Report</p>` +
      `<p><b>Message</b> ${message}</p><p><b>Description</b> Something long.</p><h3>Apache Tomcat/9.0.1</h3></body></html>`,
  );
}

export function connection(url: string, more: Record<string, unknown> = {}): Connection {
  return connectionOf({ service: 'SVC', url, ...more });
}

export class MemoryLog implements Log {
  readonly lines: string[] = [];
  debug(message: string): void {
    this.lines.push(message);
  }
  info(message: string): void {
    this.lines.push(message);
  }
  warn(message: string): void {
    this.lines.push(message);
  }
  error(message: string): void {
    this.lines.push(message);
  }
}

export interface Deps {
  clock: Clock;
  redactor: Redactor;
  log: MemoryLog;
  maxResponseBytes: () => number;
  random: () => number;
}

export function deps(more: Partial<Deps> = {}): Deps {
  return {
    clock: new SystemClock(),
    redactor: new Redactor(),
    log: new MemoryLog(),
    maxResponseBytes: () => 1_048_576,
    random: () => 0.5,
    ...more,
  };
}

/** What a promise was rejected with, which must be a TokensError of a code. */
export async function failure(promise: Promise<unknown>, code: ErrorCode): Promise<TokensError> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!('error' in outcome)) {
    throw new Error(`resolved to ${JSON.stringify(outcome.value)} instead of being rejected`);
  }
  if (!(outcome.error instanceof TokensError) || outcome.error.code !== code) {
    throw new Error(`expected ${code}, got ${String(outcome.error)} ${JSON.stringify(outcome.error)}`);
  }
  return outcome.error;
}

/** Lets a test wait for something that another part of it brings. */
export function gate<T = void>(): { open: (value: T) => void; opened: Promise<T> } {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A reader that keeps the whole body, and finds the scalars before `Rows` as they come. */
export class PlainReader implements AnswerReader {
  readonly #onScalar: (name: string, value: string) => void;
  #text = '';
  readonly #told = new Set<string>();
  aborted = 0;
  ended = 0;

  constructor(onScalar: (name: string, value: string) => void) {
    this.#onScalar = onScalar;
  }

  write(chunk: Uint8Array): void {
    this.#text += Buffer.from(chunk).toString('latin1');
    for (const [, name = '', value = ''] of this.#text
      .split('"Rows"')[0]
      ?.matchAll(/"(\w+)"\s*:\s*"?([^",}]+)"?[,}]/g) ?? []) {
      this.#tell(name, value);
    }
  }

  async end(): Promise<Answer> {
    this.ended++;
    const text = Buffer.from(this.#text, 'latin1').toString();
    let head: JsonObject;
    try {
      head = JSON.parse(text.replace(/^\uFEFF/, ''));
    } catch {
      throw new TokensError('E_PROTOCOL', 'No JSON.');
    }
    for (const [name, value] of Object.entries(head)) {
      if (typeof value !== 'object') {
        this.#tell(name, String(value));
      }
    }
    const { Rows, Result, ...rest } = head;
    const rows = (Array.isArray(Rows) ? Rows : Array.isArray(Result) ? Result : []) as Row[];
    return {
      head: rest,
      fields: [...new Set(rows.flatMap((row) => Object.keys(row)))],
      rowCount: rows.length,
      bytes: this.#text.length,
      rows: async () => rows,
      dispose: () => undefined,
    };
  }

  abort(): void {
    this.aborted++;
  }

  #tell(name: string, value: string): void {
    if (!this.#told.has(name)) {
      this.#told.add(name);
      this.#onScalar(name, value);
    }
  }
}

/** Makes plain readers and keeps them, so that a test can look at what became of them. */
export function readers(): { make: MakeReader; made: PlainReader[] } {
  const made: PlainReader[] = [];
  return {
    made,
    make: (_shape, onScalar) => {
      const reader = new PlainReader(onScalar);
      made.push(reader);
      return reader;
    },
  };
}
