/** Something that has to be released: a timer, a listener, a connection. Same shape as `vscode.Disposable`. */
export interface Disposable {
  dispose(): void;
}

/** Owns disposables and disposes of them together, the last one first. A class that owns some extends it. */
export class DisposableStore implements Disposable {
  readonly #owned = new Set<Disposable>();
  #disposed = false;

  /** Takes ownership; what is added after the store was disposed of is disposed of at once, so it cannot leak. */
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

/**
 * Base of the parts of this extension: what a part needs from others is in `deps`, and is theirs to dispose of; what it
 * makes or listens to itself it gives to `add`, and that ends with it.
 */
export class Part<Deps> extends DisposableStore {
  protected readonly deps: Deps;

  constructor(deps: Deps) {
    super();
    this.deps = deps;
  }
}
