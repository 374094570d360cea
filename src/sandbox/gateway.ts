import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { performance } from 'node:perf_hooks';
import { type Answer, json, Refusal, tomcatPage } from './answer.ts';
import { type Call, readCall } from './call.ts';
import { Cra } from './cra.ts';
import { craAnswer } from './craRoutes.ts';
import { grantedLifeMs } from './life.ts';
import { Listener } from './listener.ts';
import { Sarus } from './sarus.ts';
import { send } from './send.ts';
import type { Profile, Setup } from './setup.ts';
import { type SandboxStats, State } from './state.ts';
import type { View } from './views/view.ts';

export interface SandboxOptions {
  /** Port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number | undefined;
  /**
   * Life of a token that nobody uses, in seconds; default 900. From 300 up it is CRA's timeout and clamped to
   * 86,400, and SARUS grants the `Minutes` asked for; a shorter one is real as it is and bounds SARUS's lives too.
   */
  readonly lifeSeconds?: number | undefined;
  /** CRA sessions open at once; default 20. SARUS documents no such limit and has none. */
  readonly maxSessions?: number | undefined;
  /** Names of the CRA services; default `BBI3SYSA` and `BBI3SYSB`. */
  readonly services?: readonly string[] | undefined;
  /** The release of CRA that is played; default `newest`. */
  readonly profile?: Profile | undefined;
  /** Whether keepalive, close and the log-off ask for the Tomcat user `tomcat`/`tomcat` by Basic authorization. */
  readonly basic?: boolean | undefined;
  /** Makes the server; default: one of plain HTTP. */
  readonly createServer?: ((serve: RequestListener) => Server) | undefined;
  /** SARUS: API calls that the account may make; default 1,000,000. */
  readonly sarusQuota?: number | undefined;
  /** SARUS: requests a second that each of the token endpoints answers; default 3. */
  readonly sarusRate?: number | undefined;
  /** Monotonic milliseconds; tests turn it. Default: `performance.now`. */
  readonly now?: (() => number) | undefined;
  /** Views that CRA has beside its own. */
  readonly moreViews?: readonly View[] | undefined;
}

/** A running sandbox gateway. */
export interface Sandbox {
  /** What a connection's `url` is set to. */
  readonly url: string;
  readonly port: number;
  readonly services: readonly string[];
  stats(): SandboxStats;
  /** Ends the listening socket, every connection and every timer. */
  close(): Promise<void>;
}

/**
 * Starts a gateway on 127.0.0.1 that speaks SARUS (docs/protocols.md 1) and both CRA dialects (2a, 2b) on one port.
 * Rejects when the port is taken or an option makes no sense.
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const server = new SandboxServer(options);
  await server.open();
  return server;
}

/** The gateway behind its listening socket. */
export class SandboxServer implements Sandbox {
  readonly services: readonly string[];
  protected readonly setup: Setup;
  protected readonly sarus: Sarus;
  protected readonly listener: Listener;
  readonly #wantedPort: number;
  readonly #cra: Cra;

  constructor(options: SandboxOptions) {
    const now = options.now ?? (() => performance.now());
    // A clock that tests turn carries the wall clock of the answers with it; the machine's own may stand still in sleep.
    const wallOffset = Date.now() - now();
    const lifeMs = grantedLifeMs(options.lifeSeconds ?? 900);
    this.#wantedPort = options.port ?? 0;
    this.services = options.services ?? ['BBI3SYSA', 'BBI3SYSB'];
    const create = options.createServer ?? createServer;
    this.listener = new Listener(create((request, response) => void this.#serve(request, response)));
    this.setup = {
      state: new State(now),
      lifeMs,
      maxSessions: options.maxSessions ?? 20,
      services: this.services,
      profile: options.profile ?? 'newest',
      basic: options.basic ?? false,
      sarusQuota: options.sarusQuota ?? 1_000_000,
      sarusRate: options.sarusRate ?? 3,
      moreViews: options.moreViews ?? [],
      wall: options.now === undefined ? Date.now : () => wallOffset + now(),
      port: () => this.port,
    };
    this.#cra = new Cra(this.setup);
    this.sarus = new Sarus(this.setup);
  }

  get port(): number {
    return this.listener.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  open(): Promise<void> {
    return this.listener.open(this.#wantedPort);
  }

  stats(): SandboxStats {
    return this.setup.state.stats();
  }

  close(): Promise<void> {
    return this.listener.close();
  }

  /** Answers one request. */
  protected respond(call: Call, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = isControl(call) ? this.control(call, request) : this.answer(call);
    return send(response, answer, request.headers['accept-encoding']?.toString());
  }

  /** What a request for the sandbox itself is answered: `GET /sandbox/stats`. Loopback only. */
  protected control(call: Call, { socket }: IncomingMessage): Answer {
    if (!['127.0.0.1', '::ffff:127.0.0.1', '::1'].includes(socket.remoteAddress ?? '')) {
      return json({ error: 'Only this machine may ask that.' }, 403);
    }
    return call.method === 'GET' && call.path[1] === 'stats'
      ? json(this.stats())
      : json({ error: 'GET /sandbox/stats.' }, 404);
  }

  /** Carries out what a request asks for. */
  protected answer(call: Call): Answer {
    try {
      return (
        (call.path[0] === 'cra' ? craAnswer(this.#cra, this.setup, call) : this.sarus.answer(call)) ??
        tomcatPage(404, `The requested resource [${call.url}] is not available`)
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
      fail(response, error);
    }
  }
}

/** Whether a request is for the sandbox itself. */
export function isControl(call: Call): boolean {
  return call.path[0] === 'sandbox';
}

/** A mistake of ours becomes a 500 in a gateway's words; a client that has left needs nothing. */
function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed || response.headersSent) {
    response.destroy();
    return;
  }
  const answer = error instanceof Refusal ? error.answer : tomcatPage(500, String(error));
  void send(response, answer, undefined).catch(() => response.destroy());
}
