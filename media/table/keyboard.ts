import type { TableView } from './tableView.ts';

/** How much a column grows or shrinks at a key press. */
const step = 16;

/** More rows or columns than there are. */
const far = 1e9;

/** Everything can be done by keyboard, with the keys of VS Code's own lists and of spreadsheets. */
export function handleKeys(view: TableView): void {
  view.grid.root.addEventListener('keydown', (event) => {
    const withCommand = event.ctrlKey || event.metaKey;
    const isHandled = event.altKey
      ? !withCommand && moveColumn(event, view)
      : moveFocus(event, view, withCommand) || press(event, view, withCommand);
    if (isHandled) {
      event.preventDefault();
      event.stopPropagation();
    }
  });
}

function moveFocus({ key, shiftKey }: KeyboardEvent, view: TableView, isFar: boolean): boolean {
  const { row, column } = view.selection.focus;
  const { pageRows } = view.grid;
  const one = isFar ? far : 1;
  const moves: Readonly<Record<string, readonly [down: number, right: number]>> = {
    Home: [isFar ? -far : 0, -far],
    End: [isFar ? far : 0, far],
    ArrowUp: [-one, 0],
    ArrowDown: [one, 0],
    ArrowLeft: [0, -one],
    ArrowRight: [0, one],
    ...(!isFar && { PageUp: [-pageRows, 0], PageDown: [pageRows, 0] }),
  };
  const move = moves[key];
  if (move !== undefined) {
    // Single steps alone lead to the header and to the numbers of rows.
    const to = (from: number, by: number) => (by < -1 ? Math.max(0, from + by) : from + by);
    view.go(to(row, move[0]), to(column, move[1]), shiftKey);
  }
  return move !== undefined;
}

function press({ key, shiftKey }: KeyboardEvent, view: TableView, withCommand: boolean): boolean {
  const { row, column } = view.selection.focus;
  const field = view.columns.seen[column]?.field;
  switch (withCommand ? `Ctrl+${key.toLowerCase()}` : key) {
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
    case 'Ctrl+a':
      view.selectAll();
      return true;
    case 'Ctrl+c':
      view.copy({ form: 'text', headers: shiftKey });
      return true;
    default:
      return false;
  }
}

/** Alt moves the column; with Shift it makes it wider or narrower. */
function moveColumn({ key, shiftKey }: KeyboardEvent, view: TableView): boolean {
  const { columns, selection } = view;
  const { row, column } = selection.focus;
  const moved = columns.seen[column];
  const by = key === 'ArrowRight' ? 1 : -1;
  if (moved === undefined || (by < 0 && key !== 'ArrowLeft')) {
    return false;
  }
  const other = columns.seen[column + by];
  if (shiftKey) {
    view.arrange(columns.resize(moved.field, moved.width + by * step));
  } else if (other !== undefined) {
    view.arrange(columns.move(moved.field, other, by > 0));
    view.go(row, column + by, false);
  }
  return true;
}
