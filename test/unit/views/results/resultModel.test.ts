import assert from 'node:assert/strict';
import { TokensError } from '../../../../src/core/errors.ts';
import type { JsonObject } from '../../../../src/core/json.ts';
import type { Column } from '../../../../src/core/protocols/protocol.ts';
import type { DataRequest } from '../../../../src/core/requests/request.ts';
import { TableEngine } from '../../../../src/core/results/engine.ts';
import type { Page } from '../../../../src/core/results/shown.ts';
import { TableHandle } from '../../../../src/core/results/tableHandle.ts';
import type { Fetched } from '../../../../src/core/tokens/sessionCall.ts';
import type { FetchedTable } from '../../../../src/views/results/fetchTable.ts';
import { keptOf } from '../../../../src/views/results/kept.ts';
import { asSent } from '../../../../src/views/results/layout.ts';
import { ResultModel } from '../../../../src/views/results/resultModel.ts';
import { append, callOf } from '../../core/results/localTable.ts';
import { FakeClock } from '../../fakeClock.ts';

/** A table that is kept here and knows whether it has been let go. */
class FakeTable extends TableHandle {
  readonly engine: TableEngine;
  dropped = false;

  constructor(rows: JsonObject[]) {
    const engine = new TableEngine();
    const call = callOf(engine);
    super(tables.length, {
      call: (table, method, args) => {
        const { other = null } = (args ?? {}) as { other?: number | null };
        const own = other === null ? args : { ...args, other: tables[other]?.engine };
        return this.dropped || (other !== null && tables[other]?.dropped !== false)
          ? Promise.reject(new TokensError('E_CANCELLED', 'This result is not kept any more.'))
          : call(table, method, own as typeof args);
      },
      drop: () => {
        this.dropped = true;
      },
    });
    tables.push(this);
    this.engine = engine;
    this.add(rows, 'done');
  }

  add(rows: JsonObject[], phase: 'arriving' | 'done'): void {
    append(this.engine.table, rows);
    this.engine.isWhole = phase === 'done';
    this.update({ ...this.engine.summary(), phase });
  }
}

const tables: FakeTable[] = [];

function fetchedOf(table: FakeTable): FetchedTable {
  const own = table.share();
  const answer = {
    head: {},
    fields: table.state.fields,
    rowCount: table.state.rowCount,
    bytes: 0,
    rows: async () => [],
    dispose: () => own.dispose(),
  };
  const fetched: Fetched = {
    connection: 'c',
    query: {},
    answer,
    totalRows: table.state.rowCount,
    elapsedMs: 1,
    reused: false,
  };
  return { fetched, table };
}

const by = (field: string) => [{ field, descending: false }];

describe('results: what one result is', () => {
  const clock = new FakeClock();
  /** What is fetched next, and how that is told to end. */
  let fetching: { resolve(table: FetchedTable): void; reject(error: unknown): void; signal: AbortSignal };
  let asked: DataRequest;
  let columns: () => Promise<readonly Column[]>;
  let model: ResultModel;
  const alerted: (readonly string[])[] = [];

  beforeEach(() => {
    columns = async () => [];
    const request = { connection: 'c', product: 'P', view: 'V', session: 'new', keepOpen: false };
    model = new ResultModel({ request, title: 'P/V', groupings: [] }, asSent, {
      clock,
      fetch: (request, signal) =>
        new Promise((resolve, reject) => {
          asked = request;
          fetching = { resolve, reject, signal };
        }),
      columns: () => columns(),
      alert: (rows) => alerted.push(rows),
    });
  });

  const page = () =>
    model.ask({ method: 'page', from: 0, to: 100, whole: false }) as Promise<Page | undefined>;
  const values = async () =>
    (await page())?.rows.map(({ index, cells }) => (index < 0 ? `-${cells[0]}` : cells[0]));

  it('shows rows while they arrive, arranged, and their labels when they are known', async () => {
    const table = new FakeTable([{ v: '3' }]);
    let told = 0;
    model.onDidChange(() => told++);
    columns = async () => [{ field: 'v', label: 'Value' }];
    model.show(table);
    assert.equal(told, 1);
    await model.arrange({ ...asSent, sort: by('v') });
    const { revision } = model;
    table.add([{ v: '1' }, { v: '2' }], 'arriving');
    assert.deepEqual(await values(), ['1', '2', '3']);
    assert.equal(model.revision, revision);
    table.add([{ v: '0', w: 'new' }], 'done');
    await model.finished(fetchedOf(table).fetched);
    assert.deepEqual(await values(), ['0', '1', '2', '3']);
    assert.equal(model.labelOf('v'), 'Value');
    assert.notEqual(model.revision, revision, 'there is another field, and labels to filter by');
    assert.deepEqual(model.seenFields, ['v', 'w']);
  });

  it('a definition that cannot be had is no failure, nor is a table that is let go meanwhile', async () => {
    const table = new FakeTable([{ v: '3' }]);
    model.show(table);
    columns = () => Promise.reject(new TokensError('E_HTTP', 'none'));
    await model.finished(fetchedOf(table).fetched);
    assert.equal(model.failure, undefined);
    assert.equal(model.labelOf('v'), 'v');
  });

  it('keeps the rows until those of a refresh are there, and marks what has changed', async () => {
    const first = new FakeTable([
      { k: 'a', v: '1' },
      { k: 'b', v: '2' },
    ]);
    const { fetched } = fetchedOf(first);
    model.show(first);
    fetched.answer.dispose();
    const refreshed = model.refresh();
    await model.refresh();
    assert.deepEqual(await values(), ['a', 'b']);
    clock.advance(5000);
    const next = new FakeTable([
      { k: 'b', v: '3' },
      { k: 'a', v: '1' },
    ]);
    fetching.resolve(fetchedOf(next));
    await refreshed;
    assert.deepEqual(
      (await page())?.rows.map(({ changed }) => changed),
      [[1], undefined],
    );
    assert.equal(model.gotAt, clock.now().wall);
    assert.deepEqual([first.dropped, next.dropped], [true, false]);
    model.dispose();
    assert.equal(next.dropped, true);
  });

  it('is not got anew while its first answer still arrives, which would come back later', async () => {
    const table = new FakeTable([{ v: '1' }]);
    table.update({ phase: 'arriving' });
    model.show(table);
    const before = fetching;
    await Promise.race([model.refresh(), Promise.resolve()]);
    assert.equal(fetching, before);
    table.update({ phase: 'done' });
    void model.refresh();
    assert.notEqual(fetching, before);
    fetching.resolve(fetchedOf(new FakeTable([{ v: '2' }])));
  });

  it('a click on a header during a refresh counts for what comes', async () => {
    model.show(new FakeTable([{ v: '2', w: 'a' }]));
    await model.arrange({ ...asSent, sort: by('v') });
    const refreshed = model.refresh();
    fetching.resolve(
      fetchedOf(
        new FakeTable([
          { v: '1', w: 'c' },
          { v: '2', w: 'b' },
          { v: '3', w: 'a' },
        ]),
      ),
    );
    await model.arrange({ ...asSent, sort: by('w'), filter: '-v:1' });
    await refreshed;
    assert.deepEqual(await values(), ['3', '2']);
    assert.deepEqual([(await page())?.shown, model.arrangement.sort], [2, by('w')]);
  });

  it('is got anew in whichever session is open, however the first one was asked for', async () => {
    model.show(new FakeTable([{ v: '1' }]));
    void model.refresh();
    assert.deepEqual(asked, { connection: 'c', product: 'P', view: 'V', keepOpen: false, refresh: true });
    fetching.resolve(fetchedOf(new FakeTable([{ v: '2' }])));
  });

  it('keeps the rows where a refresh fails, and says so until another one works', async () => {
    const table = new FakeTable([{ v: '1' }]);
    model.show(table);
    const failing = model.refresh();
    fetching.reject(new TokensError('E_NETWORK', 'down'));
    await assert.rejects(failing, { code: 'E_NETWORK' });
    assert.ok(model.failure instanceof TokensError);
    assert.deepEqual(await values(), ['1']);
    const working = model.refresh();
    fetching.resolve(fetchedOf(new FakeTable([{ v: '2' }])));
    await working;
    assert.equal(model.failure, undefined);
    assert.deepEqual(await values(), ['2']);
  });

  it('compares with no answer of which only a part is here: the rest of the rows would be new', async () => {
    const rows = [{ k: 'a' }, { k: 'b' }];
    const refresh = async () => {
      const refreshed = model.refresh();
      fetching.resolve(fetchedOf(new FakeTable(rows)));
      await refreshed;
      return model.differences;
    };
    const broken = new FakeTable([{ k: 'a' }]);
    model.show(broken);
    broken.update({ phase: 'failed' });
    broken.dropped = true; // As the worker does where the body is no JSON.
    columns = async () => [{ field: 'k', label: 'Key' }];
    assert.equal(await refresh(), undefined);
    assert.equal(model.labelOf('k'), 'Key', 'nobody has asked for the definition yet');
    assert.ok(await refresh());
    const services = { hasSecret: () => false, hide: String, redact: String };
    const kept = (await keptOf(model, services)) ?? assert.fail();
    model.show(new FakeTable([{ k: 'a' }]), kept, kept);
    assert.equal(await refresh(), undefined);
    model.show(new FakeTable(rows), kept, kept);
    assert.deepEqual(await refresh(), { added: 0, changed: 0, gone: 0 });
  });

  it('counts the rows that meet the alert of the view also after a reload, and among groups', async () => {
    await model.arrange({ ...asSent, alert: 'v > 90' });
    const told = () =>
      new Promise<void>((resolve) => model.onDidChange(() => model.alerting > 0 && resolve()));
    const shown = told();
    model.show(new FakeTable([{ v: '95' }]));
    await shown;
    const services = { hasSecret: () => false, hide: String, redact: String };
    const kept = (await keptOf(model, services)) ?? assert.fail();
    model.alerting = 0;
    const restored = told();
    model.show(new FakeTable([{ v: '95' }]), kept, kept);
    await restored;
    assert.equal(model.alerting, 1);
  });

  it('tells of rows that begin to meet the alert, once, and again when it was over', async () => {
    const rows = (a: string, b: string) => [
      { k: 'a', v: a },
      { k: 'b', v: b },
    ];
    const refresh = async (a: string, b: string) => {
      const refreshed = model.refresh();
      fetching.resolve(fetchedOf(new FakeTable(rows(a, b))));
      await refreshed;
      return [alerted.splice(0).flat().join(' '), model.alerting];
    };
    alerted.length = 0;
    const first = new FakeTable(rows('95', '1'));
    model.show(first);
    await model.finished(fetchedOf(first).fetched);
    await model.arrange({ ...asSent, alert: 'v > 90' });
    assert.equal(model.alerting, 1, 'what meets it already is seen, not told');
    assert.deepEqual(await refresh('96', '1'), ['', 1]);
    assert.deepEqual(await refresh('97', '91'), ['b', 2]);
    assert.deepEqual(
      (await page())?.rows.map(({ alert }) => alert),
      [[1], [1]],
    );
    assert.deepEqual(await refresh('5', '92'), ['', 1]);
    assert.deepEqual(await refresh('99', '93'), ['a', 2]);
    await model.arrange(asSent);
    assert.deepEqual(await refresh('99', '99'), ['', 0]);
  });

  it('is compared with the answer before, or with another result until that is ended', async () => {
    const table = (k: string) => new FakeTable([{ k, v: '1' }]);
    const refresh = async (k: string) => {
      const refreshed = model.refresh();
      fetching.resolve(fetchedOf(table(k)));
      await refreshed;
      return model.differences;
    };
    const one = { added: 1, changed: 0, gone: 1 };
    const none = { added: 0, changed: 0, gone: 0 };
    model.show(table('a'));
    assert.equal(model.differences, undefined);
    assert.deepEqual(await refresh('b'), one);
    assert.deepEqual(await refresh('b'), none);
    const other = table('x');
    const { revision } = model;
    assert.deepEqual(await model.compareWith({ title: 'other', table: other }), one);
    assert.notEqual(model.revision, revision, 'other rows are shown');
    assert.deepEqual(await values(), ['-x', 'b']);
    assert.deepEqual([await refresh('x'), model.comparedWith], [none, 'other']);
    assert.deepEqual(await values(), ['x']);
    await model.arrange({ ...asSent, onlyChanged: true });
    assert.deepEqual(await values(), []);
    assert.deepEqual([await model.compareWith(undefined), model.comparedWith], [undefined, undefined]);
    assert.equal(other.dropped, true);
    assert.deepEqual(await refresh('y'), one);
    other.update({ phase: 'done' });
    const last = table('z');
    await model.compareWith({ title: 'last', table: last });
    last.update({ lost: new TokensError('E_PROTOCOL', 'gone') });
    assert.deepEqual([await refresh('z'), model.comparedWith], [one, undefined]);
    model.dispose();
  });

  it('knows what was said beside the rows, also after a reload, and keeps it without secrets', async () => {
    const services = {
      hasSecret: () => false,
      hide: (text: string) => text.replaceAll('hunter2', '***'),
      redact: (text: string) => text.replace(/(?<=^token=).*/, '***'),
    };
    const table = new FakeTable([{ v: '1' }]);
    table.engine.table.missing = 'NA';
    table.add([], 'done');
    const { fetched } = fetchedOf(table);
    const headText = '{"rc":4.10,"20":12345678901234567890,"token":"abc","told":["hunter2"]}';
    model.show(table);
    assert.equal((await keptOf(model, services))?.head, undefined);
    await model.finished({ ...fetched, answer: { ...fetched.answer, headText } });
    const kept = (await keptOf(model, services)) ?? assert.fail();
    const clean = '{"rc":4.10,"20":12345678901234567890,"token":"***","told":["***"]}';
    assert.equal(kept.head, clean);
    assert.equal(kept.missing, 'NA', 'what stands for no number');
    model.show(new FakeTable([{ v: '1' }]), kept, kept);
    assert.equal(model.head, clean);
    const large = JSON.stringify({ text: 'x'.repeat(100_000) });
    await model.finished({ ...fetched, answer: { ...fetched.answer, headText: large } });
    model.kept = undefined;
    assert.equal((await keptOf(model, services))?.head, undefined);
  });

  it('a tab that is closed stops its refresh and lets what comes go', async () => {
    model.show(new FakeTable([{ v: '1' }]));
    const closed = model.refresh();
    model.dispose();
    assert.ok(fetching.signal.aborted);
    const late = new FakeTable([{ v: '2' }]);
    fetching.resolve(fetchedOf(late));
    await assert.rejects(closed, { code: 'E_CANCELLED' });
    assert.equal(late.dropped, true);
  });
});
