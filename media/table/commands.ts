import type { ToTable } from '../../src/views/results/messages.ts';
import type { TableActs } from './keyboard.ts';

type Ask = (ToTable & { is: 'view' })['ask'];

/** Does what a command of VS Code asks of the table; where it names no column, with the focused one. */
export function runCommand(acts: TableActs, ask: Ask, field?: string): void {
  const { columns } = acts;
  switch (ask) {
    case 'focusFilter':
      acts.focusFilter();
      return;
    case 'toggleNames':
      acts.toggleNames();
      return;
    case 'showAll':
      columns.showAll();
      acts.changed();
      return;
    case 'copy':
    case 'copyWithHeaders':
      acts.copy(ask === 'copyWithHeaders');
      return;
    case 'detail':
      acts.askDetail();
      return;
  }
  const column = columns.all.find((one) => one.field === field) ?? columns.seen[acts.selection.focus.column];
  if (column === undefined) {
    return;
  }
  switch (ask) {
    case 'sortAscending':
      acts.sortBy(column.field, false, 'ascending');
      break;
    case 'sortDescending':
      acts.sortBy(column.field, false, 'descending');
      break;
    case 'unsort':
      acts.sortBy(column.field, true, 'none');
      break;
    case 'hide':
      columns.hide(column.field);
      acts.changed();
      break;
    case 'pin':
      columns.togglePin(column.field);
      acts.changed();
      break;
    case 'fit':
      acts.fit(column);
      break;
    case 'filterByValue':
    case 'filterOutValue':
      acts.filterByFocus(column, ask === 'filterOutValue');
  }
}
