import { type Arranged, type Arrangement, isArranged } from '../../core/results/engine.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';

/** How the rows of a result are sorted and filtered, whichever table has them at the time. */
export class Arranging {
  readonly #table: () => TableHandle | undefined;
  readonly #changed: () => void;
  #wanted: Arrangement = { sort: [], filter: '', labels: [] };
  /** What a table was asked last, and what came of it. */
  readonly #done = new WeakMap<TableHandle, Arranged & { readonly arrangement: Arrangement }>();
  #settling: Promise<void> | undefined;

  /**
   * @param table the table that is shown
   * @param changed hears when other rows are shown, or in another order
   */
  constructor(table: () => TableHandle | undefined, changed: () => void) {
    this.#table = table;
    this.#changed = changed;
  }

  get wanted(): Arrangement {
    return this.#wanted;
  }

  /** How many rows are shown. */
  get shownRows(): number {
    const table = this.#table();
    const done = table && this.#done.get(table);
    return done !== undefined && isArranged(done.arrangement) ? done.shown : (table?.state.rowCount ?? 0);
  }

  /** Sorts or filters otherwise. Rejects with what the table says, unless another one is shown by then. */
  change(change: Partial<Arrangement>): Promise<void> {
    this.#wanted = { ...this.#wanted, ...change };
    return this.settle();
  }

  /** Arranges a table that will be shown next, as it is wanted at the end: a person may go on sorting meanwhile. */
  async prepare(table: TableHandle): Promise<void> {
    for (let isOld = true; isOld; ) {
      isOld = await this.#arrange(table);
    }
  }

  /** To be called when rows have come. One at a time: they may come faster than they can be arranged. */
  settle(): Promise<void> {
    this.#settling ??= this.#settle().finally(() => {
      this.#settling = undefined;
    });
    return this.#settling;
  }

  async #settle(): Promise<void> {
    for (let table = this.#table(); table !== undefined && this.#isDue(table); table = this.#table()) {
      try {
        await this.#arrange(table);
      } catch (error) {
        if (table === this.#table()) {
          throw error;
        }
      }
      if (table === this.#table()) {
        this.#changed();
      }
    }
  }

  /** Answers whether something else is wanted by now. */
  async #arrange(table: TableHandle): Promise<boolean> {
    const arrangement = this.#wanted;
    const { rowCount } = table.state;
    const arranged = await table.call('arrange', arrangement);
    this.#done.set(table, { ...arranged, rowCount: Math.max(rowCount, arranged.rowCount), arrangement });
    return arrangement !== this.#wanted;
  }

  #isDue(table: TableHandle): boolean {
    const done = this.#done.get(table);
    if (done === undefined) {
      return isArranged(this.#wanted);
    }
    const { rowCount, phase } = table.state;
    const isMuchMore = rowCount > done.rowCount && (phase !== 'arriving' || rowCount >= 2 * done.rowCount);
    return done.arrangement !== this.#wanted || (isArranged(this.#wanted) && isMuchMore);
  }
}
