import { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { SystemClock } from '../../../../src/core/clock.ts';
import type { MakeReader } from '../../../../src/core/protocols/answer.ts';
import type { Gateway, Grant, Tokens } from '../../../../src/core/protocols/protocol.ts';
import { readerMaker } from '../../../../src/core/results/readers.ts';
import { WorkerClient } from '../../../../src/core/results/workerClient.ts';
import { connect } from '../../../connect.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../sandbox/gateway.ts';
import type { Quirks } from '../../../sandbox/quirks.ts';
import { connection, deps, failure } from './rig.ts';

describe('protocols against the sandbox gateway', () => {
  let sandbox: Sandbox | undefined;
  let gateway: Gateway | undefined;
  let worker: WorkerClient;
  let makeReader: MakeReader;

  beforeEach(() => {
    worker = new WorkerClient(
      new URL('../../../../src/core/results/worker.ts', import.meta.url),
      new SystemClock(),
    );
    makeReader = readerMaker(worker, { maxBytes: 1e9 });
  });

  async function start(more: Record<string, unknown>, options: SandboxOptions = {}): Promise<Gateway> {
    sandbox = await startSandbox(options);
    gateway = connect(connection(sandbox.url, { service: 'BBI3SYSA', ...more }), deps());
    return gateway;
  }

  afterEach(async () => {
    gateway?.dispose();
    worker.dispose();
    await sandbox?.close();
    sandbox = undefined;
  });

  for (const dialect of ['views', 'getData', 'auto']) {
    for (const prefix of [undefined, '/proxy']) {
      it(`CRA ${dialect}${prefix ?? ''}: services, sign in, data, reuse, keep alive, close`, async () => {
        const cra = await start({ dialect }, { prefix });
        const services = await cra.services?.();
        deepEqual(
          services?.map(({ name }) => name),
          ['BBI3SYSA', 'BBI3SYSB'],
        );
        const grant = await cra.signIn({ username: 'demo', password: 'demo' }, undefined);
        const user: Tokens = { user: grant.value };
        const query = { product: 'MVMVS', view: 'JCPU' };
        const sessions: Grant[] = [];
        const first = await cra.getData({
          tokens: user,
          query,
          keepOpen: true,
          makeReader,
          onSession: (session) => void sessions.push(session),
        });
        ok(first.answer.rowCount > 0);
        equal(sessions.length, 1);
        equal(first.session, sessions[0]?.value);
        const tokens = { ...user, session: first.session ?? '' };
        const second = await cra.getData({
          tokens,
          query,
          keepOpen: true,
          makeReader,
          onSession: () => {
            throw new Error('no session was opened');
          },
        });
        equal(second.session, first.session);
        equal((await cra.keepAlive(tokens)).value, first.session);
        equal((await cra.keepAlive(user)).value, grant.value);
        ok(
          (await cra.columns?.(user, query))?.some(
            ({ field, label }) => field === 'ASGNAME' && label !== field,
          ),
        );
        deepEqual(sandbox?.stats(), {
          ...sandbox?.stats(),
          sessions: 1,
          opened: 1,
          reused: 1,
          keepAlives: 2,
        });
        await cra.close(tokens, { query });
        await cra.close(tokens, { query });
        deepEqual(sandbox?.stats(), { ...sandbox?.stats(), sessions: 0, closed: 1 });
        const once = await cra.getData({ tokens: user, query, keepOpen: false, makeReader });
        equal(once.session, undefined);
        deepEqual(sandbox?.stats(), { ...sandbox?.stats(), sessions: 0, opened: 2, closed: 2 });
      });
    }
  }

  for (const dialect of ['views', 'getData']) {
    it(`CRA ${dialect}: Basic, the other methods, dead sessions, refusals`, async () => {
      const cra = await start(
        { dialect, gatewayUser: 'tomcat' },
        { basic: true, maxSessions: 1, quirks: { deadSession: 'error' } },
      );
      const grant = await cra.signIn({ username: 'demo', password: 'demo' }, 'BBI3SYSB');
      const tokens: Tokens = {
        user: grant.value,
        service: 'BBI3SYSB',
        gateway: { gatewayPassword: 'tomcat' },
      };
      const query = { product: 'MVMVS', view: 'JCPU' };
      const call = { tokens, query, keepOpen: true, makeReader };
      const { session = '' } = await cra.getData(call);
      notEqual(session, '');
      const limit = await failure(cra.getData(call), 'E_LIMIT');
      equal(limit.details.status, 503);
      await cra.keepAlive({ ...tokens, session });
      await failure(
        cra.keepAlive({ ...tokens, session, gateway: { gatewayPassword: 'wrong' } }),
        'E_CREDENTIALS',
      );
      const { gateway: _, ...bare } = tokens;
      await failure(cra.keepAlive({ ...bare, session }), 'E_CREDENTIALS');
      await cra.close({ ...tokens, session });
      await cra.close({ ...tokens, session });
      equal(
        (await failure(cra.getData({ ...call, tokens: { ...tokens, session } }), 'E_HTTP')).details.status,
        200,
      );
      equal(sandbox?.stats().sessions, 0);
    });

    it(`CRA ${dialect}: swapped methods`, async () => {
      const cra = await start({ dialect }, { quirks: { swappedMethods: true } });
      const { value: user } = await cra.signIn({ username: 'demo', password: 'demo' }, undefined);
      const query = { product: 'MVMVS', view: 'JCPU' };
      const { session = '' } = await cra.getData({
        tokens: { user },
        query,
        keepOpen: true,
        makeReader,
      });
      await cra.keepAlive({ user, session });
      await cra.close({ user, session });
      deepEqual(sandbox?.stats(), { ...sandbox?.stats(), sessions: 0, keepAlives: 1, closed: 1 });
    });
  }

  it('SARUS: sign in, query, data, renew, revoke', async () => {
    const sarus = await start({ kind: 'sarus', lifeMinutes: 10 });
    for (const login of [{ apiKey: 'demo' }, { email: 'demo@example.com', password: 'demo' }]) {
      const grant = await sarus.signIn(login, undefined);
      ok((grant.reportedMs ?? 0) > 590_000 && (grant.reportedMs ?? 0) <= 600_000);
      const life = await sarus.remainingLife?.({ user: grant.value });
      ok((life?.reportedMs ?? 0) > 590_000);
      const renewed = await sarus.keepAlive({ user: grant.value });
      ok((renewed.reportedMs ?? 0) > 590_000);
      await sarus.close({ user: renewed.value });
      await sarus.close({ user: renewed.value });
      await failure(sarus.remainingLife?.({ user: renewed.value }) ?? Promise.resolve(), 'E_EXPIRED');
    }
    await failure(sarus.signIn({ apiKey: 'wrong' }, undefined), 'E_CREDENTIALS');
  });

  for (const dialect of ['views', 'getData']) {
    for (const quirks of [
      { sessionIdIn: { field: 'SessionID' } },
      { sessionIdIn: { field: 'session_id' } },
      { sessionIdIn: { header: 'sessionToken' } },
      { limitAnswer: 429, deadSession: 410 },
      { limitAnswer: 'error', deadSession: 400 },
      { byteOrderMark: true, noCounts: true, deadSession: 404 },
    ] as Quirks[]) {
      it(`CRA ${dialect}: ${JSON.stringify(quirks)}`, async () => {
        const cra = await start({ dialect }, { maxSessions: 1, quirks });
        const { value: user } = await cra.signIn({ username: 'demo', password: 'demo' }, undefined);
        const call = {
          tokens: { user },
          query: { product: 'MVMVS', view: 'JCSA' },
          keepOpen: true,
          makeReader,
        };
        const first = await cra.getData(call);
        ok(first.totalRows > 0);
        const tokens = { user, session: first.session ?? 'none' };
        equal((await cra.getData({ ...call, tokens })).session, first.session);
        await failure(cra.getData(call), 'E_LIMIT');
        await cra.close(tokens);
        await cra.close(tokens);
        const dead = await failure(
          cra.getData({ ...call, tokens }),
          quirks.deadSession === 410 ? 'E_EXPIRED' : 'E_HTTP',
        );
        equal(dead.details.status, quirks.deadSession ?? 404);
        equal(sandbox?.stats().sessions, 0);
      });
    }
  }

  for (const quirks of [
    { errorsUnder200: true, remainingAsString: true },
    { renewalReplaces: true, byteOrderMark: true },
  ] as Quirks[]) {
    it(`SARUS: ${JSON.stringify(quirks)}`, async () => {
      const sarus = await start({ kind: 'sarus' }, { quirks });
      const { value: user, reportedMs } = await sarus.signIn({ apiKey: 'demo' }, undefined);
      ok((reportedMs ?? 0) > 1_790_000);
      const renewed = await sarus.keepAlive({ user });
      equal(renewed.value === user, quirks.renewalReplaces !== true);
      await failure(
        sarus.getData({
          tokens: { user: renewed.value },
          query: { endpoint: 'NoSuchThing' },
          keepOpen: true,
          makeReader,
        }),
        'E_HTTP',
      );
      await sarus.close({ user: renewed.value });
      await failure(sarus.keepAlive({ user: renewed.value }), 'E_EXPIRED');
    });
  }

  it('views: the log-on tells the life in minutes', async () => {
    const cra = await start({ dialect: 'views' }, { lifeSeconds: 90 });
    equal((await cra.signIn({ username: 'demo', password: 'demo' }, undefined)).reportedMs, 90_000);
  });
});
