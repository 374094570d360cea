import { termFor } from '../../src/views/results/filterTerm.ts';
import type { TableCommand } from '../../src/views/results/messages.ts';
import type { SeenColumn } from './columns.ts';
import type { TableView } from './tableView.ts';

/** What the commands of VS Code do to the table, or to one of its columns. */
const commands: Readonly<Record<TableCommand, (view: TableView, column: SeenColumn) => void>> = {
  filter: (view) => view.filterBox.focus(),
  toggleNames: (view) => view.arrange({ byField: !view.columns.layout.byField }),
  rowDetail: (view) => void view.askDetail(),
  plot: (view, { field }) => view.plot(field),
  sortAscending: (view, { field }) => view.sortBy(field, false, 'ascending'),
  sortDescending: (view, { field }) => view.sortBy(field, false, 'descending'),
  unsort: (view, { field }) => view.sortBy(field, true, 'none'),
  showAllColumns: (view) => view.arrange(view.columns.showAll()),
  hideColumn: (view, { field }) => view.arrange(view.columns.hide(field)),
  pinColumn: (view, column) => view.arrange(view.columns.togglePin(column)),
  fitColumn: (view, column) => view.fit(column),
  filterByValue: (view, column) => filterByFocus(view, column, false),
  filterOutValue: (view, column) => filterByFocus(view, column, true),
};

/** Does what a command of VS Code asks of the table; where it names no column, with the focused one. */
export function runCommand(view: TableView, ask: TableCommand, field?: string): void {
  const column = view.columns.meant(field, view.selection.focus.column);
  if (column !== undefined) {
    commands[ask](view, column);
  }
}

function filterByFocus(view: TableView, column: SeenColumn, out: boolean): void {
  const cell = view.rows.at(view.selection.focus.row)?.cells[column.cell];
  view.arrange({ filter: `${view.columns.layout.filter} ${termFor(column.field, cell, out)}`.trim() });
}
