/** One line of the table: what was measured, against what, and whether that is good enough. */
export interface Figure {
  readonly group: string;
  readonly what: string;
  readonly ours: string;
  readonly reference: string;
  /** The ratio of ours to the reference, where there is one in the same run. */
  readonly ratio: number | undefined;
  readonly goal: string;
  readonly reached: boolean | undefined;
  /** All that was measured, for whoever reads the JSON. */
  readonly samples?: Readonly<Record<string, readonly number[]>>;
}

/** The figures of another checkout, which has no goals to reach. */
export function besideOurs(figures: readonly Figure[], checkout: string): Figure[] {
  return figures.map((one) => ({ ...one, what: `${checkout}: ${one.what}`, goal: '', reached: undefined }));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number): number => sorted[Math.min(Math.max(index, 0), sorted.length - 1)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? at(Math.floor(middle)) : (at(middle - 1) + at(middle)) / 2;
}

/** The value that so large a share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(Math.ceil(sorted.length * share), sorted.length) - 1] ?? Number.NaN;
}

/**
 * The median of the ratios of samples taken one after the other: whatever else the machine did then was
 * done to both.
 */
export function pairedRatio(ours: readonly number[], reference: readonly number[]): number {
  return median(ours.map((value, index) => value / (reference[index] ?? Number.NaN)));
}

/** The exponent of the power law that fits best: 0 costs nothing more, 1 grows with the work, 2 with its square. */
export function exponent(points: readonly (readonly [size: number, cost: number])[]): number {
  const logs = points.map(([size, cost]) => [Math.log(size), Math.log(Math.max(cost, 1e-6))] as const);
  const meanX = logs.reduce((sum, [x]) => sum + x, 0) / logs.length;
  const meanY = logs.reduce((sum, [, y]) => sum + y, 0) / logs.length;
  const top = logs.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const bottom = logs.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return top / bottom;
}

export function ms(value: number): string {
  const digits = value < 1 ? 3 : value < 100 ? 1 : 0;
  return `${value.toFixed(digits)} ms`;
}

/** In units of 1,000 bytes: the stricter reading of a goal. */
export function kb(bytes: number): string {
  return `${(bytes / 1_000).toFixed(1)} KB`;
}

export function mb(bytes: number): string {
  return `${(bytes / 1_000_000).toFixed(2)} MB`;
}

export function printTable(figures: readonly Figure[]): void {
  const lines = figures.map(({ group, what, ours, reference, ratio, goal, reached }) => [
    group,
    what,
    ours,
    reference,
    ratio === undefined ? '' : `${ratio.toFixed(2)} ×`,
    goal,
    reached === undefined ? '' : reached ? 'reached' : 'NOT REACHED',
  ]);
  const head = ['group', 'what', 'ours', 'reference', 'ratio', 'goal', ''];
  const widths = head.map((title, column) =>
    Math.max(title.length, ...lines.map((line) => line[column]?.length ?? 0)),
  );
  const text = (line: readonly string[]): string =>
    line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  console.log(text(head));
  console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  for (const line of lines) {
    console.log(text(line).trimEnd());
  }
}
