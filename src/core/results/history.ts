import type { Lines } from './dated.ts';
import type { Sample } from './engine.ts';

/** What all samples may take in memory; then the oldest go. */
const mostBytes = 48 << 20;

/** The numbers of a result over the time it has been watched. */
export class History {
  readonly #moments: {
    readonly time: number;
    readonly sample: Sample;
    readonly places: Map<string, number>;
  }[] = [];
  #bytes = 0;

  get length(): number {
    return this.#moments.length;
  }

  /** The fields that rows have been known by so far: they must be the same from one moment to the next. */
  get keyFields(): readonly string[] | null {
    return this.#moments.at(-1)?.sample.keyFields ?? null;
  }

  /** Fields that have numbers. */
  get fields(): readonly string[] {
    return [...new Set(this.#moments.flatMap(({ sample }) => sample.fields))];
  }

  add(time: number, sample: Sample): void {
    const places = new Map(sample.keys.map((key, place) => [key, place]));
    this.#moments.push({ time, sample, places });
    this.#bytes += sizeOfSample(sample);
    while (this.#bytes > mostBytes && this.#moments.length > 2) {
      const oldest = this.#moments.shift();
      this.#bytes -= oldest === undefined ? 0 : sizeOfSample(oldest.sample);
    }
  }

  clear(): void {
    this.#moments.length = 0;
    this.#bytes = 0;
  }

  /** The lines of the keys with the greatest values, of those in `among`. */
  lines(field: string, most: number, among?: ReadonlySet<string>): Lines {
    const peaks = new Map<string, number>();
    for (const { sample } of this.#moments) {
      const values = sample.values[sample.fields.indexOf(field)];
      for (const [place, key] of sample.keys.entries()) {
        const value = Math.abs(values?.[place] ?? Number.NaN);
        if (!Number.isNaN(value) && (among === undefined || among.has(key))) {
          peaks.set(key, Math.max(peaks.get(key) ?? 0, value));
        }
      }
    }
    const keys = [...peaks].sort((a, b) => b[1] - a[1]).map(([key]) => key);
    return {
      times: this.#moments.map(({ time }) => time),
      series: keys.slice(0, most).map((key) => ({ key, values: this.#values(field, key) })),
      others: Math.max(0, keys.length - most),
    };
  }

  #values(field: string, key: string): (number | null)[] {
    return this.#moments.map(({ sample, places }) => {
      const place = places.get(key);
      const value = place === undefined ? undefined : sample.values[sample.fields.indexOf(field)]?.[place];
      return value === undefined || Number.isNaN(value) ? null : value;
    });
  }
}

/** Roughly: numbers are 8 bytes, a key some 60 with its place in the map. */
function sizeOfSample(sample: Sample): number {
  return sample.keys.length * (60 + 8 * sample.fields.length);
}
