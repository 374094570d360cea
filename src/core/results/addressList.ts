/** Addresses stand in pages of so many. */
const pageBits = 12;
const pageLength = 1 << pageBits;

/**
 * The addresses of rows. It grows by pages, so that all of it is never copied; while one address repeats, because
 * the rows are equal, page after page is one and the same.
 */
export class AddressList {
  readonly #pages: Uint32Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The address at a place below the length. */
  at(index: number): number {
    return (this.#pages[index >>> pageBits] as Uint32Array)[index & (pageLength - 1)] as number;
  }

  push(address: number): void {
    const place = this.#length & (pageLength - 1);
    if (place === 0) {
      const [before, last] = this.#pages.slice(-2);
      const isEqual = last?.every((one, at) => one === before?.[at]) === true;
      if (before !== undefined && isEqual) {
        this.#pages.splice(-1, 1, before);
      }
      this.#pages.push(last !== undefined && isEqual ? last : new Uint32Array(pageLength));
    }
    (this.#pages.at(-1) as Uint32Array)[place] = address;
    this.#length++;
  }
}
