import * as vscode from 'vscode';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { cancelled, TokensError } from '../../core/errors.ts';
import type { DataRequest } from '../../core/request.ts';
import type { JsonObject } from '../../core/results/answer.ts';
import type { Arrangement } from '../../core/results/desk.ts';
import { History } from '../../core/results/history.ts';
import { LiveTable } from '../../core/results/liveTable.ts';
import { readerMaker } from '../../core/results/readers.ts';
import { withoutSecrets, withTexts } from '../../core/secretless.ts';
import type { Fetched } from '../../core/tokens/dataCalls.ts';
import type { PanelDeps } from './deps.ts';
import { resultHtml } from './html.ts';
import {
  type FromTable,
  fromTable,
  type KeptState,
  mostRowsAtOnce,
  readMessage,
  type ToTable,
} from './messages.ts';
import { bytesText, durationText, tableStrings } from './strings.ts';
import { Watch } from './watch.ts';

/** Rows and characters of a result that survive a reload. */
const keptRows = 2000;
const keptCharacters = 250_000;

/** Text that the clipboard is asked to hold at most; more than that is what an export is for. */
const mostCopied = 32 << 20;

/** Rows whose numbers are remembered while a result is watched, and lines drawn of them. */
const sampledRows = 5000;
const mostLines = 8;

/** What is known of the answer that is shown. */
interface Outcome {
  readonly elapsedMs: number;
  readonly totalRows: number;
  readonly reused: boolean;
}

/** One result in its editor tab: the data stay here or in the worker, the webview shows a window of them. */
export class ResultPanel implements Disposable {
  readonly request: DataRequest;
  readonly title: string;
  readonly panel: vscode.WebviewPanel;
  readonly #deps: PanelDeps;
  readonly #owned = new DisposableStore();
  #table: LiveTable | undefined;
  #tableOwned = new DisposableStore();
  #outcome: Outcome | undefined;
  #failure = '';
  #gotAt: number;
  #kept: KeptState | undefined;
  #labels = new Map<string, string>();
  #arrangement: Arrangement = { sort: [], filter: '', labels: [] };
  #seen: readonly string[] | undefined;
  #generation = 1;
  #shownRows = 0;
  #fields = '';
  #ready = false;
  #arranging = false;
  #running: AbortController | undefined;
  #watch: Watch | undefined;
  readonly #history = new History();
  #plotted: string | null = null;

  constructor(panel: vscode.WebviewPanel, deps: PanelDeps, request: DataRequest, title: string) {
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

  get table(): LiveTable | undefined {
    return this.#table;
  }

  /** The columns as they are seen: in their order, without the hidden ones. */
  get seenFields(): readonly string[] {
    return this.#seen ?? this.#table?.state.fields ?? [];
  }

  /** When the data were got, as epoch milliseconds. */
  get gotAt(): number {
    return this.#gotAt;
  }

  get shownRows(): number {
    return this.#shownRows;
  }

  labelOf(field: string): string {
    return this.#labels.get(field) ?? field;
  }

  /** Shows a table, which may still be arriving. */
  show(table: LiveTable): void {
    this.#gotAt = this.#deps.clock.now().wall;
    this.#kept = undefined;
    this.#failure = '';
    this.#adopt(table);
    this.#shownRows = table.state.rowCount;
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
    this.#failure = sentence(error);
    this.#tell();
  }

  /** Shows what was kept over a reload. */
  restore(kept: KeptState, rows: readonly JsonObject[]): void {
    this.#labels = new Map(kept.labels);
    this.#adopt(LiveTable.of(rows, kept.bytes));
    this.#gotAt = kept.gotAt;
    this.#kept = kept;
    this.#shownRows = rows.length;
    this.#tell();
  }

  /** Runs the request again and shows what has changed. The rows stay until the new ones are there. */
  async refresh(): Promise<void> {
    if (this.#running !== undefined) {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    const arrived: { table?: LiveTable; share?: Disposable } = {};
    try {
      const makeReader = readerMaker(this.#deps.worker, {
        maxBytes: this.#deps.maxBytes(),
        onTable: (made) => {
          arrived.share?.dispose();
          arrived.table = made;
          arrived.share = made.share();
        },
      });
      const fetched = await this.#deps.run(anew(this.request), { makeReader, signal: running.signal });
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

  /** Draws a column's numbers over the time that the result has been watched; null ends it. */
  async plot(field: string | null): Promise<void> {
    const numeric = this.#numericFields();
    this.#plotted = field !== null && !numeric.includes(field) ? (numeric[0] ?? null) : field;
    await this.#drawPlot();
  }

  /** The column that is drawn when nobody has said which: the first one of numbers that is seen. */
  async plotAny(): Promise<void> {
    const numeric = this.#numericFields();
    await this.plot(this.seenFields.find((field) => numeric.includes(field)) ?? null);
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
    if (this.#ready) {
      void this.panel.webview.postMessage(withTexts(message, this.#deps.hide));
    }
  }

  dispose(): void {
    this.#watch?.dispose();
    this.#running?.abort();
    this.#tableOwned.dispose();
    this.#owned.dispose();
  }

  async #replace(table: LiveTable | undefined, fetched: Fetched): Promise<void> {
    if (table === undefined) {
      return;
    }
    const before = this.#table;
    if (before !== undefined) {
      await table.compare(before);
      if (this.#history.length === 0) {
        await this.#remember(before, this.#gotAt);
      }
    }
    const shown = await table.ask('arrange', this.#arrangement);
    this.#gotAt = this.#deps.clock.now().wall;
    this.#kept = undefined;
    this.#failure = '';
    this.#outcome = fetched;
    this.#adopt(table);
    this.#shownRows = shown;
    await this.#remember(table, this.#gotAt);
    this.#tell();
    await this.#drawPlot();
    await this.#keep();
  }

  /** Keeps the numbers of this moment for a plot. */
  async #remember(table: LiveTable, time: number): Promise<void> {
    this.#history.add(time, await table.ask('sample', { keys: this.#history.keyFields, most: sampledRows }));
  }

  #numericFields(): string[] {
    const state = this.#table?.state;
    return state === undefined ? [] : state.fields.filter((_, at) => state.kinds[at] === 'number');
  }

  async #drawPlot(): Promise<void> {
    const table = this.#table;
    const field = this.#plotted;
    if (table === undefined || field === null) {
      return;
    }
    const fields = this.#numericFields().map((one) => ({ field: one, label: this.labelOf(one) }));
    if (this.#history.length === 0) {
      await this.#remember(table, this.#gotAt);
    }
    // What the filter leaves is what is drawn.
    const shown = this.#isArranged()
      ? new Set((await table.ask('sample', { keys: this.#history.keyFields, most: sampledRows })).keys)
      : undefined;
    const { times, series, others } = this.#history.lines(field, mostLines, shown);
    this.post({
      is: 'plot',
      field,
      label: this.labelOf(field),
      fields,
      times: [...times],
      series: series.map(({ key, values }) => ({ key, values: [...values] })),
      others,
    });
  }

  #adopt(table: LiveTable): void {
    this.#tableOwned.dispose();
    this.#tableOwned = new DisposableStore();
    this.#table = table;
    this.#tableOwned.add(table.share());
    this.#tableOwned.add(table.onDidChange(() => void this.#changed()));
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
    if (this.#isArranged()) {
      await this.#arrangeAgain(table);
    } else {
      this.#shownRows = table.state.rowCount;
    }
    this.#tell();
  }

  #isArranged(): boolean {
    return this.#arrangement.sort.length > 0 || this.#arrangement.filter.trim() !== '';
  }

  /** Sorts and filters what has come since; one at a time, since rows may come faster than that. */
  async #arrangeAgain(table: LiveTable): Promise<void> {
    if (this.#arranging) {
      return;
    }
    this.#arranging = true;
    try {
      let count = -1;
      while (count !== table.state.rowCount && this.#table === table) {
        count = table.state.rowCount;
        this.#shownRows = await table.ask('arrange', this.#arrangement);
        this.#generation++;
      }
    } catch {
      // The table was let go meanwhile; whoever did so shows something else now.
    } finally {
      this.#arranging = false;
    }
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
        await Promise.all([this.#keep(), this.#drawPlot()]);
        break;
      case 'page':
        await this.#page(message);
        break;
      case 'arrange':
        await this.#arrange({ ...this.#arrangement, sort: message.sort, filter: message.filter });
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
        await this.plot(message.field);
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
    const page = await this.#table.ask('page', { from, to: Math.min(to, from + mostRowsAtOnce) });
    if (generation === this.#generation) {
      this.post({
        is: 'page',
        generation,
        from,
        rows: page.rows.map((row) => row as (ToTable & { is: 'page' })['rows'][number]),
      });
    }
  }

  async #arrange(arrangement: Arrangement): Promise<void> {
    const table = this.#table;
    this.#arrangement = arrangement;
    if (table === undefined) {
      return;
    }
    const shown = await table.ask('arrange', arrangement);
    if (this.#table === table && this.#arrangement === arrangement) {
      this.#shownRows = shown;
      this.#generation++;
      this.#tell();
      await this.#drawPlot();
    }
  }

  async #detail(at: number): Promise<void> {
    const detail = await this.#table?.ask('detail', at);
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
    const text = await table.ask('copy', {
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
    const rows = Math.min(to, this.#shownRows) - from;
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
      kinds: [...kinds],
      rowCount,
      shownRows: this.#shownRows,
      phase,
      sort: [...this.#arrangement.sort],
      filter: this.#arrangement.filter,
      status: this.#status(table),
      gotAt: this.#gotAt,
      watching: this.#watch !== undefined,
    });
  }

  #status(table: LiveTable): (ToTable & { is: 'state' })['status'] {
    const { rowCount, bytes, phase } = table.state;
    const parts: { text: string; title: string; alert: boolean }[] = [];
    const add = (text: string, title = '', alert = false) => parts.push({ text, title, alert });
    if (this.#failure !== '') {
      add(this.#failure, '', true);
    }
    const total = this.#kept?.totalRows ?? this.#outcome?.totalRows ?? rowCount;
    const rows = rowCount.toLocaleString();
    if (total > rowCount && phase === 'done') {
      add(vscode.l10n.t('{0} of {1} rows', rows, total.toLocaleString()));
    } else {
      add(rowCount === 1 ? vscode.l10n.t('1 row') : vscode.l10n.t('{0} rows', rows));
    }
    add(bytesText(bytes), vscode.l10n.t('Size of the answer'));
    if (phase === 'arriving') {
      add(vscode.l10n.t('arriving…'));
    }
    if (this.#watch !== undefined) {
      add(vscode.l10n.t('watched every {0} s', this.#watch.seconds));
    }
    if (this.#kept !== undefined) {
      add(vscode.l10n.t('from before the reload'), vscode.l10n.t('Refresh gets the data again'));
    } else if (this.#outcome !== undefined) {
      add(durationText(this.#outcome.elapsedMs), vscode.l10n.t('From the asking to the last byte'));
      if (this.#outcome.reused) {
        add(vscode.l10n.t('open session reused'));
      }
    }
    return parts;
  }

  /** Labels come from the view's definition, which is asked for only now that its session is open. */
  async #learnLabels(fetched: Fetched): Promise<void> {
    let columns: Awaited<ReturnType<PanelDeps['columns']>>;
    try {
      columns = await this.#deps.columns(fetched);
    } catch {
      return; // Without a definition a field's label is its name.
    }
    const labels = new Map(
      columns.filter(({ field, label }) => label !== field).map(({ field, label }) => [field, label]),
    );
    if (labels.size > 0) {
      this.#labels = labels;
      this.#arrangement = { ...this.#arrangement, labels: [...labels] };
      await this.#table?.ask('arrange', this.#arrangement);
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
      let rows = await table.ask('json', { from: 0, to: count });
      while (rows.length > keptCharacters && count > 0) {
        count = Math.floor(count / 2);
        rows = await table.ask('json', { from: 0, to: count });
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
          rows: JSON.stringify(withTexts(JSON.parse(rows) as unknown, this.#deps.redact)),
        },
      });
    } catch {
      // Let go meanwhile.
    }
  }
}

/** An open session may answer with the data that it has collected before, unless it is told to collect them anew. */
function anew(request: DataRequest): DataRequest {
  return 'view' in request ? { ...request, refresh: true } : request;
}

/** A failure in one sentence, in the person's language. */
export function sentence(error: unknown): string {
  if (TokensError.is(error)) {
    return vscode.l10n.t(error.template, ...error.args);
  }
  return vscode.l10n.t('That did not work; the log says more.');
}
