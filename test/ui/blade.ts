import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server with session tokens, as two people know one: by a preset (Redfish), and by describing it (`/api`). Its user is
 * `ann` with the password `s3cret-word`.
 */
interface Blade {
  readonly url: string;
  /** Tokens that are good now. */
  readonly tokens: ReadonlySet<string>;
  /** Requests in their order: method and path. */
  readonly asked: readonly string[];
  /** No token is good any more, as after a restart. */
  forget(): void;
  close(): Promise<void>;
}

export async function startBlade(): Promise<Blade> {
  const tokens = new Set<string>();
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const body = await bodyOf(request);
    const bearer = request.headers.authorization?.replace(/^Bearer /, '');
    const cookie = request.headers.cookie?.replace('Check=', '');
    const token = String(request.headers['x-auth-token'] ?? bearer ?? cookie ?? '');
    const line = `${request.method} ${request.url?.replace('/login/ann', '/login')}`;
    const { status, value, headers } = answer(line, { body, token, tokens });
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(value));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tokens,
    asked,
    forget: () => tokens.clear(),
    close: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

const systems = [
  { Id: 'S1', Name: 'web', PowerState: 'On' },
  { Id: 'S2', Name: 'store', PowerState: 'Off' },
];

interface Asked {
  readonly body: string;
  readonly token: string;
  readonly tokens: Set<string>;
}

interface Answer {
  readonly status: number;
  readonly value: object;
  readonly headers?: Readonly<Record<string, string>>;
}

function answer(line: string, { body, token, tokens }: Asked): Answer {
  if (line === 'POST /redfish/v1/SessionService/Sessions' || line === 'POST /api/login') {
    return signIn(line, body, tokens);
  }
  if (!tokens.has(token)) {
    return { status: 401, value: { error: 'no session' } };
  }
  if (line.startsWith('DELETE') || line === 'POST /api/logout') {
    tokens.delete(token);
    return { status: 200, value: {} };
  }
  if (line === 'GET /api/ticket') {
    return { status: 200, value: handedOut(token) };
  }
  if (line === 'GET /api/none') {
    return { status: 404, value: { error: 'no such thing' } };
  }
  const data = line.includes('Systems')
    ? { Members: systems }
    : { count: 2, result: { hosts: systems }, log: [{ at: 1 }] };
  return { status: 200, value: line.endsWith('SessionService') ? { SessionTimeout: 1800 } : data };
}

function signIn(line: string, body: string, tokens: Set<string>): Answer {
  if (!body.includes('"ann"')) {
    return { status: 401, value: { error: 'Who is that?' } };
  }
  const made = `blade-token-${tokens.size + 1}-${'x'.repeat(12)}`;
  tokens.add(made);
  return line === 'POST /api/login'
    ? { status: 200, value: handedOut(made), headers: { 'Set-Cookie': `Check=${made}; Path=/` } }
    : {
        status: 201,
        value: { Id: 'S' },
        headers: { 'X-Auth-Token': made, Location: `/redfish/v1/SessionService/Sessions/${made}` },
      };
}

function handedOut(token: string): object {
  return { data: { user: 'ann', token, expires_in: 1800 } };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}
