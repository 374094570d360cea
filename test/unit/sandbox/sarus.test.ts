import assert from 'node:assert/strict';
import type { Quirks } from '../../sandbox/quirks.ts';
import {
  type Body,
  errorOf,
  type Reply,
  resultOf,
  sarus,
  sarusToken,
  send,
  TestClock,
  text,
  withSandbox,
} from './support.ts';

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
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
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
        clock.ms += 1_000;
        const reply = await sarus(sandbox, 'GetSessionToken', query);
        assert.deepEqual([reply.status, errorOf(reply)], [401, 401]);
      }
      assert.equal((await sarus(sandbox, 'GetSessionToken', { email: 'demo@example.com' })).status, 400);
      assert.equal(sandbox.stats().opened, 2);
    });
  });

  it('refuses Minutes outside of 1 to 1440', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      for (const Minutes of ['0', '1441', 'x']) {
        assert.equal((await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo', Minutes })).status, 400);
      }
      clock.ms += 1_000;
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
        'GetAccountDetails',
      ]) {
        const statusFor = async (query: Record<string, string>): Promise<unknown> =>
          errorOf(await sarus(sandbox, endpoint, query));
        assert.equal(await statusFor({}), 400);
        assert.equal(await statusFor({ SessionToken: 'nonsense' }), 401);
        clock.ms += 1_000;
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

  it('renews by data', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox, { Minutes: '1' });
      const one = { SessionToken, 'Series[]': 'FX/EURUSD', Periods: '1' };
      for (const endpoint of ['GetUserDatasources', 'GetValues', 'GetValuesForDate', 'GetValuesRC']) {
        clock.ms += 50_000;
        resultOf(await sarus(sandbox, endpoint, one));
        resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken }));
      }
      assert.equal(sandbox.stats().reused, 4);
      assert.equal(errorOf(await sarus(sandbox, 'GetValues', { SessionToken })), 400);
    });
  });

  it('answers each token endpoint three times a second', async () => {
    const clock = new TestClock();
    await withSandbox({ now: clock.now }, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const ask = async (): Promise<number> =>
        (await sarus(sandbox, 'QuerySessionToken', { SessionToken })).status;
      assert.deepEqual([await ask(), await ask(), await ask(), await ask()], [200, 200, 200, 429]);
      assert.ok(resultOf(await sarus(sandbox, 'RenewSessionToken', { SessionToken })));
      clock.ms += 1_000;
      assert.equal(await ask(), 200);
    });
  });

  it('lists datasources and, by pages, datasets that a filter finds', async () => {
    await withSandbox({}, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const sources = resultOf(
        await sarus(sandbox, 'GetUserDatasources', { SessionToken }),
      ) as unknown as Body[];
      assert.deepEqual(
        sources.map(({ Datasource }) => Datasource),
        ['EQUITY', 'FX'],
      );
      const list = async (more: Record<string, string>): Promise<Body> =>
        resultOf(await sarus(sandbox, 'GetDatasets', { SessionToken, Datasource: 'EQUITY', ...more }));
      const second = await list({ Page: '2' });
      const { Datasets: count, PagesCount } = second.Metadata as Body;
      assert.deepEqual([count, PagesCount, (second.Datasets as Body[]).length], [154, 2, 54]);
      const found = (await list({ Filter: 'oak b' })).Datasets as Body[];
      assert.deepEqual(
        found.map(({ Symbol: symbol, Name }) => [symbol, Name]),
        [['OAKBA', 'Oak Bank']],
      );
      assert.equal(errorOf(await sarus(sandbox, 'GetDatasets', { SessionToken, Datasource: 'X' })), 400);
      assert.equal(errorOf(await sarus(sandbox, 'GetPrices', { SessionToken })), 404);
    });
  });

  it('gives the same values by GET and POST, by date, and refuses only the series that there are not', async () => {
    await withSandbox({}, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const post = (endpoint: string, fields: object): Promise<Reply> =>
        send(`${sandbox.url}/${endpoint}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ SessionToken, StartDate: '2024-01-01', EndDate: '2024-12-31', ...fields }),
        });
      const Series = [
        { Datasource: 'EQUITY', Symbol: 'OAKBA', BateIndex: [0, 3] },
        { Datasource: 'EQUITY', Symbol: 'NIX' },
      ];
      const posted = resultOf(await post('GetValues', { Series, Frequency: 'm' })).Series as Body[];
      const [first = {}, second = {}] = posted;
      assert.deepEqual((first.Metadata as Body).Bates, ['Open', 'Close']);
      assert.equal(Object.keys(first.Values as Body).length, 12);
      assert.deepEqual([second.Status, second.Symbol], [404, 'NIX']);
      assert.deepEqual(
        resultOf(await post('GetValues', { 'Series[]': Series, Frequency: 'm' })).Series,
        posted,
      );
      const asked = new URLSearchParams([
        ['SessionToken', SessionToken],
        ['Series[]', 'EQUITY/Bank/OAKBA;BateIndex=0,3'],
        ['Series[]', 'EQUITY/NIX'],
        ['StartDate', '2024-01-01'],
        ['EndDate', '2024-12-31'],
        ['Frequency', 'm'],
      ]);
      assert.deepEqual(resultOf(await send(`${sandbox.url}/GetValues?${asked}`)).Series, posted);

      const table = resultOf(await post('GetValuesRC', { Series, Frequency: 'q' }));
      assert.deepEqual(
        (table.Columns as Body[]).map(({ Bate, Status }) => Bate ?? Status),
        ['Open', 'Close', 404],
      );
      assert.deepEqual(
        Object.values(table.Rows as Body).map((row) => (row as unknown[]).length),
        [3, 3, 3, 3],
      );
      assert.equal((await post('GetDatasets', { Datasource: 'FX' })).status, 405);
      assert.equal((await post('GetValues', {})).status, 400);
    });
  });

  it('keeps its values, has some for years, and says where it has none', async () => {
    await withSandbox({}, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      const values = async (more: Record<string, string>): Promise<Body> => {
        const query = { SessionToken, 'Series[]': 'FX/EURUSD', ...more };
        const [series = {}] = resultOf(await sarus(sandbox, 'GetValues', query)).Series as Body[];
        return series.Values as Body;
      };
      const all = await values({});
      assert.ok(Object.keys(all).length > 6_000);
      assert.deepEqual(await values({ StartDate: 'Earliest', EndDate: 'Latest' }), all);
      const missing = Object.entries(await values({ NAValue: 'NA' })).filter(
        ([, row]) => String(row) === 'NA,NA',
      );
      assert.ok(missing.length > 10);
      assert.ok(missing.every(([date]) => String(all[date]) === ','));
      assert.deepEqual(Object.keys(await values({ Frequency: 'y', Periods: '2', EndDate: '2020-12-31' })), [
        '2019-12-31',
        '2020-12-31',
      ]);
      for (const wrong of [{ StartDate: 'x' }, { Frequency: 'x' }, { Periods: '0' }]) {
        const query = { SessionToken, 'Series[]': 'FX/EURUSD', ...wrong };
        assert.equal(errorOf(await sarus(sandbox, 'GetValues', query)), 400);
      }
    });
  });

  it('holds the key in the account, and refuses a token with 404 at the favourites', async () => {
    await withSandbox({}, async (sandbox) => {
      const SessionToken = await sarusToken(sandbox);
      assert.equal(resultOf(await sarus(sandbox, 'GetAccountDetails', { SessionToken })).APIKey, 'demo');
      assert.deepEqual(resultOf(await sarus(sandbox, 'GetUserFavorites', { SessionToken })), []);
      assert.equal(errorOf(await sarus(sandbox, 'GetUserFavorites', { SessionToken: 'x' })), 404);
    });
  });

  it('leaves open what the protocol leaves open: quirks turn it round', async () => {
    const clock = new TestClock();
    const older: Quirks = { errorObject: true, errorsUnder200: true, trace: true, queryRenews: true };
    await withSandbox({ now: clock.now, quirks: { ...older, olderQuery: true } }, async (sandbox) => {
      const refused = await sarus(sandbox, 'QuerySessionToken', { SessionToken: 'nonsense' });
      const { Status, Detail } = refused.body.Errors as Body;
      assert.deepEqual([refused.status, Status], [200, 401]);
      assert.match(text(Detail), /^Unknown session token Trace: /);
      const SessionToken = await sarusToken(sandbox, { Minutes: '1' });
      for (let round = 0; round < 3; round += 1) {
        clock.ms += 50_000;
        assert.deepEqual(resultOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })), {
          SessionTokenExpires: 60_000,
        });
      }
    });
    const told: Quirks = { lifeAtSignIn: 'TimeLeftMs', remainingAsString: true, renewalReplaces: true };
    await withSandbox({ quirks: told }, async (sandbox) => {
      const first = resultOf(await sarus(sandbox, 'GetSessionToken', { APIKey: 'demo' }));
      assert.match(text(first.TimeLeftMs), /^\d+$/);
      const SessionToken = text(first.SessionToken);
      const second = resultOf(await sarus(sandbox, 'RenewSessionToken', { SessionToken }));
      assert.notEqual(second.SessionToken, SessionToken);
      assert.equal(errorOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })), 401);
      const next = { SessionToken: text(second.SessionToken) };
      assert.match(text(resultOf(await sarus(sandbox, 'QuerySessionToken', next)).Remaining), /^\d+$/);
      assert.deepEqual([sandbox.stats().opened, sandbox.stats().sessions], [1, 1]);
    });
  });
});
