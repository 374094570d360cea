import type { Layout } from '../../src/views/results/messages.ts';
import type { SeenColumn } from './columns.ts';
import { element, visible } from './dom.ts';
import { say } from './words.ts';

/** Makes the header of a column; the style sheet draws the arrow of its sorting. */
export function headerCell(
  { field, label, kind, pinned }: SeenColumn,
  title: string,
  sort: Layout['sort'],
): HTMLElement {
  const by = sort.findIndex((one) => one.field === field);
  const cell = element('div', {
    className: `cell ${kind}${pinned ? ' pinned' : ''}`,
    role: 'columnheader',
    draggable: true,
    ariaSort: by < 0 ? 'none' : sort[by]?.descending ? 'descending' : 'ascending',
    title: label === field ? visible(field) : `${visible(label)} (${visible(field)})`,
  });
  cell.dataset.field = field;
  cell.append(element('span', { className: 'title' }, visible(title)));
  if (by >= 0 && sort.length > 1) {
    cell.append(element('span', { className: 'step' }, String(by + 1)));
  }
  cell.append(element('span', { className: 'handle', title: say('resize'), ariaHidden: 'true' }));
  return cell;
}
