import type { Layout, TableStateMessage, ToTable } from '../../src/views/results/messages.ts';
import { cellText } from './cell.ts';
import { Columns, type Direction, type SeenColumn } from './columns.ts';
import { DetailPane } from './detailPane.ts';
import { attribute, debounced, element, measurer } from './dom.ts';
import { FilterBox } from './filterBox.ts';
import { Grid } from './grid.ts';
import type { Host } from './host.ts';
import * as l10n from './l10n.ts';
import { PlotPane } from './plotPane.ts';
import { Rows } from './rows.ts';
import { Selection } from './selection.ts';
import { StatusLine } from './statusLine.ts';

/** A selection of more cells is not summed up: this many take the worker less than a second. */
const maxSummed = 2_000_000;

/** How many of a column's cells are measured for its width. */
const maxMeasured = 200;

/** The webview of one result: connects its parts with each other and with the extension host, which has the data. */
export class TableView {
  readonly columns = new Columns(measurer());
  readonly rows: Rows;
  readonly selection = new Selection();
  readonly grid: Grid;
  readonly filterBox: FilterBox;
  readonly #host: Host;
  readonly #detail: DetailPane;
  readonly #plot: PlotPane;
  readonly status = new StatusLine();
  readonly #empty = element('div', { className: 'empty' });
  readonly #names = element('button');
  readonly #changes = element('button', { textContent: l10n.t('Only Changed') });
  readonly #stop = element('button', { textContent: l10n.t('Stop Watching') });
  readonly #hidden = element('button');
  #state: TableStateMessage | undefined;
  /** What the columns were called when they were fitted. */
  #fitted = '';
  /** Whether the scroll position and focus of before the tab was hidden have been restored. */
  #isRestored: boolean;
  /** A scroll is many changes. */
  readonly #saveSoon = debounced(300, () => this.#save());
  readonly #sumSoon = debounced(150, () => void this.#sum());

  constructor(root: HTMLElement, host: Host) {
    this.#host = host;
    this.#isRestored = host.saved.view === undefined;
    const ask = (from: number, to: number) => host.ask({ method: 'page', from, to, whole: false });
    this.rows = new Rows(ask, () => this.#draw());
    this.grid = new Grid(this, () => this.#saveSoon());
    const focus = () => this.grid.root.focus();
    this.filterBox = new FilterBox((filter) => this.arrange({ filter }), focus);
    const closed = () => {
      this.#save();
      focus();
    };
    this.#detail = new DetailPane(closed);
    this.#plot = new PlotPane((field) => this.plot(field), closed);
    this.#stop.onclick = () => host.tell({ is: 'stop' });
    this.#changes.onclick = () => this.arrange({ onlyChanged: !this.columns.layout.onlyChanged });
    this.#names.onclick = () => this.arrange({ byField: !this.columns.layout.byField });
    this.#hidden.onclick = () => this.arrange(this.columns.showAll());
    const tools = [...this.filterBox.parts, this.#hidden, this.#changes, this.#names, this.#stop];
    root.append(
      element('div', { className: 'toolbar', role: 'toolbar', ariaLabel: l10n.t('Result') }, ...tools),
      element(
        'div',
        { className: 'main' },
        this.grid.root,
        this.#empty,
        element('div', { className: 'side' }, this.#plot.root, this.#detail.root),
      ),
      this.status.root,
    );
  }

  /** Goes to a cell and brings it into view. */
  go(row: number, column: number, extend: boolean): void {
    const place = {
      row: Math.max(-1, Math.min(row, this.rows.count - 1)),
      column: Math.max(-1, Math.min(column, this.columns.seen.length - 1)),
    };
    this.selection.go(place, extend && place.row >= 0);
    this.grid.reveal(place.row, place.column);
    this.grid.draw();
    this.#sumSoon();
    this.#askDetailAgain();
    this.#saveSoon();
  }

  selectAll(): void {
    this.selection.all(this.rows.count, this.columns.seen.length);
    this.grid.draw();
    this.#sumSoon();
  }

  /** Sorts by a column as {@link Columns.sortBy} says. */
  sortBy(field: string, add: boolean, direction?: Direction): void {
    this.arrange({ sort: this.columns.sortBy(field, add, direction) });
  }

  copy({ form, headers }: Pick<ToTable & { is: 'copy' }, 'form' | 'headers'>): void {
    const { from, to } = this.selection;
    // A header is no cell.
    if (this.rows.count > 0 && to.row >= from.row) {
      const fields = this.#selectedColumns.map(({ field }) => field);
      this.#host.tell({ is: 'copy', from: from.row, to: to.row + 1, fields, form, headers });
    }
  }

  get #selectedColumns(): readonly SeenColumn[] {
    const { from, to } = this.selection;
    return this.columns.seen.slice(from.column, to.column + 1);
  }

  get #isSummed(): boolean {
    const { from, to } = this.selection;
    return to.row > from.row || to.column > from.column;
  }

  async #sum(): Promise<void> {
    const { from, to } = this.selection;
    const numbers = this.#selectedColumns.filter(({ kind }) => kind === 'number');
    const fields = numbers.map(({ field }) => field);
    const size = (to.row - from.row + 1) * fields.length;
    const sums =
      this.#isSummed && size > 0 && size <= maxSummed
        ? await this.#host.ask({ method: 'sums', from: from.row, to: to.row + 1, fields })
        : undefined;
    this.status.sums(this.#isSummed ? sums : undefined);
  }

  /** Shows the focused row field by field. */
  async askDetail(): Promise<void> {
    const { row } = this.selection.focus;
    if (row >= 0 && this.rows.count > 0) {
      this.#detail.wanted = true;
      this.#saveSoon();
      const page = await this.#host.ask({ method: 'page', from: row, to: row + 1, whole: true });
      if (this.#detail.show(page, this.columns.all)) {
        // The pane makes the table narrower.
        this.grid.reveal(this.selection.focus.row, this.selection.focus.column);
      }
    }
  }

  /** Draws a column of numbers over time; in place of another one the first that is seen. */
  plot(field: string): void {
    const { all, seen } = this.columns;
    const named = all.filter((column) => column.field === field);
    this.#plot.wanted = [...named, ...seen].find(({ kind }) => kind === 'number')?.field;
    this.#saveSoon();
    void this.#askPlot();
  }

  async #askPlot(): Promise<void> {
    const field = this.#plot.wanted;
    if (field !== undefined) {
      this.#plot.show(field, await this.#host.ask({ method: 'plot', field }), this.columns.all);
    }
  }

  /** The width that shows what is in the column, as far as it is here. */
  fit(column: SeenColumn): void {
    this.arrange(this.columns.fit(column, this.#textsOf(column)));
  }

  /** A person has arranged the table otherwise. */
  arrange(change: Partial<Layout>): void {
    const layout = { ...this.columns.layout, ...change };
    this.#host.tell({ is: 'layout', layout });
    this.use(layout);
  }

  use(layout: Layout): void {
    this.columns.arrange(layout);
    this.#refresh();
  }

  /** Takes what the data are by now. */
  update(state: TableStateMessage): void {
    this.#state = state;
    this.grid.root.ariaLabel = state.title;
    this.columns.update(state.columns);
    this.#refresh();
  }

  /** The data, or how they are arranged, may be other ones. */
  #refresh(): void {
    if (this.#state !== undefined && this.rows.update(this.#state, this.columns.layout)) {
      this.#askDetailAgain();
      void this.#askPlot();
    }
    this.#draw();
  }

  #draw(): void {
    this.#fitAll();
    this.selection.clamp(this.rows.count, this.columns.seen.length);
    this.grid.draw();
    this.#sumSoon();
    this.#drawAround();
    if (!this.#isRestored && this.rows.count > 0 && this.#state?.phase !== 'arriving') {
      // The table gets its height with the next frame.
      requestAnimationFrame(() => this.#restore());
    }
  }

  #drawAround(): void {
    const state = this.#state;
    if (state === undefined) {
      return;
    }
    const { rowCount, phase, columns, gone } = state;
    const isCompared = gone !== undefined;
    const { count, ownCount } = this.rows;
    const { onlyChanged, byField, filter } = this.columns.layout;
    const { hiddenCount } = this.columns;
    const isPart = filter.trim() !== '' || (onlyChanged && isCompared);
    this.filterBox.update(filter, isPart ? l10n.t('{0} of {1}', ownCount, rowCount) : '');
    this.status.update(state);
    this.#names.textContent = l10n.t(byField ? 'Show Labels' : 'Show Field Names');
    this.#names.hidden = columns.every(({ field, label }) => label === field);
    this.#changes.hidden = !isCompared && !onlyChanged;
    attribute(this.#changes, 'aria-pressed', String(onlyChanged));
    this.#stop.hidden = !state.watching;
    this.#hidden.hidden = hiddenCount === 0;
    this.#hidden.textContent = l10n.t('Show {0} Hidden', hiddenCount);
    this.#empty.hidden = count > 0 || phase === 'failed';
    this.#empty.textContent = l10n.t(
      phase === 'arriving'
        ? 'Waiting for the first rows…'
        : rowCount === 0
          ? 'The answer has no rows.'
          : onlyChanged && isCompared
            ? 'Nothing has changed.'
            : 'No row matches the filter.',
    );
  }

  /** The focus or the rows changed: the row in the detail pane is another one now. */
  #askDetailAgain(): void {
    if (this.#detail.wanted) {
      void this.askDetail();
    }
  }

  /** Restores the scroll position and focus of before the tab was hidden or the window reloaded. */
  #restore(): void {
    const { view } = this.#host.saved;
    if (this.#isRestored || view === undefined) {
      return;
    }
    this.#isRestored = true;
    this.grid.scroller.moveTo(view.top);
    this.grid.root.scrollLeft = view.left;
    this.selection.go(view.focus, false);
    this.#draw();
    if (view.detail) {
      void this.askDetail();
    }
    if (view.plot !== undefined) {
      this.plot(view.plot);
    }
  }

  #save(): void {
    // A tab that is shown and hidden again at once has not been restored yet: what was saved before stays.
    if (this.#isRestored) {
      const { scroller, root } = this.grid;
      const { focus } = this.selection;
      const panes = { detail: this.#detail.wanted === true, plot: this.#plot.wanted };
      this.#host.save({ view: { top: scroller.top, left: root.scrollLeft, focus, ...panes } });
    }
  }

  /** Fits the columns when there are rows to measure, and again when they are called otherwise. */
  #fitAll(): void {
    const titles = JSON.stringify(this.columns.all.map((column) => this.columns.titleOf(column)));
    if (titles !== this.#fitted && !this.rows.here().next().done) {
      this.#fitted = titles;
      this.columns.fitAll((column) => this.#textsOf(column));
    }
  }

  #textsOf(column: SeenColumn): string[] {
    return [...this.rows.here().take(maxMeasured)].map(({ cells }) => cellText(cells[column.cell]));
  }
}
