import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type Recorder, record } from '../servers/recorder.ts';
import type { Told } from '../servers/run.ts';
import type { Login } from '../servers/server.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/*
 * The API in a real VS Code, against software that nobody here wrote. test/servers says more of each server; here each
 * is signed in to, used, renewed, expires, is replaced and ended.
 */
interface Case {
  /** Of test/servers; its preset is called the same. */
  readonly name: string;
  readonly lifeSeconds: number;
  /** What of its preset depends on how it was started. */
  readonly description?: object;
  readonly signIn: string;
  readonly request: string;
  readonly data?: object;
  /** What the first row has. */
  readonly row: object;
  readonly abilities: { readonly renewable: boolean; readonly closable: boolean };
}

const sliding = { life: { seconds: 5, sliding: true } };
const cases: readonly Case[] = [
  {
    name: 'node-red',
    lifeSeconds: 5,
    signIn: 'POST /auth/token',
    request: 'GET /nodes',
    row: { id: 'node-red/junction' },
    abilities: { renewable: false, closable: true },
  },
  {
    name: 'etcd',
    lifeSeconds: 5,
    description: sliding,
    signIn: 'POST /v3/auth/authenticate',
    request: 'POST /v3/kv/range',
    data: { json: { key: 'AA==', range_end: 'AA==' } },
    row: { key: 'Y29sb3Vy', value: 'Ymx1ZQ==' },
    abilities: { renewable: true, closable: false },
  },
  {
    name: 'qbittorrent',
    lifeSeconds: 5,
    description: sliding,
    signIn: 'POST /api/v2/auth/login',
    request: 'GET /api/v2/transfer/info',
    row: { dht_nodes: 0 },
    abilities: { renewable: true, closable: true },
  },
  {
    name: 'keystone',
    lifeSeconds: 10,
    signIn: 'POST /v3/auth/tokens',
    request: 'GET /v3/users',
    row: { name: 'admin' },
    abilities: { renewable: false, closable: true },
  },
];

describe('APIs with session tokens that others wrote', () => {
  const children: ChildProcess[] = [];
  const recorders = new Map<string, Recorder>();
  const logins = new Map<string, Login>();
  const lacking = new Map<string, string>();
  const expiry = new Map<string, number>();

  before('start the servers', async function () {
    this.timeout(300_000);
    await Promise.all(cases.map(start));
    await setConnections(
      cases.flatMap(({ name, description }) => {
        const url = recorders.get(name)?.url;
        return url === undefined ? [] : [{ name, kind: 'rest', url, preset: name, ...description }];
      }),
    );
  });

  after('stop the servers', async () => {
    await run('closeAll');
    await removeConnections();
    await Promise.all([...recorders.values()].map((recorder) => recorder.stop()));
    await Promise.all(
      children.map(async (child) => {
        const ended = child.exitCode === null ? once(child, 'exit') : undefined;
        child.stdin?.end();
        await ended;
      }),
    );
  });

  async function start({ name, lifeSeconds }: Case): Promise<void> {
    const [node, script] = JSON.parse(process.env.TEST_SERVERS ?? '[]') as [string, string];
    const child = spawn(node, [script, name, String(lifeSeconds)], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    const first = await Promise.race([
      once(createInterface(child.stdout), 'line'),
      once(child, 'exit').then(() => Promise.reject(new Error(`${name} could not be started.`))),
    ]);
    const told = JSON.parse(String(first[0])) as Told;
    if ('lacking' in told) {
      lacking.set(name, told.lacking);
    } else {
      logins.set(name, told.login);
      recorders.set(name, await record(told.url));
    }
  }

  /** What a test of a server needs; where it cannot be had here, the test is skipped. */
  function need(name: string, test: Mocha.Context): { recorder: Recorder; login: Login } {
    const [recorder, login] = [recorders.get(name), logins.get(name)];
    if (recorder === undefined || login === undefined) {
      console.log(`      skipped: ${name}, because ${lacking.get(name)}`);
      return test.skip();
    }
    return { recorder, login };
  }

  for (const { name, signIn, request, data, row, abilities } of cases) {
    it(`${name}: refused, signed in, used, renewed`, async function () {
      const { recorder, login } = need(name, this);
      const api = await activated();
      await assert.rejects(api.signIn(name, { ...login, password: 'wrong' }), { code: 'E_CREDENTIALS' });
      assert.deepEqual(recorder.asked, [signIn]);
      const token = await api.signIn(name, { ...login }, { remember: true });
      assert.notEqual(token.state, 'expired');
      assert.partialDeepStrictEqual(token, {
        connection: name,
        kind: 'session',
        ...abilities,
      });
      const { rows } = await api.getData({ connection: name, request, ...data, show: false });
      assert.partialDeepStrictEqual(rows[0], row);
      if (abilities.renewable) {
        assert.ok((await api.keepAlive(token.id)).expiresAt >= token.expiresAt);
      }
      const { expiresAt } = await api.query(token.id);
      assert.equal(recorder.asked.filter((what) => what === signIn).length, 2);
      expiry.set(name, expiresAt);
    });
  }

  for (const { name, signIn, request, data, row, abilities } of cases) {
    it(`${name}: expired, replaced without a word, ended at the server`, async function () {
      const { recorder } = need(name, this);
      const api = await activated();
      const held = async () => (await api.tokens()).find(({ connection }) => connection === name);
      await delay(Math.max(0, (expiry.get(name) ?? 0) + 2_500 - Date.now()));
      assert.equal((await held())?.state, 'expired');
      assert.ok((await recorder.again(request)) >= 400);
      const { rows } = await api.getData({ connection: name, request, ...data, show: false });
      assert.partialDeepStrictEqual(rows[0], row);
      assert.equal(recorder.asked.filter((what) => what === signIn).length, 3);
      assert.notEqual((await held())?.state, 'expired');
      assert.equal(await recorder.again(request), 200);
      await run('signOut', { connection: name });
      assert.equal(await held(), undefined);
      assert.equal((await recorder.again(request)) === 200, !abilities.closable);
    });
  }
});
