import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { performance } from 'node:perf_hooks';
import type { Disposable } from './disposable.ts';

/** One moment on two clocks: the wall clock, which can be set, and the uptime, which cannot. */
export interface Instant {
  /** Epoch milliseconds of this machine's wall clock: it can jump. */
  readonly wall: number;
  /** Milliseconds since the machine started, sleep included: it only grows. */
  readonly up: number;
  /** Which start of the machine `up` counts from; empty where the system does not tell. */
  readonly boot: string;
  /** Id of the machine whose clocks these are; absent in what version 0.1 has stored. */
  readonly machine?: string | undefined;
}

/** Passed to all code that needs the time or a timer, so that tests can control it. */
export interface Clock {
  now(): Instant;
  /** Runs `callback` once, `ms` milliseconds from now, unless disposed before. */
  setTimeout(callback: () => void, ms: number): Disposable;
}

/** Node's longest timer: a longer one would fire at once. A shorter wait is no problem, since its owner checks the time. */
const maxTimeoutMs = 2 ** 31 - 1;

/** When `performance.now()` lags so many milliseconds behind `os.uptime()`, the machine has slept. */
const sleepThresholdMs = 2_000;

/** Reading the uptime is slow, so it is read once in so many milliseconds, and when the wall clock jumps. */
const uptimeIntervalMs = 1_000;
const jumpMs = 100;

export class SystemClock implements Clock {
  // performance.now() is fine-grained but stands still while a laptop sleeps; os.uptime() counts sleep, and
  // is shared by all processes, but may be coarse. The first is used, and corrected by the second.
  #offset = uptime() * 1000 - performance.now();
  #looked = { fine: Number.NEGATIVE_INFINITY, wall: 0 };
  #boot: string | undefined;
  readonly #machine: string | undefined;

  /** @param machine an id that no other machine has, the same at each start of this one */
  constructor(machine?: string) {
    this.#machine = machine;
  }

  now(): Instant {
    const [fine, wall] = [performance.now(), Date.now()];
    const since = fine - this.#looked.fine;
    if (since > uptimeIntervalMs || Math.abs(wall - this.#looked.wall - since) > jumpMs) {
      this.#looked = { fine, wall };
      const behind = uptime() * 1000 - (fine + this.#offset);
      this.#offset += behind > sleepThresholdMs ? behind : 0;
    }
    this.#boot ??= bootId();
    return { wall, up: fine + this.#offset, boot: this.#boot, machine: this.#machine };
  }

  setTimeout(callback: () => void, ms: number): Disposable {
    const timer = setTimeout(callback, Math.min(Math.max(ms, 0), maxTimeoutMs));
    return { dispose: () => clearTimeout(timer) };
  }
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // Not Linux: of both clocks the later one counts (tokens/deadline.ts).
  }
}
