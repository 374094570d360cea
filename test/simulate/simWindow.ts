import type { RateLimit } from '../../src/core/tokens/rateLimit.ts';
import type { Operation } from './modelServer.ts';
import { SharedClaims } from './shared.ts';
import { SimMachine } from './time.ts';
import type { TestWindow } from './window.ts';

/** A machine that windows run on, with claims of its own. */
export class Computer extends SimMachine {
  readonly claims = new SharedClaims(() => this.now().up);
  lastJump = Number.NEGATIVE_INFINITY;
  /** Requests about tokens that were answered in the last second. */
  answered: { readonly operation: Operation; readonly by: SimWindow; readonly at: number }[] = [];
  /** Whether a window has reckoned lives anew since the machine was started, and told the store. */
  isReckoned = true;
}

/** One window: the real core on ports that die with it. */
export class SimWindow {
  readonly name: string;
  readonly machine: Computer;
  /** The start of the machine that it runs in; it does not outlive that. */
  readonly boot: string;
  readonly openedAt: number;
  readonly inner: TestWindow;
  alive = true;
  /** Keeps its requests below what gateways take in a second. */
  rate: RateLimit | undefined;
  diedAt = Number.POSITIVE_INFINITY;
  /** What was asked of it and has not come back. */
  waiting = 0;
  /** Tokens whose automatic renewal is its own to do, and since when. It may come to nothing: the token is being closed. */
  readonly renewing = new Map<string, number>();
  /** Tokens that it is closing, or was refused to close: it may ask by a renewal whether they live. */
  readonly unclosed = new Set<string>();
  /** What it held earlier has been found. */
  ready: Promise<unknown> = never();

  constructor(name: string, machine: Computer, openedAt: number, make: (window: SimWindow) => TestWindow) {
    this.name = name;
    this.machine = machine;
    this.boot = machine.now().boot;
    this.openedAt = openedAt;
    this.inner = make(this);
  }

  /** No call returns to a window that has died. */
  async port<T>(call: () => Promise<T>): Promise<T> {
    if (!this.alive) {
      return never();
    }
    try {
      const result = await call();
      return this.alive ? result : await never();
    } catch (error) {
      if (!this.alive) {
        return never();
      }
      throw error;
    }
  }
}

export function never<T>(): Promise<T> {
  return new Promise<T>(() => undefined);
}
