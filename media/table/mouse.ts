import type { SeenColumn } from './columns.ts';
import type { TableView } from './tableView.ts';

/** Selecting, sorting, resizing and moving columns by mouse. */
export function handleMouse(view: TableView): void {
  const { grid, columns } = view;
  const { root } = grid;

  root.addEventListener('mousedown', (event) => press(event, view));

  root.addEventListener('click', (event) => {
    const { row, column } = grid.placeOf(event.target);
    const field = columns.seen[column]?.field;
    if (row === -1 && field !== undefined && !isHandle(event)) {
      view.go(row, column, false);
      view.sortBy(field, event.shiftKey);
    }
  });

  root.addEventListener('dblclick', (event) => {
    const place = grid.placeOf(event.target);
    const column = columns.seen[place.column];
    if (place.row >= 0) {
      void view.askDetail();
    } else if (column !== undefined && isHandle(event)) {
      view.fit(column);
    }
  });

  root.addEventListener('contextmenu', (event) => {
    const { row, column } = grid.placeOf(event.target);
    if (row === -1 && column >= 0) {
      view.go(row, column, false);
    }
    grid.markMenu();
  });
}

function press(event: MouseEvent, view: TableView): void {
  const { grid, selection, columns } = view;
  const { row, column, element } = grid.placeOf(event.target);
  const isLeft = event.button === 0;
  if (element === undefined || (!isLeft && event.button !== 2)) {
    return;
  }
  // A right click inside of the selection keeps it: the menu is about it.
  if (row >= 0 && (isLeft || !selection.has(row, column))) {
    view.go(row, column, event.shiftKey && isLeft);
  }
  if (isLeft) {
    const pressed = columns.seen[column];
    if (row >= 0) {
      select(view);
    } else if (pressed !== undefined) {
      (isHandle(event) ? resize : move)(event, pressed, view);
    }
    grid.root.focus();
    event.preventDefault();
  }
}

function isHandle(event: Event): boolean {
  return event.target instanceof Element && event.target.classList.contains('handle');
}

/** The selection follows the mouse while its button is down. */
function select(view: TableView): void {
  untilReleased(({ clientX, clientY }) => {
    const { row, column } = view.grid.placeOf(document.elementFromPoint(clientX, clientY));
    const { focus } = view.selection;
    if (row >= 0 && (row !== focus.row || column !== focus.column)) {
      view.go(row, column, true);
    }
  });
}

function resize({ clientX: start }: MouseEvent, { field, width }: SeenColumn, view: TableView): void {
  const { columns, grid } = view;
  untilReleased(
    ({ clientX }) => {
      columns.arrange({ ...columns.layout, ...columns.resize(field, width + clientX - start) });
      grid.draw();
    },
    () => view.arrange({}),
  );
}

/** Columns are dragged by their header; a line shows where one would land. */
function move(_: MouseEvent, { field }: SeenColumn, view: TableView): void {
  const { grid, columns } = view;
  let over: { beside: SeenColumn; after: boolean; element: HTMLElement } | undefined;
  const mark = (target: typeof over) => {
    over?.element.style.removeProperty('box-shadow');
    const x = target?.after ? '-2px' : '2px';
    target?.element.style.setProperty('box-shadow', `inset ${x} 0 var(--vscode-focusBorder)`);
    over = target;
  };
  untilReleased(
    ({ clientX, clientY }) => {
      const { row, column, element } = grid.placeOf(document.elementFromPoint(clientX, clientY));
      const beside = row === -1 ? columns.seen[column] : undefined;
      const { left, width } = element?.getBoundingClientRect() ?? { left: 0, width: 0 };
      const isOther = element !== undefined && beside !== undefined && beside.field !== field;
      mark(isOther ? { beside, after: clientX > left + width / 2, element } : undefined);
    },
    () => {
      if (over !== undefined) {
        view.arrange(columns.move(field, over.beside, over.after));
      }
      mark(undefined);
    },
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
