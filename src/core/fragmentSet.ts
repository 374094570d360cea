/** The length of a part, in characters. */
export const fragmentLength = 8;

const firstSlots = 64;
/** A slot of the table is two numbers, each of four characters of seven bits. */
const slotNumbers = 2;

/**
 * A set of strings of eight characters, of which each secret has hundreds. As numbers in a hash table they take a fifth of
 * the memory of strings, and a text is searched without making substrings.
 */
export class FragmentSet {
  #slots = new Uint32Array(firstSlots * slotNumbers);
  #count = 0;
  /** The parts that are not all ASCII. */
  readonly #others = new Set<string>();

  get size(): number {
    return this.#count + this.#others.size;
  }

  /** Adds the part of a text that begins at an index. */
  add(text: string, at: number): void {
    const [first, second] = [packed(text, at), packed(text, at + fragmentLength / 2)];
    if (first < 0 || second < 0) {
      this.#others.add(text.slice(at, at + fragmentLength));
      return;
    }
    if (this.#put(first, second)) {
      this.#count++;
      if (this.#count * 4 > (this.#slots.length / slotNumbers) * 3) {
        this.#grow();
      }
    }
  }

  /** Whether the part of a text that begins at an index is in the set. */
  has(text: string, at: number): boolean {
    const [first, second] = [packed(text, at), packed(text, at + fragmentLength / 2)];
    if (first < 0 || second < 0) {
      return this.#others.size > 0 && this.#others.has(text.slice(at, at + fragmentLength));
    }
    return this.#slots[this.#place(first, second)] === first;
  }

  clear(): void {
    this.#slots = new Uint32Array(firstSlots * slotNumbers);
    this.#count = 0;
    this.#others.clear();
  }

  #put(first: number, second: number): boolean {
    const place = this.#place(first, second);
    if (this.#slots[place] === first) {
      return false;
    }
    this.#slots[place] = first;
    this.#slots[place + 1] = second;
    return true;
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

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let place = 0; place < before.length; place += slotNumbers) {
      if (before[place] !== 0) {
        this.#put(before[place] as number, before[place + 1] as number);
      }
    }
  }
}

/** Four characters as a positive number; negative when they are not all ASCII. */
function packed(text: string, from: number): number {
  let number = 1;
  for (let at = from; at < from + fragmentLength / 2; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) {
      return -1;
    }
    number = (number << 7) | code;
  }
  return number;
}
