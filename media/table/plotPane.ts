import uPlot from 'uplot';
import type { Lines } from '../../src/views/results/messages.ts';
import type { SeenColumn } from './columns.ts';
import { element, short, visible, widthOf } from './dom.ts';
import * as l10n from './l10n.ts';
import { Pane } from './pane.ts';

/**
 * Lines are told apart by their dashes too, not by colour alone. The colours stand out in every theme of VS Code: orange and
 * that of lines are too faint in most.
 */
const looks: readonly (readonly [color: string, dash: number[]])[] = [
  ['blue', []],
  ['red', [8, 4]],
  ['green', [2, 3]],
  ['foreground', [10, 3, 2, 3]],
  ['purple', [14, 4]],
  ['yellow', [5, 5]],
  ['blue', [1, 2]],
  ['foreground', [8, 2, 8, 6]],
];

/** A column's numbers over time, beside the table. */
export class PlotPane extends Pane<HTMLSelectElement, string> {
  readonly #canvas = element('div', { className: 'canvas', role: 'img' });
  /** It scrolls when the pane is low, and must then be reached by keyboard. */
  readonly #legend = element('table', { tabIndex: 0 });
  readonly #hint = element('p', { className: 'hint' });
  #plot: uPlot | undefined;
  #last: Lines | undefined;
  #offered = '';

  constructor(choose: (field: string) => void, closed: () => void) {
    super('plot', element('select', { ariaLabel: l10n.t('Column to plot') }), closed);
    this.root.append(this.#canvas, this.#hint, this.#legend);
    this.head.addEventListener('change', () => choose(this.head.value));
    new ResizeObserver(() => this.#plot?.setSize(sizeOf(this.#canvas))).observe(this.#canvas);
    // The theme is told by classes and variables of the page.
    new MutationObserver(() => this.#draw()).observe(document.body, {
      attributes: true,
      attributeFilter: ['class', 'data-vscode-theme-id'],
    });
  }

  /** Draws a column, unless another one is wanted meanwhile. */
  show(of: string, plot: Lines | undefined, columns: readonly SeenColumn[]): void {
    if (plot === undefined || of !== this.wanted) {
      return;
    }
    const { times, others } = plot;
    this.#last = plot;
    const numbers = columns.filter(({ kind }) => kind === 'number');
    const offered = JSON.stringify(numbers.map(({ field, label }) => [field, label]));
    if (offered !== this.#offered) {
      this.#offered = offered;
      this.head.replaceChildren(...numbers.map(({ field, label }) => new Option(visible(label), field)));
    }
    this.head.value = of;
    const title = l10n.t('{0} over time', this.head.selectedOptions[0]?.text ?? '');
    this.#canvas.setAttribute('aria-label', title);
    this.#hint.textContent =
      times.length < 2
        ? l10n.t('Refresh or watch the result to draw lines.')
        : others > 0
          ? l10n.t('The highest lines; {0} more rows are not drawn. Filter the table to choose.', others)
          : '';
    this.#hint.hidden = this.#hint.textContent === '';
    this.open(title);
    this.#draw();
  }

  /** Draws the lines, and below them their numbers, also for who cannot see them. */
  #draw(): void {
    if (this.#last === undefined || this.root.hidden) {
      return;
    }
    this.#plot?.destroy();
    this.#plot = drawPlot(this.#canvas, this.#last);
    const names = [l10n.t('Row'), l10n.t('Last'), l10n.t('Lowest'), l10n.t('Highest')];
    const head = names.map((name) => element('th', { scope: 'col' }, name));
    const rows = this.#last.series.map(({ key, values }, at) => {
      const known = values.filter((value) => value !== null);
      const numbers = [values.at(-1) ?? Number.NaN, Math.min(...known), Math.max(...known)];
      return element(
        'tr',
        {},
        element('th', { scope: 'row' }, sample(lookOf(at)), element('span', {}, visible(key))),
        ...numbers.map((value) => element('td', {}, Number.isFinite(value) ? short(value) : '')),
      );
    });
    this.#legend.replaceChildren(element('tr', {}, ...head), ...rows);
  }
}

function lookOf(line: number): { color: string; dash: number[] } {
  const style = getComputedStyle(document.body);
  const [color, dash] = looks[line] ?? ['foreground', []];
  return { color: style.getPropertyValue(`--vscode-charts-${color}`) || style.color, dash };
}

/** A short piece of the line, as it is drawn. */
function sample({ color, dash }: ReturnType<typeof lookOf>): HTMLElement {
  const piece = element('span', { className: 'sample' });
  const stops = dash.map((_, at) => {
    const end = dash.slice(0, at + 1).reduce((sum, length) => sum + length);
    return `${at % 2 === 0 ? color : 'transparent'} 0 ${end}px`;
  });
  piece.style.background = dash.length === 0 ? color : `repeating-linear-gradient(to right, ${stops})`;
  return piece;
}

/** Draws lines over time in the theme's colours, as large as the element is. */
function drawPlot(target: HTMLElement, { times, series }: Lines): uPlot {
  const style = getComputedStyle(document.body);
  const line = {
    stroke: style.getPropertyValue('--vscode-charts-lines') || 'rgb(128 128 128 / 40%)',
    width: 0.5,
  };
  const font = `11px ${style.fontFamily}`;
  const axis = { stroke: style.color, font, grid: line, ticks: line };
  const widest = (labels: readonly string[]) =>
    Math.ceil(Math.max(0, ...labels.map((label) => widthOf(label, font))));
  // Rows that are days, which are none of any time zone, or the moments of a watch: it takes minutes, and a date below the
  // times would only run into the next one.
  const isDated = times.every((time) => time % 86_400_000 === 0);
  const form = isDated ? ({ timeZone: 'UTC' } as const) : ({ timeStyle: 'medium' } as const);
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, form);
  const around = isDated ? 86_400 : 30;
  const labelWidth = widest(times.slice(-1).map((time) => clock.format(time)));
  return new uPlot(
    {
      ...sizeOf(target),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false } },
      // One moment alone gets as much room on both sides: uPlot would give it a whole day.
      scales: {
        x: {
          time: true,
          range: (_, min, max) => (times.length > 1 ? [min, max] : [min - around, min + around]),
        },
      },
      padding: [null, labelWidth / 2, null, null],
      axes: [
        {
          ...axis,
          values: (_, seconds) => seconds.map((one) => clock.format(one * 1000)),
          space: labelWidth + 12,
        },
        { ...axis, size: (_, labels) => widest(labels ?? []) + 20 },
      ],
      series: [
        {},
        ...series.map(({ key }, at) => {
          const { color, dash } = lookOf(at);
          const points = { show: times.length < 30, size: 5, fill: color };
          return { label: key, stroke: color, dash, width: 2, spanGaps: false, points };
        }),
      ],
    },
    [times.map((time) => time / 1000), ...series.map(({ values }) => [...values])],
    target,
  );
}

/** The room for a plot, in pixels. */
function sizeOf(target: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, target.clientWidth), height: Math.max(100, target.clientHeight) };
}
