import type { Sandbox } from '../sandbox/gateway.ts';

/** Owns the sandbox gateway of this window. */
export class SandboxHost {
  #running: Sandbox | undefined;

  get running(): Sandbox | undefined {
    return this.#running;
  }

  /** Starts it, in place of one that runs. Rejects when the port is taken. */
  async start(wanted: { port?: number | undefined; lifeSeconds?: number | undefined }): Promise<Sandbox> {
    await this.stop();
    const { startSandbox } = await import('../sandbox/gateway.ts');
    this.#running = await startSandbox(wanted);
    return this.#running;
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
