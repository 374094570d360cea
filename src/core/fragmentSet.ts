/** The length of a part, in characters. */
export const fragmentLength = 8;

const half = fragmentLength / 2;
const firstSlots = 64;
/** A slot of the table is two numbers, each of four characters of seven bits. */
const slotNumbers = 2;

/**
 * A set of strings of eight characters, of which each secret has hundreds. As numbers in a hash table they take a fifth of
 * the memory of strings, and a text is searched without making substrings. Characters beyond ASCII are folded into seven
 * bits, so a text that differs in these alone may be found, too; none that was added is missed.
 */
export class FragmentSet {
  #slots = new Uint32Array(firstSlots * slotNumbers);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Adds the part of a text that begins at an index. */
  add(text: string, at: number): void {
    this.#put(packed(text, at), packed(text, at + half));
    if (this.#size * 4 > (this.#slots.length / slotNumbers) * 3) {
      const before = this.#slots;
      this.#slots = new Uint32Array(before.length * 2);
      this.#size = 0;
      for (let place = 0; place < before.length; place += slotNumbers) {
        if (before[place] !== 0) {
          this.#put(before[place] as number, before[place + 1] as number);
        }
      }
    }
  }

  /** Whether the part of a text that begins at an index is in the set. */
  has(text: string, at: number): boolean {
    const first = packed(text, at);
    return this.#slots[this.#place(first, packed(text, at + half))] === first;
  }

  clear(): void {
    this.#slots = new Uint32Array(firstSlots * slotNumbers);
    this.#size = 0;
  }

  #put(first: number, second: number): void {
    const place = this.#place(first, second);
    this.#size += this.#slots[place] === first ? 0 : 1;
    this.#slots[place] = first;
    this.#slots[place + 1] = second;
  }

  /** The slot of a part, or the free one where it belongs. */
  #place(first: number, second: number): number {
    const slots = this.#slots;
    const last = slots.length - 1;
    const hash = Math.imul(first ^ Math.imul(second, 0x9e37_79b1), 0x85eb_ca6b);
    let place = ((hash ^ (hash >>> 15)) * slotNumbers) & last;
    while (slots[place] !== 0 && (slots[place] !== first || slots[place + 1] !== second)) {
      place = (place + slotNumbers) & last;
    }
    return place;
  }
}

/** Four characters as a positive number. */
function packed(text: string, from: number): number {
  let number = 1;
  for (let at = from; at < from + half; at++) {
    const code = text.charCodeAt(at);
    number = (number << 7) | ((code ^ (code >> 7)) & 0x7f);
  }
  return number;
}
