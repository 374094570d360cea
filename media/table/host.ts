import * as v from 'valibot';
import {
  type FromTable,
  type KeptState,
  keptState,
  readMessage,
  type ToTable,
  toTable,
} from '../../src/views/results/messages.ts';
import { columnLook } from './columns.ts';

interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): VsCodeApi;

/** How a person has arranged the view; it survives hiding the tab and a reload. */
const viewState = v.object({
  columns: v.array(columnLook),
  order: v.array(v.string()),
  byField: v.boolean(),
  top: v.number(),
  left: v.number(),
  /** The cell with the focus; row -1 is the header. */
  focus: v.object({ row: v.number(), column: v.number() }),
  /** Whether the focused row is shown field by field. */
  detail: v.boolean(),
});
type ViewState = v.InferOutput<typeof viewState>;

const savedState = v.object({
  kept: v.optional(keptState),
  view: v.optional(viewState),
});

/** The extension host's side of this tab, and the state that VS Code keeps for the webview. */
export class Host {
  readonly #api: VsCodeApi = acquireVsCodeApi();
  #kept: KeptState | undefined;
  #view: ViewState | undefined;

  constructor(take: (message: ToTable) => void) {
    const saved = readMessage(savedState, this.#api.getState());
    this.#kept = saved?.kept;
    this.#view = saved?.view;
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
      const message = readMessage(toTable, event.data);
      if (message !== undefined) {
        take(message);
      }
    });
  }

  get view(): ViewState | undefined {
    return this.#view;
  }

  tell(message: FromTable): void {
    this.#api.postMessage(message);
  }

  keepView(view: ViewState): void {
    this.#view = view;
    this.#save();
  }

  keepData(kept: KeptState): void {
    this.#kept = kept;
    this.#save();
  }

  #save(): void {
    this.#api.setState({ kept: this.#kept, view: this.#view });
  }
}
