/** Addresses stand in pages of so many. */
const pageBits = 12;
const pageLength = 1 << pageBits;
/** The first page begins with little: many tables have few rows. */
const firstRoom = 64;

/**
 * The addresses of rows. It grows by pages, so that all of it is never copied; while one address repeats, because
 * the rows are equal, page after page is one and the same.
 */
export class AddressList {
  readonly #pages: Uint32Array[] = [];
  /** The one that is written to. */
  #page = new Uint32Array(firstRoom);
  #length = 0;
  #last = -1;
  /** Since when the last address repeats. */
  #since = 0;

  get length(): number {
    return this.#length;
  }

  /** The last address; below 0 where there is none. */
  get last(): number {
    return this.#last;
  }

  /** The address at a place below the length. */
  at(index: number): number {
    return (this.#pages[index >>> pageBits] as Uint32Array)[index & (pageLength - 1)] as number;
  }

  push(address: number): void {
    const place = this.#length & (pageLength - 1);
    if (place === 0) {
      // A page that was given up for its equal is free for the next addresses.
      if (this.#pages.at(-1) === this.#page) {
        this.#page = new Uint32Array(pageLength);
      }
      this.#pages.push(this.#page);
    } else if (place === this.#page.length) {
      const larger = new Uint32Array(Math.min(place * 2, pageLength));
      larger.set(this.#page);
      this.#page = larger;
      this.#pages[this.#pages.length - 1] = larger;
    }
    this.#page[place] = address;
    if (address !== this.#last) {
      this.#last = address;
      this.#since = this.#length;
    }
    this.#length++;
    if (place === pageLength - 1 && this.#length - this.#since >= 2 * pageLength) {
      this.#pages[this.#pages.length - 1] = this.#pages[this.#pages.length - 2] as Uint32Array;
    }
  }
}
