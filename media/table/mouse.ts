import type { SeenColumn } from './columns.ts';
import type { TableView } from './tableView.ts';

/** Selecting, sorting, resizing and moving columns by mouse. */
export function handleMouse(view: TableView): void {
  const { grid, columns } = view;
  const { root } = grid;

  root.addEventListener('mousedown', (event) => press(event, view));

  root.addEventListener('click', (event) => {
    const place = grid.placeOf(event.target);
    const field = place === undefined ? undefined : columns.seen[place.column]?.field;
    if (place?.row === -1 && field !== undefined && !isHandle(event)) {
      view.go(-1, place.column, false);
      view.sortBy(field, event.shiftKey);
    }
  });

  root.addEventListener('dblclick', (event) => {
    const place = grid.placeOf(event.target);
    const column = place === undefined ? undefined : columns.seen[place.column];
    if (place !== undefined && place.row >= 0) {
      void view.askDetail();
    } else if (column !== undefined && isHandle(event)) {
      view.fit(column);
    }
  });

  root.addEventListener('contextmenu', (event) => {
    const place = grid.placeOf(event.target);
    if (place?.row === -1 && place.column >= 0) {
      view.go(-1, place.column, false);
    }
    grid.markMenu();
  });

  dragColumns(view);
}

function press(event: MouseEvent, view: TableView): void {
  const { grid, selection, columns } = view;
  const place = grid.placeOf(event.target);
  const isLeft = event.button === 0;
  if (place === undefined || (!isLeft && event.button !== 2)) {
    return;
  }
  const column = columns.seen[place.column];
  if (isHandle(event)) {
    if (isLeft && column !== undefined) {
      resize(event, column, view);
    }
  } else if (place.row >= 0) {
    // A right click inside of the selection keeps it: the menu is about it.
    if (isLeft || !selection.has(place.row, place.column)) {
      view.go(place.row, place.column, event.shiftKey && isLeft);
    }
    if (isLeft) {
      select(view);
      grid.root.focus();
      event.preventDefault();
    }
  }
}

function isHandle(event: Event): boolean {
  return event.target instanceof Element && event.target.classList.contains('handle');
}

/** The selection follows the mouse while its button is down. */
function select(view: TableView): void {
  untilReleased(({ clientX, clientY }) => {
    const place = view.grid.placeOf(document.elementFromPoint(clientX, clientY));
    const { focus } = view.selection;
    if (place !== undefined && place.row >= 0 && (place.row !== focus.row || place.column !== focus.column)) {
      view.go(place.row, place.column, true);
    }
  });
}

function resize(event: MouseEvent, { field, width }: SeenColumn, view: TableView): void {
  const start = event.clientX;
  event.preventDefault();
  untilReleased(
    ({ clientX }) => {
      view.columns.resize(field, width + clientX - start);
      view.grid.draw();
    },
    () => view.arranged(),
  );
}

function untilReleased(follow: (event: MouseEvent) => void, done: () => void = () => undefined): void {
  const released = new AbortController();
  const { signal } = released;
  window.addEventListener('mousemove', follow, { signal });
  window.addEventListener(
    'mouseup',
    () => {
      released.abort();
      done();
    },
    { signal },
  );
}

/** Columns are dragged by their header; a line shows where one would land. */
function dragColumns(view: TableView): void {
  const { grid, columns } = view;
  let dragged: string | undefined;
  let over: { field: string; after: boolean; element: HTMLElement } | undefined;
  const mark = (target: typeof over) => {
    over?.element.classList.remove('drop-before', 'drop-after');
    target?.element.classList.add(target.after ? 'drop-after' : 'drop-before');
    over = target;
  };
  const fieldAt = (event: DragEvent) => {
    const place = grid.placeOf(event.target);
    const field = place && place.row < 0 ? columns.seen[place.column]?.field : undefined;
    return field === undefined || place === undefined ? undefined : { field, element: place.element };
  };
  grid.root.addEventListener('dragstart', (event) => {
    dragged = fieldAt(event)?.field;
    event.dataTransfer?.setData('text/plain', dragged ?? '');
  });
  grid.root.addEventListener('dragover', (event) => {
    const target = dragged === undefined ? undefined : fieldAt(event);
    const { left, width } = target?.element.getBoundingClientRect() ?? { left: 0, width: 0 };
    mark(target && { ...target, after: event.clientX > left + width / 2 });
    if (target !== undefined) {
      event.preventDefault();
    }
  });
  grid.root.addEventListener('dragend', () => {
    dragged = undefined;
    mark(undefined);
  });
  grid.root.addEventListener('drop', (event) => {
    if (over !== undefined && dragged !== undefined) {
      columns.move(dragged, over.field, over.after);
      view.arranged();
      event.preventDefault();
    }
    mark(undefined);
  });
}
