import * as v from 'valibot';
import * as vscode from 'vscode';
import { type Disposable, Part } from '../../core/disposable.ts';
import { notLookedAt, TokensError } from '../../core/errors.ts';
import { layOut } from '../../core/json.ts';
import { isRequest } from '../../core/requests/queries.ts';
import { type DataRequest, titleOf } from '../../core/requests/request.ts';
import { tableOf } from '../../core/results/readers.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import type { Services } from '../../services.ts';
import { type FetchOptions, fetchTable } from './fetchTable.ts';
import { groupLabels, groupsOf } from './grouping.ts';
import { JsonFiles } from './jsonFiles.ts';
import { headText } from './kept.ts';
import { Layouts } from './layouts.ts';
import { type Grouping, type KeptState, keptState } from './messages.ts';
import { viewType } from './register.ts';
import { type PanelServices, ResultPanel } from './resultPanel.ts';

/** What a panel's webview may have kept; anything else is none of ours. */
const saved = v.object({ kept: v.optional(keptState) });

/** All results that are shown, each in its tab. Loaded when the first one is wanted. */
export class Results extends Part<PanelServices> {
  readonly #json = this.add(new JsonFiles(this.deps));
  /** In the order in which they were looked at. */
  readonly #panels = new Set<ResultPanel>();

  constructor(services: Services) {
    // The thread that keeps large tables.
    const workerFile = new URL('./worker.js', import.meta.url);
    super({
      ...services,
      worker: new WorkerClient(workerFile, services.clock, services.log),
      layouts: new Layouts(services.state, services.hasSecret),
    });
    this.add(this.deps.worker);
  }

  /**
   * Gets data and shows them: the tab opens with the first rows, which may be long before the last ones. A
   * failure before any row is only thrown, and nothing is shown for it. The answer's rows are the caller's.
   */
  async get(
    request: DataRequest,
    { show: shown, ...options }: FetchOptions & { readonly show: boolean },
  ): Promise<Fetched> {
    const asJson = shown && this.deps.options.resultsOpen() === 'json';
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
    const signal = AbortSignal.any([closed.signal, options.signal ?? closed.signal]);
    try {
      const how = { ...options, signal };
      const { fetched, table } = await fetchTable(this.deps, request, how, inTab ? show : undefined);
      if (asJson) {
        await this.#json.show(table, titleOf(request));
      } else if (inTab && !closed.signal.aborted) {
        show(table);
        panel?.finished(fetched).catch(this.deps.report);
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

  /**
   * Shows what the gateway said beside the rows of a result. Resolves to it.
   * @throws E_NOT_READY where it is not known any more
   */
  async showHead({ model: { head, title } }: ResultPanel): Promise<unknown> {
    if (head === undefined) {
      throw new TokensError('E_NOT_READY', 'Only the rows of this result are here: get it again.');
    }
    const text = headText(head, this.deps);
    await this.#json.open(`${layOut(text)}\n`, vscode.l10n.t('{0} without rows', title));
    return JSON.parse(text);
  }

  /**
   * Shows the rows of a result that its filter leaves, put together by a column, in a tab of their own. Resolves to the groups.
   * @param of the fields whose numbers are added up
   */
  async group({ model }: ResultPanel, table: TableHandle, by: string, of: string[]): Promise<unknown> {
    const { filter } = model.layout;
    const grouping = { by, of, filter, labels: model.labels };
    const { found, share, ...groups } = await groupsOf(this.deps.worker, table, grouping);
    const rowsOf = `${model.title} ${filter}`.trim();
    const title = vscode.l10n.t('{0} by {1}', rowsOf, model.labelOf(by));
    const shown = this.#open(model.request, title, [...model.groupings, grouping]);
    shown.model.show(groups.table, groupLabels(grouping), model.head);
    share.dispose();
    return found;
  }

  /** The other results that have come to their end, first those looked at last. */
  others(than: ResultPanel): ResultPanel[] {
    const isWhole = ({ model }: ResultPanel) => model.table?.state.phase === 'done';
    return [...this.#panels].filter((panel) => panel !== than && isWhole(panel)).reverse();
  }

  /**
   * The rows in a file of JSON, as results are exported. The share is the caller's.
   * @throws E_CONFIG for a file that is none of these
   */
  async fromFile(file: vscode.Uri): Promise<{ table: TableHandle; share: Disposable }> {
    try {
      const bytes = await vscode.workspace.fs.readFile(file);
      return await tableOf(this.deps.worker, new TextDecoder().decode(bytes));
    } catch {
      throw new TokensError('E_CONFIG', '{0} is no result that was exported as JSON.', [file.fsPath]);
    }
  }

  /** The result last looked at: the one that has the focus, or had it last. */
  get active(): ResultPanel | undefined {
    const panels = [...this.#panels];
    // One that was opened just now is active, and the one before it may not know yet that it is no more.
    return panels.findLast(({ panel }) => panel.active) ?? panels.at(-1);
  }

  /** The tabs stay: after a reload of the window they are shown again. */
  override dispose(): void {
    for (const panel of this.#panels) {
      panel.dispose();
    }
    super.dispose();
  }

  #open(request: DataRequest, title = titleOf(request), groupings: readonly Grouping[] = []): ResultPanel {
    const panel = vscode.window.createWebviewPanel(viewType, title, vscode.ViewColumn.Active);
    return this.#add(panel, request, title, groupings);
  }

  #add(
    panel: vscode.WebviewPanel,
    request: DataRequest,
    title: string,
    groupings: readonly Grouping[],
  ): ResultPanel {
    const shown = new ResultPanel(panel, this.deps, request, title, groupings);
    this.#panels.add(shown);
    let wasActive = panel.active;
    panel.onDidChangeViewState(() => {
      // News of where a tab stands may come when another one has been opened since.
      if (panel.active && !wasActive && this.#panels.delete(shown)) {
        this.#panels.add(shown);
      }
      wasActive = panel.active;
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
    const shown = this.#add(panel, data.request, data.title, data.groupings);
    try {
      const { table, share } = await tableOf(this.deps.worker, data.rows);
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
