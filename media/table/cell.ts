import type { ShownCell } from '../../src/views/results/messages.ts';
import { element, visible } from './dom.ts';

/** The text of a cell as it is measured and read out. */
export function cellText(cell: ShownCell | undefined): string {
  if (typeof cell === 'string') {
    return cell;
  }
  if (cell === undefined || 'none' in cell) {
    return '';
  }
  return 'cut' in cell ? `${cell.cut}…` : cell.join('   ');
}

/** Puts a cell's value in its place on the screen, always as text. */
export function fillCell(target: HTMLElement, cell: ShownCell | undefined): void {
  if (typeof cell === 'string') {
    const text = visible(cell);
    const only = target.firstChild;
    if (only instanceof Text && target.childNodes.length === 1) {
      if (only.data !== text) {
        only.data = text;
      }
    } else {
      target.textContent = text;
    }
    return;
  }
  if (cell === undefined || 'none' in cell) {
    if (cell?.none === 'null') {
      target.replaceChildren(element('span', { className: 'null', textContent: 'null' }));
    } else {
      target.replaceChildren();
    }
    return;
  }
  if ('cut' in cell) {
    target.textContent = `${visible(cell.cut)}…`;
    return;
  }
  target.replaceChildren(
    ...cell.map((text) => element('span', { className: 'value', textContent: visible(text) })),
  );
}
