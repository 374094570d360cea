import type { Columns } from './columns.ts';
import type { Grid } from './grid.ts';
import type { Rows } from './rows.ts';
import type { Selection } from './selection.ts';

/** What a person can do with the table, by whatever means. */
export interface TableActs {
  readonly columns: Columns;
  readonly rows: Rows;
  readonly selection: Selection;
  go(row: number, column: number, extend: boolean): void;
  selectAll(): void;
  sortBy(field: string, add: boolean, direction?: 'ascending' | 'descending' | 'none'): void;
  copy(headers: boolean): void;
  askDetail(): void;
  focusFilter(): void;
  filterByFocus(column: Columns['seen'][number], out: boolean): void;
  toggleNames(): void;
  changed(): void;
  fit(column: Columns['seen'][number]): void;
}

/** How much a column grows or shrinks at a key press. */
const step = 16;

/** Everything can be done by keyboard, with the keys of VS Code's own lists and of spreadsheets. */
export function handleKeys(grid: Grid, acts: TableActs): void {
  grid.root.addEventListener('keydown', (event) => {
    const command = event.ctrlKey || event.metaKey;
    const handled = event.altKey
      ? !command && withAlt(event, acts)
      : command
        ? withCommand(event, acts)
        : alone(event, grid, acts);
    if (handled) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function alone(event: KeyboardEvent, grid: Grid, acts: TableActs): boolean {
  const { row, column } = acts.selection.focus;
  const extend = event.shiftKey;
  const last = acts.columns.seen.length - 1;
  switch (event.key) {
    case 'ArrowUp':
      acts.go(row - 1, column, extend);
      return true;
    case 'ArrowDown':
      acts.go(row + 1, column, extend);
      return true;
    case 'ArrowLeft':
      acts.go(row, column - 1, extend);
      return true;
    case 'ArrowRight':
      acts.go(row, column + 1, extend);
      return true;
    case 'PageUp':
      acts.go(Math.max(0, row - grid.pageRows), column, extend);
      return true;
    case 'PageDown':
      acts.go(row + grid.pageRows, column, extend);
      return true;
    case 'Home':
      acts.go(row, 0, extend);
      return true;
    case 'End':
      acts.go(row, last, extend);
      return true;
    case 'Enter':
    case ' ': {
      const field = acts.columns.seen[column]?.field;
      if (row < 0 && field !== undefined) {
        acts.sortBy(field, event.shiftKey);
      } else if (event.key === 'Enter') {
        acts.askDetail();
      } else if (event.shiftKey) {
        acts.go(row, -1, false);
      }
      return true;
    }
    case 'Escape':
      acts.go(row, column, false);
      return true;
    case '/':
      acts.focusFilter();
      return true;
    default:
      return false;
  }
}

function withCommand(event: KeyboardEvent, acts: TableActs): boolean {
  const { row, column } = acts.selection.focus;
  const lastRow = acts.rows.count - 1;
  const lastColumn = acts.columns.seen.length - 1;
  switch (event.key) {
    case 'Home':
      acts.go(0, 0, event.shiftKey);
      return true;
    case 'End':
      acts.go(lastRow, lastColumn, event.shiftKey);
      return true;
    case 'ArrowUp':
      acts.go(0, column, event.shiftKey);
      return true;
    case 'ArrowDown':
      acts.go(lastRow, column, event.shiftKey);
      return true;
    case 'ArrowLeft':
      acts.go(row, 0, event.shiftKey);
      return true;
    case 'ArrowRight':
      acts.go(row, lastColumn, event.shiftKey);
      return true;
    case 'a':
    case 'A':
      acts.selectAll();
      return true;
    case 'c':
    case 'C':
      acts.copy(event.shiftKey);
      return true;
    default:
      return false;
  }
}

/** Alt moves the column; with Shift it makes it wider or narrower. */
function withAlt(event: KeyboardEvent, acts: TableActs): boolean {
  const { row, column } = acts.selection.focus;
  const moved = acts.columns.seen[column];
  if (moved === undefined || (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight')) {
    return false;
  }
  const right = event.key === 'ArrowRight';
  if (event.shiftKey) {
    acts.columns.resize(moved, moved.width + (right ? step : -step));
  } else {
    const other = acts.columns.seen[column + (right ? 1 : -1)];
    if (other !== undefined) {
      acts.columns.move(moved.field, other.field, right);
      acts.go(row, acts.columns.seen.indexOf(moved), false);
    }
  }
  acts.changed();
  return true;
}
