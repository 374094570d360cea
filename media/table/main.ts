import { termFor } from '../../src/views/results/filterTerm.ts';
import type { TableStateMessage, ToTable } from '../../src/views/results/messages.ts';
import { cellText } from './cell.ts';
import { Columns, type SeenColumn } from './columns.ts';
import { runCommand } from './commands.ts';
import { DetailPane } from './detailPane.ts';
import { element, measurer, visible } from './dom.ts';
import { FilterBox } from './filterBox.ts';
import { Grid } from './grid.ts';
import { Host } from './host.ts';
import { handleKeys } from './keyboard.ts';
import { handleMouse } from './mouse.ts';
import { PlotPane } from './plotPane.ts';
import { Rows } from './rows.ts';
import { Selection } from './selection.ts';
import { StatusLine } from './statusLine.ts';

type SortBy = TableStateMessage['sort'][number];

/** The webview of one result: connects its parts with each other and with the extension host, which has the data. */
class TableView {
  readonly #host: Host;
  readonly #filter: FilterBox;
  readonly #grid: Grid;
  readonly #detail: DetailPane;
  readonly #plot: PlotPane;
  readonly #status = new StatusLine();
  readonly #empty = element('div', { class: 'empty' });
  readonly #names = element('button', { class: 'toggle' });
  readonly #stop = element('button', { class: 'toggle' });
  readonly #hidden = element('button', { class: 'link' });
  readonly #heading = element('h1');
  readonly #toolbar = element('div', { class: 'toolbar', role: 'toolbar' });

  readonly columns: Columns;
  readonly rows: Rows;
  readonly selection = new Selection();
  strings: Readonly<Record<string, string>> = {};
  sort: readonly SortBy[] = [];
  byField = false;
  label = '';
  allRows = 0;
  #state: TableStateMessage | undefined;
  /** Whether the scroll position and focus of before the tab was hidden have been restored. */
  #isRestored: boolean;
  #measured = false;
  #saving = 0;
  #sentFields = '';

  constructor(root: HTMLElement) {
    this.#host = new Host((message) => this.#take(message));
    const { view } = this.#host;
    this.#isRestored = view === undefined;
    this.byField = view?.byField ?? false;
    this.columns = new Columns(view?.columns ?? [], view?.order ?? [], measurer());
    this.rows = new Rows((generation, from, to) => this.#host.tell({ is: 'page', generation, from, to }));
    this.#filter = new FilterBox(
      (filter) => this.#arrange(this.sort, filter),
      () => this.#grid.root.focus(),
    );
    this.#grid = new Grid(this, () => this.save());
    this.#detail = new DetailPane(
      () => this.strings,
      () => {
        this.#keep();
        this.#grid.root.focus();
      },
    );
    this.#plot = new PlotPane(
      () => this.strings,
      (field) => this.#host.tell({ is: 'plot', field }),
      () => {
        this.#host.tell({ is: 'plot', field: null });
        this.#grid.root.focus();
      },
    );
    this.#layOut(root);
    handleKeys(this.#grid, this);
    handleMouse(this.#grid, this);
    // When the tab is shown the table gets the focus, unless something else in the tab has it.
    const enter = () => {
      if (document.hasFocus() && document.activeElement === document.body) {
        this.#grid.root.focus();
      }
    };
    window.addEventListener('focus', enter);
    enter();
    window.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === 'f') {
        this.#filter.focus();
        event.preventDefault();
      }
    });
    this.#host.tell({ is: 'ready' });
  }

  #layOut(root: HTMLElement): void {
    this.#stop.type = 'button';
    this.#stop.addEventListener('click', () => this.#host.tell({ is: 'stop' }));
    this.#names.type = 'button';
    this.#names.addEventListener('click', () => this.toggleNames());
    this.#hidden.type = 'button';
    this.#hidden.addEventListener('click', () => runCommand(this, 'showAll'));
    this.#toolbar.append(this.#filter.root, this.#hidden, this.#names, this.#stop);
    const main = element('div', { class: 'main' });
    const side = element('div', { class: 'side' });
    side.append(this.#plot.root, this.#detail.root);
    const middle = element('div', { class: 'middle' });
    middle.append(this.#grid.root, this.#empty);
    main.append(middle, side);
    root.append(this.#heading, this.#toolbar, main, this.#status.root);
  }

  /** The columns or the selection changed. */
  changed(): void {
    this.#grid.refresh();
    this.#drawAround();
    this.save();
    const fields = this.columns.seen.map(({ field }) => field);
    const sent = JSON.stringify(fields);
    if (sent !== this.#sentFields) {
      this.#sentFields = sent;
      this.#host.tell({ is: 'columns', fields });
    }
  }

  /** Goes to a cell and brings it into view. */
  go(row: number, column: number, extend: boolean): void {
    const columns = this.columns.seen.length;
    const place = {
      row: Math.max(-1, Math.min(row, this.rows.count - 1)),
      column: Math.max(-1, Math.min(column, columns - 1)),
    };
    this.selection.go(place, extend && place.row >= 0);
    this.#grid.reveal(place.row, place.column);
    this.#grid.soon();
    this.#askDetailAgain();
    this.save();
  }

  selectAll(): void {
    this.selection.all(this.rows.count, this.columns.seen.length);
    this.#grid.soon();
  }

  /** Sorts by a column: up, down, and back to the server's order; `add` keeps the columns sorted by before. */
  sortBy(field: string, add: boolean, direction?: 'ascending' | 'descending' | 'none'): void {
    const before = this.sort.find((one) => one.field === field);
    const others = add ? this.sort.filter((one) => one.field !== field) : [];
    const next =
      direction ?? (before === undefined ? 'ascending' : before.descending ? 'none' : 'descending');
    const step = { field, descending: next === 'descending' };
    const at = this.sort.findIndex((one) => one.field === field);
    const sort = next === 'none' ? others : others.toSpliced(add && at >= 0 ? at : others.length, 0, step);
    this.#arrange(sort, this.#filter.value);
  }

  copy(headers: boolean): void {
    const { from, to } = this.selection;
    if (this.rows.count === 0) {
      return;
    }
    const fields = this.columns.seen.slice(from.column, to.column + 1).map(({ field }) => field);
    this.#host.tell({ is: 'copy', from: from.row, to: to.row + 1, fields, headers });
  }

  /** Shows the focused row field by field. */
  askDetail(): void {
    if (this.selection.focus.row >= 0 && this.rows.count > 0) {
      if (this.#detail.want()) {
        this.#keep();
      }
      this.#host.tell({ is: 'detail', at: this.selection.focus.row });
    }
  }

  focusFilter(): void {
    this.#filter.focus();
  }

  toggleNames(): void {
    this.byField = !this.byField;
    this.columns.fitAll((column) => this.#textsOf(column), this.byField);
    this.changed();
  }

  /** The width that shows what is in the column, as far as it is here. */
  fit(column: SeenColumn): void {
    this.columns.fit(column, this.#textsOf(column), this.byField);
    this.changed();
  }

  /** Saves how the view is arranged, 300 ms after the last change: a scroll is many of them. */
  save(): void {
    window.clearTimeout(this.#saving);
    this.#saving = window.setTimeout(() => this.#keep(), 300);
  }

  #keep(): void {
    const now = {
      top: this.#grid.top,
      left: this.#grid.root.scrollLeft,
      focus: this.selection.focus,
      detail: this.#detail.wanted,
    };
    // A tab that is shown and hidden again at once has not been restored yet: what was saved before stays.
    const { top, left, focus, detail } = this.#isRestored ? now : (this.#host.view ?? now);
    this.#host.keepView({
      columns: this.columns.looks,
      order: this.columns.order,
      byField: this.byField,
      top,
      left,
      focus,
      detail,
    });
  }

  /** The focus or the rows changed: the row in the detail pane is another one now. */
  #askDetailAgain(): void {
    if (this.#detail.wanted) {
      this.askDetail();
    }
  }

  #arrange(sort: readonly SortBy[], filter: string): void {
    this.#host.tell({ is: 'arrange', sort: [...sort], filter });
  }

  #take(message: ToTable): void {
    switch (message.is) {
      case 'start':
        this.strings = message.strings;
        this.#plot.script = message.plotScript;
        this.#filter.name(
          this.strings.filterHint ?? '',
          this.strings.filter ?? '',
          this.strings.filterHelp ?? '',
        );
        this.#toolbar.setAttribute('aria-label', this.strings.tools ?? '');
        break;
      case 'state':
        this.#update(message);
        break;
      case 'page':
        if (this.rows.take(message.generation, message.from, message.rows)) {
          if (!this.#measured) {
            this.#measured = true;
            this.columns.fitAll((column) => this.#textsOf(column), this.byField);
            this.changed();
          }
          this.#grid.soon();
        }
        break;
      case 'detail':
        if (this.#detail.show(message)) {
          // The pane makes the table narrower.
          this.#grid.reveal(this.selection.focus.row, this.selection.focus.column);
        }
        break;
      case 'keep':
        this.#host.keepData(message.state);
        break;
      case 'focus':
        if (document.hasFocus()) {
          this.#host.tell({ is: 'focused' });
        } else {
          window.addEventListener('focus', () => this.#host.tell({ is: 'focused' }), { once: true });
        }
        break;
      case 'note':
        this.#status.note(message.text);
        break;
      case 'view':
        runCommand(this, message.ask, message.field);
        break;
      case 'plot':
        void this.#plot.show(message);
        break;
    }
  }

  #update(state: TableStateMessage): void {
    const named = namesOf(this.#state);
    this.#state = state;
    this.sort = state.sort;
    this.label = state.title;
    this.#heading.textContent = state.title;
    this.allRows = state.rowCount;
    this.columns.update(state);
    if (this.#measured && namesOf(state) !== named) {
      this.columns.fitAll((column) => this.#textsOf(column), this.byField);
    }
    this.rows.update(state.generation, state.shownRows);
    this.selection.clamp(state.shownRows, this.columns.seen.length);
    this.changed();
    this.rows.want(0, Math.min(state.shownRows, 60));
    this.#askDetailAgain();
    if (!this.#isRestored && state.shownRows > 0 && state.phase !== 'arriving') {
      // The table gets its height with the next frame.
      requestAnimationFrame(() => this.#restore());
    }
  }

  /** Restores the scroll position and focus of before the tab was hidden or the window reloaded. */
  #restore(): void {
    const { view } = this.#host;
    if (this.#isRestored || view === undefined) {
      return;
    }
    this.#isRestored = true;
    this.#grid.top = view.top;
    this.#grid.root.scrollLeft = view.left;
    this.selection.go(view.focus, false);
    this.selection.clamp(this.rows.count, this.columns.seen.length);
    this.#grid.soon();
    if (view.detail) {
      this.askDetail();
    }
  }

  #drawAround(): void {
    const state = this.#state;
    if (state === undefined) {
      return;
    }
    const { shownRows, rowCount, filter, phase } = state;
    const count =
      filter.trim() === ''
        ? ''
        : (this.strings.matches ?? '')
            .replace('{0}', shownRows.toLocaleString())
            .replace('{1}', rowCount.toLocaleString());
    this.#filter.update(filter, count);
    this.#status.update(state, this.strings);
    this.#names.textContent = (this.byField ? this.strings.showLabels : this.strings.showFields) ?? '';
    this.#names.hidden = state.fields.every((field, at) => state.labels[at] === field);
    this.#stop.textContent = this.strings.stopWatch ?? '';
    this.#stop.hidden = !state.watching;
    this.#hidden.hidden = this.columns.hiddenCount === 0;
    this.#hidden.textContent = (this.strings.hidden ?? '').replace('{0}', String(this.columns.hiddenCount));
    this.#empty.hidden = shownRows > 0;
    this.#empty.textContent =
      (phase === 'arriving'
        ? this.strings.arriving
        : rowCount > 0
          ? this.strings.noMatch
          : phase === 'failed'
            ? ''
            : this.strings.noRows) ?? '';
  }

  /** Adds a condition for the value of the focused cell. */
  filterByFocus(column: SeenColumn, out: boolean): void {
    const cell = this.rows.at(this.selection.focus.row)?.cells[column.cell];
    this.#filter.set(`${this.#filter.value} ${termFor(column.field, cell, out)}`.trim());
  }

  #textsOf(column: SeenColumn): string[] {
    const texts: string[] = [];
    for (const row of this.rows.here()) {
      texts.push(visible(cellText(row.cells[column.cell])));
      if (texts.length === 200) {
        break;
      }
    }
    return texts;
  }
}

/** The names of the columns: with other names they need other widths. */
function namesOf(state: TableStateMessage | undefined): string {
  return JSON.stringify([state?.fields, state?.labels]);
}

const root = document.getElementById('root');
if (root !== null) {
  new TableView(root);
}
