/** Whatever holds something that must be let go: a timer, a listener, a connection. */
export interface Disposable {
  dispose(): void;
}

/** Owns disposables and lets them go together, last one first. */
export class DisposableStore implements Disposable {
  readonly #owned = new Set<Disposable>();
  #disposed = false;

  /** Takes ownership; what comes after the end is let go at once, so a late arrival cannot leak. */
  add<T extends Disposable>(item: T): T {
    if (this.#disposed) {
      item.dispose();
    } else {
      this.#owned.add(item);
    }
    return item;
  }

  dispose(): void {
    this.#disposed = true;
    const items = [...this.#owned].reverse();
    this.#owned.clear();
    for (const item of items) {
      item.dispose();
    }
  }
}
