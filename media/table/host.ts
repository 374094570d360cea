import * as v from 'valibot';
import {
  type Answers,
  type FromTable,
  type KeptState,
  keptState,
  type Question,
  readMessage,
  type ToTable,
  toTable,
} from '../../src/views/results/messages.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** What a person looks at; it survives hiding the tab and a reload. */
const viewState = v.object({
  top: v.number(),
  left: v.number(),
  /** The cell with the focus; row -1 is the header. */
  focus: v.object({ row: v.number(), column: v.number() }),
  /** Whether the focused row is shown field by field. */
  detail: v.boolean(),
});

const savedState = v.object({ kept: v.optional(keptState), view: v.optional(viewState) });
type SavedState = v.InferOutput<typeof savedState>;

/** The extension host's side of this tab, and the state that VS Code keeps for the webview. */
export class Host {
  readonly #api: VsCodeApi = acquireVsCodeApi();
  readonly #waiting = new Map<number, (answer: unknown) => void>();
  #asked = 0;
  #saved: SavedState;

  constructor(take: (message: ToTable) => void) {
    this.#saved = readMessage(savedState, this.#api.getState()) ?? {};
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = readMessage(toTable, event.data);
      if (message?.is === 'answer') {
        this.#waiting.get(message.ask)?.(message.answer);
        this.#waiting.delete(message.ask);
      } else if (message !== undefined) {
        take(message);
      }
    });
  }

  get view(): SavedState['view'] {
    return this.#saved.view;
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

  save(change: { readonly view: SavedState['view'] } | { readonly kept: KeptState }): void {
    this.#saved = { ...this.#saved, ...change };
    this.#api.setState(this.#saved);
  }
}
