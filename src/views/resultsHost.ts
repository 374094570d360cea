import type { ResultInProgress, Results } from '../commands/parts.ts';
import type { Options } from '../connections/options.ts';
import type { Clock } from '../core/clock.ts';
import { readerMaker } from '../core/results/readers.ts';
import { TableWorker } from '../core/results/workerClient.ts';

/** Reads answers. */
export class ResultsHost implements Results {
  readonly #worker: TableWorker;
  readonly #options: Options;

  constructor(workerFile: string, clock: Clock, options: Options) {
    this.#worker = new TableWorker(workerFile, clock);
    this.#options = options;
  }

  begin(): ResultInProgress {
    return {
      makeReader: readerMaker(this.#worker, { maxBytes: this.#options.maxResponseBytes() }),
      finish: async () => undefined,
      fail: () => undefined,
    };
  }

  dispose(): void {
    this.#worker.dispose();
  }
}
