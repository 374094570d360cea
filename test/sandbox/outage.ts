/** A listening socket with its connections. */
interface Socket {
  port(): number;
  listen(port: number): Promise<void>;
  close(): Promise<void>;
}

/** Lets a gateway refuse connections for a while. */
export class Outage {
  readonly #socket: Socket;
  #reopening: NodeJS.Timeout | undefined;
  #over = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Closes the listening socket and every connection, and listens again on the same port later. */
  refuse(forMs: number): void {
    if (!this.#over) {
      clearTimeout(this.#reopening);
      void this.#socket.close();
      this.#reopening = setTimeout(() => void this.#reopen(), forMs);
    }
  }

  /** Ends a refusal at once. */
  async end(): Promise<void> {
    if (this.#reopening !== undefined) {
      clearTimeout(this.#reopening);
      await this.#reopen();
    }
  }

  /** The gateway is closed for good. */
  dispose(): void {
    this.#over = true;
    clearTimeout(this.#reopening);
    this.#reopening = undefined;
  }

  async #reopen(): Promise<void> {
    this.#reopening = undefined;
    try {
      await this.#socket.listen(this.#socket.port());
    } catch {
      // Somebody else took the port meanwhile; it is ours again when they are done.
      this.refuse(100);
    }
    if (this.#over) {
      await this.#socket.close();
    }
  }
}
