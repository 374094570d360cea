import type { Answers, FromTable, KeptState, Question, ToTable } from '../../src/views/results/messages.ts';

/** What VS Code keeps for this tab while it is hidden, and over a reload. */
interface SavedState {
  readonly kept?: KeptState;
  /** What a person looks at. */
  readonly view?: {
    readonly top: number;
    readonly left: number;
    /** The cell with the focus; row -1 is the header. */
    readonly focus: { readonly row: number; readonly column: number };
    /** Whether the focused row is shown field by field. */
    readonly detail: boolean;
    /** The field of the column that is drawn over time. */
    readonly plot?: string | undefined;
  };
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromTable): void;
  getState(): SavedState | undefined;
  setState(state: SavedState): void;
};

/** What the extension host says by itself. */
export type Told = Exclude<ToTable, { is: 'answer' }>;

/** The extension host's side of this tab, and the state that VS Code keeps for the webview. */
export class Host {
  readonly #api = acquireVsCodeApi();
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;
  saved: SavedState = this.#api.getState() ?? {};

  constructor(take: (message: Told) => void) {
    window.addEventListener('message', ({ data }: MessageEvent<ToTable>) => {
      if (data.is === 'answer') {
        this.#waiting.get(data.ask)?.(data.answer);
        this.#waiting.delete(data.ask);
      } else {
        take(data);
      }
    });
  }

  tell(message: FromTable): void {
    this.#api.postMessage(message);
  }

  /** Asks the table as it is arranged now. Never settles where the table has gone meanwhile. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['method']]> {
    const ask = ++this.#asked;
    this.tell({ is: 'ask', ask, question });
    return new Promise((resolve) => this.#waiting.set(ask, resolve as (answer: unknown) => void));
  }

  save(change: SavedState): void {
    this.saved = { ...this.saved, ...change };
    this.#api.setState(this.saved);
  }
}
