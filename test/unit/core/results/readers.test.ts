import assert from 'node:assert/strict';
import type { Worker } from 'node:worker_threads';
import { SystemClock } from '../../../../src/core/clock.ts';
import { TokensError } from '../../../../src/core/errors.ts';
import { rowsAt as inRows } from '../../../../src/core/protocols/cra/request.ts';
import { type ReaderOptions, readerMaker, tableOf } from '../../../../src/core/results/readers.ts';
import type { TableHandle } from '../../../../src/core/results/tableHandle.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';
import { FakeClock } from '../../fakeClock.ts';

const workerFile = new URL('../../../../src/core/results/worker.ts', import.meta.url);

function bodyOf(rowCount: number): Uint8Array {
  const Rows = Array.from({ length: rowCount }, (_, at) => ({
    NAME: `JOB${at}`,
    CPU: [{ '0': String((at * 7919) % rowCount) }],
    __x: at,
    ...(at % 3 === 0 ? { ODD: 'é' } : {}),
  }));
  return new TextEncoder().encode(JSON.stringify({ session: 'secret', Rows, totalRows: rowCount }));
}

describe('results: readers', () => {
  let worker: WorkerClient;
  beforeEach(() => {
    worker = new WorkerClient(workerFile, new SystemClock());
  });
  afterEach(() => worker.dispose());

  async function read(body: Uint8Array, options: Partial<ReaderOptions> = {}, client = worker) {
    const scalars: string[] = [];
    const reader = readerMaker(client, { maxBytes: 1e9, ...options })(inRows, (name, value) =>
      scalars.push(`${name}=${value}`),
    );
    for (let at = 0; at < body.length; at += 50_000) {
      await reader.write(body.slice(at, at + 50_000));
    }
    return { answer: await reader.end(), scalars };
  }

  it('end the worker when it has had no table for a while, and begin anew with the next', async () => {
    const clock = new FakeClock();
    const worker = new WorkerClient(workerFile, clock);
    let threads = 0;
    const count = (thread: Worker) => {
      threads++;
      thread.once('exit', () => threads--);
    };
    process.on('worker', count);
    const body = bodyOf(20_000);
    const { answer: first } = await read(body, {}, worker);
    const { answer: second } = await read(body, {}, worker);
    first.dispose();
    assert.equal((await second.rows()).length, 20_000);
    assert.equal(threads, 1);
    second.dispose();
    clock.advance(29_000);
    const { answer: again } = await read(body, {}, worker);
    assert.equal(threads, 1);
    clock.advance(60_000);
    assert.equal((await again.rows()).length, 20_000);
    again.dispose();
    clock.advance(31_000);
    while (threads > 0) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { answer: third } = await read(body, {}, worker);
    assert.equal((await third.rows()).length, 20_000);
    third.dispose();
    assert.equal(threads, 1);
    await assert.rejects(third.rows());
    worker.dispose();
    process.off('worker', count);
  });

  it('free the memory of a chunk that was taken, unless it is a part of something', async () => {
    const body = bodyOf(20_000);
    const whole = body.slice(0, 400_000);
    const part = body.subarray(400_000);
    const reader = readerMaker(worker, { maxBytes: 1e9 })(inRows, () => undefined);
    await reader.write(whole);
    await reader.write(part);
    assert.equal(whole.length, 0);
    assert.equal(part.length, body.length - 400_000);
    const answer = await reader.end();
    assert.equal((await answer.rows()).length, 20_000);
    answer.dispose();
  });

  for (const [where, rowCount] of [
    ['a small answer', 100],
    ['a large one', 20_000],
  ] as const) {
    it(`reads ${where}, tells scalars once, and shows rows before the end`, async () => {
      const body = bodyOf(rowCount);
      let table: TableHandle | undefined;
      const counts: number[] = [];
      const { answer, scalars } = await read(body, {
        onTable: (made) => {
          table = made;
          made.onDidChange(({ rowCount: count }) => counts.push(count));
        },
      });
      assert.deepEqual(scalars, ['session=secret', `totalRows=${rowCount}`]);
      assert.equal(answer.rowCount, rowCount);
      assert.equal(answer.bytes, body.length);
      assert.deepEqual(answer.fields, ['NAME', 'CPU', '__x', 'ODD']);
      assert.deepEqual(answer.head, { session: 'secret', Rows: [], totalRows: rowCount });
      assert.ok((counts[0] ?? 0) > 0);
      const rows = await answer.rows();
      assert.equal(rows.length, rowCount);
      assert.deepEqual(rows[rowCount - 1]?.NAME, `JOB${rowCount - 1}`);
      assert.deepEqual(rows[3], { NAME: 'JOB3', CPU: String((3 * 7919) % rowCount), __x: 3, ODD: 'é' });

      assert.ok(table);
      const arrangement = { sort: [{ field: 'CPU', descending: true }], filter: 'cpu<50', labels: [] };
      const page = await table.call('page', { arrangement, from: 0, to: 2 });
      assert.equal(page.shown, 50);
      assert.deepEqual(
        page.rows.map(({ cells }) => cells[1]),
        ['49', '48'],
      );
      answer.dispose();
      await assert.rejects(table.call('page', { from: 0, to: 1 }));
    });
  }

  it('keep the rows that have come for who shows them, where the rest cannot be read', async () => {
    let table: TableHandle | undefined;
    const reader = readerMaker(worker, {
      maxBytes: 1e9,
      onTable: (made) => {
        table = made;
      },
    })(inRows, () => undefined);
    const share = table?.share();
    await reader.write(Buffer.from('{"Rows":[{"A":"1"},{"A":"2"}'));
    await reader.write(Buffer.from('oops'));
    await assert.rejects(async () => reader.end(), { code: 'E_PROTOCOL' });
    await reader.abort();
    const page = await table?.call('page', { from: 0, to: 9 });
    assert.deepEqual(
      page?.rows.map(({ cells }) => cells),
      [['1'], ['2']],
    );
    share?.dispose();
    await assert.rejects(async () => table?.call('page', { from: 0, to: 9 }), { code: 'E_CANCELLED' });
  });

  it('brings all rows while they arrive, also odd ones, and lets others come in between', async () => {
    const rowCount = 60_000;
    const rows = Array.from({ length: rowCount }, (_, at) => ({
      NAME: `JOB${at}`,
      TEXT: 'x'.repeat(at === 30_000 ? 700_000 : 100),
      LIST: at % 1000 === 0 ? ['a', '\u00fc'] : '\u20ac',
    }));
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const { answer } = await read(new TextEncoder().encode(JSON.stringify({ Rows: rows })));
    assert.deepEqual(await answer.rows(), rows);
    clearInterval(timer);
    assert.ok(turns >= 10, `${turns} turns`);
    answer.dispose();
  });

  it('brings no rows where nobody wants them', async () => {
    const { answer } = await read(bodyOf(10), { wantsRows: false });
    await assert.rejects(answer.rows());
    answer.dispose();
  });

  for (const [why, code, mistake] of [
    ['a mistake', 'E_PROTOCOL', 'throw new Error("a mistake")'],
    ['its end', 'E_PROTOCOL', 'process.exit(3)'],
    [
      'a lack of memory',
      'E_TOO_LARGE',
      'throw Object.assign(new Error("full"), { code: "ERR_WORKER_OUT_OF_MEMORY" })',
    ],
  ] as const) {
    it(`tells who has a table, and the log, of the end of the thread by ${why}, and starts another`, async () => {
      const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
      // Its listener is the first one.
      const mistaken = module(`import { parentPort } from 'node:worker_threads';
        parentPort.on('message', (message) => {
          if (message.method === 'statistics') {
            Object.assign(message, { call: 0, table: 0, method: 'drop' });
            ${mistake};
          }
        });`);
      const script = module(`import ${JSON.stringify(mistaken)}; import ${JSON.stringify(workerFile.href)};`);
      const logged: string[] = [];
      const log = { error: (message: string) => void logged.push(message) };
      const dying = new WorkerClient(new URL(script), new SystemClock(), log);
      const tables: TableHandle[] = [];
      const open = () =>
        readerMaker(dying, { maxBytes: 1e9, onTable: (table) => tables.push(table) })(
          inRows,
          () => undefined,
        );
      const body = bodyOf(20_000);
      const whole = open();
      await whole.write(body.slice());
      const answer = await whole.end();
      const arriving = open();
      await arriving.write(body.slice(0, 600_000));
      const [table] = tables;
      assert.ok(table);
      const told = (error: unknown) =>
        error instanceof TokensError && error.code === code && !error.message.includes('not kept');
      await assert.rejects(table.call('statistics', { field: 'a', from: 0, to: 1 }), told);
      assert.ok(told(table.state.lost));
      assert.equal(table.state.phase, 'failed');
      await assert.rejects(table.call('page', { from: 0, to: 1 }), told);
      await assert.rejects(async () => arriving.end(), told);
      assert.equal(logged.length, 1);
      assert.match(logged[0] ?? '', /a mistake|exit code 3|full/);
      answer.dispose();

      const again = open();
      await again.write(body.slice());
      assert.equal((await again.end()).rowCount, 20_000);
      assert.equal((await tables.at(-1)?.call('page', { from: 0, to: 1 }))?.rows.length, 1);
      dying.dispose();
      assert.equal(logged.length, 1);
    });
  }

  it('tells of the scalars that have arrived also where the body breaks off just then', async () => {
    for (const piece of ['{"session":"S","Rows":[{"a":1},', '{"session":"S","Rows":[5']) {
      const scalars: string[] = [];
      let table: TableHandle | undefined;
      const reader = readerMaker(worker, {
        maxBytes: 1000,
        onTable: (made) => {
          table = made;
        },
      })(inRows, (name, value) => scalars.push(`${name}=${value}`));
      await reader.write(Buffer.from(piece));
      try {
        await reader.write(Buffer.alloc(1000));
      } catch {
        // Too large.
      }
      await reader.abort();
      assert.deepEqual(scalars, ['session=S']);
      assert.equal(table?.state.phase, 'failed');
      await assert.rejects(async () => table?.call('page', { from: 0, to: 1 }));
    }
  });

  it('makes a table of rows that are here already, and of nothing else', async () => {
    const { table, share } = await tableOf(worker, '[{"a":1.10},{"b":null}]');
    assert.deepEqual(table.state.fields, ['a', 'b']);
    assert.equal((await table.call('page', { from: 0, to: 9 })).rows[0]?.cells[0], '1.10');
    share.dispose();
    const kept = await tableOf(worker, '[{"a":1},{"a":"NA"},{"a":2}]', 'NA');
    assert.equal(kept.table.state.missing, 'NA');
    const { rows } = await kept.table.call('page', { from: 1, to: 2 });
    assert.deepEqual(rows[0]?.cells, [{ none: 'null' }], 'as where the gateway sends it');
    kept.share.dispose();
    for (const rows of ['[1]', '{', '[{"a":1}', '5']) {
      await assert.rejects(
        tableOf(worker, rows),
        (error) => error instanceof TokensError && error.code === 'E_PROTOCOL',
      );
    }
  });

  it('keeps a table while anyone holds a share', async () => {
    let table: TableHandle | undefined;
    const { answer } = await read(bodyOf(20_000), {
      onTable: (made) => {
        table = made;
      },
    });
    const share = table?.share();
    answer.dispose();
    assert.equal((await table?.call('page', { from: 5, to: 6 }))?.rows.length, 1);
    share?.dispose();
    await assert.rejects(async () => table?.call('page', { from: 5, to: 6 }));
  });

  it('finds changes between tables, small and large', async () => {
    const tables: TableHandle[] = [];
    const onTable = (made: TableHandle) => {
      made.share();
      tables.push(made);
    };
    await read(bodyOf(10), { onTable });
    await read(bodyOf(20_000), { onTable });
    await read(bodyOf(20_000), { onTable });
    const [small, large, again] = tables as [TableHandle, TableHandle, TableHandle];
    await large.call('compare', { other: small.number });
    await again.call('compare', { other: large.number });
    await small.call('compare', { other: large.number });
    const changed = async (table: TableHandle) =>
      (await table.call('page', { from: 8, to: 11 })).rows.map((row) => row.changed?.[0] ?? 'same');
    assert.deepEqual(await changed(again), ['same', 'same', 'same']);
    assert.deepEqual((await changed(large))[2], -1);
  });

  it('stops at the bound and at broken bodies, small and large', async () => {
    const code = (expected: string) => (error: unknown) =>
      error instanceof TokensError && error.code === expected;
    await assert.rejects(read(bodyOf(20_000), { maxBytes: 400_000 }), code('E_TOO_LARGE'));
    await assert.rejects(read(bodyOf(100), { maxBytes: 1000 }), code('E_TOO_LARGE'));
    await assert.rejects(read(bodyOf(20_000).slice(0, -20)), code('E_PROTOCOL'));
    await assert.rejects(read(bodyOf(100).slice(0, -20)), code('E_PROTOCOL'));
    const spoilt = bodyOf(20_000);
    spoilt.fill(0x7d, 300_000, 300_060);
    await assert.rejects(read(spoilt), code('E_PROTOCOL'));
  });
});
