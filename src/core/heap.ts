/** A queue of keys by priority, least first, where a key's priority can be changed: every step costs log n. */
export class KeyedHeap<K> {
  readonly #items: { key: K; priority: number }[] = [];
  readonly #places = new Map<K, number>();

  get size(): number {
    return this.#items.length;
  }

  peek(): { readonly key: K; readonly priority: number } | undefined {
    return this.#items[0];
  }

  /** Puts a key in, or moves it to its new place. */
  set(key: K, priority: number): void {
    const place = this.#places.get(key);
    if (place === undefined) {
      this.#items.push({ key, priority });
      this.#places.set(key, this.#items.length - 1);
      this.#up(this.#items.length - 1);
    } else {
      this.#item(place).priority = priority;
      this.#down(this.#up(place));
    }
  }

  delete(key: K): boolean {
    const place = this.#places.get(key);
    if (place === undefined) {
      return false;
    }
    const last = this.#items.length - 1;
    this.#swap(place, last);
    this.#items.pop();
    this.#places.delete(key);
    if (place < last) {
      this.#down(this.#up(place));
    }
    return true;
  }

  clear(): void {
    this.#items.length = 0;
    this.#places.clear();
  }

  #item(place: number): { key: K; priority: number } {
    const item = this.#items[place];
    if (item === undefined) {
      throw new RangeError(`no place ${place}`);
    }
    return item;
  }

  #up(from: number): number {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (this.#item(parent).priority <= this.#item(place).priority) {
        break;
      }
      this.#swap(parent, place);
      place = parent;
    }
    return place;
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      let least = place;
      for (const child of [2 * place + 1, 2 * place + 2]) {
        if (child < this.#items.length && this.#item(child).priority < this.#item(least).priority) {
          least = child;
        }
      }
      if (least === place) {
        return;
      }
      this.#swap(least, place);
      place = least;
    }
  }

  #swap(a: number, b: number): void {
    const one = this.#item(a);
    const other = this.#item(b);
    this.#items[a] = other;
    this.#items[b] = one;
    this.#places.set(other.key, a);
    this.#places.set(one.key, b);
  }
}
