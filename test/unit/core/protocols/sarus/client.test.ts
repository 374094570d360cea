import { deepEqual, equal, ok, throws } from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import type { DataCall } from '../../../../../src/core/protocols/protocol.ts';
import { checkRequest } from '../../../../../src/core/requests/request.ts';
import { FakeClock } from '../../../fakeClock.ts';
import { callOf, clients, connection, type Deps, failure, gate, json, readers, tomcat } from '../rig.ts';

const envelope = { ServerDateTime: '2026-01-02T03:04:05Z', TimeStamp: 2461042.6, ExecutionTime: 0.5 };

describe('protocols: SARUS', () => {
  const { against } = clients({ kind: 'sarus', lifeMinutes: 45 });
  const sarus = (
    answer: Parameters<typeof against>[0],
    parts?: Partial<Deps>,
    more?: Record<string, unknown>,
  ) => against(answer, more, parts);

  const result = (response: ServerResponse, Result: unknown, status = 200): void =>
    json(response, { ...envelope, Result }, status);
  const errors = (response: ServerResponse, Status: unknown, Detail: unknown, status = 200): void =>
    json(response, { ...envelope, Errors: { Status, Detail } }, status);
  const call = (endpoint: string, params?: Record<string, string>): DataCall =>
    callOf({ endpoint, ...(params === undefined ? {} : { params }) }, { tokens: { user: 'token-1' } });

  describe('sign-in', () => {
    it('sends the API key, or e-mail and password, and the life asked for', async () => {
      const { server, gateway } = await sarus((_, response) =>
        result(response, { SessionToken: 't', Remaining: 5 }),
      );
      const grant = await gateway.signIn({ apiKey: 'k&=y' }, undefined);
      deepEqual([grant.value, grant.reportedMs], ['t', 5]);
      await gateway.signIn({ email: 'a+b@c.example', password: 'p w%' }, undefined);
      deepEqual(
        server.got.map(({ method, path, query }) => [method, path, Object.fromEntries(query)]),
        [
          ['GET', '/GetSessionToken', { APIKey: 'k&=y', Minutes: '45' }],
          ['GET', '/GetSessionToken', { email: 'a+b@c.example', Password: 'p w%', Minutes: '45' }],
        ],
      );
    });

    it('asks for whole minutes, and no fewer than are wanted', async () => {
      const { server, gateway } = await against(
        (_, response) => result(response, { SessionToken: 't', Remaining: 5 }),
        { lifeMinutes: 2.5 },
      );
      await gateway.signIn({ apiKey: 'key' }, undefined);
      equal(server.got[0]?.query.get('Minutes'), '3');
    });

    it('takes the life as a string', async () => {
      const { gateway } = await sarus((_, response) =>
        result(response, { SessionToken: 't', Remaining: '1800000' }),
      );
      equal((await gateway.signIn({ apiKey: 'key1' }, undefined)).reportedMs, 1_800_000);
    });

    it('asks for the life where it was not told, and reckons from that question', async () => {
      const clock = new FakeClock();
      const { server, gateway } = await sarus(
        (got, response) => {
          clock.advance(1_000);
          result(response, got.path === '/GetSessionToken' ? { SessionToken: 'tok' } : { Remaining: 1_234 });
        },
        { clock },
      );
      const begun = clock.now().up;
      const grant = await gateway.signIn({ apiKey: 'key1' }, undefined);
      deepEqual([grant.value, grant.reportedMs, grant.sent.up - begun], ['tok', 1_234, 1_000]);
      equal(server.got[1]?.url, '/QuerySessionToken?SessionToken=tok');
    });

    it('keeps the token when that question fails', async () => {
      const { gateway } = await sarus((got, response) =>
        got.path === '/GetSessionToken'
          ? result(response, { SessionToken: 'tok' })
          : errors(response, 500, 'Down'),
      );
      const grant = await gateway.signIn({ apiKey: 'key1' }, undefined);
      deepEqual([grant.value, grant.reportedMs], ['tok', undefined]);
    });

    for (const under of [200, 401, 403]) {
      it(`knows a refusal under ${under}`, async () => {
        const { server, gateway } = await sarus((_, response) =>
          errors(response, under === 403 ? 403 : '401', 'Wrong', under),
        );
        const error = await failure(gateway.signIn({ apiKey: 'key1' }, undefined), 'E_CREDENTIALS');
        equal(error.details.status, under === 403 ? 403 : 401);
        equal(server.got.length, 1);
      });
    }

    it('refuses credentials of another kind, and answers of wrong types', async () => {
      const { server, gateway } = await sarus((_, response, index) =>
        result(
          response,
          [{ SessionToken: 7 }, { SessionToken: '' }, { SessionToken: 'a\nb' }, 'x', null][index],
        ),
      );
      await failure(gateway.signIn({ username: 'u', password: 'p' }, undefined), 'E_CONFIG');
      for (let index = 0; index < 5; index++) {
        await failure(gateway.signIn({ apiKey: 'key1' }, undefined), 'E_PROTOCOL');
      }
      equal(server.got.length, 5);
    });

    it('gives back a token that comes after a cancel', async () => {
      const asked = gate<ServerResponse>();
      const revoked = gate<string | null>();
      const clock = new FakeClock();
      const { gateway } = await sarus(
        (got, response) => {
          if (got.path === '/GetSessionToken') {
            asked.open(response);
          } else {
            result(response, { Status: 200, Detail: 'Revoked' });
            revoked.open(got.query.get('SessionToken'));
          }
        },
        { clock },
      );
      const calledOff = new AbortController();
      const grant = gateway.signIn({ apiKey: 'key1' }, undefined, { signal: calledOff.signal });
      const response = await asked.opened;
      calledOff.abort();
      await failure(grant, 'E_CANCELLED');
      result(response, { SessionToken: 'late', Remaining: 1 });
      equal(await revoked.opened, 'late');
    });
  });

  describe('token endpoints', () => {
    it('query the life, as a number or a string, never below nothing', async () => {
      const lives = [60_000, '59000', -5];
      const { server, gateway } = await sarus((_, response, index) =>
        result(response, { Remaining: lives[index] }),
      );
      deepEqual(
        [
          (await gateway.remainingLife?.({ user: 'a b' }))?.reportedMs,
          (await gateway.remainingLife?.({ user: 'a b' }))?.reportedMs,
          (await gateway.remainingLife?.({ user: 'a b' }))?.reportedMs,
        ],
        [60_000, 59_000, 0],
      );
      equal(server.got[0]?.url, '/QuerySessionToken?SessionToken=a%20b');
    });

    it('renew, also to another token, with or without a life', async () => {
      const results = [
        { SessionToken: 'old', Remaining: 7, LastActive: '2026-01-01T00:00:00Z' },
        { SessionToken: 'new', Remaining: '8' },
        { Remaining: 9 },
        {},
      ];
      const { gateway } = await sarus((_, response, index) => result(response, results[index]));
      const seen = [];
      for (const _ of results) {
        const { value, reportedMs } = await gateway.keepAlive({ user: 'old' });
        seen.push([value, reportedMs]);
      }
      deepEqual(seen, [
        ['old', 7],
        ['new', 8],
        ['old', 9],
        ['old', undefined],
      ]);
    });

    it('revoke, and count an unknown or expired token as revoked', async () => {
      const { server, gateway } = await sarus((_, response, index) => {
        switch (index) {
          case 0:
            return result(response, { Status: 200, Detail: 'Revoked' });
          case 1:
            return errors(response, 401, 'Unknown');
          case 2:
            return errors(response, 410, 'Expired', 410);
          case 3:
            return result(response, { Status: 410, Detail: 'Expired' });
          default:
            return errors(response, 400, 'Missing');
        }
      });
      for (let index = 0; index < 4; index++) {
        await gateway.close({ user: 'tok' });
      }
      await failure(gateway.close({ user: 'tok' }), 'E_HTTP');
      equal(server.got[0]?.url, '/RevokeSessionToken?SessionToken=tok');
    });

    it('let the body decide over the status of HTTP', async () => {
      const { gateway } = await sarus((_, response, index) =>
        index === 0 ? errors(response, 410, 'Expired', 500) : result(response, { Remaining: 5 }, 418),
      );
      equal(
        (await failure(gateway.remainingLife?.({ user: 't' }) ?? Promise.reject(), 'E_EXPIRED')).details
          .status,
        410,
      );
      equal((await gateway.remainingLife?.({ user: 't' }))?.reportedMs, 5);
    });

    for (const [status, code] of [
      [400, 'E_HTTP'],
      [401, 'E_EXPIRED'],
      [405, 'E_HTTP'],
      [410, 'E_EXPIRED'],
      [500, 'E_HTTP'],
    ] as const) {
      it(`tell ${status} in the body under 200 and under itself`, async () => {
        const { gateway } = await sarus((_, response, index) =>
          errors(response, status, 'Because', index === 0 ? 200 : status),
        );
        for (let index = 0; index < 2; index++) {
          const error = await failure(gateway.keepAlive({ user: 'tok' }), code);
          equal(error.details.status, status);
          ok(code === 'E_EXPIRED' || error.message.endsWith(`${status}: Because`));
        }
      });
    }

    it('survive pages, nonsense and errors of wrong types', async () => {
      const bodies = [
        '<html><h1>Hi</h1></html>',
        'nonsense',
        '',
        '[]',
        '{}',
        '{"Result": {"Remaining": "soon"}}',
        '"x"',
      ];
      const { gateway } = await sarus((_, response, index) =>
        index < bodies.length
          ? response.end(bodies[index])
          : index === bodies.length
            ? errors(response, {}, 5)
            : tomcat(response, 502, 'Bad Gateway', 'Behind it nobody answers'),
      );
      for (const _ of bodies) {
        await failure(gateway.remainingLife?.({ user: 'tok' }) ?? Promise.reject(), 'E_PROTOCOL');
      }
      await failure(gateway.remainingLife?.({ user: 'tok' }) ?? Promise.reject(), 'E_HTTP');
      const page = await failure(gateway.signIn({ apiKey: 'key1' }, undefined), 'E_HTTP');
      equal(page.details.status, 502);
      ok(page.message.endsWith('HTTP Status 502 – Bad Gateway: Behind it nobody answers'));
    });
  });

  describe('data', () => {
    it('asks any endpoint, the token last', async () => {
      const { server, gateway } = await sarus((_, response) => result(response, [{ a: '1' }, { a: '2' }]));
      const data = await gateway.getData(call('Sensor Readings', { from: 'a&b', to: 'ü' }));
      equal(server.got[0]?.url, '/Sensor%20Readings?from=a%26b&to=%C3%BC&SessionToken=token-1');
      deepEqual([data.totalRows, data.session, data.reportedMs], [2, undefined, undefined]);
      deepEqual(await data.answer.rows(), [{ a: '1' }, { a: '2' }]);
    });

    it('refuses endpoints that are none, and the token’s own', async () => {
      const { server, gateway } = await sarus((_, response) => result(response, []));
      for (const endpoint of ['', '.', '..', 'a/b', '../x', 'a\\b', 'a?b', 'a#b', '%2e%2e', 'a\nb']) {
        await failure(gateway.getData(call(endpoint)), 'E_CONFIG');
      }
      for (const endpoint of [
        'GetSessionToken',
        'renewsessiontoken',
        'QuerySessionToken',
        'RevokeSessionToken',
      ]) {
        await failure(gateway.getData(call(endpoint)), 'E_CONFIG');
      }
      await failure(gateway.getData(call('X', { sessiontoken: 'mine' })), 'E_CONFIG');
      const request = { connection: 'c', product: 'P', view: 'V' };
      throws(() => checkRequest(request, connection(server.url, { kind: 'sarus' })), { code: 'E_CONFIG' });
      equal(server.got.length, 0);
    });

    it('tells errors in the body, whatever the status', async () => {
      const { gateway } = await sarus((_, response, index) =>
        errors(response, index < 2 ? 410 : 429, 'Quota used up', index % 2 === 0 ? 200 : 410),
      );
      await failure(gateway.getData(call('X')), 'E_EXPIRED');
      await failure(gateway.getData(call('X')), 'E_EXPIRED');
      const error = await failure(gateway.getData(call('X')), 'E_HTTP');
      ok(error.message.endsWith('429: Quota used up'));
    });

    it('feeds no page to the reader', async () => {
      const { gateway } = await sarus((_, response, index) =>
        index === 0 ? response.end(' \n<html></html>') : tomcat(response, 404, 'Not Found', '/X'),
      );
      const kept = readers();
      await failure(gateway.getData({ ...call('X'), makeReader: kept.make }), 'E_PROTOCOL');
      const error = await failure(gateway.getData({ ...call('X'), makeReader: kept.make }), 'E_HTTP');
      equal(error.details.status, 404);
      equal(kept.made.length, 0);
    });
  });
});
