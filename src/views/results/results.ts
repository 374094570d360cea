import * as v from 'valibot';
import * as vscode from 'vscode';
import type { Disposable } from '../../core/disposable.ts';
import { notLookedAt, TokensError } from '../../core/errors.ts';
import { type DataRequest, titleOf } from '../../core/request.ts';
import { LiveTable } from '../../core/results/liveTable.ts';
import { readerMaker } from '../../core/results/readers.ts';
import { TableWorker } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/dataCalls.ts';
import type { ResultCommand } from './commandIds.ts';
import { type GetOptions, type PanelDeps, type ResultsDeps, viewType } from './deps.ts';
import { JsonFiles } from './jsonFiles.ts';
import { type KeptState, keptState } from './messages.ts';
import { commandsOfResults } from './resultCommands.ts';
import { ResultPanel } from './resultPanel.ts';

/** What a panel's webview may have kept; anything else is none of ours. */
const saved = v.object({ kept: v.optional(keptState) });

/** All results that are shown, each in its tab. Loaded when the first one is wanted. */
export class Results implements Disposable {
  readonly #deps: PanelDeps;
  readonly #json: JsonFiles;
  /** In the order in which they were looked at. */
  readonly #panels = new Set<ResultPanel>();

  constructor(deps: ResultsDeps) {
    this.#deps = { ...deps, worker: new TableWorker(deps.workerFile, deps.log) };
    this.#json = new JsonFiles(deps.hide);
  }

  /**
   * Gets data and shows them: the tab opens with the first rows, which may be long before the last ones. A
   * failure before any row is only thrown, and nothing is shown for it. The answer's rows are the caller's.
   */
  async get(request: DataRequest, { show: shown, ...options }: GetOptions): Promise<Fetched> {
    const asJson = shown && this.#deps.openAs?.() === 'json';
    const inTab = shown && !asJson;
    const arrived: { table?: LiveTable; share?: Disposable; panel?: ResultPanel } = {};
    /** Fires when the tab is closed: nobody waits for the rest of the answer any more. */
    const closed = new AbortController();
    const show = (table: LiveTable) => {
      if (arrived.panel === undefined) {
        arrived.panel = this.#open(request);
        arrived.panel.panel.onDidDispose(() => closed.abort(notLookedAt));
      }
      if (arrived.panel.table !== table && !closed.signal.aborted) {
        arrived.panel.show(table);
      }
    };
    const makeReader = readerMaker(this.#deps.worker, {
      maxBytes: this.#deps.maxBytes(),
      onTable: (table) => {
        arrived.share?.dispose();
        arrived.table = table;
        arrived.share = table.share();
        if (inTab) {
          table.onDidChange(({ rowCount }) => {
            if (rowCount > 0 && arrived.table === table) {
              show(table);
            }
          });
        }
      },
    });
    const signal = AbortSignal.any([
      closed.signal,
      ...(options.signal === undefined ? [] : [options.signal]),
    ]);
    try {
      const fetched = await this.#deps.run(request, { ...options, signal, makeReader });
      if (asJson && arrived.table !== undefined) {
        const { table } = arrived;
        await this.#json.show(table, table.state.fields, titleOf(request), this.#deps.clock.now().wall);
      }
      if (inTab && arrived.table !== undefined && !closed.signal.aborted) {
        show(arrived.table);
        arrived.panel?.finished(fetched).catch(this.#deps.report);
      }
      return fetched;
    } catch (error) {
      arrived.panel?.failed(error);
      throw error;
    } finally {
      arrived.share?.dispose();
    }
  }

  /** Runs a command on the result that has the focus. */
  async command(id: ResultCommand, args: Readonly<Record<string, unknown>>): Promise<unknown> {
    const panel = this.active;
    if (panel === undefined) {
      throw new TokensError('E_NOT_READY', 'There is no result open to do that with.');
    }
    return commandsOfResults[id](panel, args, { deps: this.#deps, json: this.#json });
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
  restore(panel: vscode.WebviewPanel, state: unknown): void {
    const kept = v.safeParse(saved, state);
    const data: KeptState | undefined = kept.success ? kept.output.kept : undefined;
    const table = data === undefined ? undefined : tableOf(data);
    if (data === undefined || table === undefined || !isRequest(data.request)) {
      panel.dispose();
      return;
    }
    this.#add(panel, data.request, data.title).restore(data, table);
  }
}

function tableOf({ rows, bytes }: KeptState): LiveTable | undefined {
  try {
    return LiveTable.of(rows, bytes);
  } catch {
    return undefined;
  }
}

/** Whoever runs it checks it whole; here only that it can be named. */
function isRequest(request: Record<string, unknown>): request is DataRequest {
  return (
    typeof request.connection === 'string' &&
    (typeof request.endpoint === 'string' ||
      (typeof request.product === 'string' && typeof request.view === 'string'))
  );
}
