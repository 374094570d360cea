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

  protected async respond(call: Call, _request: IncomingMessage, response: ServerResponse): Promise<void> {
    send(response, this.answer(call));
  }

  /** Answers as the gateway, and `GET /sandbox/stats`. @throws Refusal */
  protected answer(call: Call): Answer {
    const [first, second] = call.path;
    if (first === 'sandbox') {
      return call.method === 'GET' && second === 'stats'
        ? json(this.stats())
        : json({ error: 'GET /sandbox/stats.' }, 404);
    }
    return (first === 'cra' ? this.#cra : this.sarus).answer(call) ?? notAvailable(call);
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

/** The answer for an unknown path. */
export function notAvailable({ url }: Call): Answer {
  return tomcatPage(404, `The requested resource [${url}] is not available`);
}
