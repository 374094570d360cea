import {
  isArranged,
  type Layout,
  type Page,
  type ShownRow,
  type TableStateMessage,
} from '../../src/views/results/messages.ts';

/** Rows asked for at once. */
const blockRows = 100;

/** Maximum of blocks kept: some dozens of screens, so that memory stays small. */
const maxBlocks = 40;

type AskRows = (from: number, to: number) => Promise<Omit<Page, 'fields'>>;

/**
 * A cache of the rows near what is visible; the others stay in the extension host. When they are not true any more, the
 * old rows are shown until the new ones arrive, so that nothing flickers.
 */
export class Rows {
  readonly #ask: AskRows;
  readonly #came: () => void;
  /** What the rows depend on: they are others when it is another. */
  #dependsOn = '';
  #isArranged = false;
  /** Rows of the table. */
  all = 0;
  /** Of them, and of those of the table compared with alone, as many as the filter leaves. */
  #left = { shown: 0, gone: 0 };
  /** How many rows the table had when they were last asked for as they are arranged. */
  #arranged = 0;
  readonly #blocks = new Map<number, readonly ShownRow[]>();
  /** The blocks that are here, or on their way, and are still true; another set once the rows are other ones. */
  #asked = new Set<number>();

  /** @param came is called when rows have come */
  constructor(ask: AskRows, came: () => void) {
    this.#ask = ask;
    this.#came = came;
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
   * Takes how many rows the table has by now, and how they are arranged; answers whether they are other ones. Those that
   * arrive are put in their places when there are twice as many as before, and when they are all there: each time costs as
   * much as sorting them all.
   */
  update(
    state: Pick<TableStateMessage, 'revision' | 'rowCount' | 'gone' | 'phase'>,
    layout: Layout,
  ): boolean {
    const { revision, rowCount, gone = 0, phase } = state;
    const { sort, filter, onlyChanged, alert } = layout;
    const dependsOn = JSON.stringify([revision, sort, filter, onlyChanged, alert]);
    const isMuchMore = rowCount > this.#arranged && (phase !== 'arriving' || rowCount >= 2 * this.#arranged);
    this.all = rowCount;
    this.#isArranged = isArranged(layout);
    const areOthers = dependsOn !== this.#dependsOn || (this.#isArranged && isMuchMore);
    if (areOthers) {
      this.#dependsOn = dependsOn;
      this.#asked = new Set();
      this.#arranged = rowCount;
    }
    if (!this.#isArranged) {
      this.#leave({ shown: rowCount, gone });
    }
    return areOthers;
  }

  #leave(left: Pick<Page, 'shown' | 'gone'>): void {
    const { count } = this;
    this.#left = left;
    if (this.count !== count) {
      this.#asked.delete(Math.floor(count / blockRows)); // The block that was the last one is longer now.
    }
  }

  /** A row, if it is here. */
  at(index: number): ShownRow | undefined {
    return this.#blocks.get(Math.floor(index / blockRows))?.[index % blockRows];
  }

  /** Asks for these rows, if they are not here or on their way. How many there are is not known before the first ones. */
  want(from: number, to: number): void {
    const last = Math.floor(Math.max(0, Math.min(to, this.count) - 1) / blockRows);
    for (let block = Math.floor(from / blockRows); block <= last; block++) {
      if (!this.#asked.has(block)) {
        this.#asked.add(block);
        void this.#get(block, this.#asked);
      }
    }
  }

  async #get(block: number, asked: ReadonlySet<number>): Promise<void> {
    const { rows, ...left } = await this.#ask(block * blockRows, (block + 1) * blockRows);
    if (asked !== this.#asked) {
      return;
    }
    if (this.#isArranged) {
      this.#leave(left);
    }
    this.#blocks.delete(block);
    this.#blocks.set(block, rows);
    const [oldest = block] = this.#blocks.keys();
    if (this.#blocks.size > maxBlocks) {
      this.#blocks.delete(oldest);
      this.#asked.delete(oldest);
    }
    this.#came();
  }

  /** The rows that are here, for measuring them. */
  *here(): Generator<ShownRow> {
    for (const rows of this.#blocks.values()) {
      yield* rows;
    }
  }
}
