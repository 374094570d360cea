/** What is drawn: one line for each key. */
export interface PlotData {
  /** Epoch milliseconds. */
  readonly times: readonly number[];
  readonly series: readonly { readonly key: string; readonly values: readonly (number | null)[] }[];
}

/** A drawing that can be given new data. */
export interface Drawing {
  update(data: PlotData): void;
  /** Draws again in the theme's colours, which have changed. */
  restyle(): void;
  destroy(): void;
}

/** How a line looks: lines are told apart by their dashes too, not by colour alone. */
export interface LineLook {
  readonly color: string;
  readonly dash: readonly number[];
}

/** What the plotting script, which is loaded on first use, puts on the window. */
interface PlotScript {
  draw(target: HTMLElement, data: PlotData, looks: () => readonly LineLook[]): Drawing;
}

declare global {
  interface Window {
    sessionTokensPlot?: PlotScript;
  }
}
