import * as v from 'valibot';
import * as vscode from 'vscode';
import { type Disposable, Part } from '../../core/disposable.ts';
import { TokensError, tabClosed } from '../../core/errors.ts';
import { indentJson } from '../../core/json.ts';
import { isRequest } from '../../core/requests/queries.ts';
import { type DataRequest, titleOf } from '../../core/requests/request.ts';
import { tableOf } from '../../core/results/readers.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import type { Services } from '../../services.ts';
import { type FetchOptions, fetchTable } from './fetchTable.ts';
import { groupsOf } from './grouping.ts';
import { JsonFiles } from './jsonFiles.ts';
import { headText } from './kept.ts';
import { Layouts } from './layouts.ts';
import { type KeptState, keptState } from './messages.ts';
import { viewType } from './register.ts';
import type { Source } from './resultModel.ts';
import { type PanelServices, ResultPanel } from './resultPanel.ts';

/** The state that a webview may have kept. */
const request = v.custom<DataRequest & KeptState['request']>(isRequest);
const saved = v.object({ kept: v.object({ ...keptState.entries, request }) });

/** All results that are shown, each in its tab. Loaded when the first one is wanted. */
export class Results extends Part<PanelServices> {
  readonly json = this.add(new JsonFiles(this.deps));
  /** In the order in which they last had the focus. */
  readonly #panels = new Set<ResultPanel>();

  constructor(services: Services) {
    // The script of the worker thread with the tables.
    const workerFile = new URL('./worker.js', import.meta.url);
    super({
      ...services,
      worker: new WorkerClient(workerFile, services.clock, services.log),
      layouts: new Layouts(services),
    });
    this.add(this.deps.worker);
  }

  /**
   * Gets data and shows them in a tab that opens with the first rows. An error before any row is thrown, and no tab opens.
   * The caller disposes of the answer.
   */
  async get(
    request: DataRequest,
    { show: shown, ...options }: FetchOptions & { readonly show: boolean },
  ): Promise<Fetched> {
    const asJson = shown && this.deps.options.resultsOpen() === 'json';
    const inTab = shown && !asJson;
    let panel: ResultPanel | undefined;
    /** Aborts when the tab is closed: the rest of the answer is not needed any more. */
    const closed = new AbortController();
    const show = (table: TableHandle) => {
      if (panel === undefined) {
        panel = this.#open({ request, title: titleOf(request), groupings: [] });
        panel.panel.onDidDispose(() => closed.abort(tabClosed));
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
        await this.json.show(table, titleOf(request));
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

  /**
   * Shows the members beside the rows of a result. Resolves to them.
   * @throws E_NOT_READY where they are not known any more
   */
  async showHead({ model: { head, title } }: ResultPanel): Promise<unknown> {
    if (head === undefined) {
      throw new TokensError('E_NOT_READY', 'Only the rows of this result are here: get it again.');
    }
    const text = headText(head, this.deps);
    await this.json.open(`${indentJson(text)}\n`, vscode.l10n.t('{0} without rows', title));
    return JSON.parse(text);
  }

  /**
   * Groups the rows of a result that pass its filter by a column, and shows them in a tab of their own. Resolves to the
   * groups.
   * @param of the fields whose numbers are added up
   */
  async group({ model }: ResultPanel, table: TableHandle, by: string, of: string[]): Promise<unknown> {
    const { filter } = model.layout;
    const grouping = { by, of, filter, labels: model.labels };
    const { found, share, labels, ...groups } = await groupsOf(this.deps.worker, table, grouping);
    const rowsOf = `${model.title} ${filter}`.trim();
    const title = vscode.l10n.t('{0} by {1}', rowsOf, model.labelOf(by));
    const { request, groupings } = model;
    const shown = this.#open({ request, title, groupings: [...groupings, grouping] });
    shown.model.show(groups.table, { labels, head: model.head });
    share.dispose();
    return found;
  }

  /** The other complete results, those that had the focus last first. */
  others(than: ResultPanel): ResultPanel[] {
    const isWhole = ({ model }: ResultPanel) => model.table?.state.phase === 'done';
    return [...this.#panels].filter((panel) => panel !== than && isWhole(panel)).reverse();
  }

  /**
   * The rows of an exported JSON file. The caller owns the share.
   * @throws E_CONFIG for a file that is none of these
   */
  async fromFile(file: vscode.Uri): Promise<{ table: TableHandle; share: Disposable }> {
    try {
      const bytes = await vscode.workspace.fs.readFile(file);
      return await tableOf(this.deps.worker, new TextDecoder().decode(bytes));
    } catch {
      throw new TokensError('E_CONFIG', '{0} is not a result that was exported as JSON.', [file.fsPath]);
    }
  }

  /** The result that has the focus, or had it last. */
  get active(): ResultPanel | undefined {
    const panels = [...this.#panels];
    // A new tab is active, while the one before it may not have been told yet that it is not.
    return panels.findLast(({ panel }) => panel.active) ?? panels.at(-1);
  }

  /** The tabs stay, and are restored after a reload of the window. */
  override dispose(): void {
    for (const panel of this.#panels) {
      panel.dispose();
    }
    super.dispose();
  }

  #open(
    source: Source,
    panel = vscode.window.createWebviewPanel(viewType, source.title, vscode.ViewColumn.Active),
  ): ResultPanel {
    const shown = new ResultPanel(panel, this.deps, source);
    this.#panels.add(shown);
    let wasActive = panel.active;
    panel.onDidChangeViewState(() => {
      // Events about a tab may arrive after another one was opened.
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

  /** Restores a tab after a reload of the window. */
  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    try {
      const { kept } = v.parse(saved, state);
      const shown = this.#open(kept, panel);
      const { table, share } = await tableOf(this.deps.worker, kept.rows, kept.missing);
      table.update({ bytes: kept.bytes });
      if (this.#panels.has(shown)) {
        shown.model.show(table, kept, kept);
      }
      share.dispose();
    } catch {
      panel.dispose(); // What was kept is not valid.
    }
  }
}
