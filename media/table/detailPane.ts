import type { Page, ShownCell } from '../../src/views/results/messages.ts';
import type { SeenColumn } from './columns.ts';
import { element, visible } from './dom.ts';
import * as l10n from './l10n.ts';
import { Pane } from './pane.ts';

/** One row, field by field, beside the table. */
export class DetailPane extends Pane<HTMLElement, true> {
  readonly #list = element('dl', { tabIndex: 0 });

  constructor(closed: () => void) {
    super('detail', element('strong'), closed);
    this.root.append(this.#list);
  }

  /** Shows the row that was asked for; answers whether it has opened by that. */
  show({ fields, rows: [row] }: Page, columns: readonly SeenColumn[]): boolean {
    if (!this.wanted || row === undefined) {
      return false; // Closed again meanwhile, or there are fewer rows.
    }
    const title = row.index < 0 ? l10n.t('row that is gone') : l10n.t('Row {0}', row.index + 1);
    this.head.textContent = title;
    this.#list.setAttribute('aria-label', title);
    const parts = fields.flatMap((field, at) => {
      const label = columns[at]?.label ?? field;
      const name = label === field ? [] : [element('span', {}, visible(field))];
      return [element('dt', {}, visible(label), ...name), element('dd', {}, ...contentOf(row.cells[at]))];
    });
    this.#list.replaceChildren(...parts);
    return this.open(title);
  }
}

function contentOf(value: ShownCell = { none: 'missing' }): (string | HTMLElement)[] {
  const aside = (text: string) => element('span', { className: 'null' }, text);
  if (typeof value === 'string') {
    return [lines(value)];
  }
  if ('none' in value) {
    return [aside(value.none === 'null' ? 'null' : l10n.t('not in this row'))];
  }
  return 'cut' in value
    ? [lines(value.cut), aside(` … ${l10n.t('{0} characters in total', value.length)}`)]
    : [element('ol', {}, ...value.map((text) => element('li', {}, lines(text))))];
}

/** Here a value's own lines are kept. */
function lines(text: string): string {
  return text.split(/\r?\n/).map(visible).join('\n');
}
