import * as v from 'valibot';
import * as vscode from 'vscode';
import { Part } from '../../core/disposable.ts';
import type { DataRequest } from '../../core/requests/request.ts';
import { withTexts } from '../../core/requests/secretless.ts';
import { exportText } from '../../core/results/exportParts.ts';
import type { WorkerClient } from '../../core/results/workerClient.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import type { Services } from '../../services.ts';
import { fetchTable } from './fetchTable.ts';
import { grouped } from './grouping.ts';
import { resultHtml } from './html.ts';
import { keptOf } from './kept.ts';
import type { Layouts } from './layouts.ts';
import { type FromTable, fromTable, type Layout, type ToTable } from './messages.ts';
import { ResultModel, type Source } from './resultModel.ts';
import { rowsText, statusTexts } from './statusTexts.ts';
import { Watch } from './watch.ts';

/** Maximal length of copied text; more than that can be exported. */
const maxCopied = 32 << 20;

/**
 * How often a watched result is kept for a reload, in milliseconds: keeping it is slow, as each value is searched for
 * secrets.
 */
const keepEveryMs = 10_000;

/** How many rows a notification names. */
const maxNamed = 3;

/** How long VS Code takes to give the focus back to a table for good, and how long that is waited for, in milliseconds. */
const focusMs = 75;
const maxFocusMs = 300;

export interface PanelServices extends Services {
  readonly worker: WorkerClient;
  readonly layouts: Layouts;
}

/** One result in its editor tab: joins its model with the webview, which shows a window of the rows. */
export class ResultPanel extends Part<PanelServices> {
  readonly panel: vscode.WebviewPanel;
  readonly model: ResultModel;
  #keptAt = Number.NEGATIVE_INFINITY;
  #ready = false;
  #watch: Watch | undefined;
  #focused: () => void = () => undefined;
  /** The field of the column that had the focus when {@link focused} resolved. */
  focusedField: string | undefined;

  constructor(panel: vscode.WebviewPanel, deps: PanelServices, source: Source) {
    super(deps);
    this.panel = panel;
    const services = {
      clock: deps.clock,
      fetch: async (request: DataRequest, signal: AbortSignal) => {
        let got = await fetchTable(deps, request, { signal });
        for (const grouping of this.model.groupings) {
          got = await grouped(deps.worker, got, grouping);
        }
        return got;
      },
      columns: (fetched: Fetched) => deps.keeper.columns(fetched),
      alert: (rows: readonly string[]) => void this.#alert(rows),
    };
    this.model = new ResultModel(source, deps.layouts.of(source), services);
    const dist = vscode.Uri.joinPath(deps.extensionUri, 'dist');
    const icon = (name: string) => vscode.Uri.joinPath(deps.extensionUri, 'media', name);
    panel.iconPath = { light: icon('result-light.svg'), dark: icon('result-dark.svg') };
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    panel.webview.html = resultHtml(panel.webview, dist);
    this.add(this.model);
    this.add(this.model.onDidChange(() => this.#tell()));
    this.add(
      panel.webview.onDidReceiveMessage((message) => {
        const read = v.safeParse(fromTable, message);
        if (read.success) {
          const take = this.#takers[read.output.is] as (message: FromTable) => Promise<void>;
          // A table may be disposed of while it is asked: then another one is shown.
          take(read.output).catch(deps.report);
        }
      }),
    );
  }

  /** To be called when the answer is complete. */
  async finished(fetched: Fetched): Promise<void> {
    await this.model.finished(fetched);
    await this.keep();
  }

  async refresh(): Promise<void> {
    await this.model.refresh();
    const now = this.deps.clock.now().up;
    if (this.#watch === undefined || now - this.#keptAt >= keepEveryMs) {
      this.#keptAt = now;
      await this.keep();
    }
  }

  /** Refreshes every so many seconds, which also keeps the session alive. */
  watch(seconds: number): void {
    this.stopWatch();
    this.#watch = new Watch(seconds, {
      clock: this.deps.clock,
      refresh: () => this.refresh(),
      // With an alert the tab need not be visible.
      isVisible: () => this.panel.visible || this.model.layout.alert !== '',
      ended: (why) => {
        this.stopWatch();
        this.note(
          why === 'hidden'
            ? vscode.l10n.t('The watch has ended: the result was out of sight for a while.')
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

  /** Changes the layout, as a person does in the table. */
  async arrange(change: Partial<Layout>): Promise<void> {
    await this.#arrange({ ...this.model.layout, ...change });
    this.post({ is: 'start', layout: this.model.layout });
  }

  note(text: string): void {
    this.post({ is: 'note', text });
  }

  /**
   * Resolves when the table has the keyboard focus, or does not get it. 50 ms after the palette or a menu has closed, VS
   * Code gives the focus to the table, which would close an input box that was opened meanwhile. The webview gets messages
   * in order, so it is asked after that.
   */
  async focused(): Promise<void> {
    const { clock } = this.deps;
    if (this.#ready && this.panel.active) {
      await new Promise<void>((resolve) => void clock.setTimeout(resolve, focusMs));
      await new Promise<void>((resolve) => {
        this.#focused = resolve;
        clock.setTimeout(resolve, maxFocusMs);
        this.post({ is: 'focus' });
      });
    }
  }

  /** All messages to the webview go this way, so that secrets in the data are masked. */
  post(message: ToTable): void {
    if (!this.#ready) {
      return;
    }
    const { model } = this;
    const wasMasked = model.masked;
    const clean = withTexts(message, (text) => {
      const hidden = this.deps.hide(text);
      model.masked ||= hidden !== text;
      return hidden;
    });
    void this.panel.webview.postMessage(clean);
    if (model.masked && !wasMasked) {
      this.#tell();
    }
  }

  /** Has VS Code keep the result over a reload. */
  async keep(): Promise<void> {
    try {
      const state = this.#ready ? await keptOf(this.model, this.deps) : undefined;
      if (state !== undefined) {
        this.post({ is: 'keep', state });
      }
    } catch {
      // Disposed of meanwhile.
    }
  }

  override dispose(): void {
    this.#ready = false;
    this.#watch?.dispose();
    super.dispose();
  }

  /** What is done with each kind of message of the webview. */
  readonly #takers: { readonly [M in FromTable as M['is']]: (message: M) => Promise<void> } = {
    ready: async () => {
      this.#ready = true;
      this.post({ is: 'start', layout: this.model.layout });
      this.#tell();
      await this.keep();
    },
    ask: async ({ ask, question }) =>
      this.post({ is: 'answer', ask, answer: await this.model.ask(question) }),
    layout: ({ layout }) => this.#arrange(layout),
    copy: (message) => this.#copy(message),
    focused: async ({ field }) => {
      this.focusedField = field;
      this.#focused();
    },
    stop: async () => this.stopWatch(),
  };

  async #arrange(layout: Layout): Promise<void> {
    await Promise.all([this.model.arrange(layout), this.deps.layouts.keep(this.model, layout)]);
  }

  async #copy({ from, to, fields, form, headers }: FromTable & { is: 'copy' }): Promise<void> {
    const { table, arrangement } = this.model;
    if (table === undefined) {
      return;
    }
    const names = form === 'csv' ? fields : fields.map((one) => this.model.labelOf(one));
    const shown = { arrangement, from, to, fields, headers: headers ? names : null };
    const copied = await exportText(table, { ...shown, format: form }, this.deps.hide, maxCopied);
    if (copied === undefined) {
      this.note(vscode.l10n.t('That is too much for the clipboard: export it instead.'));
      return;
    }
    const { rows, text } = copied;
    await vscode.env.clipboard.writeText(text);
    this.note(vscode.l10n.t('Copied: {0}', rowsText(rows)));
  }

  /** Notifies a person who watches of rows that have begun to meet the condition of the alert. */
  async #alert(rows: readonly string[]): Promise<void> {
    if (this.#watch === undefined) {
      return;
    }
    const { title, layout } = this.model;
    const more = rows.length > maxNamed ? [vscode.l10n.t('{0} more', rows.length - maxNamed)] : [];
    const names = new Intl.ListFormat(vscode.env.language).format([...rows.slice(0, maxNamed), ...more]);
    const text =
      rows.length === 1
        ? vscode.l10n.t('{0}: {1} meets {2}', title, names, layout.alert)
        : vscode.l10n.t('{0}: {1} meet {2}', title, names, layout.alert);
    const show = vscode.l10n.t('Show Result');
    // Text of the data must not become a link.
    const plain = this.deps.hide(text).replaceAll('](', '] (');
    if ((await vscode.window.showWarningMessage(plain, show)) === show) {
      this.panel.reveal();
    }
  }

  #tell(): void {
    const { table, revision, title, gotAt, differences } = this.model;
    if (!this.#ready || table === undefined) {
      return;
    }
    const { fields, kinds, rowCount, phase } = table.state;
    const columns = fields.map((field, at) => ({
      field,
      label: this.model.labelOf(field),
      kind: kinds[at] ?? 'text',
      hidden: this.model.hidden.includes(field),
    }));
    this.post({
      is: 'state',
      revision,
      title,
      columns,
      rowCount,
      gone: differences?.gone,
      phase,
      status: statusTexts(this.model, table.state, this.#watch?.seconds),
      gotAt,
      watching: this.#watch !== undefined,
    });
  }
}
