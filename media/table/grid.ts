import type { Layout, ShownRow } from '../../src/views/results/messages.ts';
import { cellText, fillCell } from './cell.ts';
import type { Columns, SeenColumn } from './columns.ts';
import { attribute, element, visible } from './dom.ts';
import * as l10n from './l10n.ts';
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

interface GridModel {
  readonly columns: Columns;
  readonly rows: Rows;
  readonly selection: Selection;
}

/** An element that shows a row, and what is drawn in it now, to skip what has not changed. */
interface RowElement {
  readonly root: HTMLElement;
  readonly number: HTMLElement;
  readonly cells: HTMLElement[];
  index: number;
  y: number;
  row: ShownRow | undefined;
  look: string;
}

interface DrawnColumn {
  readonly column: SeenColumn;
  /** Its place among those that are seen. */
  readonly at: number;
  /** Where it stays while the others are scrolled, in pixels; empty where it is scrolled, too. */
  readonly left: string;
}

/**
 * Draws the part of the table that is seen. Rows and columns outside the window are not in the document, and
 * elements that scroll out are used again, so a table of any size costs the same.
 */
export class Grid {
  readonly root = element('div', {
    className: 'grid',
    role: 'grid',
    tabIndex: 0,
    ariaMultiSelectable: 'true',
  });
  readonly #header = element('div', { className: 'row header', role: 'row', ariaRowIndex: '1' });
  readonly #body = element('div', { className: 'body', role: 'rowgroup' });
  readonly #model: GridModel;
  readonly scroller = new Scroller(this.root);
  /** The element of a row is at the row's index, divided by their number: one that scrolls out comes in at the other end. */
  #elements: RowElement[] = [];
  #frame = 0;
  #headerDrawn = '';
  #focused: Element | null = null;

  constructor(model: GridModel, onScroll: () => void) {
    this.#model = model;
    const head = element('div', { className: 'head', role: 'rowgroup' }, this.#header);
    this.root.append(head, this.#body);
    this.root.addEventListener('scroll', () => {
      this.scroller.follow();
      this.draw();
      onScroll();
    });
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /** Rows that fit on the screen. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#viewHeight / rowHeight) - 1);
  }

  /** Draws with the next frame. */
  draw(): void {
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
      if (top < this.scroller.top) {
        this.scroller.moveTo(top);
      } else if (top + rowHeight > this.scroller.top + this.#viewHeight) {
        this.scroller.moveTo(top + rowHeight - this.#viewHeight);
      }
    }
    const { seen, pinnedCount } = this.#model.columns;
    const revealed = seen[column];
    if (revealed !== undefined && column >= pinnedCount) {
      const left = widthOf(seen.slice(pinnedCount, column));
      const room = this.root.clientWidth - this.#numberWidth - widthOf(seen.slice(0, pinnedCount));
      if (left < this.root.scrollLeft || revealed.width > room) {
        this.root.scrollLeft = left;
      } else if (left + revealed.width > this.root.scrollLeft + room) {
        this.root.scrollLeft = left + revealed.width - room;
      }
    }
  }

  /** The cell that an event happened in; outside of cells its row and column are `NaN`. */
  placeOf(target: EventTarget | null): { row: number; column: number; element: HTMLElement | undefined } {
    const element =
      (target instanceof Element && target.closest<HTMLElement>('[aria-colindex]')) || undefined;
    const row = Number(element?.closest('[aria-rowindex]')?.ariaRowIndex) - 2;
    return { row, column: Number(element?.ariaColIndex) - 2, element };
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

  get #viewHeight(): number {
    return this.root.clientHeight - headerHeight;
  }

  get #numberWidth(): number {
    return Math.max(48, String(this.#model.rows.all).length * 8 + 28);
  }

  #draw(): void {
    const { rows, columns, selection } = this.#model;
    attribute(this.root, 'aria-rowcount', String(rows.count + 1));
    attribute(this.root, 'aria-colcount', String(columns.seen.length + 1));
    const tracks = [this.#numberWidth, ...columns.seen.map(({ width }) => width)];
    this.root.style.setProperty('--columns', tracks.map((width) => `${width}px`).join(' '));
    const height = rows.count * rowHeight;
    this.#body.style.height = `${elementHeight(height)}px`;
    this.scroller.resize(height, this.#viewHeight);
    const drawn = this.#columnsInView();
    const columnsLook = JSON.stringify(drawn);
    this.#drawHeader(drawn, columnsLook);
    this.#drawRows(drawn, JSON.stringify([columnsLook, selection.from, selection.to]));
    this.#markFocus();
  }

  /** The pinned columns, and those that are not scrolled out of view. */
  #columnsInView(): DrawnColumn[] {
    const { scrollLeft, clientWidth } = this.root;
    const drawn: DrawnColumn[] = [];
    let left = this.#numberWidth;
    for (const [at, column] of this.#model.columns.seen.entries()) {
      const isInView =
        left + column.width > scrollLeft - spareWidth && left < scrollLeft + clientWidth + spareWidth;
      if (column.pinned || isInView) {
        drawn.push({ column, at, left: column.pinned ? `${left}px` : '' });
      }
      left += column.width;
    }
    return drawn;
  }

  #drawRows(drawn: readonly DrawnColumn[], look: string): void {
    const { rows } = this.#model;
    const { top, shift } = this.scroller;
    const first = Math.max(0, Math.floor(top / rowHeight) - spareRows);
    const end = Math.min(rows.count, Math.ceil((top + this.#viewHeight) / rowHeight) + spareRows);
    rows.want(Math.max(0, first - aheadRows), Math.min(rows.count, end + aheadRows));
    const room = Math.ceil(this.#viewHeight / rowHeight) + 2 * spareRows + 2;
    if (this.#elements.length !== room) {
      this.#elements = Array.from({ length: room }, makeRow);
      this.#body.replaceChildren();
    }
    for (let index = first; index < first + room; index++) {
      const element = this.#elements[index % room] as RowElement;
      if (index >= end) {
        element.root.remove();
        continue;
      }
      if (element.root.parentNode === null) {
        this.#body.append(element.root);
      }
      const y = index * rowHeight - shift;
      if (element.y !== y) {
        element.y = y;
        element.root.style.transform = `translateY(${y}px)`;
      }
      const row = rows.at(index);
      // Most rows stay as they are in a scroll.
      if (element.index !== index || element.row !== row || element.look !== look) {
        Object.assign(element, { index, row, look });
        this.#drawRow(element, drawn);
      }
    }
  }

  #drawRow({ root, number, cells, index, row }: RowElement, drawn: readonly DrawnColumn[]): void {
    const { selection, columns } = this.#model;
    attribute(root, 'aria-rowindex', String(index + 2));
    attribute(root, 'aria-busy', row === undefined ? 'true' : null);
    const isWhole = selection.has(index, 0) && selection.to.column >= columns.seen.length;
    attribute(root, 'aria-selected', isWhole ? 'true' : null);
    const state = stateOf(row);
    attribute(root, 'class', `row ${state ?? ''} ${row?.alert === undefined ? '' : 'alerting'}`);
    fillCell(number, row === undefined ? '' : state === 'gone' ? '−' : String(row.index + 1));
    while (cells.length < drawn.length) {
      const cell = element('div', { role: 'gridcell' });
      cells.push(cell);
      root.append(cell);
    }
    for (const extra of cells.splice(drawn.length)) {
      extra.remove();
    }
    for (const [place, column] of drawn.entries()) {
      this.#drawCell(cells[place] as HTMLElement, index, row, column);
    }
  }

  #drawCell(
    cell: HTMLElement,
    index: number,
    row: ShownRow | undefined,
    { column, at, left }: DrawnColumn,
  ): void {
    fillCell(cell, row?.cells[column.cell]);
    const changed = row?.changed?.indexOf(column.cell) ?? -1;
    const alert = row?.alert?.includes(column.cell) === true;
    const marks = `${changed >= 0 ? 'changed' : ''} ${alert ? 'alert' : ''}`;
    attribute(cell, 'class', `${classOf(column)} ${marks}`);
    attribute(cell, 'aria-selected', String(this.#model.selection.has(index, at)));
    const was = changed >= 0 ? l10n.t('was “{0}”', cellText(row?.was?.[changed])) : null;
    attribute(cell, 'title', was);
    const state = stateOf(row);
    const meets = alert && l10n.t('meets the alert');
    const isOther = state && l10n.t(state === 'new' ? 'new row' : 'row that is gone');
    attribute(cell, 'aria-description', [was, meets, isOther].filter(Boolean).join(', ') || null);
    placeCell(cell, at, left);
  }

  #drawHeader(drawn: readonly DrawnColumn[], columnsLook: string): void {
    const { columns } = this.#model;
    const { sort, byField } = columns.layout;
    const look = JSON.stringify([columnsLook, sort, byField]);
    if (look === this.#headerDrawn) {
      return;
    }
    this.#headerDrawn = look;
    const corner = {
      className: 'index',
      role: 'columnheader',
      ariaLabel: l10n.t('Row number'),
      ariaColIndex: '1',
    };
    const cells = drawn.map(({ column, at, left }) => {
      const cell = headerCell(column, columns.titleOf(column), sort);
      placeCell(cell, at, left);
      return cell;
    });
    this.#header.replaceChildren(element('div', corner, '#'), ...cells);
  }

  /** The grid itself has the focus; the focused cell is its active descendant, and the only one with an id. */
  #markFocus(): void {
    const { row, column } = this.#model.selection.focus;
    const place = `[aria-rowindex="${row + 2}"] > [aria-colindex="${column + 2}"]`;
    const focused = this.root.querySelector(place);
    if (focused !== this.#focused) {
      this.#focused?.removeAttribute('id');
      this.#focused = focused;
    }
    if (focused !== null) {
      attribute(focused, 'id', `c${row}_${column}`);
    }
    attribute(this.root, 'aria-activedescendant', focused?.id ?? null);
  }
}

/** Makes the header of a column, with how it is sorted. */
function headerCell(column: SeenColumn, title: string, sort: Layout['sort']): HTMLElement {
  const { field, label } = column;
  const by = sort.findIndex((one) => one.field === field);
  const cell = element('div', {
    className: classOf(column),
    role: 'columnheader',
    ariaSort: by < 0 ? 'none' : sort[by]?.descending ? 'descending' : 'ascending',
    title: label === field ? visible(field) : `${visible(label)} (${visible(field)})`,
  });
  cell.dataset.field = field;
  cell.append(element('span', { className: 'title' }, visible(title)));
  if (by >= 0) {
    const arrow = element('span', { ariaHidden: 'true' }, sort[by]?.descending ? '↓' : '↑');
    cell.append(element('span', {}, arrow, sort.length > 1 ? String(by + 1) : ''));
  }
  const howTo = l10n.t('Drag to resize, double-click to fit');
  cell.append(element('span', { className: 'handle', title: howTo, ariaHidden: 'true' }));
  return cell;
}

function widthOf(columns: readonly SeenColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width, 0);
}

function classOf({ kind, pinned }: SeenColumn): string {
  return `cell ${kind} ${pinned ? 'pinned' : ''}`;
}

function makeRow(): RowElement {
  const number = element('div', { className: 'index', role: 'rowheader', ariaColIndex: '1' });
  const root = element('div', { role: 'row' }, number);
  return { root, number, cells: [], index: -1, y: -1, row: undefined, look: '' };
}

/** What is to be said of all of a row. */
function stateOf(row: ShownRow | undefined): 'new' | 'gone' | undefined {
  return row?.changed?.[0] === -1 ? 'new' : row !== undefined && row.index < 0 ? 'gone' : undefined;
}

/** Puts a cell into its column of the layout, where the row's number has the first one. */
function placeCell(cell: HTMLElement, column: number, left: string): void {
  attribute(cell, 'aria-colindex', String(column + 2));
  cell.style.gridColumn = String(column + 2);
  cell.style.left = left;
}
