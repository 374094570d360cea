import type { Clock } from './clock.ts';
import { cancelled } from './errors.ts';

/**
 * Waits for work that goes on without its caller: rejects with `E_CANCELLED` when the signal fires, and lets the work end
 * by itself.
 */
export function unlessCancelled<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) {
    return work;
  }
  if (signal.aborted) {
    work.catch(() => undefined); // Its failure is handled by whoever started it.
    return Promise.reject(cancelled());
  }
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(cancelled());
    signal.addEventListener('abort', stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

/** Waits for work, but no longer than `ms` milliseconds; the work then goes on by itself, and its failure is ignored. */
export async function within(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  try {
    await Promise.race([work, promise]);
  } finally {
    timer.dispose();
    work.catch(() => undefined);
  }
}

/** Waits for `ms` milliseconds. @throws E_CANCELLED when the signal fires before */
export async function pause(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimeout(resolve, ms);
  await unlessCancelled(promise, signal).finally(() => timer.dispose());
}

/** Runs a function at the first call only; every call gets the same result. */
export function once<T>(work: () => T): () => T {
  let done: { readonly result: T } | undefined;
  return () => {
    done ??= { result: work() };
    return done.result;
  };
}

/** Runs a function at the first call for each object only. */
export function oncePer<K extends object, V>(work: (of: K) => V): (of: K) => V {
  const known = new WeakMap<K, { readonly result: V }>();
  return (of) => {
    const done = known.get(of) ?? { result: work(of) };
    known.set(of, done);
    return done.result;
  };
}

/** Runs work once for all who ask for the same key while it runs. */
export class SingleFlight<K, V> {
  readonly #flights = new Map<K, Promise<V>>();

  /** What is under way for a key; undefined where nothing is. */
  get(key: K): Promise<V> | undefined {
    return this.#flights.get(key);
  }

  run(key: K, work: () => Promise<V>): Promise<V> {
    const flight = this.#flights.get(key) ?? work().finally(() => this.#flights.delete(key));
    this.#flights.set(key, flight);
    return flight;
  }
}

/** Runs steps about the same thing one after the other, whether they fail or not. */
export class Turns<K = string> {
  readonly #last = new Map<K, Promise<unknown>>();

  run<T>(key: K, step: () => Promise<T>): Promise<T> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(step);
    const over: Promise<unknown> = turn
      .catch(() => undefined)
      .then(() => {
        if (this.#last.get(key) === over) {
          this.#last.delete(key);
        }
      });
    this.#last.set(key, over);
    return turn;
  }

  /** Resolves when all that is under way now is over. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values());
  }
}

/** Does work for many items, a number of them at a time. The work must not reject: failures belong into its result. */
export async function eachOf<T, R>(
  items: Iterable<T>,
  maxAtOnce: number,
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  const queue = [...items].entries();
  const worker = async () => {
    for (const [index, item] of queue) {
      results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: maxAtOnce }, worker));
  return results;
}
