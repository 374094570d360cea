import { deepEqual, equal, ok } from 'node:assert/strict';
import type { Gateway } from '../../../../../src/core/protocols/protocol.ts';
import { connect } from '../../../../connect.ts';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../../../sandbox/gateway.ts';
import { connection, deps, failure } from '../rig.ts';
import { tableReader } from './support.ts';

/** SARUS described instead of coded; its errors are one object in older releases, and a list in newer ones. */
const description = {
  ask: ['apiKey'],
  signIn: { request: 'GET /GetSessionToken?APIKey={apiKey}&Minutes={lifeMinutes}' },
  token: '/Result/SessionToken',
  send: { in: 'query', name: 'SessionToken' },
  life: { milliseconds: '/Result/Remaining', sliding: true },
  query: { request: 'GET /QuerySessionToken', milliseconds: '/Result/Remaining' },
  renew: { request: 'GET /RenewSessionToken' },
  revoke: { request: 'GET /RevokeSessionToken' },
  refused: ['', '/0'].map((at) => ({ at: `/Errors${at}/Status`, is: [401, 403] })),
  expired: ['', '/0'].map((at) => ({ at: `/Errors${at}/Status`, is: [401, 410] })),
  rows: '/Result',
};

describe('rest: SARUS, coded and described', () => {
  let sandbox: Sandbox | undefined;
  let gateway: Gateway | undefined;

  afterEach(async () => {
    gateway?.dispose();
    await sandbox?.close();
  });

  const kinds = { coded: { kind: 'sarus' }, described: { kind: 'rest', ...description } };
  for (const [kind, settings] of Object.entries(kinds)) {
    const start = async (options: SandboxOptions = {}): Promise<Gateway> => {
      sandbox = await startSandbox(options);
      gateway = connect(connection(sandbox.url, { lifeMinutes: 10, ...settings }), deps());
      return gateway;
    };
    const data = (sarus: Gateway, user: string) =>
      sarus.getData({
        tokens: { user },
        query: kind === 'coded' ? { endpoint: 'GetUserDatasources' } : { request: 'GET /GetUserDatasources' },
        keepOpen: true,
        makeReader: tableReader,
      });

    it(`${kind}: signs in, queries, gets data, renews and revokes`, async () => {
      const sarus = await start();
      const grant = await sarus.signIn({ apiKey: 'demo' }, undefined);
      const isFull = (ms = 0) => ms > 590_000 && ms <= 600_000;
      ok(isFull(grant.reportedMs));
      ok(isFull((await sarus.remainingLife?.({ user: grant.value }))?.reportedMs));
      const got = await data(sarus, grant.value);
      ok(got.answer.rowCount > 0);
      ok('Datasource' in ((await got.answer.rows())[0] ?? {}));
      equal(got.isUnchanged, undefined);
      const renewed = await sarus.keepAlive({ user: grant.value });
      ok(isFull(renewed.reportedMs));
      equal(renewed.value, grant.value);
      await sarus.close({ user: grant.value });
      await sarus.close({ user: grant.value });
      equal(sandbox?.stats().sessions, 0);
      await failure(sarus.remainingLife?.({ user: grant.value }) ?? Promise.resolve(), 'E_EXPIRED');
      const error = await failure(data(sarus, grant.value), 'E_EXPIRED');
      equal(error.details.refused, 'sign-in');
    });

    it(`${kind}: is refused, once`, async () => {
      const sarus = await start();
      const error = await failure(sarus.signIn({ apiKey: 'wrong' }, undefined), 'E_CREDENTIALS');
      equal(error.details.refused, 'login');
      deepEqual(sandbox?.stats().sessions, 0);
    });

    for (const quirks of [
      { errorsUnder200: true, remainingAsString: true },
      { renewalReplaces: true, byteOrderMark: true },
    ]) {
      it(`${kind}: ${JSON.stringify(quirks)}`, async () => {
        const sarus = await start({ quirks });
        const { value: user, reportedMs } = await sarus.signIn({ apiKey: 'demo' }, undefined);
        ok((reportedMs ?? 0) > 590_000);
        const renewed = await sarus.keepAlive({ user });
        equal(renewed.value === user, quirks.renewalReplaces !== true);
        await data(sarus, renewed.value);
        await sarus.close({ user: renewed.value });
        await failure(sarus.keepAlive({ user: renewed.value }), 'E_EXPIRED');
      });
    }
  }
});
