import { once } from 'node:events';
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
/** HTTP's own keep-alive, announced in seconds on every answer: not to be mistaken for a life in minutes. */
const keepAliveMs = 25_000;

/** A listening socket on one port. */
export class Listener {
  readonly #server: Server;
  #port = 0;

  constructor(serve: RequestListener, tls: TlsIdentity | undefined) {
    this.#server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
    this.#server.keepAliveTimeout = keepAliveMs;
  }

  get port(): number {
    return this.#port;
  }

  /** Listens; 0 takes any free port. */
  async open(port: number): Promise<void> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Closes the listening socket and every connection; it can be opened again. */
  async close(): Promise<void> {
    if (this.#server.listening) {
      const closed = once(this.#server, 'close');
      this.#server.close();
      this.#server.closeAllConnections();
      await closed;
    }
  }
}
