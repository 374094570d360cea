import assert from 'node:assert/strict';
import { TokensError } from '../../../../src/core/errors.ts';
import { rowsAt as inRows } from '../../../../src/core/protocols/cra/request.ts';
import { TableDesk } from '../../../../src/core/results/desk.ts';
import { LiveTable } from '../../../../src/core/results/liveTable.ts';
import { type ReaderOptions, readerMaker } from '../../../../src/core/results/readers.ts';
import { TableWorker } from '../../../../src/core/results/workerClient.ts';
import type { Given, Question, Told } from '../../../../src/core/results/workerMessages.ts';

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
  let worker: TableWorker;
  beforeEach(() => {
    worker = new TableWorker(workerFile);
  });
  afterEach(() => worker.dispose());

  async function read(body: Uint8Array, options: Partial<ReaderOptions> = {}) {
    const scalars: string[] = [];
    const reader = readerMaker(worker, { maxBytes: 1e9, ...options })(inRows, (name, value) =>
      scalars.push(`${name}=${value}`),
    );
    for (let at = 0; at < body.length; at += 50_000) {
      await reader.write(body.slice(at, at + 50_000));
    }
    return { answer: await reader.end(), scalars };
  }

  it('give the memory of the thread back with the last large table, and begin anew with the next', async () => {
    // Every thread of a process has a port of messages, which is counted.
    const threads = () => process.getActiveResourcesInfo().filter((name) => name === 'MessagePort').length;
    const none = threads();
    const body = bodyOf(20_000);
    const { answer: first } = await read(body);
    const { answer: second } = await read(body);
    first.dispose();
    assert.equal((await second.rows()).length, 20_000);
    assert.ok(threads() > none);
    second.dispose();
    while (threads() > none) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { answer: third } = await read(body);
    assert.equal((await third.rows()).length, 20_000);
    third.dispose();
    await assert.rejects(third.rows());
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
    ['here', 100],
    ['in the worker', 20_000],
  ] as const) {
    it(`reads ${where}, tells scalars once, and shows rows before the end`, async () => {
      const body = bodyOf(rowCount);
      let table: LiveTable | undefined;
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
      assert.deepEqual(
        answer.fields,
        ['NAME', 'CPU', '__x', 'ODD'].sort((a, b) => answer.fields.indexOf(a) - answer.fields.indexOf(b)),
      );
      assert.deepEqual(answer.head, { session: 'secret', Rows: [], totalRows: rowCount });
      assert.ok((counts[0] ?? 0) > 0);
      const rows = await answer.rows();
      assert.equal(rows.length, rowCount);
      assert.deepEqual(rows[rowCount - 1]?.NAME, `JOB${rowCount - 1}`);
      assert.deepEqual(rows[3], { NAME: 'JOB3', CPU: String((3 * 7919) % rowCount), __x: 3, ODD: 'é' });

      assert.ok(table);
      assert.equal(table.inWorker, rowCount > 1000);
      const count = await table.ask('arrange', {
        sort: [{ field: 'CPU', descending: true }],
        filter: 'cpu<50',
        labels: [],
      });
      assert.equal(count, 50);
      const page = await table.ask('page', { from: 0, to: 2 });
      assert.deepEqual(
        page.rows.map(({ cells }) => cells[1]),
        ['49', '48'],
      );
      answer.dispose();
      await assert.rejects(table.ask('page', { from: 0, to: 1 }));
    });
  }

  it('lets others come in between while it brings many rows', async () => {
    const desk = new TableDesk();
    const rowCount = 20_000;
    desk.table.append(
      Array.from({ length: rowCount }, (_, at) => ({ NAME: `JOB${at}`, TEXT: 'x'.repeat(100) })),
    );
    /** Has every answer at once. */
    class Ready extends TableWorker {
      override async ask<Q extends Question>(_: number, question: Q, given: Given<Q>): Promise<Told<Q>> {
        return (desk[question] as (given: Given<Q>) => Told<Q>).call(desk, given);
      }
    }
    const table = new LiveTable(desk);
    table.update(desk.summary());
    table.moveTo(new Ready(workerFile), 1);
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const rows = await table.rows();
    clearInterval(timer);
    assert.equal(rows.length, rowCount);
    assert.equal(rows[rowCount - 1]?.NAME, `JOB${rowCount - 1}`);
    assert.ok(turns >= 10, `${turns} turns`);
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
    it(`A8: tells who has a table, and the log, of the end of the thread by ${why}, and starts another`, async () => {
      const module = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
      // Its listener is the first one.
      const mistaken = module(`import { parentPort } from 'node:worker_threads';
        parentPort.on('message', (message) => {
          if (message.question === 'detail') {
            message.op = 'none';
            ${mistake};
          }
        });`);
      const script = module(`import ${JSON.stringify(mistaken)}; import ${JSON.stringify(workerFile.href)};`);
      const logged: string[] = [];
      const log = { error: (message: string) => void logged.push(message) };
      const dying = new TableWorker(new URL(script), log);
      const tables: LiveTable[] = [];
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
        TokensError.is(error) && error.code === code && !error.message.includes('not kept');
      await assert.rejects(table.ask('detail', 1), told);
      assert.ok(told(table.state.lost));
      assert.equal(table.state.phase, 'failed');
      await assert.rejects(table.ask('page', { from: 0, to: 1 }), told);
      await assert.rejects(async () => arriving.end(), told);
      assert.equal(logged.length, 1);
      assert.match(logged[0] ?? '', /a mistake|exit code 3|full/);
      answer.dispose();

      const again = open();
      await again.write(body.slice());
      assert.equal((await again.end()).rowCount, 20_000);
      assert.equal((await tables.at(-1)?.ask('page', { from: 0, to: 1 }))?.rows.length, 1);
      dying.dispose();
      assert.equal(logged.length, 1);
    });
  }

  it('keeps a table while anyone holds a share', async () => {
    let table: LiveTable | undefined;
    const { answer } = await read(bodyOf(20_000), {
      onTable: (made) => {
        table = made;
      },
    });
    const share = table?.share();
    answer.dispose();
    assert.equal((await table?.ask('page', { from: 5, to: 6 }))?.rows.length, 1);
    share?.dispose();
    await assert.rejects(async () => table?.ask('page', { from: 5, to: 6 }));
  });

  it('finds changes between tables that are kept in different places', async () => {
    const tables: LiveTable[] = [];
    const onTable = (made: LiveTable) => {
      made.share();
      tables.push(made);
    };
    await read(bodyOf(10), { onTable });
    await read(bodyOf(20_000), { onTable });
    await read(bodyOf(20_000), { onTable });
    const [small, large, again] = tables as [LiveTable, LiveTable, LiveTable];
    await large.compare(small);
    await again.compare(large);
    await small.compare(large);
    const changed = async (table: LiveTable) =>
      (await table.ask('page', { from: 8, to: 11 })).rows.map((row) => row.changed?.[0] ?? 'same');
    assert.deepEqual(await changed(again), ['same', 'same', 'same']);
    assert.deepEqual((await changed(large))[2], -1);
  });

  it('stops at the bound and at broken bodies, small and large', async () => {
    const code = (expected: string) => (error: unknown) => TokensError.is(error) && error.code === expected;
    await assert.rejects(read(bodyOf(20_000), { maxBytes: 400_000 }), code('E_TOO_LARGE'));
    await assert.rejects(read(bodyOf(100), { maxBytes: 1000 }), code('E_TOO_LARGE'));
    await assert.rejects(read(bodyOf(20_000).slice(0, -20)), code('E_PROTOCOL'));
    await assert.rejects(read(bodyOf(100).slice(0, -20)), code('E_PROTOCOL'));
    const spoilt = bodyOf(20_000);
    spoilt.fill(0x7d, 300_000, 300_060);
    await assert.rejects(read(spoilt), code('E_PROTOCOL'));
  });
});
