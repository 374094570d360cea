import assert from 'node:assert/strict';
import { request } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultName, FaultRule } from '../../sandbox/faultRules.ts';
import { faultNames, operations } from '../../sandbox/faultRules.ts';
import type { Sandbox } from '../../sandbox/gateway.ts';
import {
  classicLogon,
  classicRoot,
  data,
  errorOf,
  get,
  logon,
  openSession,
  post,
  sarus,
  sarusToken,
  send,
  service,
  viewsRoot,
  withSandbox,
} from './support.ts';

/** Waits for what must come sooner or later; the test's own time bounds it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) {
    await sleep(5);
  }
}

/** What came of one raw request: bytes of the body, and how it ended. */
interface Outcome {
  readonly status: number | undefined;
  /** Content-Length. */
  readonly announced: string;
  readonly received: number;
  /** `complete`, `cut`, or the error before any answer. */
  readonly end: string;
}

/** A request by node:http, which shows what fetch hides. */
function raw(url: string, headers: Record<string, string> = {}, giveUpMs = 5_000): Promise<Outcome> {
  return new Promise((resolve) => {
    let received = 0;
    let status: number | undefined;
    let announced = '';
    const outgoing = request(url, { headers, agent: false }, (response) => {
      status = response.statusCode;
      announced = response.headers['content-length'] ?? '';
      response.on('data', (chunk: Buffer) => {
        received += chunk.length;
      });
      response.once('error', () => resolve({ status, announced, received, end: 'cut' }));
      response.once('end', () => resolve({ status, announced, received, end: 'complete' }));
    });
    const timer = setTimeout(() => outgoing.destroy(new Error('gave up')), giveUpMs);
    outgoing.once('error', (error: NodeJS.ErrnoException) =>
      resolve({
        status,
        announced,
        received,
        end: status === undefined ? (error.code ?? error.message) : 'cut',
      }),
    );
    outgoing.once('close', () => clearTimeout(timer));
    outgoing.end();
  });
}

const jcpu = (sandbox: Sandbox): string =>
  `${viewsRoot(sandbox)}/${service}/products/MVMVS/views/JCPU/data?close=N&rows=5`;

/** Strikes one data call that would open a session, by a raw request; also how many were opened. */
async function strikeOpening(rule: FaultRule): Promise<Outcome & { opened: number }> {
  let result: (Outcome & { opened: number }) | undefined;
  await withSandbox({}, async (sandbox) => {
    const headers = { Authorization: `Bearer ${await logon(sandbox)}` };
    sandbox.setFaults({ match: { operation: 'getData' }, times: 1, ...rule });
    const outcome = await raw(jcpu(sandbox), headers, 1_500);
    result = { ...outcome, opened: sandbox.stats().opened };
    assert.equal(sandbox.faults()[0]?.struck, 1);
  });
  assert.ok(result);
  return result;
}

describe('sandbox, faults', () => {
  it('resets before the body, the operation carried out or not', async () => {
    for (const [when, opened] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const outcome = await strikeOpening({ fault: 'reset', when });
      assert.deepEqual([outcome.end, outcome.received, outcome.opened], ['ECONNRESET', 0, opened]);
    }
  });

  it('resets inside the body', async () => {
    for (const [when, opened] of [
      ['before', 0],
      ['after', 1],
      [undefined, 1],
    ] as const) {
      const rule: FaultRule = { fault: 'reset-in-body' };
      const outcome = await strikeOpening(when === undefined ? rule : { ...rule, when });
      assert.deepEqual([outcome.status, outcome.end, outcome.opened], [200, 'cut', opened]);
      assert.ok(outcome.received > 0 && outcome.received < Number(outcome.announced));
    }
  });

  it('hangs until the client leaves, or for so long', async () => {
    for (const [when, opened] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const outcome = await strikeOpening({ fault: 'hang', when });
      assert.deepEqual([outcome.end, outcome.opened], ['gave up', opened]);
    }
    assert.equal((await strikeOpening({ fault: 'hang', forMs: 50 })).end, 'ECONNRESET');
  });

  it('answers slowly: the operation before the wait or after it', async () => {
    for (const [when, opened] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      await withSandbox({}, async (sandbox) => {
        const token = await logon(sandbox);
        sandbox.setFaults({ fault: 'slow', forMs: 1_500, when });
        const start = performance.now();
        const reply = data(sandbox, token, 'close=N');
        await until(() => sandbox.faults()[0]?.struck === 1);
        await sleep(20);
        assert.equal(sandbox.stats().opened, opened);
        assert.equal((await reply).status, 200);
        assert.equal(sandbox.stats().opened, 1);
        assert.ok(performance.now() - start >= 1_450);
      });
    }
  });

  it('drips the body byte by byte', async () => {
    await withSandbox({}, async (sandbox) => {
      sandbox.setFaults({ fault: 'drip', forMs: 1 });
      const start = performance.now();
      const outcome = await raw(viewsRoot(sandbox));
      assert.deepEqual([outcome.end, String(outcome.received)], ['complete', outcome.announced]);
      assert.ok(performance.now() - start >= outcome.received);
    });
    const endless = await strikeOpening({ fault: 'drip' });
    assert.ok(endless.received > 0 && endless.received < Number(endless.announced));
    assert.equal(endless.opened, 1);
  });

  it('answers error statuses, with and without Retry-After, in the words of the protocol', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await sarusToken(sandbox);
      for (const fault of ['401', '404', '410', '429', '503', '500'] as const) {
        sandbox.setFaults({ fault, when: 'before' });
        const cra = await get(viewsRoot(sandbox));
        assert.equal(cra.status, Number(fault));
        assert.equal(cra.headers.get('retry-after'), null);
        assert.match(cra.text, /^<!doctype html>/);
        const envelope = await sarus(sandbox, 'QuerySessionToken', { SessionToken: token });
        assert.equal(envelope.status, Number(fault));
        if (fault === '500') {
          assert.match(envelope.text, /^<!doctype html>/);
        } else {
          assert.equal(errorOf(envelope), Number(fault));
        }
      }
      for (const fault of ['429', '503'] as const) {
        sandbox.setFaults({ fault, retryAfterSeconds: 7 });
        assert.equal((await get(viewsRoot(sandbox))).headers.get('retry-after'), '7');
        const envelope = await sarus(sandbox, 'QuerySessionToken', { SessionToken: token });
        assert.equal(envelope.headers.get('retry-after'), '7');
      }
    });
  });

  it('answers what is no answer: HTML under 200, nothing, half of the JSON, wrong types, a wrong length', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const whole = (await data(sandbox, token)).text;
      const struck = async (fault: FaultName): Promise<string> => {
        sandbox.setFaults({ fault, times: 1, when: 'after' });
        const reply = await data(sandbox, token);
        assert.equal(reply.status, 200);
        return reply.text;
      };
      assert.match(await struck('html'), /^<!doctype html>/);
      assert.equal(await struck('empty'), '');
      const half = await struck('truncated');
      // Its figures are those of another moment, so a digit more or less.
      assert.ok(Math.abs(half.length * 2 - whole.length) < 100, `${half.length} of ${whole.length}`);
      assert.throws(() => JSON.parse(half));
      const wrong = JSON.parse(await struck('wrong-types')) as Record<string, unknown>;
      assert.deepEqual([wrong.rc, wrong.Rows, wrong.viewName], [[0], 48, { text: 4 }]);
      sandbox.setFaults({ fault: 'wrong-types' });
      assert.deepEqual(
        (await post(`${viewsRoot(sandbox)}/${service}/logon`, { username: 'demo', password: 'demo' })).body,
        {
          userToken: { text: 48 },
        },
      );
      sandbox.setFaults({ fault: 'wrong-length' });
      const short = await raw(viewsRoot(sandbox));
      assert.deepEqual([short.end, short.received], ['cut', Number(short.announced) - 100]);
    });
    for (const fault of ['html', 'empty', 'truncated', 'wrong-types', 'wrong-length'] as const) {
      assert.equal((await strikeOpening({ fault, when: 'before' })).opened, 0, fault);
      assert.equal((await strikeOpening({ fault, when: 'after' })).opened, 1, fault);
    }
  });

  it('spoils types behind a byte-order mark, and leaves error pages as they are', async () => {
    await withSandbox({ quirks: { byteOrderMark: true } }, async (sandbox) => {
      sandbox.setFaults({ fault: 'wrong-types' });
      assert.deepEqual((await get(viewsRoot(sandbox))).body, { items: 2 });
      assert.equal((await data(sandbox, 'nonsense')).status, 401);
    });
  });

  it('redirects, to itself and elsewhere', async () => {
    await withSandbox({}, async (sandbox) => {
      const url = `${viewsRoot(sandbox)}?a=b`;
      sandbox.setFaults({ fault: 'redirect' });
      const same = await send(url);
      assert.equal(same.status, 307);
      assert.equal(same.headers.get('location'), '/cra/serviceGateway/services?a=b');
      sandbox.setFaults({ fault: 'redirect-other' });
      const other = new URL((await send(url)).headers.get('location') ?? '');
      assert.notEqual(other.origin, new URL(url).origin);
      assert.equal(other.pathname, '/cra/serviceGateway/services');
      sandbox.setFaults({ fault: 'redirect-other', location: 'http://192.0.2.1/trap' });
      assert.equal((await send(url)).headers.get('location'), 'http://192.0.2.1/trap');
      // A followed redirect to the same origin is answered once the fault has had its times.
      sandbox.setFaults({ fault: 'redirect', times: 1 });
      assert.equal((await send(url, { redirect: 'follow' })).status, 200);
    });
  });

  it('refuses connections for a while, on the same port again afterwards', async () => {
    await withSandbox({}, async (sandbox) => {
      const reply = await send(`${sandbox.url}/sandbox/faults`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ fault: 'refuse', forMs: 2_000 }),
      });
      assert.equal(reply.status, 200);
      await until(async () => (await raw(viewsRoot(sandbox))).end === 'ECONNREFUSED');
      await until(async () => (await raw(viewsRoot(sandbox))).status === 200);
      sandbox.setFaults({ fault: 'refuse', forMs: 60_000 });
      assert.equal((await raw(viewsRoot(sandbox))).end, 'ECONNREFUSED');
      await sandbox.clearFaults();
      assert.equal((await raw(viewsRoot(sandbox))).status, 200);
    });
  });

  it('refuses from a request on, carried out or not', async () => {
    for (const [when, opened] of [
      ['before', 0],
      ['after', 1],
    ] as const) {
      const outcome = await strikeOpening({ match: { operation: 'getData' }, fault: 'refuse', when });
      assert.deepEqual([outcome.status, outcome.opened], [undefined, opened]);
    }
  });

  it('evicts one session: the named one, that of the request, or the least recently used', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const [a, b, c] = [
        await openSession(sandbox, token),
        await openSession(sandbox, token),
        await openSession(sandbox, token),
      ] as const;
      sandbox.setFaults({ fault: 'evict', session: b });
      assert.equal((await data(sandbox, token, `session=${b}`)).status, 404);
      sandbox.setFaults({ fault: 'evict', match: { operation: 'getData' }, times: 1 });
      assert.equal((await data(sandbox, token, `session=${c}`)).status, 404);
      sandbox.setFaults({ fault: 'evict' });
      assert.equal((await data(sandbox, token, `session=${a}`)).status, 404);
      const { sessions, expired, closed, userTokens } = sandbox.stats();
      assert.deepEqual(
        { sessions, expired, closed, userTokens },
        { sessions: 0, expired: 3, closed: 0, userTokens: 1 },
      );
      const d = await openSession(sandbox, token);
      sandbox.setFaults({ fault: 'evict', match: { operation: 'getData' }, when: 'after', times: 1 });
      assert.equal((await data(sandbox, token, `session=${d}`)).status, 200);
      assert.equal(sandbox.stats().sessions, 0);
    });
  });

  it('evicts all sessions of both protocols, and loses everything by a restart', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      await openSession(sandbox, token);
      const SessionToken = await sarusToken(sandbox);
      sandbox.setFaults({ fault: 'evict-all' });
      assert.deepEqual([sandbox.stats().sessions, sandbox.stats().expired], [0, 2]);
      assert.equal(errorOf(await sarus(sandbox, 'QuerySessionToken', { SessionToken })), 401);
      assert.equal((await data(sandbox, token)).status, 200);
      sandbox.setFaults({ fault: 'restart' });
      const nothing = {
        userTokens: 0,
        sessions: 0,
        opened: 0,
        reused: 0,
        keepAlives: 0,
        closed: 0,
        expired: 0,
        refused: 0,
      };
      assert.deepEqual(sandbox.stats(), nothing);
      assert.equal((await data(sandbox, token)).status, 401);
    });
  });

  it('strikes before or after an operation with a restart, too', async () => {
    for (const [when, status] of [
      ['before', 401],
      ['after', 200],
    ] as const) {
      await withSandbox({}, async (sandbox) => {
        const token = await logon(sandbox);
        sandbox.setFaults({ fault: 'restart', match: { operation: 'getData' }, when });
        assert.equal((await data(sandbox, token)).status, status);
        assert.equal(sandbox.stats().userTokens, 0);
      });
    }
  });

  it('knows the operations of every protocol and dialect', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      const userToken = await classicLogon(sandbox);
      const SessionToken = await sarusToken(sandbox);
      const views = `${viewsRoot(sandbox)}/${service}`;
      const classic = `${classicRoot(sandbox)}/${service}`;
      const q = 'product=MVMVS&view=JCPU';
      const calls: readonly [string, () => Promise<{ status: number }>][] = [
        ['signIn', () => post(`${views}/logon`)],
        ['signIn', () => post(`${views}/login`)],
        ['signIn', () => post(`${classic}/Logon`)],
        ['signIn', () => sarus(sandbox, 'GetSessionToken')],
        ['services', () => get(viewsRoot(sandbox))],
        ['services', () => get(classicRoot(sandbox))],
        ['offers', () => get(`${views}/products`, token)],
        ['offers', () => get(`${views}/products/MVMVS/views`, token)],
        ['offers', () => get(`${views}/products/MVMVS/systems`, token)],
        ['offers', () => get(`${views}/products/MVMVS/servers`, token)],
        ['definition', () => get(`${views}/products/MVMVS/views/JCPU/definition?close=Y`, token)],
        ['definition', () => post(`${classic}/getView?${q}`, { userToken })],
        ['getData', () => data(sandbox, token)],
        ['getData', () => post(`${classic}/getData?${q}`, { userToken })],
        ['getData', () => sarus(sandbox, 'GetAccountDetails', { SessionToken })],
        ['keepAlive', () => post(`${views}/keepalive`, { userToken: token })],
        ['keepAlive', () => sarus(sandbox, 'RenewSessionToken', { SessionToken })],
        ['query', () => sarus(sandbox, 'QuerySessionToken', { SessionToken })],
        ['close', () => get(`${viewsRoot(sandbox)}?close=true&session=x`, token)],
        ['close', () => post(`${classic}/close?session=x`, { userToken })],
        ['close', () => sarus(sandbox, 'RevokeSessionToken', { SessionToken })],
      ];
      for (const [name, call] of calls) {
        sandbox.setFaults(operations.map((operation) => ({ match: { operation }, fault: '503' })));
        assert.equal((await call()).status, 503);
        const struck = sandbox.faults().filter((rule) => rule.struck === 1);
        assert.deepEqual(
          struck.map((rule) => rule.match?.operation),
          [name],
        );
      }
    });
  });

  it('strikes by path, so many times, after so many, the first rule that fits', async () => {
    await withSandbox({}, async (sandbox) => {
      const token = await logon(sandbox);
      sandbox.setFaults([
        { match: { path: 'views/(JCPU|JCSA)/data.*rows=1' }, fault: '503', times: 2, skip: 1 },
        { match: { path: 'JCPU', operation: 'getData' }, fault: '410', times: 1 },
      ]);
      const statuses: number[] = [];
      for (let round = 0; round < 5; round += 1) {
        statuses.push((await data(sandbox, token, 'rows=1')).status);
      }
      assert.deepEqual(statuses, [410, 503, 503, 200, 200]);
      assert.equal((await get(viewsRoot(sandbox))).status, 200);
    });
  });

  it('waits before it shows', async () => {
    await withSandbox({}, async (sandbox) => {
      sandbox.setFaults({ fault: '503', afterMs: 100 });
      const start = performance.now();
      assert.equal((await get(viewsRoot(sandbox))).status, 503);
      assert.ok(performance.now() - start >= 95);
    });
  });

  it('is set, listed and cleared over HTTP, and never touches /sandbox/ itself', async () => {
    await withSandbox({}, async (sandbox) => {
      const url = `${sandbox.url}/sandbox/faults`;
      const set = (body: string, type = 'application/json'): Promise<{ status: number }> =>
        send(url, { method: 'POST', body, headers: { 'Content-Type': type } });
      assert.equal((await set('[{"fault":"503"},{"fault":"404"}]')).status, 200);
      assert.equal((await get(viewsRoot(sandbox))).status, 503);
      assert.equal((await get(`${sandbox.url}/sandbox/stats`)).status, 200);
      const rules = (await get(url)).body.rules as { struck: number }[];
      assert.deepEqual(
        rules.map((rule) => rule.struck),
        [1, 0],
      );
      assert.deepEqual((await send(url, { method: 'DELETE' })).body, { rules: [] });
      assert.equal((await get(viewsRoot(sandbox))).status, 200);
      assert.equal((await set('{"fault":"503"}', 'text/plain')).status, 415);
      assert.equal((await get(`${sandbox.url}/sandbox/nothing`)).status, 404);
    });
  });

  it('says what is wrong with a rule, and keeps the old ones', async () => {
    await withSandbox({}, async (sandbox) => {
      sandbox.setFaults({ fault: '503' });
      const wrong: readonly [string, RegExp][] = [
        ['{', /JSON/],
        ['1', /must be an object/],
        ['{"fault":"flood"}', /"fault" must be one of refuse/],
        ['{"fault":"503","when":"then"}', /"when"/],
        ['{"fault":"503","times":-1}', /"times"/],
        ['{"fault":"503","time":1}', /no field "time"/],
        ['{"fault":"503","location":1}', /"location"/],
        ['{"fault":"503","match":{"operation":"x"}}', /"operation" must be one of/],
        ['{"fault":"503","match":{"path":"("}}', /"path"/],
        ['{"fault":"503","match":{"path":1}}', /"path"/],
      ];
      for (const [body, reason] of wrong) {
        const init = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } };
        const reply = await send(`${sandbox.url}/sandbox/faults`, init);
        assert.equal(reply.status, 400, body);
        assert.match(String(reply.body.error), reason);
      }
      assert.equal(sandbox.faults().length, 1);
    });
  });

  it('leaves nothing behind when the gateway is closed in the middle of any fault', async () => {
    for (const fault of faultNames) {
      await withSandbox({}, async (sandbox) => {
        const headers = { Authorization: `Bearer ${await logon(sandbox)}` };
        sandbox.setFaults({ match: { operation: 'getData' }, fault, forMs: 60_000, afterMs: 60_000 });
        const pending = raw(jcpu(sandbox), headers);
        await until(() => sandbox.faults()[0]?.struck === 1);
        await sandbox.close();
        const { end, status } = await pending;
        assert.ok(
          end === 'ECONNRESET' || end === 'cut' || end === 'socket hang up',
          `${fault}: ${end} ${status}`,
        );
      });
    }
  });
});
