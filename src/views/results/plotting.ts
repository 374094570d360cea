import { Part } from '../../core/disposable.ts';
import type { Arrangement } from '../../core/results/arranging.ts';
import type { Sample } from '../../core/results/engine.ts';
import { History } from '../../core/results/history.ts';
import { isArranged, type Lines } from '../../core/results/shown.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';

/** Maximal numbers of rows remembered while a result is watched, and of lines drawn. */
const sampledRows = 5000;
const maxLines = 8;

interface Plotted {
  readonly table: TableHandle | undefined;
  readonly arrangement: Arrangement;
  /** When its data were got, as epoch milliseconds. */
  readonly gotAt: number;
}

/** The numbers of a result's column over the times in its rows, or over the time that the result is watched. */
export class Plotting extends Part<Plotted> {
  readonly #history = new History();
  /** The table whose numbers were kept last. */
  #remembered: TableHandle | undefined;

  /** Remembers the numbers of a moment, unless those of this table are remembered already. */
  async remember(table: TableHandle, time: number): Promise<void> {
    if (table !== this.#remembered) {
      this.#remembered = table;
      this.#history.add(time, await this.#sample(table));
    }
  }

  /** What is drawn of a column of numbers. */
  async of(field: string): Promise<Lines | undefined> {
    const { table, arrangement, gotAt } = this.deps;
    if (table === undefined) {
      return undefined;
    }
    await this.remember(table, gotAt);
    // Rows with times of their own need no watch.
    const isWatched = this.#history.length > 1;
    const dated = isWatched ? undefined : await table.call('dated', { arrangement, field, max: maxLines });
    if (dated !== undefined) {
      return dated;
    }
    // Only the rows that pass the filter are drawn.
    const shown = isArranged(arrangement) ? new Set((await this.#sample(table)).keys) : undefined;
    return this.#history.lines(field, maxLines, shown);
  }

  #sample(table: TableHandle): Promise<Sample> {
    const { arrangement } = this.deps;
    return table.call('sample', { arrangement, keys: this.#history.keyFields, from: 0, to: sampledRows });
  }
}
