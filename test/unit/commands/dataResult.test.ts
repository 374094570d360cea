import assert from 'node:assert/strict';
import { resultOf } from '../../../src/commands/dataResult.ts';
import { SystemClock } from '../../../src/core/clock.ts';
import type { Answer } from '../../../src/core/protocols/answer.ts';
import { readerMaker } from '../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../src/core/results/workerClient.ts';
import { connect } from '../../connect.ts';
import { MemoryCredentials, SharedClaims, SharedStorage } from '../../simulate/shared.ts';
import { TestWindow } from '../../simulate/window.ts';
import { closeServers, connection, deps, json, MemoryLog, serve, tomcat } from '../core/protocols/rig.ts';

const workerFile = new URL('../../../src/core/results/worker.ts', import.meta.url);

describe('the result for a program', () => {
  const worker = new WorkerClient(workerFile, new SystemClock());
  const clock = new SystemClock();
  let window: TestWindow;

  afterEach(async () => {
    window.dispose();
    await closeServers();
  });
  after(() => worker.dispose());

  async function fetched(definition: Parameters<typeof serve>[0]) {
    const server = await serve((got, response, index) => {
      if (got.path.endsWith('/definition')) {
        return definition(got, response, index);
      }
      return json(
        response,
        /login/.test(got.path) ? { userToken: 'tok' } : { session: 's', Rows: [{ A: '1' }] },
      );
    });
    const cra = connection(server.url, { name: 'cra', dialect: 'views' });
    window = new TestWindow({
      clock,
      store: new SharedStorage().window(),
      credentials: new MemoryCredentials(),
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections: [cra],
      connect: (to) => connect(to, deps()),
      name: 'w',
      maxIdleMs: () => 1e9,
    });
    await window.keeper.load();
    await window.keeper.signIn('cra', { login: { username: 'u', password: 'p' } });
    return window.keeper.getData(
      { connection: 'cra', product: 'P', view: 'V' },
      { makeReader: readerMaker(worker, { maxBytes: 1e6 }) },
    );
  }

  it('has the rows, with names for labels, where the definition fails; and lets the table go', async () => {
    for (const fail of [
      (_: unknown, response: Parameters<typeof json>[0]) => tomcat(response, 500, 'Error', 'It broke'),
      (_: unknown, response: Parameters<typeof json>[0]) => json(response, {}, 401),
      (_: unknown, response: Parameters<typeof json>[0]) => json(response, { columns: 'none' }),
      (_: unknown, response: Parameters<typeof json>[0]) => void response.socket?.destroy(),
    ]) {
      const log = new MemoryLog();
      const got = await fetched(fail);
      const result = await resultOf({ keeper: window.keeper, log }, got);
      assert.deepEqual([result.rows, result.columns], [[{ A: '1' }], [{ field: 'A', label: 'A' }]]);
      assert.equal(result.session?.target, 'P/V');
      assert.equal(log.lines.length, 1);
      await assert.rejects(got.answer.rows(), 'the table is still there');
      window.dispose();
    }
  });

  it('has labels of the definition, and says what that hides', async () => {
    const got = await fetched((_, response) =>
      json(response, { columns: [{ id: 'A', field: 'A', visible: false, header: ['The', 'First'] }] }),
    );
    const { columns } = await resultOf({ keeper: window.keeper, log: new MemoryLog() }, got);
    assert.deepEqual(columns, [{ field: 'A', label: 'The First', hidden: true }]);
  });

  it('lets the table go where its rows cannot be had', async () => {
    const got = await fetched((_, response) => json(response, { columns: [{ field: 'A', label: 'Label' }] }));
    let disposed = 0;
    const answer: Answer = {
      ...got.answer,
      rows: () => Promise.reject(new Error('the thread died')),
      dispose: () => disposed++,
    };
    await assert.rejects(
      resultOf({ keeper: window.keeper, log: new MemoryLog() }, { ...got, answer }),
      /died/,
    );
    assert.equal(disposed, 1);
    const { columns } = await resultOf({ keeper: window.keeper, log: new MemoryLog() }, got);
    assert.deepEqual(columns, [{ field: 'A', label: 'Label' }]);
  });
});
