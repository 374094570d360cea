import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** Key and certificate, PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly cert: string;
}

/** Nothing but this machine reaches the sandbox. */
const host = '127.0.0.1';

/** A listening socket on one port. */
export class Listener {
  readonly #serve: RequestListener;
  readonly #tls: TlsIdentity | undefined;
  readonly #keepAliveMs: number;
  #server: Server | undefined;
  #port = 0;

  constructor(serve: RequestListener, tls: TlsIdentity | undefined, keepAliveMs: number) {
    this.#serve = serve;
    this.#tls = tls;
    this.#keepAliveMs = keepAliveMs;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; 0 takes any free port. */
  async open(port: number): Promise<void> {
    const server =
      this.#tls === undefined ? createServer(this.#serve) : createSecureServer(this.#tls, this.#serve);
    // HTTP's own keep-alive, which Node announces in seconds on every answer.
    server.keepAliveTimeout = this.#keepAliveMs;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Closes the listening socket and every connection; it can be opened again. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    }
  }
}
