import type { SeenRow } from '../../src/views/results/messages.ts';

/** Rows asked for at once. */
const blockRows = 100;

/** Maximum of blocks kept: some dozens of screens, so that memory stays small. */
const maxBlocks = 40;

/**
 * A cache of the rows near what is visible; the others stay in the extension host. After another sort, filter or refresh
 * (a new generation) the old rows are shown until the new ones arrive, so that nothing flickers.
 */
export class Rows {
  readonly #ask: (generation: number, from: number, to: number) => void;
  #generation = 0;
  #count = 0;
  readonly #blocks = new Map<number, { generation: number; rows: SeenRow[] }>();
  readonly #asked = new Set<number>();

  constructor(ask: (generation: number, from: number, to: number) => void) {
    this.#ask = ask;
  }

  get count(): number {
    return this.#count;
  }

  update(generation: number, count: number): void {
    if (generation !== this.#generation) {
      this.#generation = generation;
      this.#asked.clear();
    } else if (count > this.#count) {
      // The block that was the last one may be longer now.
      this.#asked.delete(Math.floor(this.#count / blockRows));
    }
    this.#count = count;
  }

  /** A row, if it is here. */
  at(index: number): SeenRow | undefined {
    return this.#blocks.get(Math.floor(index / blockRows))?.rows[index % blockRows];
  }

  /** Asks for these rows, if they are not here or on their way. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(0, Math.min(to, this.#count) - 1) / blockRows);
    for (let block = Math.floor(from / blockRows); block <= last; block++) {
      if (this.#asked.has(block) || block * blockRows >= this.#count) {
        continue;
      }
      const held = this.#blocks.get(block);
      const length = Math.min(blockRows, this.#count - block * blockRows);
      if (held?.generation === this.#generation && held.rows.length >= length) {
        continue;
      }
      this.#asked.add(block);
      this.#ask(this.#generation, block * blockRows, (block + 1) * blockRows);
    }
  }

  /** Takes rows that were asked for; answers whether they are still wanted. */
  take(generation: number, from: number, rows: SeenRow[]): boolean {
    if (generation !== this.#generation) {
      return false;
    }
    const block = Math.floor(from / blockRows);
    this.#asked.delete(block);
    this.#blocks.delete(block);
    this.#blocks.set(block, { generation, rows });
    for (const oldest of this.#blocks.keys()) {
      if (this.#blocks.size <= maxBlocks) {
        break;
      }
      this.#blocks.delete(oldest);
    }
    return true;
  }

  /** The rows that are here, for measuring them. */
  *here(): Iterable<SeenRow> {
    for (const { rows } of this.#blocks.values()) {
      yield* rows;
    }
  }
}
