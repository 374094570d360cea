import type { SeenColumn } from './columns.ts';
import { attribute, drawing, element, visible } from './dom.ts';

export interface HeaderModel {
  readonly sort: readonly { readonly field: string; readonly descending: boolean }[];
  readonly byField: boolean;
  readonly strings: Readonly<Record<string, string>>;
}

/**
 * Makes the header of a column.
 * @param at its place among the columns that are seen
 * @param left where it is pinned, in pixels
 */
export function headerCell(
  { sort, byField, strings }: HeaderModel,
  column: SeenColumn,
  at: number,
  left: number | undefined,
): HTMLElement {
  const by = sort.findIndex(({ field }) => field === column.field);
  const descending = sort[by]?.descending === true;
  const title = byField ? column.field : column.label;
  const cell = element('div', {
    class: `cell ${column.kind}${left === undefined ? '' : ' pinned'}`,
    role: 'columnheader',
    title:
      column.label === column.field
        ? visible(column.field)
        : `${visible(column.label)} (${visible(column.field)})`,
  });
  cell.id = `c-1_${at}`;
  cell.draggable = true;
  cell.dataset.row = '-1';
  cell.dataset.column = String(at);
  cell.dataset.field = column.field;
  cell.dataset.vscodeContext = JSON.stringify({
    webviewSection: 'header',
    field: column.field,
    preventDefaultContextMenuItems: true,
  });
  attribute(cell, 'aria-colindex', String(at + 2));
  attribute(cell, 'aria-sort', by < 0 ? 'none' : descending ? 'descending' : 'ascending');
  cell.style.width = `${column.width}px`;
  cell.style.left = left === undefined ? '' : `${left}px`;
  if (column.pinned) {
    cell.append(drawing('pin'));
  }
  cell.append(element('span', { class: 'title', text: visible(title) }));
  if (by >= 0) {
    cell.append(drawing(descending ? 'down' : 'up'));
    if (sort.length > 1) {
      cell.append(element('span', { class: 'step', text: String(by + 1) }));
    }
  }
  const handle = element('span', { class: 'handle' });
  handle.title = strings.resize ?? '';
  attribute(handle, 'aria-hidden', 'true');
  cell.append(handle);
  return cell;
}
