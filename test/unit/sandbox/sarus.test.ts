import assert from 'node:assert/strict';
import { errorOf, resultOf, sarus, sarusToken, send, TestClock, text, withSandbox } from './support.ts';

describe('sandbox, SARUS (docs/protocols.md 1)', () => {
  it('wraps every answer in the envelope', async () => {
    await withSandbox({}, async (sandbox) => {
      const good = (await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo' })).body;
      const bad = (await sarus(sandbox, 'QuerySessionToken')).body;
      assert.deepEqual(Object.keys(good), ['ServerDateTime', 'TimeStamp', 'ExecutionTime', 'Result']);
      assert.deepEqual(Object.keys(bad), ['ServerDateTime', 'TimeStamp', 'ExecutionTime', 'Errors']);
      assert.match(text(good.ServerDateTime), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const millis = (Number(good.TimeStamp) - 2_440_587.5) * 86_400_000;
      assert.ok(Math.abs(millis - Date.parse(text(good.ServerDateTime))) < 5);
      assert.ok(Number(good.ExecutionTime) > 0);
    });
  });

  it('gives a token for the API key, or for e-mail and password', async () => {
    await withSandbox({}, async (sandbox) => {
      const byMail = { email: 'demo@example.com', Password: 'demo' };
      assert.ok(resultOf(await sarus(sandbox, 'GetSessionToken', byMail)).SessionToken);
      assert.ok(await sarusToken(sandbox));
      assert.equal(sandbox.stats().opened, 2);
      const wrong = [
        { APIKey: 'Demo' },
        { email: 'demo@example.com', Password: '' },
        { ...byMail, email: 'x' },
      ];
      for (const query of wrong) {
        const reply = await sarus(sandbox, 'GetSessionToken', query);
        assert.deepEqual([reply.status, errorOf(reply)], [401, 401]);
      }
      assert.equal((await sarus(sandbox, 'GetSessionToken', { email: 'demo@example.com' })).status, 400);
      assert.equal(sandbox.stats().opened, 2);
    });
  });

  it('refuses Minutes outside of 1 to 1440', async () => {
    await withSandbox({}, async (sandbox) => {
      for (const Minutes of ['0', '1441', 'x']) {
        assert.equal((await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo', Minutes })).status, 400);
      }
      assert.ok(await sarusToken(sandbox, { Minutes: '1440' }));
    });
  });

  it('renews to full life and tells it', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const token = await sarusToken(sandbox, { Minutes: '5' });
      clock.ms += 200_000;
      const renewed = resultOf(await sarus(sandbox, 'RenewSessionToken', { SessionToken: token }));
      assert.deepEqual([renewed.SessionToken, renewed.Remaining], [token, 300_000]);
      assert.ok(Number.isFinite(Date.parse(text(renewed.LastActive))));
      clock.ms += 299_999;
      // A query tells, but does not renew.
      for (let round = 0; round < 2; round += 1) {
        const query = resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken: token }));
        assert.deepEqual(query, { Remaining: 1 });
      }
      assert.equal(sandbox.stats().keepAlives, 1);
    });
  });

  it('tells missing, unknown, revoked and expired tokens apart', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const revoked = await sarusToken(sandbox);
      const expired = await sarusToken(sandbox, { Minutes: '1' });
      assert.deepEqual(
        Object.keys(resultOf(await sarus(sandbox, 'RevokeSessionToken', { SessionToken: revoked }))),
        ['Status', 'Detail'],
      );
      clock.ms += 60_000;
      for (const endpoint of [
        'QuerySessionToken',
        'RenewSessionToken',
        'RevokeSessionToken',
        'GetSnapshot',
      ]) {
        const statusFor = async (query: Record<string, string>): Promise<unknown> =>
          errorOf(await sarus(sandbox, endpoint, query));
        assert.equal(await statusFor({}), 400);
        assert.equal(await statusFor({ SessionToken: 'nonsense' }), 401);
        assert.equal(await statusFor({ SessionToken: revoked }), 401);
        assert.equal(await statusFor({ SessionToken: expired }), 410);
      }
      assert.deepEqual([sandbox.stats().closed, sandbox.stats().expired], [1, 1]);
    });
  });

  it('takes GET only, and knows its endpoints by case', async () => {
    await withSandbox({}, async (sandbox) => {
      const posted = await send(`${sandbox.url}/GetSessionToken?APIKey=demo`, { method: 'POST' });
      assert.deepEqual([posted.status, errorOf(posted)], [405, 405]);
      assert.equal(errorOf(await sarus(sandbox, 'getsessiontoken', { APIKey: 'demo' })), 404);
    });
  });

  it('charges the quota for data only, and renews by data', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now, sarusQuota: 2 }, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox, { Minutes: '1' });
      for (let round = 0; round < 3; round += 1) {
        await sarus(sandbox, 'QuerySessionToken', { SessionToken });
        await sarus(sandbox, 'RenewSessionToken', { SessionToken });
      }
      for (let round = 0; round < 2; round += 1) {
        clock.ms += 50_000;
        resultOf(await sarus(sandbox, 'GetSnapshot', { SessionToken }));
      }
      assert.equal(sandbox.stats().reused, 2);
      const over = await sarus(sandbox, 'GetSnapshot', { SessionToken });
      assert.deepEqual([over.status, errorOf(over)], [429, 429]);
      assert.ok(resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })).Remaining);
    });
  });

  it('answers data in every shape: list, object with a list, object, many rows', async () => {
    await withSandbox({}, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const ask = async (endpoint: string, query: Record<string, string>): Promise<unknown> =>
        resultOf(await sarus(sandbox, endpoint, { SessionToken, ...query }));
      const closes = (await ask('GetLastClose', { Symbols: 'AA,BB' })) as Record<string, unknown>[];
      assert.deepEqual(
        closes.map((row) => row.Symbol),
        ['AA', 'BB'],
      );
      const snapshot = (await ask('GetSnapshot', { Symbol: 'AA' })) as Record<string, unknown>;
      assert.equal(snapshot.Market, 'OPEN');
      assert.equal((snapshot.Quotes as unknown[]).length, 1);
      assert.equal(((await ask('GetInstrument', { Symbol: 'AA' })) as Record<string, unknown>).Symbol, 'AA');
      for (const rows of [0, 1, 1000, 2345]) {
        const history = (await ask('GetHistory', { Rows: String(rows) })) as Record<string, unknown>;
        assert.equal((history.History as unknown[]).length, rows);
      }
      assert.equal(errorOf(await sarus(sandbox, 'GetHistory', { SessionToken, Rows: '200001' })), 400);
    });
  });

  it('leaves open what the protocol leaves open: quirks turn it round', async () => {
    const clock = new TestClock();
    await withSandbox(
      { now: clock.now, quirks: { errorsUnder200: true, queryRenews: true } },
      async (sandbox) => {
        const refused = await sarus(sandbox, 'QuerySessionToken', { SessionToken: 'nonsense' });
        assert.deepEqual([refused.status, errorOf(refused)], [200, 401]);
        const SessionToken = await sarusToken(sandbox, { Minutes: '1' });
        for (let round = 0; round < 3; round += 1) {
          clock.ms += 50_000;
          assert.deepEqual(resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })), {
            Remaining: 60_000,
          });
        }
      },
    );
    const told = { remainingAtOnce: true, remainingAsString: true, renewalReplaces: true };
    await withSandbox({ quirks: told }, async (sandbox) => {
      const first = resultOf(await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo' }));
      assert.match(text(first.Remaining), /^\d+$/);
      const SessionToken = text(first.SessionToken);
      const second = resultOf(await sarus(sandbox, 'RenewSessionToken', { SessionToken }));
      assert.notEqual(second.SessionToken, SessionToken);
      assert.equal(errorOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })), 401);
      const next = { SessionToken: text(second.SessionToken) };
      assert.match(text(resultOf(await sarus(sandbox, 'QuerySessionToken', next)).Remaining), /^\d+$/);
      assert.deepEqual([sandbox.stats().opened, sandbox.stats().sessions], [1, 1]);
    });
  });

  it('moves its prices with time', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const quotes = async (): Promise<unknown> =>
        resultOf(await sarus(sandbox, 'GetSnapshot', { SessionToken })).Quotes;
      const before = await quotes();
      assert.deepEqual(await quotes(), before);
      clock.ms += 60_000;
      assert.notDeepEqual(await quotes(), before);
    });
  });
});
