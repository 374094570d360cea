import type { TableView } from './tableView.ts';

/** How much a column grows or shrinks at a key press. */
const step = 16;

/** Everything can be done by keyboard, with the keys of VS Code's own lists and of spreadsheets. */
export function handleKeys(view: TableView): void {
  view.grid.root.addEventListener('keydown', (event) => {
    const withCommand = event.ctrlKey || event.metaKey;
    const isHandled = event.altKey
      ? !withCommand && moveColumn(event, view)
      : moveFocus(event, view, withCommand) || (withCommand ? command(event, view) : press(event, view));
    if (isHandled) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function moveFocus({ key, shiftKey }: KeyboardEvent, view: TableView, far: boolean): boolean {
  const { row, column } = view.selection.focus;
  const lastRow = view.rows.count - 1;
  const lastColumn = view.columns.seen.length - 1;
  const { pageRows } = view.grid;
  const places: Readonly<Record<string, readonly [row: number, column: number]>> = far
    ? {
        Home: [0, 0],
        End: [lastRow, lastColumn],
        ArrowUp: [0, column],
        ArrowDown: [lastRow, column],
        ArrowLeft: [row, 0],
        ArrowRight: [row, lastColumn],
      }
    : {
        Home: [row, 0],
        End: [row, lastColumn],
        ArrowUp: [row - 1, column],
        ArrowDown: [row + 1, column],
        ArrowLeft: [row, column - 1],
        ArrowRight: [row, column + 1],
        PageUp: [Math.max(0, row - pageRows), column],
        PageDown: [row + pageRows, column],
      };
  const place = places[key];
  if (place !== undefined) {
    view.go(...place, shiftKey);
  }
  return place !== undefined;
}

function press({ key, shiftKey }: KeyboardEvent, view: TableView): boolean {
  const { row, column } = view.selection.focus;
  const field = view.columns.seen[column]?.field;
  switch (key) {
    case 'Enter':
    case ' ':
      if (row < 0 && field !== undefined) {
        view.sortBy(field, shiftKey);
      } else if (key === 'Enter') {
        void view.askDetail();
      } else if (shiftKey) {
        view.go(row, -1, false);
      }
      return true;
    case 'Escape':
      view.go(row, column, false);
      return true;
    case '/':
      view.filterBox.focus();
      return true;
    default:
      return false;
  }
}

function command({ key, shiftKey }: KeyboardEvent, view: TableView): boolean {
  const letter = key.toLowerCase();
  if (letter === 'a') {
    view.selectAll();
  } else if (letter === 'c') {
    view.copy({ form: 'text', headers: shiftKey });
  }
  return letter === 'a' || letter === 'c';
}

/** Alt moves the column; with Shift it makes it wider or narrower. */
function moveColumn({ key, shiftKey }: KeyboardEvent, view: TableView): boolean {
  const { columns, selection } = view;
  const { row, column } = selection.focus;
  const moved = columns.seen[column];
  if (moved === undefined || (key !== 'ArrowLeft' && key !== 'ArrowRight')) {
    return false;
  }
  const isRight = key === 'ArrowRight';
  if (shiftKey) {
    columns.resize(moved.field, moved.width + (isRight ? step : -step));
  } else {
    const other = columns.seen[column + (isRight ? 1 : -1)];
    if (other !== undefined) {
      columns.move(moved.field, other.field, isRight);
      view.go(
        row,
        columns.seen.findIndex(({ field }) => field === moved.field),
        false,
      );
    }
  }
  view.arranged();
  return true;
}
