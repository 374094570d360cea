import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startSandbox } from '../../sandbox/gateway.ts';
import {
  data,
  errorOf,
  get,
  logon,
  openSession,
  post,
  resultOf,
  sarus,
  sarusToken,
  service,
  TestClock,
  text,
  viewsRoot,
  withSandbox,
} from './support.ts';

describe('sandbox, the life of tokens', () => {
  it('lets a user token die of idleness, to the millisecond, with a page of HTML under 401', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now, lifeSeconds: 10 }, async (sandbox) => {
      const token = await logon(sandbox);
      clock.ms += 9_999;
      assert.equal((await data(sandbox, token)).status, 200);
      clock.ms += 9_999;
      assert.equal(sandbox.stats().userTokens, 1);
      clock.ms += 1;
      assert.equal(sandbox.stats().userTokens, 0);
      const reply = await data(sandbox, token);
      assert.equal(reply.status, 401);
      assert.match(reply.text, /^<!doctype html>/);
    });
  });

  it('lets a session die and counts it as expired, while its user token lives on', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now, lifeSeconds: 10 }, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      clock.ms += 6_000;
      await post(`${viewsRoot(sandbox)}/${service}/keepalive`, { userToken: token });
      clock.ms += 6_000;
      const { userTokens, sessions, expired, closed } = sandbox.stats();
      assert.deepEqual(
        { userTokens, sessions, expired, closed },
        { userTokens: 1, sessions: 0, expired: 1, closed: 0 },
      );
      assert.equal((await data(sandbox, token, `session=${session}`)).status, 404);
    });
  });

  it('keeps a user token alive as long as a session of it is used or kept alive', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now, lifeSeconds: 10 }, async (sandbox) => {
      const token = await logon(sandbox);
      const session = await openSession(sandbox, token);
      for (let round = 0; round < 3; round += 1) {
        clock.ms += 6_000;
        const url = `${viewsRoot(sandbox)}/${service}/keepalive?session=${session}`;
        assert.equal((await post(url, { userToken: token })).status, 200);
        clock.ms += 6_000;
        assert.equal((await data(sandbox, token, `session=${session}`)).status, 200);
      }
      assert.deepEqual([sandbox.stats().userTokens, sandbox.stats().sessions], [1, 1]);
    });
  });

  it('finds what expires whatever was added and used in between', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const long = await sarusToken(sandbox, { Minutes: '3' });
      const short = await sarusToken(sandbox, { Minutes: '1' });
      clock.ms += 50_000;
      await sarus(sandbox, 'RenewSessionToken', { SessionToken: short });
      clock.ms += 59_999;
      assert.equal(sandbox.stats().sessions, 2);
      clock.ms += 1;
      assert.equal(sandbox.stats().sessions, 1);
      clock.ms += 69_999;
      await sarus(sandbox, 'RenewSessionToken', { SessionToken: long });
      clock.ms += 180_000;
      assert.deepEqual([sandbox.stats().sessions, sandbox.stats().expired], [0, 2]);
    });
  });

  it('limits the sessions open at once, one-shot calls included, and frees a place by closing', async () => {
    await withSandbox({ maxSessions: 2 }, async (sandbox) => {
      const token = await logon(sandbox);
      const first = await openSession(sandbox, token);
      await openSession(sandbox, token);
      for (const query of ['close=N', 'close=Y']) {
        const reply = await data(sandbox, token, query);
        assert.equal(reply.status, 503);
        assert.match(text(reply.body.error), /limit of 2/);
      }
      const { refused, opened, sessions } = sandbox.stats();
      assert.deepEqual({ refused, opened, sessions }, { refused: 2, opened: 2, sessions: 2 });
      await get(`${viewsRoot(sandbox)}?close=true&session=${first}`, token);
      assert.equal((await data(sandbox, token, 'close=N')).status, 200);
    });
  });

  it('clamps a life from 5 minutes up to 1440 and leaves a shorter one as it is', async () => {
    for (const [lifeSeconds, effective] of [
      [299, 299],
      [300, 300],
      [90_000, 86_400],
      [undefined, 900],
    ] as const) {
      const clock = new TestClock();
      await withSandbox({ now: clock.now, lifeSeconds }, async (sandbox) => {
        await logon(sandbox);
        clock.ms += effective * 1000 - 1;
        assert.equal(sandbox.stats().userTokens, 1);
        clock.ms += 1;
        assert.equal(sandbox.stats().userTokens, 0);
      });
    }
    await assert.rejects(startSandbox({ lifeSeconds: 0 }), /above 0/);
  });

  it('tells SARUS lives in milliseconds, bounded by a short life and by the Minutes asked for', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now, lifeSeconds: 10 }, async (sandbox) => {
      const token = await sarusToken(sandbox, { Minutes: '30' });
      clock.ms += 2_500;
      assert.deepEqual(resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken: token })), {
        Remaining: 7_500,
      });
      clock.ms += 7_500;
      assert.equal(errorOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken: token })), 410);
      assert.deepEqual([sandbox.stats().sessions, sandbox.stats().expired], [0, 1]);
    });
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const token = await sarusToken(sandbox, { Minutes: '2' });
      const asked = resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken: token }));
      assert.equal(asked.Remaining, 120_000);
      const usual = resultOf(
        await sarus(sandbox, 'QuerySessionToken', { SessionToken: await sarusToken(sandbox) }),
      );
      assert.equal(usual.Remaining, 30 * 60_000);
    });
  });

  it('expires by a real clock when it is given none', async () => {
    await withSandbox({ lifeSeconds: 1.5 }, async (sandbox) => {
      const token = await logon(sandbox);
      assert.equal((await data(sandbox, token)).status, 200);
      await sleep(1_600);
      assert.equal((await data(sandbox, token)).status, 401);
    });
  });

  it('listens on the loopback address only, and not after it is closed', async () => {
    const sandbox = await startSandbox();
    assert.match(sandbox.url, /^http:\/\/127\.0\.0\.1:\d+$/);
    assert.equal((await get(`${sandbox.url}/sandbox/stats`)).status, 200);
    await sandbox.close();
    await assert.rejects(get(`${sandbox.url}/sandbox/stats`), /fetch failed/);
  });

  it('rejects when its port is taken', async () => {
    await withSandbox({}, async ({ port }) => {
      await assert.rejects(startSandbox({ port }), { code: 'EADDRINUSE' });
    });
  });

  it('answers its stats with exactly the fields of the contract', async () => {
    await withSandbox({}, async (sandbox) => {
      const reply = await get(`${sandbox.url}/sandbox/stats`);
      assert.deepEqual(Object.keys(reply.body), [
        'userTokens',
        'sessions',
        'opened',
        'reused',
        'keepAlives',
        'closed',
        'expired',
        'refused',
      ]);
      assert.deepEqual(reply.body, sandbox.stats());
    });
  });
});
