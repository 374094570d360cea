import type { Sample } from './engine.ts';
import type { Lines } from './shown.ts';

/** What all samples may take in memory; then the oldest go. */
const mostBytes = 48 << 20;

/** The numbers of a result over the time it has been watched. */
export class History {
  readonly #moments: { readonly time: number; readonly sample: Sample }[] = [];
  #bytes = 0;

  get length(): number {
    return this.#moments.length;
  }

  /** The fields that rows have been known by so far: they must be the same from one moment to the next. */
  get keyFields(): readonly string[] | null {
    return this.#moments.at(-1)?.sample.keyFields ?? null;
  }

  add(time: number, sample: Sample): void {
    this.#moments.push({ time, sample });
    this.#bytes += sizeOfSample(sample);
    while (this.#bytes > mostBytes && this.#moments.length > 2) {
      const oldest = this.#moments.shift();
      this.#bytes -= oldest === undefined ? 0 : sizeOfSample(oldest.sample);
    }
  }

  /** The lines of the keys with the greatest values, of those in `among`. */
  lines(field: string, max: number, among?: ReadonlySet<string>): Lines {
    const lines = new Map<string, { peak: number; values: (number | null)[] }>();
    for (const [at, { sample }] of this.#moments.entries()) {
      const values = sample.values[sample.fields.indexOf(field)];
      for (const [place, key] of sample.keys.entries()) {
        const value = values?.[place] ?? Number.NaN;
        if (!Number.isNaN(value) && (among === undefined || among.has(key))) {
          const line = lines.get(key) ?? { peak: 0, values: this.#moments.map(() => null) };
          lines.set(key, line);
          line.values[at] = value;
          line.peak = Math.max(line.peak, Math.abs(value));
        }
      }
    }
    const highest = [...lines].sort(([, a], [, b]) => b.peak - a.peak).slice(0, max);
    return {
      times: this.#moments.map(({ time }) => time),
      series: highest.map(([key, { values }]) => ({ key, values })),
      others: lines.size - highest.length,
    };
  }
}

/** Roughly: numbers are 8 bytes, a key some 60. */
function sizeOfSample(sample: Sample): number {
  return sample.keys.length * (60 + 8 * sample.fields.length);
}
