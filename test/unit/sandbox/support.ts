import assert from 'node:assert/strict';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../sandbox/gateway.ts';

/** A clock that only tests move, in milliseconds. */
export class TestClock {
  ms = 1_000;
  readonly now = (): number => this.ms;
}

/** Runs a test against a sandbox of its own, and ends that whatever happens. */
export async function withSandbox(
  options: SandboxOptions,
  run: (sandbox: Sandbox) => Promise<void>,
): Promise<void> {
  const sandbox = await startSandbox(options);
  try {
    await run(sandbox);
  } finally {
    await sandbox.close();
  }
}

/** A JSON object from the wire. */
export type Body = Record<string, unknown>;

/** An answer, read whole. */
export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as a JSON object; throws when it is none. */
  readonly body: Body;
}

export async function send(url: string, init: RequestInit = {}): Promise<Reply> {
  const response = await fetch(url, { redirect: 'manual', ...init });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    get body(): Body {
      return JSON.parse(text) as Body;
    },
  };
}

/** POSTs a form. */
export function post(
  url: string,
  fields: Record<string, string> = {},
  headers: Record<string, string> = {},
): Promise<Reply> {
  return send(url, { method: 'POST', body: new URLSearchParams(fields), headers });
}

/** GETs with a Bearer token. */
export function get(url: string, token?: string): Promise<Reply> {
  return send(url, token === undefined ? {} : { headers: { Authorization: `Bearer ${token}` } });
}

/** A member that must be a string. */
export function text(value: unknown): string {
  assert.equal(typeof value, 'string');
  return String(value);
}

export const service = 'BBI3SYSA';

/** Root of the newer dialect. */
export function viewsRoot(sandbox: Sandbox): string {
  return `${sandbox.url}/cra/serviceGateway/services`;
}

/** Root of the classic dialect. */
export function classicRoot(sandbox: Sandbox): string {
  return `${sandbox.url}/cra/ServiceGateway/Services`;
}

/** A user token of the newer dialect, by its form log-on. */
export async function logon(sandbox: Sandbox): Promise<string> {
  const reply = await post(`${viewsRoot(sandbox)}/${service}/logon`, { username: 'demo', password: 'demo' });
  assert.equal(reply.status, 200);
  return text(reply.body.userToken);
}

/** A user token of the classic dialect. */
export async function classicLogon(sandbox: Sandbox): Promise<string> {
  const reply = await post(`${classicRoot(sandbox)}/${service}/Logon`, {
    username: 'demo',
    password: 'demo',
  });
  assert.equal(reply.status, 200);
  return text(reply.body.userToken);
}

/** Data of MVMVS/JCPU in the newer dialect. */
export function data(sandbox: Sandbox, token: string, query = ''): Promise<Reply> {
  return get(`${viewsRoot(sandbox)}/${service}/products/MVMVS/views/JCPU/data?${query}`, token);
}

/** Opens a session on MVMVS/JCPU that stays open; its id. */
export async function openSession(sandbox: Sandbox, token: string): Promise<string> {
  return text((await data(sandbox, token, 'close=N&rows=1')).body.session);
}

/** A SARUS call. */
export function sarus(
  sandbox: Sandbox,
  endpoint: string,
  query: Record<string, string> = {},
): Promise<Reply> {
  return send(`${sandbox.url}/${endpoint}?${new URLSearchParams(query)}`);
}

/** `Result` of a SARUS answer that must have one. */
export function resultOf(reply: Reply): Body {
  assert.equal(reply.status, 200, reply.text);
  assert.ok(!('Errors' in reply.body));
  return reply.body.Result as Body;
}

/** `Status` of the one error in a SARUS answer that must have one. */
export function errorOf(reply: Reply): unknown {
  assert.ok(!('Result' in reply.body));
  const [error, ...more] = reply.body.Errors as Body[];
  assert.equal(typeof error?.Details, 'string');
  assert.deepEqual(more, []);
  return error?.Status;
}

/** A SARUS token. */
export async function sarusToken(sandbox: Sandbox, query: Record<string, string> = {}): Promise<string> {
  const reply = await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo', ...query });
  return text(resultOf(reply).SessionToken);
}
