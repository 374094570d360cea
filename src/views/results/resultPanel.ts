import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { cancelled, notLookedAt } from '../../core/errors.ts';
import { protocolTaking } from '../../core/protocols/kinds.ts';
import type { DataRequest } from '../../core/requests/request.ts';
import { withoutSecrets, withTexts, withTextsOfJson } from '../../core/requests/secretless.ts';
import { readerMaker } from '../../core/results/readers.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/fetched.ts';
import type { Keeper } from '../../core/tokens/keeper.ts';
import type { Services } from '../../services.ts';
import { userMessage } from '../../userError.ts';
import { Arranging } from './arranging.ts';
import { resultHtml } from './html.ts';
import {
  type FromTable,
  fromTable,
  type KeptState,
  mostRowsAtOnce,
  readMessage,
  type ToTable,
} from './messages.ts';
import { Plotting } from './plotting.ts';
import { type Outcome, statusTexts } from './statusTexts.ts';
import { tableStrings } from './strings.ts';
import { Watch } from './watch.ts';

/** Rows and characters of a result that survive a reload. */
const keptRows = 2000;
const keptCharacters = 250_000;

/** Text that the clipboard is asked to hold at most; more than that is what an export is for. */
const mostCopied = 32 << 20;

/** What a result is shown with. */
export interface PanelServices extends Services {
  readonly worker: WorkerClient;
}

/** One result in its editor tab: the data stay here or in the worker, the webview shows a window of them. */
export class ResultPanel implements Disposable {
  readonly request: DataRequest;
  readonly title: string;
  readonly panel: vscode.WebviewPanel;
  readonly plotting = new Plotting(this);
  readonly #deps: PanelServices;
  readonly #owned = new DisposableStore();
  #table: TableHandle | undefined;
  #tableOwned = new DisposableStore();
  #outcome: Outcome | undefined;
  #failure = '';
  /** Whether a secret stood in what was shown, and was masked. */
  #masked = false;
  #gotAt: number;
  #kept: KeptState | undefined;
  #labels = new Map<string, string>();
  /** Fields that the view's definition hides at first. */
  #hidden: readonly string[] = [];
  readonly #arranging = new Arranging(
    () => this.#table,
    () => {
      this.#generation++;
      this.#tell();
    },
  );
  #seen: readonly string[] | undefined;
  #generation = 1;
  #fields = '';
  #ready = false;
  #running: AbortController | undefined;
  #watch: Watch | undefined;

  constructor(panel: vscode.WebviewPanel, deps: PanelServices, request: DataRequest, title: string) {
    this.panel = panel;
    this.request = request;
    this.title = title;
    this.#deps = deps;
    this.#gotAt = deps.clock.now().wall;
    const dist = vscode.Uri.joinPath(deps.extensionUri, 'dist');
    const icon = (name: string) => vscode.Uri.joinPath(deps.extensionUri, 'media', name);
    panel.iconPath = { light: icon('result-light.svg'), dark: icon('result-dark.svg') };
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.webview.html = resultHtml(panel.webview, dist);
    this.#owned.add(
      panel.webview.onDidReceiveMessage((message) => {
        const read = readMessage(fromTable, message);
        if (read !== undefined) {
          // A table may be let go while it is asked: that is no failure, something else is shown by then.
          this.#take(read).catch(deps.report);
        }
      }),
    );
  }

  get table(): TableHandle | undefined {
    return this.#table;
  }

  /** The columns as they are seen: in their order, without the hidden ones. */
  get seenFields(): readonly string[] {
    const fields = this.#table?.state.fields ?? [];
    return this.#seen ?? fields.filter((field) => !this.#hidden.includes(field));
  }

  /** When the data were got, as epoch milliseconds. */
  get gotAt(): number {
    return this.#gotAt;
  }

  get shownRows(): number {
    return this.#arranging.shownRows;
  }

  /** Whether what is shown is sorted or filtered. */
  get isArranged(): boolean {
    return this.#arranging.isArranged;
  }

  labelOf(field: string): string {
    return this.#labels.get(field) ?? field;
  }

  /** Shows a table, which may still be arriving. */
  show(table: TableHandle): void {
    this.#gotAt = this.#deps.clock.now().wall;
    this.#kept = undefined;
    this.#failure = '';
    this.#adopt(table);
    this.#tell();
  }

  /** The answer that is shown has come to its end. */
  async finished(fetched: Fetched): Promise<void> {
    this.#outcome = fetched;
    await this.#changed();
    await this.#keep();
    await this.#learnLabels(fetched);
  }

  /** The answer that is shown will not come to its end. */
  failed(error: unknown): void {
    this.#failure = userMessage(error);
    this.#tell();
  }

  /** Shows what was kept over a reload. */
  restore(kept: KeptState, table: TableHandle): void {
    this.#labels = new Map(kept.labels);
    this.#hidden = kept.hidden;
    this.#adopt(table);
    this.#gotAt = kept.gotAt;
    this.#kept = kept;
    this.#tell();
  }

  /** Runs the request again and shows what has changed. The rows stay until the new ones are there. */
  async refresh(): Promise<void> {
    if (this.#running !== undefined) {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    const arrived: { table?: TableHandle; share?: Disposable } = {};
    try {
      const makeReader = readerMaker(this.#deps.worker, {
        maxBytes: this.#deps.options.maxResponseBytes(),
        onTable: (made) => {
          arrived.share?.dispose();
          arrived.table = made;
          arrived.share = made.share();
        },
      });
      const fetched = await this.#deps.keeper.getData(anew(this.request), {
        makeReader,
        signal: running.signal,
      });
      fetched.answer.dispose();
      if (running.signal.aborted) {
        throw cancelled();
      }
      await this.#replace(arrived.table, fetched);
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      arrived.share?.dispose();
      this.#running = undefined;
    }
  }

  get watchedEvery(): number | undefined {
    return this.#watch?.seconds;
  }

  /** Refreshes every so many seconds, which also keeps the session alive. */
  watch(seconds: number): void {
    this.#watch?.dispose();
    this.#watch = new Watch(seconds, {
      clock: this.#deps.clock,
      refresh: () => this.refresh(),
      isVisible: () => this.panel.visible,
      ended: (why, error) => {
        this.#watch = undefined;
        if (why === 'failed') {
          this.failed(error);
        }
        this.#tell();
        this.note(
          why === 'hidden'
            ? vscode.l10n.t('The watch has ended: nobody has looked for a while.')
            : vscode.l10n.t('The watch has ended.'),
        );
      },
    });
    this.#tell();
  }

  stopWatch(): void {
    this.#watch?.dispose();
    this.#watch = undefined;
    this.#tell();
  }

  /** Asks the webview to do what a command or a menu wants of it. */
  view(ask: (ToTable & { is: 'view' })['ask'], field?: string): void {
    this.post({ is: 'view', ask, ...(field === undefined ? {} : { field }) });
  }

  note(text: string): void {
    this.post({ is: 'note', text });
  }

  /** The only way to the webview: what is in the data may be a secret that the gateway says back. */
  post(message: ToTable): void {
    if (!this.#ready) {
      return;
    }
    const before = this.#masked;
    const clean = withTexts(message, (text) => {
      const hidden = this.#deps.hide(text);
      this.#masked ||= hidden !== text;
      return hidden;
    });
    void this.panel.webview.postMessage(clean);
    if (this.#masked && !before) {
      this.#tell();
    }
  }

  dispose(): void {
    this.#ready = false;
    this.#watch?.dispose();
    this.#running?.abort(notLookedAt);
    this.#tableOwned.dispose();
    this.#owned.dispose();
  }

  async #replace(table: TableHandle | undefined, fetched: Fetched): Promise<void> {
    if (table === undefined) {
      return;
    }
    const before = this.#table;
    if (before !== undefined && before.state.lost === undefined) {
      await table.compare(before);
      await this.plotting.begin(before, this.#gotAt);
    }
    await this.#arranging.prepare(table);
    this.#gotAt = this.#deps.clock.now().wall;
    this.#kept = undefined;
    this.#failure = '';
    this.#outcome = fetched;
    this.#adopt(table);
    await this.plotting.remember(table, this.#gotAt);
    this.#tell();
    await this.plotting.draw();
    await this.#keep();
  }

  #adopt(table: TableHandle): void {
    this.#tableOwned.dispose();
    this.#tableOwned = new DisposableStore();
    this.#table = table;
    this.#masked = false;
    this.#tableOwned.add(table.share());
    this.#tableOwned.add(table.onDidChange(() => this.#changed().catch(this.#deps.report)));
    this.#fields = table.state.fields.join('\u0000');
    this.#generation++;
  }

  /** More rows have come, or the table is whole. */
  async #changed(): Promise<void> {
    const table = this.#table;
    if (table === undefined) {
      return;
    }
    const fields = table.state.fields.join('\u0000');
    if (fields !== this.#fields) {
      this.#fields = fields;
      this.#generation++;
    }
    this.#tell();
    await this.#arranging.settle();
  }

  async #take(message: FromTable): Promise<void> {
    switch (message.is) {
      case 'ready':
        this.#ready = true;
        this.post({
          is: 'start',
          strings: tableStrings(),
          plotScript: this.panel.webview
            .asWebviewUri(vscode.Uri.joinPath(this.#deps.extensionUri, 'dist', 'plot.js'))
            .toString(),
        });
        this.#tell();
        await Promise.all([this.#keep(), this.plotting.draw()]);
        break;
      case 'page':
        await this.#page(message);
        break;
      case 'arrange':
        await this.#arranging.change({ sort: message.sort, filter: message.filter });
        await this.plotting.draw();
        break;
      case 'detail':
        await this.#detail(message.at);
        break;
      case 'copy':
        await this.#copy(message);
        break;
      case 'columns':
        this.#seen = message.fields;
        break;
      case 'plot':
        await this.plotting.of(message.field);
        break;
      case 'do':
        this.#do(message.action);
        break;
    }
  }

  #do(action: (FromTable & { is: 'do' })['action']): void {
    switch (action) {
      case 'stop':
        this.stopWatch();
        break;
      case 'watch':
        void vscode.commands.executeCommand('sessionTokens.results.watch');
        break;
    }
  }

  async #page({ generation, from, to }: FromTable & { is: 'page' }): Promise<void> {
    if (generation !== this.#generation || this.#table === undefined) {
      return; // Of rows that are not true any more; the webview asks again.
    }
    const page = await this.#table.call('page', { from, to: Math.min(to, from + mostRowsAtOnce) });
    if (generation === this.#generation) {
      this.post({
        is: 'page',
        generation,
        from,
        rows: page.rows.map((row) => row as (ToTable & { is: 'page' })['rows'][number]),
      });
    }
  }

  async #detail(at: number): Promise<void> {
    const detail = await this.#table?.call('detail', at);
    if (detail !== undefined) {
      this.post({
        is: 'detail',
        at,
        index: detail.index,
        fields: detail.fields.map(({ field, value }) => ({
          field,
          label: this.labelOf(field),
          value: value as (ToTable & { is: 'detail' })['fields'][number]['value'],
        })),
      });
    }
  }

  async #copy({ from, to, fields, headers }: FromTable & { is: 'copy' }): Promise<void> {
    const table = this.#table;
    if (table === undefined) {
      return;
    }
    const text = await table.call('copy', {
      from,
      to,
      fields,
      headers: headers ? fields.map((field) => this.labelOf(field)) : null,
      most: mostCopied,
    });
    if (text === undefined) {
      this.note(vscode.l10n.t('That is too much for the clipboard: export it instead.'));
      return;
    }
    await vscode.env.clipboard.writeText(this.#deps.hide(text));
    const rows = Math.min(to, this.shownRows) - from;
    this.note(
      rows === 1 ? vscode.l10n.t('Copied 1 row.') : vscode.l10n.t('Copied {0} rows.', rows.toLocaleString()),
    );
  }

  #tell(): void {
    const table = this.#table;
    if (!this.#ready || table === undefined) {
      return;
    }
    const { fields, kinds, rowCount, phase } = table.state;
    this.post({
      is: 'state',
      generation: this.#generation,
      title: this.title,
      fields: [...fields],
      labels: fields.map((field) => this.labelOf(field)),
      hidden: [...this.#hidden],
      kinds: [...kinds],
      rowCount,
      shownRows: this.shownRows,
      phase,
      sort: [...this.#arranging.wanted.sort],
      filter: this.#arranging.wanted.filter,
      status: statusTexts(table.state, {
        failure: this.#failure,
        masked: this.#masked,
        kept: this.#kept,
        outcome: this.#outcome,
        watchedEvery: this.watchedEvery,
      }),
      gotAt: this.#gotAt,
      watching: this.#watch !== undefined,
    });
  }

  /** Labels come from the view's definition, which is asked for only now that its session is open. */
  async #learnLabels(fetched: Fetched): Promise<void> {
    let columns: Awaited<ReturnType<Keeper['columns']>>;
    try {
      columns = await this.#deps.keeper.columns(fetched);
    } catch {
      return; // Without a definition a field's label is its name.
    }
    const labels = new Map(
      columns.filter(({ field, label }) => label !== field).map(({ field, label }) => [field, label]),
    );
    const hidden = columns.filter((column) => column.hidden).map(({ field }) => field);
    if (labels.size > 0 || hidden.length > 0) {
      this.#labels = labels;
      this.#hidden = hidden;
      await this.#arranging.change({ labels: [...labels] });
      this.#tell();
      await this.#keep();
    }
  }

  /** Gives the workbench what it keeps over a reload. */
  async #keep(): Promise<void> {
    const table = this.#table;
    if (table === undefined || !this.#ready || table.state.phase !== 'done') {
      return;
    }
    if (this.#kept !== undefined) {
      this.post({ is: 'keep', state: this.#kept });
      return;
    }
    try {
      let count = Math.min(keptRows, table.state.rowCount);
      let rows = await table.call('json', { from: 0, to: count });
      while (rows.length > keptCharacters && count > 0) {
        count = Math.floor(count / 2);
        rows = await table.call('json', { from: 0, to: count });
      }
      const { session: _, ...request } = { session: undefined, ...this.request };
      if (JSON.stringify(withoutSecrets(this.request, this.#deps.hasSecret)) !== JSON.stringify(request)) {
        return; // With a secret in its request, a result ends with its window.
      }
      this.post({
        is: 'keep',
        state: {
          version: 1,
          request,
          title: this.title,
          gotAt: this.#gotAt,
          totalRows: Math.max(table.state.rowCount, this.#outcome?.totalRows ?? 0),
          bytes: table.state.bytes,
          labels: withTexts([...this.#labels], this.#deps.redact),
          hidden: [...this.#hidden],
          rows: withTextsOfJson(rows, this.#deps.hide),
        },
      });
    } catch {
      // Let go meanwhile.
    }
  }
}

/** An open session may answer with the data that it has collected before, unless it is told to collect them anew. */
function anew(request: DataRequest): DataRequest {
  return { ...request, ...protocolTaking(request)?.dialog.anew };
}
