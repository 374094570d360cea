import type { ShownCell } from '../../src/views/results/messages.ts';
import { element, visible } from './dom.ts';

/** The text of a cell as it is measured and read out. */
export function cellText(cell: ShownCell | undefined): string {
  return partsOf(cell)
    .map((part) => (typeof part === 'string' ? part : part.textContent))
    .join('   ');
}

/** Puts a cell's value in its place on the screen, always as text. */
export function fillCell(target: HTMLElement, cell: ShownCell | undefined): void {
  const parts = partsOf(cell);
  const [only] = parts;
  const before = target.firstChild;
  if (typeof only === 'string' && before instanceof Text && target.childNodes.length === 1) {
    if (before.data !== only) {
      before.data = only;
    }
  } else {
    target.replaceChildren(...parts);
  }
}

function partsOf(cell: ShownCell | undefined): (string | HTMLElement)[] {
  if (typeof cell === 'string') {
    return [visible(cell)];
  }
  if (cell === undefined || 'none' in cell) {
    return cell?.none === 'null' ? [element('span', { className: 'null' }, 'null')] : [];
  }
  return 'cut' in cell
    ? [`${visible(cell.cut)}…`]
    : cell.map((text) => element('span', { className: 'value' }, visible(text)));
}
