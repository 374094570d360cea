import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Nothing but this machine reaches the sandbox. */
const host = '127.0.0.1';
/** HTTP's own keep-alive, announced in seconds on every answer: not to be mistaken for a life in minutes. */
const keepAliveMs = 25_000;

/** A listening socket on one port. */
export class Listener {
  readonly #server: Server;
  #port = 0;

  constructor(server: Server) {
    this.#server = server;
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
