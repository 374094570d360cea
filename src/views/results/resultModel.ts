import type { Clock } from '../../core/clock.ts';
import { type Disposable, DisposableStore } from '../../core/disposable.ts';
import { cancelled, notLookedAt } from '../../core/errors.ts';
import { Emitter, type Event } from '../../core/event.ts';
import type { JsonObject } from '../../core/json.ts';
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
import { Plotting, type ShowPlot } from './plotting.ts';

/** What a result needs of the rest. */
interface ModelServices {
  readonly clock: Clock;
  /** Gets the data of a request; the answer is the caller's. */
  readonly fetch: (request: DataRequest, signal: AbortSignal) => Promise<FetchedTable>;
  /** The columns by the view's definition. */
  readonly columns: (fetched: Fetched) => Promise<readonly Column[]>;
  readonly plot: ShowPlot;
  /** Hears of rows of a refresh that have begun to meet the condition of the alert, by what they are called. */
  readonly alert: (rows: readonly string[]) => void;
}

interface Compared {
  /** Of which result it is. */
  readonly title: string;
  readonly table: TableHandle;
  /** Whether columns may have been left out of it. */
  readonly isPart?: boolean;
}

/** What one result is: its table, how that is arranged and labelled, and what came of the last request. */
export class ResultModel implements Disposable {
  readonly request: DataRequest;
  readonly title: string;
  /** What is done to an answer, one after the other, before it is shown. */
  readonly groupings: readonly Grouping[];
  readonly plotting: Plotting;
  readonly #services: ModelServices;
  readonly #changed = new Emitter<void>();
  /** Something else is to be shown. */
  readonly onDidChange: Event<void> = this.#changed.event;
  /** How a person has arranged the table. */
  layout: Layout;
  #table: TableHandle | undefined;
  #tableOwned = new DisposableStore();
  #labels = new Map<string, string>();
  #running: AbortController | undefined;
  #compared: (Compared & { readonly share: Disposable }) | undefined;
  /** How the rows differ from those of the table compared with; undefined where there is none. */
  differences: Differences | undefined;
  /** Grows with other data, or labels to filter by: rows that were shown are not true any more. */
  revision = 1;
  #fields = '';
  /** How many rows meet the condition of the alert. */
  alerting = 0;
  /** What is known of the answer that is shown. */
  outcome: Fetched | undefined;
  /** What the gateway said beside the rows, while that is known. */
  head: JsonObject | undefined;
  /** Why the rows are not all there, or not those of now. */
  failure: unknown;
  /** When the data were got, as epoch milliseconds. */
  gotAt: number;
  /** What was kept over a reload, while that is what is shown. */
  kept: KeptState | undefined;
  /** Fields that the view's definition hides at first. */
  hidden: readonly string[] = [];

  constructor(
    request: DataRequest,
    title: string,
    layout: Layout,
    services: ModelServices,
    groupings: readonly Grouping[] = [],
  ) {
    this.request = request;
    this.groupings = groupings;
    this.title = title;
    this.layout = layout;
    this.#services = services;
    this.gotAt = services.clock.now().wall;
    this.plotting = new Plotting(this, services.plot);
  }

  get table(): TableHandle | undefined {
    return this.#table;
  }

  /** The columns that a person sees, in their order. */
  get seenFields(): readonly string[] {
    return seenFields(this.layout, this.#table?.state.fields ?? [], this.hidden);
  }

  get arrangement(): Arrangement {
    const { sort, filter, onlyChanged, alert } = this.layout;
    return { sort, filter, onlyChanged, alert, labels: this.labels };
  }

  get labels(): [field: string, label: string][] {
    return [...this.#labels];
  }

  labelOf(field: string): string {
    return this.#labels.get(field) ?? field;
  }

  /** The title of the result that is compared with; undefined where it is the answer before. */
  get comparedWith(): string | undefined {
    return this.#compared?.title;
  }

  /** Shows a table, which may still be arriving. */
  show(
    table: TableHandle,
    labels: readonly (readonly [field: string, label: string])[] = [],
    head?: JsonObject,
  ): void {
    this.#labels = new Map(labels);
    this.#adopt(table, head);
    this.#changed.fire();
  }

  /** The answer that is shown has come to its end. Resolves when what its view's definition says of it is known, too. */
  async finished(fetched: Fetched): Promise<void> {
    this.outcome = fetched;
    this.head = fetched.answer.head;
    this.#arrived();
    await this.#learnLabels(fetched);
    await this.#lookForAlertsNow();
  }

  /** The answer that is shown will not come to its end. */
  failed(error: unknown): void {
    this.failure = error;
    this.#changed.fire();
  }

  /** Shows what was kept over a reload. */
  restore(kept: KeptState, table: TableHandle): void {
    this.#labels = new Map(kept.labels);
    this.hidden = kept.hidden;
    this.#adopt(table, kept.head === undefined ? undefined : JSON.parse(kept.head));
    this.gotAt = kept.gotAt;
    this.kept = kept;
    this.#changed.fire();
  }

  /**
   * Runs the request again and shows what has changed. The rows stay until the new ones are there. While it runs, or the
   * first answer still arrives, another one does nothing.
   * @throws what the request throws
   */
  async refresh(): Promise<void> {
    if (this.#running !== undefined || this.#table?.state.phase === 'arriving') {
      return;
    }
    const running = new AbortController();
    this.#running = running;
    try {
      const { fetched, table } = await this.#services.fetch(anew(this.request), running.signal);
      try {
        if (running.signal.aborted) {
          throw cancelled();
        }
        await this.#replace(table, fetched);
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

  /** Arranges the table otherwise. */
  async arrange(layout: Layout): Promise<void> {
    const isOtherAlert = layout.alert !== this.layout.alert;
    this.layout = layout;
    if (isOtherAlert) {
      await this.#lookForAlertsNow();
    }
    await this.plotting.draw();
  }

  /**
   * Compares with another result from now on; undefined: with the answer before, as far as there is one to come.
   * @throws what the table throws
   */
  async compareWith(other: Compared | undefined): Promise<Differences | undefined> {
    const share = other?.table.share();
    try {
      this.differences = await this.#table?.call('compare', {
        other: other?.table.number ?? null,
        isPart: other?.isPart === true,
      });
    } catch (error) {
      share?.dispose();
      throw error;
    }
    this.#compared?.share.dispose();
    this.#compared = other && share && { ...other, share };
    this.revision++;
    this.#changed.fire();
    return this.differences;
  }

  /** Asks the table, as it is arranged now. Resolves to the method's result, or to undefined where there is no table. */
  async ask({ method, ...args }: Question): Promise<unknown> {
    return this.#table?.call(method, { ...args, arrangement: this.arrangement } as Args<typeof method>);
  }

  dispose(): void {
    this.#running?.abort(notLookedAt);
    this.#tableOwned.dispose();
    this.#compared?.share.dispose();
    this.#changed.dispose();
  }

  async #replace(table: TableHandle, fetched: Fetched): Promise<void> {
    const before = this.#table?.state.lost === undefined ? this.#table : undefined;
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
    this.#adopt(table, fetched.answer.head);
    this.differences = differences;
    if (begun.length > 0) {
      this.#services.alert(begun);
    }
    await this.plotting.remember(table, this.gotAt);
    this.#changed.fire();
    await this.plotting.draw();
  }

  #adopt(table: TableHandle, head: JsonObject | undefined): void {
    this.#tableOwned.dispose();
    this.#tableOwned = new DisposableStore();
    this.#tableOwned.add(table.share());
    this.#tableOwned.add(table.onDidChange(() => this.#arrived()));
    this.#table = table;
    this.head = head;
    this.#fields = table.state.fields.join('\u0000');
    this.revision++;
    this.differences = undefined;
    this.gotAt = this.#services.clock.now().wall;
    this.kept = undefined;
    this.failure = undefined;
  }

  /** What meets the condition now is seen; only what begins to later is told. */
  async #lookForAlertsNow(): Promise<void> {
    if (this.#table?.state.phase === 'done') {
      await this.#lookForAlerts(this.#table);
      this.#changed.fire();
    }
  }

  /** Counts the rows that meet the condition of the alert; answers what those are called that did not before. */
  async #lookForAlerts(table: TableHandle, before?: TableHandle): Promise<readonly string[]> {
    const { alert } = this.layout;
    const other = before?.number ?? null;
    const { count, begun } = await table.call('meeting', { alert, labels: this.labels, other });
    this.alerting = count;
    return begun;
  }

  /** More rows have come, or the table is whole. */
  #arrived(): void {
    const fields = this.#table?.state.fields.join('\u0000') ?? '';
    if (fields !== this.#fields) {
      this.#fields = fields;
      this.revision++;
    }
    this.#changed.fire();
  }

  /** Labels come from the view's definition, which is asked for only now that its session is open. */
  async #learnLabels(fetched: Fetched): Promise<void> {
    // Without a definition a field's label is its name.
    const columns = await this.#services.columns(fetched).catch((): readonly Column[] => []);
    this.hidden = columns.filter((column) => column.hidden).map(({ field }) => field);
    this.#labels = new Map(columns.flatMap(({ field, label }) => (label === field ? [] : [[field, label]])));
    this.revision++;
    this.#changed.fire();
  }
}

/** An open session may answer with the data that it has collected before, unless it is told to collect them anew. */
function anew(request: DataRequest): DataRequest {
  return { ...request, ...protocolTaking(request)?.dialog.anew };
}
