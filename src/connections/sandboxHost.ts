import { TokensError } from '../core/errors.ts';
import type { SandboxServer } from '../sandbox/gateway.ts';

/** Owns the sandbox gateway of this window. */
export class SandboxHost {
  #running: SandboxServer | undefined;

  /**
   * Starts it in place of one that runs.
   * @throws `E_CONFIG` when the port is taken; one that runs goes on
   */
  async start(wanted: {
    port?: number | undefined;
    lifeSeconds?: number | undefined;
  }): Promise<SandboxServer> {
    const { SandboxServer } = await import('../sandbox/gateway.ts');
    if (this.#running !== undefined && Number(new URL(this.#running.url).port) === wanted.port) {
      await this.stop(); // Our own sandbox has the port.
    }
    const started = new SandboxServer(wanted.lifeSeconds);
    await started.listen(wanted.port ?? 0).catch((error: NodeJS.ErrnoException) => {
      throw error.syscall === 'listen'
        ? new TokensError('E_CONFIG', 'The sandbox gateway cannot have port {0}: choose another one.', [
            String(wanted.port),
          ])
        : error;
    });
    const before = this.#running; // Another start may have put it here since.
    this.#running = started;
    await before?.close();
    return started;
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.close();
  }

  dispose(): void {
    void this.stop();
  }
}
