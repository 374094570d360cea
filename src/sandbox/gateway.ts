import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, json, Refusal, tomcatPage } from './answer.ts';
import { type Call, readCall } from './call.ts';
import { Cra } from './cra.ts';
import { craAnswer } from './craRoutes.ts';
import { Sarus } from './sarus.ts';
import { type SandboxStats, State } from './state.ts';

/** Nothing but this machine reaches the sandbox. */
const host = '127.0.0.1';
/** HTTP's own keep-alive, announced in seconds on every answer: not to be mistaken for a life in minutes. */
const keepAliveMs = 25_000;

/** A gateway on 127.0.0.1 that speaks SARUS (docs/protocols.md 1) and both CRA dialects (2a, 2b) on one port. */
export class SandboxServer {
  protected readonly state: State;
  protected readonly sarus: Sarus;
  readonly #cra: Cra;
  #server: Server | undefined;

  /** @param lifeSeconds see {@link State} */
  constructor(lifeSeconds?: number) {
    this.state = new State(lifeSeconds);
    this.#cra = new Cra(this.state);
    this.sarus = new Sarus(this.state);
  }

  get port(): number {
    return this.state.port;
  }

  /** What a connection's `url` is set to. */
  get url(): string {
    return `http://${host}:${this.port}`;
  }

  get services(): readonly string[] {
    return this.state.services;
  }

  stats(): SandboxStats {
    return this.state.stats();
  }

  /** Listens; 0 takes any free port. Rejects when it is taken. */
  async listen(port: number): Promise<void> {
    const server = this.createServer((request, response) => void this.#serve(request, response));
    server.keepAliveTimeout = keepAliveMs;
    server.listen(port, host);
    await once(server, 'listening');
    this.#server = server;
    this.state.port = (server.address() as AddressInfo).port;
  }

  /** Ends the listening socket and every connection. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    }
  }

  protected createServer(serve: RequestListener): Server {
    return createServer(serve);
  }

  protected async respond(call: Call, request: IncomingMessage, response: ServerResponse): Promise<void> {
    send(response, isControl(call) ? this.control(call, request) : this.answer(call));
  }

  /** The answer to a request for the sandbox itself: `GET /sandbox/stats`. Loopback only. */
  protected control(call: Call, { socket }: IncomingMessage): Answer {
    if (!['127.0.0.1', '::ffff:127.0.0.1', '::1'].includes(socket.remoteAddress ?? '')) {
      return json({ error: 'Only this machine may ask that.' }, 403);
    }
    return call.method === 'GET' && call.path[1] === 'stats'
      ? json(this.stats())
      : json({ error: 'GET /sandbox/stats.' }, 404);
  }

  /** Answers a request as the gateway. */
  protected answer(call: Call): Answer {
    try {
      return (
        (call.path[0] === 'cra' ? craAnswer(this.#cra, this.state, call) : this.sarus.answer(call)) ??
        notAvailable(call)
      );
    } catch (error) {
      if (error instanceof Refusal) {
        return error.answer;
      }
      throw error;
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.respond(await readCall(request), request, response);
    } catch (error) {
      if (response.destroyed || response.headersSent) {
        response.destroy(); // The client has gone.
      } else {
        // An error of the sandbox itself becomes a 500 of a gateway.
        send(response, error instanceof Refusal ? error.answer : tomcatPage(500, String(error)));
      }
    }
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) }).end(body);
}

export function isControl(call: Call): boolean {
  return call.path[0] === 'sandbox';
}

/** The answer for an unknown path. */
export function notAvailable({ url }: Call): Answer {
  return tomcatPage(404, `The requested resource [${url}] is not available`);
}
