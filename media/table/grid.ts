import type { SeenRow } from '../../src/views/results/messages.ts';
import { fillCell } from './cell.ts';
import type { Columns, SeenColumn } from './columns.ts';
import { attribute, element } from './dom.ts';
import { type HeaderModel, headerCell } from './header.ts';
import type { Rows } from './rows.ts';
import { elementHeight, Scroller } from './scroller.ts';
import type { Selection } from './selection.ts';

const rowHeight = 22;
/** With the line below it. */
const headerHeight = 25;

/** Rows, and pixels of columns, drawn around what is visible: the browser shows a scroll before the script hears of it. */
const spareRows = 8;
const spareWidth = 200;

/** Rows fetched before and after those that are visible, so that they are there when somebody scrolls. */
const aheadRows = 50;

interface GridModel extends HeaderModel {
  readonly columns: Columns;
  readonly rows: Rows;
  readonly selection: Selection;
  readonly label: string;
  /** Rows of the table; the filter may leave fewer. */
  readonly allRows: number;
}

interface RowElement {
  readonly root: HTMLElement;
  readonly number: HTMLElement;
  readonly gap: HTMLElement;
  cells: HTMLElement[];
  /** What is drawn in it now, to skip what has not changed. */
  index: number;
  y: number;
  row: SeenRow | undefined;
  look: string;
}

/** What a cell shows, and where. */
interface DrawnCell {
  readonly index: number;
  readonly row: SeenRow | undefined;
  readonly isNew: boolean;
  readonly column: SeenColumn;
  readonly at: number;
  /** Where it is pinned, in pixels. */
  readonly left: number | undefined;
}

/**
 * Draws the part of the table that is seen. Rows and columns outside the window are not in the document, and
 * elements that scroll out are used again, so a table of any size costs the same.
 */
export class Grid {
  readonly root = element('div', { class: 'grid', role: 'grid' });
  readonly #header = element('div', { class: 'row header', role: 'row' });
  readonly #body = element('div', { class: 'body', role: 'rowgroup' });
  readonly #model: GridModel;
  readonly #scroller = new Scroller(this.root);
  readonly #elements = new Map<number, RowElement>();
  readonly #spare: RowElement[] = [];
  #frame = 0;
  #headerDrawn = '';
  #focused: HTMLElement | null = null;
  #numberWidth = 0;
  #pinned: readonly SeenColumn[] = [];
  #free: readonly SeenColumn[] = [];
  /** Which of the columns that are not pinned are visible, the left edge of the first one, and the width of all columns. */
  #window = { from: 0, to: 0, start: 0, total: 0 };

  constructor(model: GridModel, onScroll: () => void) {
    this.#model = model;
    this.root.tabIndex = 0;
    attribute(this.root, 'aria-multiselectable', 'true');
    const head = element('div', { class: 'head', role: 'rowgroup' });
    head.append(this.#header);
    attribute(this.#header, 'aria-rowindex', '1');
    this.root.append(head, this.#body);
    this.root.addEventListener('scroll', () => {
      this.#scroller.follow();
      this.soon();
      onScroll();
    });
    new ResizeObserver(() => this.soon()).observe(this.root);
  }

  /** How far the rows are scrolled, in pixels. */
  get top(): number {
    return this.#scroller.top;
  }

  set top(top: number) {
    this.#scroller.moveTo(top);
  }

  /** Rows that fit on the screen. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#viewHeight / rowHeight) - 1);
  }

  /** The data, or how they are arranged, changed: draws with the next frame. */
  refresh(): void {
    const { columns } = this.#model;
    const pinnedCount = columns.pinnedCount;
    this.#pinned = columns.seen.slice(0, pinnedCount);
    this.#free = columns.seen.slice(pinnedCount);
    this.#numberWidth = Math.max(40, String(this.#model.allRows).length * 8 + 20);
    this.soon();
  }

  soon(): void {
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#draw();
      });
    }
  }

  /** Brings a cell into view. */
  reveal(row: number, column: number): void {
    if (row >= 0) {
      const top = row * rowHeight;
      if (top < this.top) {
        this.top = top;
      } else if (top + rowHeight > this.top + this.#viewHeight) {
        this.top = top + rowHeight - this.#viewHeight;
      }
    }
    const at = column - this.#pinned.length;
    if (at >= 0 && at < this.#free.length) {
      let left = 0;
      for (let before = 0; before < at; before++) {
        left += this.#free[before]?.width ?? 0;
      }
      const width = this.#free[at]?.width ?? 0;
      const room = this.root.clientWidth - this.#pinnedWidth();
      if (left < this.root.scrollLeft || width > room) {
        this.root.scrollLeft = left;
      } else if (left + width > this.root.scrollLeft + room) {
        this.root.scrollLeft = left + width - room;
      }
    }
  }

  /** The cell that an event happened in. */
  placeOf(target: EventTarget | null): { row: number; column: number; element: HTMLElement } | undefined {
    const cell = target instanceof Element ? target.closest<HTMLElement>('[data-column]') : null;
    if (cell === null) {
      return undefined;
    }
    return { row: Number(cell.dataset.row), column: Number(cell.dataset.column), element: cell };
  }

  get #viewHeight(): number {
    return this.root.clientHeight - headerHeight;
  }

  #pinnedWidth(): number {
    return this.#pinned.reduce((sum, { width }) => sum + width, this.#numberWidth);
  }

  #draw(): void {
    const { rows, columns, label } = this.#model;
    this.#window = this.#columnsSeen();
    const { total } = this.#window;
    attribute(this.root, 'aria-label', label);
    attribute(this.root, 'aria-rowcount', String(rows.count + 1));
    attribute(this.root, 'aria-colcount', String(columns.seen.length + 1));
    const height = rows.count * rowHeight;
    this.#body.style.height = `${elementHeight(height)}px`;
    this.#scroller.resize(height, this.#viewHeight);
    this.#body.style.width = `${total}px`;
    this.#header.style.width = `${total}px`;
    const columnsLook = JSON.stringify([this.#numberWidth, this.#gapWidth(), ...this.#drawnColumns()]);
    this.#drawHeader(columnsLook);
    const { from, to } = this.#model.selection;
    const look = JSON.stringify([columnsLook, total, from, to]);

    const { top, shift } = this.#scroller;
    const first = Math.max(0, Math.floor(top / rowHeight) - spareRows);
    const last = Math.min(rows.count, Math.ceil((top + this.#viewHeight) / rowHeight) + spareRows) - 1;
    rows.want(Math.max(0, first - aheadRows), Math.min(rows.count, last + 1 + aheadRows));
    for (const [index, drawn] of this.#elements) {
      if (index < first || index > last) {
        this.#elements.delete(index);
        this.#spare.push(drawn);
      }
    }
    for (let index = first; index <= last; index++) {
      let drawn = this.#elements.get(index);
      if (drawn === undefined) {
        drawn = this.#spare.pop() ?? this.#makeRow();
        this.#elements.set(index, drawn);
        drawn.look = '';
        drawn.index = index;
        attribute(drawn.root, 'aria-rowindex', String(index + 2));
      }
      const y = index * rowHeight - shift;
      if (drawn.y !== y) {
        drawn.y = y;
        drawn.root.style.transform = `translateY(${y}px)`;
      }
      const row = rows.at(index);
      // Most rows stay as they are in a scroll.
      if (drawn.row !== row || drawn.look !== look) {
        drawn.row = row;
        drawn.look = look;
        this.#drawRow(drawn, row, total);
      }
    }
    for (const drawn of this.#spare.splice(0)) {
      drawn.root.remove();
    }
    this.#markFocus();
  }

  /** The columns that are drawn, with their places. */
  *#drawnColumns(): Iterable<{ column: SeenColumn; at: number; left: number | undefined }> {
    let left = this.#numberWidth;
    for (const [at, column] of this.#pinned.entries()) {
      yield { column, at, left };
      left += column.width;
    }
    const { from, to } = this.#window;
    for (const [place, column] of this.#free.slice(from, to).entries()) {
      yield { column, at: this.#pinned.length + from + place, left: undefined };
    }
  }

  #columnsSeen(): { from: number; to: number; start: number; total: number } {
    const { scrollLeft, clientWidth } = this.root;
    const left = this.#pinnedWidth();
    const seen = { from: 0, to: 0, start: left, total: left };
    for (const [at, { width }] of this.#free.entries()) {
      if (seen.total + width <= scrollLeft + left - spareWidth) {
        seen.from = at + 1;
        seen.start = seen.total + width;
      }
      if (seen.total < scrollLeft + clientWidth + spareWidth) {
        seen.to = at + 1;
      }
      seen.total += width;
    }
    return seen;
  }

  #gapWidth(): number {
    return this.#window.start - this.#pinnedWidth();
  }

  #makeRow(): RowElement {
    const root = element('div', { class: 'row', role: 'row' });
    const number = element('div', { class: 'index', role: 'rowheader' });
    attribute(number, 'aria-colindex', '1');
    const gap = element('div', { class: 'gap', role: 'presentation' });
    root.append(number, gap);
    this.#body.append(root);
    return { root, number, gap, cells: [], index: -1, y: -1, row: undefined, look: '' };
  }

  #drawRow(drawn: RowElement, row: SeenRow | undefined, total: number): void {
    const { selection, columns } = this.#model;
    const { index, number, gap, root } = drawn;
    root.style.width = `${total}px`;
    number.style.width = `${this.#numberWidth}px`;
    number.dataset.row = String(index);
    number.dataset.column = '-1';
    number.id = `c${index}_-1`;
    const isNew = row?.changed?.[0] === -1;
    const label = row === undefined ? '' : String(row.index + 1);
    if (number.textContent !== label) {
      number.textContent = label;
    }
    root.classList.toggle('new', isNew);
    root.classList.toggle('pending', row === undefined);
    attribute(root, 'aria-busy', row === undefined ? 'true' : null);
    let used = 0;
    for (const { column, at, left } of this.#drawnColumns()) {
      let cell = drawn.cells[used];
      if (cell === undefined) {
        cell = element('div', { role: 'gridcell' });
        drawn.cells.push(cell);
        root.append(cell);
      }
      used++;
      this.#drawCell(cell, { index, row, isNew, column, at, left });
    }
    for (const extra of drawn.cells.splice(used)) {
      extra.remove();
    }
    // The gap stands between what is pinned and the first column of the window.
    const place = drawn.cells[this.#pinned.length] ?? null;
    if (gap.nextSibling !== place) {
      root.insertBefore(gap, place);
    }
    gap.style.width = `${this.#gapWidth()}px`;
    attribute(
      root,
      'aria-selected',
      selection.has(index, 0) && selection.to.column >= columns.seen.length ? 'true' : null,
    );
  }

  #drawCell(cell: HTMLElement, { index, row, isNew, column, at, left }: DrawnCell): void {
    const value = row?.cells[column.cell];
    fillCell(cell, value);
    const isChanged = row?.changed?.includes(column.cell) === true;
    const selected = this.#model.selection.has(index, at);
    const look = `cell ${column.kind}${left === undefined ? '' : ' pinned'}${isChanged ? ' changed' : ''}${selected ? ' selected' : ''}`;
    if (cell.className !== look) {
      cell.className = look;
    }
    attribute(cell, 'aria-selected', selected ? 'true' : 'false');
    attribute(cell, 'aria-colindex', String(at + 2));
    attribute(
      cell,
      'aria-description',
      isChanged ? (this.#model.strings.changed ?? '') : isNew ? (this.#model.strings.newRow ?? '') : null,
    );
    cell.style.width = `${column.width}px`;
    cell.style.left = left === undefined ? '' : `${left}px`;
    cell.dataset.row = String(index);
    cell.dataset.column = String(at);
    cell.id = `c${index}_${at}`;
  }

  #drawHeader(columnsLook: string): void {
    const { sort, byField, strings, selection } = this.#model;
    const drawn = JSON.stringify([
      columnsLook,
      sort,
      byField,
      selection.focus.row < 0 ? selection.focus.column : null,
    ]);
    if (drawn === this.#headerDrawn) {
      return;
    }
    this.#headerDrawn = drawn;
    const corner = element('div', { class: 'index corner', role: 'columnheader', text: '#' });
    corner.style.width = `${this.#numberWidth}px`;
    attribute(corner, 'aria-label', strings.rowNumber ?? '');
    attribute(corner, 'aria-colindex', '1');
    const made: HTMLElement[] = [corner];
    const gap = element('div', { class: 'gap', role: 'presentation' });
    gap.style.width = `${this.#gapWidth()}px`;
    for (const [place, { column, at, left }] of [...this.#drawnColumns()].entries()) {
      if (place === this.#pinned.length) {
        made.push(gap);
      }
      made.push(headerCell(this.#model, column, at, left));
    }
    this.#header.replaceChildren(...made);
  }

  /** The grid itself has the focus; the focused cell is its active descendant. */
  #markFocus(): void {
    const { row, column } = this.#model.selection.focus;
    const focused = document.getElementById(`c${row}_${column}`);
    if (focused !== this.#focused) {
      this.#focused?.classList.remove('focused');
      this.#focused = focused;
    }
    focused?.classList.add('focused');
    attribute(this.root, 'aria-activedescendant', focused?.id ?? null);
    this.markMenu();
  }

  /** Tells VS Code what the context menu is about: it reads this attribute when the menu is opened. */
  markMenu(): void {
    const { row, column } = this.#model.selection.focus;
    const field = this.#model.columns.seen[column]?.field;
    const menu = JSON.stringify({
      webviewSection: row < 0 ? 'header' : 'cell',
      ...(field === undefined ? {} : { field }),
      preventDefaultContextMenuItems: true,
    });
    attribute(this.root, 'data-vscode-context', menu);
  }
}
