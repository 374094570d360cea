import type { Clock } from '../../core/clock.ts';
import { type Disposable, DisposableStore, Part } from '../../core/disposable.ts';
import { cancelled, tabClosed } from '../../core/errors.ts';
import { Emitter, type Event } from '../../core/event.ts';
import { protocolTaking } from '../../core/protocols/kinds.ts';
import type { Column } from '../../core/protocols/protocol.ts';
import type { DataRequest } from '../../core/requests/request.ts';
import type { Arrangement } from '../../core/results/arranging.ts';
import type { Differences } from '../../core/results/changes.ts';
import type { TableHandle } from '../../core/results/tableHandle.ts';
import type { Args } from '../../core/results/workerMessages.ts';
import type { Fetched } from '../../core/tokens/sessionCall.ts';
import type { FetchedTable } from './fetchTable.ts';
import { seenFields } from './layout.ts';
import type { Grouping, KeptState, Layout, Question } from './messages.ts';
import { Plotting } from './plotting.ts';

/** What a result is of: a request, and how the rows of its answer are grouped, one grouping after the other. */
export interface Source {
  readonly request: DataRequest;
  readonly title: string;
  readonly groupings: readonly Grouping[];
}

interface ModelServices {
  readonly clock: Clock;
  /** Gets the data of a request; the caller disposes of the answer. */
  readonly fetch: (request: DataRequest, signal: AbortSignal) => Promise<FetchedTable>;
  /** The columns by the view's definition. */
  readonly columns: (fetched: Fetched) => Promise<readonly Column[]>;
  /** Is called with the names of rows that have begun to meet the condition of the alert. */
  readonly alert: (rows: readonly string[]) => void;
}

interface Compared {
  readonly title: string;
  readonly table: TableHandle;
  /** Whether columns may have been left out of it. */
  readonly isPart?: boolean;
}

/** One result: its table, its layout and labels, and the outcome of the last request. */
export class ResultModel extends Part<ModelServices> implements Source {
  readonly request: DataRequest;
  readonly title: string;
  readonly groupings: readonly Grouping[];
  readonly plotting: Plotting;
  readonly #changed = this.add(new Emitter<void>());
  /** Fires when the tab has to be drawn again. */
  readonly onDidChange: Event<void> = this.#changed.event;
  layout: Layout;
  table: TableHandle | undefined;
  #tableOwned = new DisposableStore();
  #labels = new Map<string, string>();
  #running: AbortController | undefined;
  #compared: (Compared & { readonly share: Disposable }) | undefined;
  /** How the rows differ from those of the table compared with; undefined where there is none. */
  differences: Differences | undefined;
  /** How many rows meet the condition of the alert. */
  alerting = 0;
  /** The answer that is shown, while it is known. */
  outcome: Fetched | undefined;
  /** The members beside the rows as JSON, while they are known. */
  head: string | undefined;
  /** Whether a secret in the data was masked. */
  masked = false;
  /** Why rows are missing or outdated. */
  failure: unknown;
  /** When the data were got, as epoch milliseconds. */
  gotAt: number;
  /** What was kept over a reload, while it is shown. */
  kept: KeptState | undefined;
  /** Fields that the view's definition hides at first. */
  hidden: readonly string[] = [];

  constructor({ request, title, groupings }: Source, layout: Layout, services: ModelServices) {
    super(services);
    this.request = request;
    this.groupings = groupings;
    this.title = title;
    this.layout = layout;
    this.gotAt = services.clock.now().wall;
    this.plotting = new Plotting(this);
  }

  /** The fields of the visible columns, in their order. */
  get seenFields(): readonly string[] {
    return seenFields(this.layout, this.table?.state.fields ?? [], this.hidden);
  }

  get arrangement(): Arrangement {
    const { sort, filter, onlyChanged, alert } = this.layout;
    return { sort, filter, onlyChanged, alert, labels: this.labels };
  }

  get labels(): [field: string, label: string][] {
    return [...this.#labels];
  }

  /** Another one when data, or labels to filter by, have changed: rows that were shown are outdated. */
  get revision(): string {
    const { number, state } = this.table ?? {};
    const other = this.#compared?.table.number;
    return [number, state?.fields.length, this.#labels.size, other, this.differences !== undefined].join();
  }

  labelOf(field: string): string {
    return this.#labels.get(field) ?? field;
  }

  /** The title of the result that is compared with; undefined where it is the answer before. */
  get comparedWith(): string | undefined {
    return this.#compared?.title;
  }

  /** Shows a table, which may still be arriving, with what is known of it; `kept`: over a reload. */
  show(table: TableHandle, known: Partial<KeptState> = {}, kept?: KeptState): void {
    this.#labels = new Map(known.labels);
    this.hidden = known.hidden ?? [];
    this.#adopt(table, known.head);
    this.gotAt = known.gotAt ?? this.gotAt;
    this.kept = kept;
    this.#changed.fire();
    this.#lookForAlertsNow().catch(() => undefined); // It may be let go meanwhile.
  }

  /** To be called when the answer is complete. Resolves when its view's definition is known, too. */
  async finished(fetched: Fetched): Promise<void> {
    this.outcome = fetched;
    this.head = fetched.answer.headText;
    this.#changed.fire();
    await this.#learnLabels(fetched);
    await this.#lookForAlertsNow();
  }

  /** To be called when the answer has failed before its end. */
  failed(error: unknown): void {
    this.failure = error;
    this.#changed.fire();
  }

  /**
   * Runs the request again and shows what has changed. The rows stay until the new ones are there. While it runs, or the
   * first answer still arrives, another one does nothing.
   * @throws what the request throws
   */
  async refresh(): Promise<void> {
    if (this.#running !== undefined || this.table?.state.phase === 'arriving') {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    try {
      const { fetched, table } = await this.deps.fetch(anew(this.request), running.signal);
      try {
        if (running.signal.aborted) {
          throw cancelled();
        }
        const isFirst = this.outcome === undefined && this.#labels.size === 0;
        await this.#replace(table, fetched);
        if (isFirst) {
          await this.#learnLabels(fetched);
        }
      } finally {
        fetched.answer.dispose();
      }
    } catch (error) {
      this.failed(error);
      throw error;
    } finally {
      this.#running = undefined;
    }
  }

  async arrange(layout: Layout): Promise<void> {
    const isOtherAlert = layout.alert !== this.layout.alert;
    this.layout = layout;
    if (isOtherAlert) {
      await this.#lookForAlertsNow();
    }
  }

  /**
   * Compares with another result from now on; undefined: each answer with the one before.
   * @throws what the table throws
   */
  async compareWith(other: Compared | undefined): Promise<Differences | undefined> {
    const share = other?.table.share();
    try {
      this.differences = await this.table?.call('compare', {
        other: other?.table.number ?? null,
        isPart: other?.isPart === true,
      });
    } catch (error) {
      share?.dispose();
      throw error;
    }
    this.#compared?.share.dispose();
    this.#compared = other && share && { ...other, share };
    this.#changed.fire();
    return this.differences;
  }

  /** Asks the table, as it is arranged now. Resolves to the method's result, or to undefined where there is no table. */
  async ask(question: Question): Promise<unknown> {
    if (question.method === 'plot') {
      return this.plotting.of(question.field);
    }
    const { method, ...args } = question;
    return this.table?.call(method, { ...args, arrangement: this.arrangement } as Args<typeof method>);
  }

  override dispose(): void {
    this.#running?.abort(tabClosed);
    this.#tableOwned.dispose();
    this.#compared?.share.dispose();
    super.dispose();
  }

  async #replace(table: TableHandle, fetched: Fetched): Promise<void> {
    const { phase = 'failed', rowCount = 0 } = this.table?.state ?? {};
    // Of one that has failed, or was kept over a reload, only a part may be here.
    const isWhole = phase === 'done' && rowCount >= (this.kept?.totalRows ?? 0);
    const before = isWhole ? this.table : undefined;
    if (this.#compared?.table.state.lost !== undefined) {
      this.#compared.share.dispose();
      this.#compared = undefined;
    }
    const other = this.#compared?.table ?? before;
    const isPart = this.#compared?.isPart === true;
    const differences = await (other && table.call('compare', { other: other.number, isPart }));
    const begun = await this.#lookForAlerts(table, before);
    if (before !== undefined) {
      await this.plotting.remember(before, this.gotAt);
    }
    this.outcome = fetched;
    this.#adopt(table, fetched.answer.headText);
    this.differences = differences;
    if (begun.length > 0) {
      this.deps.alert(begun);
    }
    await this.plotting.remember(table, this.gotAt);
    this.#changed.fire();
  }

  #adopt(table: TableHandle, head: string | undefined): void {
    this.#tableOwned.dispose();
    this.#tableOwned = new DisposableStore();
    this.#tableOwned.add(table.share());
    this.#tableOwned.add(table.onDidChange(() => this.#changed.fire()));
    this.table = table;
    this.head = head;
    this.differences = undefined;
    this.gotAt = this.deps.clock.now().wall;
    this.kept = undefined;
    this.failure = undefined;
    this.masked = false;
  }

  /** Counts the rows that meet the condition now, without a message: they are marked in the table. */
  async #lookForAlertsNow(): Promise<void> {
    if (this.table?.state.phase === 'done') {
      await this.#lookForAlerts(this.table);
      this.#changed.fire();
    }
  }

  /** Counts the rows that meet the condition of the alert; returns the names of those that did not before. */
  async #lookForAlerts(table: TableHandle, before?: TableHandle): Promise<readonly string[]> {
    const { alert } = this.layout;
    const other = before?.number ?? null;
    const { count, begun } = await table.call('meeting', { alert, labels: this.labels, other });
    this.alerting = count;
    return begun;
  }

  /** Labels come from the view's definition, which is asked for only now that its session is open. */
  async #learnLabels(fetched: Fetched): Promise<void> {
    // Without a definition a field's label is its name.
    const columns = await this.deps.columns(fetched).catch((): readonly Column[] => []);
    this.hidden = columns.filter((column) => column.hidden).map(({ field }) => field);
    this.#labels = new Map(columns.flatMap(({ field, label }) => (label === field ? [] : [[field, label]])));
    this.#changed.fire();
  }
}

/** The request with what makes an open session collect its data anew, whichever that is: a watch must not open one each time. */
function anew(request: DataRequest): DataRequest {
  const { session: _, ...again } = { session: undefined, ...request };
  return { ...again, ...protocolTaking(request)?.dialog.anew };
}
