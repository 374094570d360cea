import type { Arrangement } from '../../core/results/arranging.ts';
import type { Lines } from '../../core/results/dated.ts';
import type { Sample } from '../../core/results/engine.ts';
import { History } from '../../core/results/history.ts';
import { isArranged } from '../../core/results/shown.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { PlotMessage } from './messages.ts';

/** Maximal numbers of rows remembered while a result is watched, and of lines drawn. */
const sampledRows = 5000;
const maxLines = 8;

interface Plotted {
  readonly table: TableHandle | undefined;
  readonly arrangement: Arrangement;
  /** When its data were got, as epoch milliseconds. */
  readonly gotAt: number;
  readonly seenFields: readonly string[];
}

export type ShowPlot = (plot: PlotMessage) => void;

/** Draws the numbers of a result's column over the times in its rows, or over the time that the result is watched. */
export class Plotting {
  readonly #result: Plotted;
  readonly #show: ShowPlot;
  readonly #history = new History();
  /** The table whose numbers were kept last. */
  #remembered: TableHandle | undefined;
  #field: string | null = null;

  constructor(result: Plotted, show: ShowPlot) {
    this.#result = result;
    this.#show = show;
  }

  /** Draws a column of numbers; undefined: the first visible one; null: closes the plot. */
  async of(field: string | null | undefined): Promise<void> {
    const { fields = [], kinds = [] } = this.#result.table?.state ?? {};
    const isDrawn = (one = '') => kinds[fields.indexOf(one)] === 'number';
    this.#field = field === null ? null : ([field, ...this.#result.seenFields].find(isDrawn) ?? null);
    await this.draw();
  }

  /** Remembers the numbers of a moment, unless those of this table are remembered already. */
  async remember(table: TableHandle, time: number): Promise<void> {
    if (table !== this.#remembered) {
      this.#remembered = table;
      this.#history.add(time, await this.#sample(table));
    }
  }

  /** Draws the plot again, if there is one. */
  async draw(): Promise<void> {
    const { table, arrangement, gotAt } = this.#result;
    const field = this.#field;
    if (table === undefined || field === null) {
      return;
    }
    await this.remember(table, gotAt);
    // Rows with times of their own need no watch.
    const dated =
      this.#history.length > 1 ? undefined : await table.call('dated', { arrangement, field, max: maxLines });
    const lines = dated ?? (await this.#watched(table, field));
    this.#show({ is: 'plot', field, ...lines });
  }

  async #watched(table: TableHandle, field: string): Promise<Lines> {
    // Only the rows that pass the filter are drawn.
    const isPart = isArranged(this.#result.arrangement);
    const shown = isPart ? new Set((await this.#sample(table)).keys) : undefined;
    return this.#history.lines(field, maxLines, shown);
  }

  #sample(table: TableHandle): Promise<Sample> {
    const { arrangement } = this.#result;
    return table.call('sample', { arrangement, keys: this.#history.keyFields, from: 0, to: sampledRows });
  }
}
