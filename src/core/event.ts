import type { Disposable } from './disposable.ts';

/** Subscribes a listener; same shape as `vscode.Event`, so that either can be used for the other. */
export type Event<T> = (listener: (value: T) => unknown) => Disposable;

/** The source of an {@link Event}. A listener that throws does not stop the others. */
export class Emitter<T> implements Disposable {
  readonly #listeners = new Set<{ call: (value: T) => unknown }>();
  readonly #onFault: ((error: unknown) => void) | undefined;

  /**
   * @param onFault is called with what listeners throw or reject with; without it `fire` throws the first of these at its
   * end
   */
  constructor(onFault?: (error: unknown) => void) {
    this.#onFault = onFault;
  }

  readonly event: Event<T> = (listener) => {
    const entry = { call: listener };
    this.#listeners.add(entry);
    return { dispose: () => this.#listeners.delete(entry) };
  };

  fire(value: T): void {
    const faults: unknown[] = [];
    const onFault = this.#onFault ?? ((error) => void faults.push(error));
    for (const entry of [...this.#listeners]) {
      try {
        const result = entry.call(value);
        if (result instanceof Promise && this.#onFault !== undefined) {
          result.catch(onFault);
        }
      } catch (error) {
        onFault(error);
      }
    }
    if (faults.length > 0) {
      throw faults[0];
    }
  }

  dispose(): void {
    this.#listeners.clear();
  }
}
