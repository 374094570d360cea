import uPlot from 'uplot';

/** What is drawn: one line for each key. */
interface PlotData {
  /** Epoch milliseconds. */
  readonly times: readonly number[];
  readonly series: readonly { readonly key: string; readonly values: readonly (number | null)[] }[];
}

/** How a line looks: lines are told apart by their dashes too, not by colour alone. */
export interface LineLook {
  readonly color: string;
  readonly dash: readonly number[];
}

/** Lines over time, as large as the element that they are drawn in. */
export class LinePlot {
  readonly #target: HTMLElement;
  readonly #looks: () => readonly LineLook[];
  readonly #resized: ResizeObserver;
  #data: PlotData;
  #plot: uPlot;
  #keys: string;

  constructor(target: HTMLElement, data: PlotData, looks: () => readonly LineLook[]) {
    this.#target = target;
    this.#looks = looks;
    this.#data = data;
    this.#keys = keysOf(data);
    this.#plot = this.#make();
    this.#resized = new ResizeObserver(() => this.#plot.setSize(sizeOf(target)));
    this.#resized.observe(target);
  }

  update(data: PlotData): void {
    this.#data = data;
    const keys = keysOf(data);
    if (keys === this.#keys) {
      this.#plot.setData(aligned(data));
    } else {
      this.#keys = keys;
      this.restyle();
    }
  }

  /** Draws again in the theme's colours, which have changed. */
  restyle(): void {
    this.#plot.destroy();
    this.#plot = this.#make();
  }

  destroy(): void {
    this.#resized.disconnect();
    this.#plot.destroy();
  }

  #make(): uPlot {
    const style = getComputedStyle(document.body);
    const text = style.getPropertyValue('--vscode-foreground') || 'currentcolor';
    const grid = style.getPropertyValue('--vscode-charts-lines') || 'rgb(128 128 128 / 40%)';
    const font = `11px ${style.fontFamily}`;
    const looks = this.#looks();
    const axis = {
      stroke: text,
      font,
      grid: { stroke: grid, width: 0.5 },
      ticks: { stroke: grid, width: 0.5 },
    };
    return new uPlot(
      {
        ...sizeOf(this.#target),
        legend: { show: false },
        cursor: { y: false, drag: { x: true, y: false } },
        scales: { x: { time: true } },
        axes: [
          { ...axis, values: (_, times) => times.map(isDated(this.#data) ? date : clockTime), space: 72 },
          { ...axis, size: 56 },
        ],
        series: [
          {},
          ...this.#data.series.map(({ key }, at) => ({
            label: key,
            stroke: looks[at]?.color ?? text,
            dash: [...(looks[at]?.dash ?? [])],
            width: 2,
            spanGaps: false,
            points: { show: this.#data.times.length < 30, size: 5, fill: looks[at]?.color ?? text },
          })),
        ],
      },
      aligned(this.#data),
      this.#target,
    );
  }
}

/** Rows that are days, which are none of any time zone, and not the moments of a watch. */
function isDated({ times }: PlotData): boolean {
  return times.every((time) => time % 86_400_000 === 0);
}

function date(time: number): string {
  const { lang } = document.documentElement;
  return new Date(time * 1000).toLocaleDateString(lang, { timeZone: 'UTC' });
}

/** A watch takes minutes: a date below the times would only run into the next one. In seconds since the epoch. */
function clockTime(time: number): string {
  return new Date(time * 1000).toLocaleTimeString(document.documentElement.lang, { timeStyle: 'medium' });
}

function keysOf({ series }: PlotData): string {
  return series.map(({ key }) => key).join('\u0000');
}

function aligned({ times, series }: PlotData): uPlot.AlignedData {
  return [times.map((time) => time / 1000), ...series.map(({ values }) => [...values])];
}

function sizeOf(target: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, target.clientWidth), height: Math.max(100, target.clientHeight) };
}
