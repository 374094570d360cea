import uPlot from 'uplot';
import type { ToTable } from '../../src/views/results/messages.ts';

/** What is drawn: one line for each key; times are epoch milliseconds. */
type PlotData = Pick<ToTable & { is: 'plot' }, 'times' | 'series'>;

/** How a line looks: lines are told apart by their dashes too, not by colour alone. */
export interface LineLook {
  readonly color: string;
  readonly dash: readonly number[];
}

/** Draws lines over time in the theme's colours, as large as the element is. */
export function drawPlot(
  target: HTMLElement,
  { times, series }: PlotData,
  looks: readonly LineLook[],
): uPlot {
  const style = getComputedStyle(document.body);
  const text = style.getPropertyValue('--vscode-foreground') || 'currentcolor';
  const line = {
    stroke: style.getPropertyValue('--vscode-charts-lines') || 'rgb(128 128 128 / 40%)',
    width: 0.5,
  };
  const axis = { stroke: text, font: `11px ${style.fontFamily}`, grid: line, ticks: line };
  // Rows that are days, which are none of any time zone, and not the moments of a watch.
  const isDated = times.every((time) => time % 86_400_000 === 0);
  return new uPlot(
    {
      ...sizeOf(target),
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false } },
      scales: { x: { time: true } },
      axes: [
        { ...axis, values: (_, seconds) => seconds.map(isDated ? date : clockTime), space: 72 },
        { ...axis, size: 56 },
      ],
      series: [
        {},
        ...series.map(({ key }, at) => {
          const { color = text, dash = [] } = looks[at] ?? {};
          const points = { show: times.length < 30, size: 5, fill: color };
          return { label: key, stroke: color, dash: [...dash], width: 2, spanGaps: false, points };
        }),
      ],
    },
    [times.map((time) => time / 1000), ...series.map(({ values }) => values)],
    target,
  );
}

/** The room for a plot, in pixels. */
export function sizeOf(target: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, target.clientWidth), height: Math.max(100, target.clientHeight) };
}

function date(seconds: number): string {
  const { lang } = document.documentElement;
  return new Date(seconds * 1000).toLocaleDateString(lang, { timeZone: 'UTC' });
}

/** A watch takes minutes: a date below the times would only run into the next one. */
function clockTime(seconds: number): string {
  return new Date(seconds * 1000).toLocaleTimeString(document.documentElement.lang, { timeStyle: 'medium' });
}
