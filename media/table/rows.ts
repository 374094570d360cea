import type { Page, ShownRow, TableStateMessage } from '../../src/views/results/messages.ts';

/** Rows asked for at once. */
const blockRows = 100;

/** Maximum of blocks kept: some dozens of screens, so that memory stays small. */
const maxBlocks = 40;

/**
 * A cache of the rows near what is visible; the others stay in the extension host. When they are not true any more, the
 * old rows are shown until the new ones arrive, so that nothing flickers.
 */
export class Rows {
  readonly #ask: (generation: number, from: number, to: number) => void;
  /** Counts how often the rows became other ones. */
  #generation = 0;
  #revision = 0;
  #isArranged = false;
  /** Rows of the table, and those of the table compared with alone: all of them, and what the filter leaves. */
  #all = { shown: 0, gone: 0 };
  #left = { shown: 0, gone: 0 };
  /** How many rows the table had when they were last asked for as they are arranged. */
  #arranged = 0;
  readonly #blocks = new Map<number, { generation: number; rows: readonly ShownRow[] }>();
  readonly #asked = new Set<number>();

  constructor(ask: (generation: number, from: number, to: number) => void) {
    this.#ask = ask;
  }

  /** Rows that the filter leaves, and those of the table compared with. */
  get count(): number {
    return this.#left.shown + this.#left.gone;
  }

  /** Those that the filter leaves of the table itself. */
  get ownCount(): number {
    return this.#left.shown;
  }

  /**
   * Takes how many rows the table has by now. Those that arrive are put in their places when there are twice as many as
   * before, and when they are all there: each time costs as much as sorting them all.
   */
  update({
    revision,
    rowCount,
    gone = 0,
    phase,
  }: Pick<TableStateMessage, 'revision' | 'rowCount' | 'gone' | 'phase'>): void {
    const isMuchMore = rowCount > this.#arranged && (phase !== 'arriving' || rowCount >= 2 * this.#arranged);
    const { count } = this;
    this.#all = { shown: rowCount, gone };
    if (revision !== this.#revision || (this.#isArranged && isMuchMore)) {
      this.#revision = revision;
      this.#renew();
    } else if (!this.#isArranged) {
      // The block that was the last one may be longer now.
      this.#asked.delete(Math.floor(count / blockRows));
      this.#left = this.#all;
    }
  }

  /** The rows are sorted or filtered otherwise, or as the server sent them. */
  arrange(isArranged: boolean): void {
    this.#isArranged = isArranged;
    this.#renew();
  }

  #renew(): void {
    this.#generation++;
    this.#asked.clear();
    this.#arranged = this.#all.shown;
    if (!this.#isArranged) {
      this.#left = this.#all;
    }
  }

  /** A row, if it is here. */
  at(index: number): ShownRow | undefined {
    return this.#blocks.get(Math.floor(index / blockRows))?.rows[index % blockRows];
  }

  /** Asks for these rows, if they are not here or on their way. How many there are is not known before the first ones. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(0, Math.min(to, this.count) - 1) / blockRows);
    for (let block = Math.floor(from / blockRows); block <= last; block++) {
      const held = this.#blocks.get(block);
      const length = Math.min(blockRows, this.count - block * blockRows);
      const isHere = held?.generation === this.#generation && held.rows.length >= length;
      if (!isHere && !this.#asked.has(block)) {
        this.#asked.add(block);
        this.#ask(this.#generation, block * blockRows, (block + 1) * blockRows);
      }
    }
  }

  /** Takes rows that were asked for; answers whether they are still wanted. */
  take(generation: number, { from, rows, shown, gone }: Omit<Page, 'fields'>): boolean {
    if (generation !== this.#generation) {
      return false;
    }
    if (this.#isArranged) {
      this.#left = { shown, gone };
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
  *here(): Generator<ShownRow> {
    for (const { rows } of this.#blocks.values()) {
      yield* rows;
    }
  }
}
