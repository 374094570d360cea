import type { SeenColumn } from './columns.ts';
import type { Grid } from './grid.ts';
import type { TableActs } from './keyboard.ts';

/** Selecting, sorting, resizing and moving columns by mouse. */
export function handleMouse(grid: Grid, acts: TableActs): void {
  const { root } = grid;

  root.addEventListener('mousedown', (event) => press(event, grid, acts));

  root.addEventListener('click', (event) => {
    const place = grid.placeOf(event.target);
    const field = place === undefined ? undefined : acts.columns.seen[place.column]?.field;
    if (place?.row === -1 && field !== undefined && !isHandle(event)) {
      acts.go(-1, place.column, false);
      acts.sortBy(field, event.shiftKey);
    }
  });

  root.addEventListener('dblclick', (event) => {
    const place = grid.placeOf(event.target);
    if (place === undefined) {
      return;
    }
    const column = acts.columns.seen[place.column];
    if (place.row >= 0) {
      acts.askDetail();
    } else if (column !== undefined && isHandle(event)) {
      acts.fit(column);
    }
  });

  root.addEventListener('contextmenu', (event) => {
    const place = grid.placeOf(event.target);
    if (place?.row === -1 && place.column >= 0) {
      acts.go(-1, place.column, false);
    }
    grid.markMenu();
  });

  move(grid, acts);
}

/** Selects, or resizes a column. */
function press(event: MouseEvent, grid: Grid, acts: TableActs): void {
  const place = grid.placeOf(event.target);
  if (place === undefined || (event.button !== 0 && event.button !== 2)) {
    return;
  }
  if (isHandle(event)) {
    const column = acts.columns.seen[place.column];
    if (column !== undefined && event.button === 0) {
      resize(event, column, acts);
    }
    return;
  }
  if (place.row < 0) {
    return;
  }
  // A right click inside of the selection keeps it: the menu is about it.
  if (event.button === 0 || !acts.selection.has(place.row, place.column)) {
    acts.go(place.row, place.column, event.shiftKey && event.button === 0);
  }
  if (event.button === 0) {
    select(grid, acts);
    grid.root.focus();
    event.preventDefault();
  }
}

function isHandle(event: Event): boolean {
  return event.target instanceof Element && event.target.classList.contains('handle');
}

/** The selection follows the mouse while its button is down. */
function select(grid: Grid, acts: TableActs): void {
  const follow = (event: MouseEvent) => {
    const place = grid.placeOf(document.elementFromPoint(event.clientX, event.clientY));
    const { focus } = acts.selection;
    if (place !== undefined && place.row >= 0 && (place.row !== focus.row || place.column !== focus.column)) {
      acts.go(place.row, place.column, true);
    }
  };
  untilReleased(follow);
}

function resize(event: MouseEvent, column: SeenColumn, acts: TableActs): void {
  const start = event.clientX;
  const before = column.width;
  event.preventDefault();
  untilReleased((moved) => {
    acts.columns.resize(column, before + moved.clientX - start);
    acts.changed();
  });
}

function untilReleased(follow: (event: MouseEvent) => void): void {
  const released = new AbortController();
  window.addEventListener('mousemove', follow, { signal: released.signal });
  window.addEventListener('mouseup', () => released.abort(), { signal: released.signal });
}

/** Columns are dragged by their header; a line shows where one would land. */
function move(grid: Grid, acts: TableActs): void {
  const { root } = grid;
  let dragged: string | undefined;
  const target = (event: DragEvent) => {
    const place = grid.placeOf(event.target);
    if (dragged === undefined || place === undefined || place.row >= 0) {
      return undefined;
    }
    const column = acts.columns.seen[place.column];
    const box = place.element.getBoundingClientRect();
    return column === undefined
      ? undefined
      : { field: column.field, after: event.clientX > box.left + box.width / 2, element: place.element };
  };
  const unmark = () => {
    for (const marked of root.querySelectorAll('.drop-before, .drop-after')) {
      marked.classList.remove('drop-before', 'drop-after');
    }
  };
  root.addEventListener('dragstart', (event) => {
    const place = grid.placeOf(event.target);
    dragged = place === undefined ? undefined : acts.columns.seen[place.column]?.field;
    event.dataTransfer?.setData('text/plain', dragged ?? '');
  });
  root.addEventListener('dragover', (event) => {
    const over = target(event);
    unmark();
    if (over !== undefined) {
      over.element.classList.add(over.after ? 'drop-after' : 'drop-before');
      event.preventDefault();
    }
  });
  root.addEventListener('dragend', () => {
    dragged = undefined;
    unmark();
  });
  root.addEventListener('drop', (event) => {
    const over = target(event);
    if (over !== undefined && dragged !== undefined) {
      acts.columns.move(dragged, over.field, over.after);
      acts.changed();
      event.preventDefault();
    }
    unmark();
  });
}
