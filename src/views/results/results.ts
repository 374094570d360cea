import * as v from 'valibot';
import * as vscode from 'vscode';
import type { Disposable } from '../../core/disposable.ts';
import { notLookedAt } from '../../core/errors.ts';
import { isRequest } from '../../core/requests/queries.ts';
import { type DataRequest, titleOf } from '../../core/requests/request.ts';
import { tableOf } from '../../core/results/readers.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/fetched.ts';
import type { Services } from '../../services.ts';
import { type FetchOptions, fetchTable } from './fetchTable.ts';
import { JsonFiles } from './jsonFiles.ts';
import { Layouts } from './layouts.ts';
import { type KeptState, keptState } from './messages.ts';
import { viewType } from './register.ts';
import { type PanelServices, ResultPanel } from './resultPanel.ts';

/** What a panel's webview may have kept; anything else is none of ours. */
const saved = v.object({ kept: v.optional(keptState) });

/** All results that are shown, each in its tab. Loaded when the first one is wanted. */
export class Results implements Disposable {
  readonly #deps: PanelServices;
  readonly #json: JsonFiles;
  /** In the order in which they were looked at. */
  readonly #panels = new Set<ResultPanel>();

  constructor(services: Services) {
    // The thread that keeps large tables.
    const workerFile = new URL('./worker.js', import.meta.url);
    this.#deps = {
      ...services,
      worker: new WorkerClient(workerFile, services.clock, services.log),
      layouts: new Layouts(services.state, services.hasSecret),
    };
    this.#json = new JsonFiles(services.hide);
  }

  /**
   * Gets data and shows them: the tab opens with the first rows, which may be long before the last ones. A
   * failure before any row is only thrown, and nothing is shown for it. The answer's rows are the caller's.
   */
  async get(
    request: DataRequest,
    { show: shown, ...options }: FetchOptions & { readonly show: boolean },
  ): Promise<Fetched> {
    const asJson = shown && this.#deps.options.resultsOpen() === 'json';
    const inTab = shown && !asJson;
    let panel: ResultPanel | undefined;
    /** Fires when the tab is closed: nobody waits for the rest of the answer any more. */
    const closed = new AbortController();
    const show = (table: TableHandle) => {
      if (panel === undefined) {
        panel = this.#open(request);
        panel.panel.onDidDispose(() => closed.abort(notLookedAt));
      }
      if (panel.model.table !== table && !closed.signal.aborted) {
        panel.model.show(table);
      }
    };
    const signal = AbortSignal.any([
      closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    try {
      const how = { ...options, signal };
      const { fetched, table, share } = await fetchTable(this.#deps, request, how, inTab ? show : undefined);
      try {
        if (asJson) {
          await this.#json.show(table, titleOf(request));
        } else if (inTab && !closed.signal.aborted) {
          show(table);
          panel?.finished(fetched).catch(this.#deps.report);
        }
      } finally {
        share.dispose();
      }
      return fetched;
    } catch (error) {
      panel?.model.failed(error);
      throw error;
    }
  }

  /** Shows the rows of a result as JSON. */
  async openAsJson({ model: { table, title } }: ResultPanel): Promise<void> {
    if (table !== undefined) {
      await this.#json.show(table, title);
    }
  }

  /** The result last looked at: the one that has the focus, or had it last. */
  get active(): ResultPanel | undefined {
    const panels = [...this.#panels];
    return panels.find(({ panel }) => panel.active) ?? panels.at(-1);
  }

  /** The tabs stay: after a reload of the window they are shown again. */
  dispose(): void {
    for (const panel of this.#panels) {
      panel.dispose();
    }
    this.#json.dispose();
    this.#deps.worker.dispose();
  }

  #open(request: DataRequest): ResultPanel {
    const title = titleOf(request);
    const panel = vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active, {
      enableScripts: true,
      localResourceRoots: [vscode.Uri.joinPath(this.#deps.extensionUri, 'dist')],
    });
    return this.#add(panel, request, title);
  }

  #add(panel: vscode.WebviewPanel, request: DataRequest, title: string): ResultPanel {
    const shown = new ResultPanel(panel, this.#deps, request, title);
    this.#panels.add(shown);
    panel.onDidChangeViewState(() => {
      if (panel.active && this.#panels.delete(shown)) {
        this.#panels.add(shown);
      }
    });
    panel.onDidDispose(() => {
      this.#panels.delete(shown);
      shown.dispose();
    });
    return shown;
  }

  /** Shows again what was shown before the window was loaded anew. */
  async restore(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const kept = v.safeParse(saved, state);
    const data: KeptState | undefined = kept.success ? kept.output.kept : undefined;
    if (data === undefined || !isRequest(data.request)) {
      panel.dispose();
      return;
    }
    const shown = this.#add(panel, data.request, data.title);
    try {
      const { table, share } = await tableOf(this.#deps.worker, data.rows);
      table.update({ bytes: data.bytes });
      if (this.#panels.has(shown)) {
        shown.model.restore(data, table);
      }
      share.dispose();
    } catch {
      panel.dispose(); // What was kept is none of ours.
    }
  }
}
