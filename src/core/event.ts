import type { Disposable } from './disposable.ts';

/** Subscribes to something that happens; same shape as `vscode.Event`, so one can stand for the other. */
export type Event<T> = (listener: (value: T) => unknown) => Disposable;

/** The source of an {@link Event}. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<{ call: (value: T) => unknown }>();

  readonly event: Event<T> = (listener) => {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return { dispose: () => this.#listeners.delete(entry) };
  };

  fire(value: T): void {
    for (const entry of [...this.#listeners]) {
      entry.call(value);
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
