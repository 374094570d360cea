import type uPlot from 'uplot';
import type { ToTable } from '../../src/views/results/messages.ts';
import { element, short, svg, visible } from './dom.ts';
import { Pane } from './pane.ts';
import { drawPlot, type LineLook, sizeOf } from './plot.ts';
import { say } from './words.ts';

type PlotMessage = ToTable & { is: 'plot' };

/** Those that stand out in every theme of VS Code: orange and the colour of lines are too faint in most. */
const colors = ['blue', 'red', 'green', 'foreground', 'purple', 'yellow', 'blue', 'foreground'];
const dashes = [[], [8, 4], [2, 3], [10, 3, 2, 3], [14, 4], [5, 5], [1, 2], [8, 2, 8, 6]];

/** A column's numbers over time, beside the table. */
export class PlotPane {
  readonly #select = element('select', { ariaLabel: say('plotColumn') });
  readonly #canvas = element('div', { className: 'canvas', role: 'img' });
  /** It scrolls when the pane is low, and must then be reached by keyboard. */
  readonly #legend = element('table', { tabIndex: 0 });
  readonly #hint = element('p', { className: 'hint' });
  readonly #pane: Pane;
  #plot: uPlot | undefined;
  #last: PlotMessage | undefined;
  #fields = '';

  constructor(choose: (field: string) => void, closed: () => void) {
    this.#pane = new Pane('plot', this.#select, closed);
    this.#pane.root.append(this.#canvas, this.#hint, this.#legend);
    this.#select.addEventListener('change', () => choose(this.#select.value));
    new ResizeObserver(() => this.#plot?.setSize(sizeOf(this.#canvas))).observe(this.#canvas);
    // The theme is told by classes and variables of the page.
    new MutationObserver(() => this.#draw()).observe(document.body, {
      attributes: true,
      attributeFilter: ['class', 'data-vscode-theme-id'],
    });
  }

  get root(): HTMLElement {
    return this.#pane.root;
  }

  show(message: PlotMessage): void {
    this.#last = message;
    const title = say('plotTitle', visible(message.label));
    this.#canvas.setAttribute('aria-label', title);
    this.#offer(message);
    this.#hint.textContent =
      message.times.length < 2 ? say('plotFew') : message.others > 0 ? say('plotOthers', message.others) : '';
    this.#hint.hidden = this.#hint.textContent === '';
    this.#pane.open(title);
    this.#draw();
  }

  #offer({ fields, field: chosen }: PlotMessage): void {
    const offered = JSON.stringify(fields);
    if (offered !== this.#fields) {
      this.#fields = offered;
      this.#select.replaceChildren(...fields.map(({ field, label }) => new Option(visible(label), field)));
    }
    this.#select.value = chosen;
  }

  /** Draws the lines, and below them their numbers, also for who cannot see them. */
  #draw(): void {
    if (this.#last === undefined || this.#pane.root.hidden) {
      return;
    }
    const all = looks();
    this.#plot?.destroy();
    this.#plot = drawPlot(this.#canvas, this.#last, all);
    const names = ['plotKey', 'plotLast', 'plotLeast', 'plotMost'] as const;
    const head = names.map((name) => element('th', { scope: 'col' }, say(name)));
    const rows = this.#last.series.map(({ key, values }, at) => {
      const known = values.filter((value) => value !== null);
      const numbers = [values.at(-1) ?? Number.NaN, Math.min(...known), Math.max(...known)];
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, sample(all[at]), element('span', {}, visible(key))),
        ...numbers.map((value) => element('td', {}, Number.isFinite(value) ? short(value) : '')),
      );
    });
    this.#legend.replaceChildren(element('tr', {}, ...head), ...rows);
  }
}

function looks(): LineLook[] {
  const style = getComputedStyle(document.body);
  return colors.map((color, at) => ({
    color: style.getPropertyValue(`--vscode-charts-${color}`) || style.color,
    dash: dashes[at] ?? [],
  }));
}

/** A short piece of the line, as it is drawn. */
function sample(look: LineLook | undefined): SVGSVGElement {
  return svg('sample', '0 0 28 8', {
    d: 'M0 4 H28',
    stroke: look?.color ?? 'currentcolor',
    'stroke-width': '2.5',
    'stroke-dasharray': look?.dash.join(' ') ?? '',
  });
}
