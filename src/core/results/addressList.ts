/** Addresses stand in pages of so many. */
const pageBits = 12;
const pageLength = 1 << pageBits;
/** The first page begins with little: a table may have few rows and many columns. */
const firstRoom = 64;

/**
 * The addresses of a column's cells. It grows by pages, so that all of it is never copied; while one address repeats,
 * because the cells are equal or missing, page after page is one and the same.
 */
export class AddressList {
  readonly #pages: Uint32Array[] = [];
  /** The one that is written to. */
  #page = new Uint32Array(firstRoom);
  #length = 0;
  #last = -1;
  /** Since when the last address repeats. */
  #since = 0;

  /** Begins with so many times the same address. */
  constructor(count: number, address: number) {
    while (this.#length < count) {
      this.push(address);
    }
  }

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
      this.#beginPage();
    } else if (place === this.#page.length) {
      this.#enlargePage();
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

  /** Takes back the addresses from a place on. */
  cut(length: number): void {
    if (length >= this.#length) {
      return;
    }
    this.#length = length;
    this.#last = length > 0 ? this.at(length - 1) : -1;
    this.#since = Math.min(this.#since, Math.max(length - 1, 0));
    this.#pages.length = Math.ceil(length / pageLength);
    const page = this.#pages[this.#pages.length - 1];
    if (page !== undefined && page !== this.#page && (length & (pageLength - 1)) !== 0) {
      // It may stand at several places, and is going to be written to.
      this.#page = page.slice();
      this.#pages[this.#pages.length - 1] = this.#page;
    }
  }

  #beginPage(): void {
    // One that was given up for its equal is free for the next addresses.
    if (this.#pages[this.#pages.length - 1] === this.#page) {
      this.#page = new Uint32Array(pageLength);
    }
    this.#pages.push(this.#page);
  }

  #enlargePage(): void {
    const larger = new Uint32Array(Math.min(this.#page.length * 2, pageLength));
    larger.set(this.#page);
    this.#page = larger;
    this.#pages[this.#pages.length - 1] = larger;
  }
}
