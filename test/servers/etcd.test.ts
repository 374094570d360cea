import assert from 'node:assert/strict';
import { etcd } from './etcd.ts';
import { keepsTokens } from './keeping.ts';
import { ask, checkLife, life, useServer } from './rig.ts';

describe('etcd', () => {
  const server = useServer(etcd, life);
  const signIn = (password = server().login.password) =>
    ask(server().url, 'POST /v3/auth/authenticate', { json: { name: server().login.username, password } });
  const token = async () => ((await signIn()).body as { token: string }).token;
  const keys = (value?: string) =>
    ask(server().url, 'POST /v3/kv/range', {
      json: { key: 'AA==', range_end: 'AA==' },
      headers: value === undefined ? {} : { Authorization: value },
    });

  it('a sign-in', async () => {
    assert.match(await token(), /^\w+\.\d+$/);
    const refused = await signIn('wrong');
    assert.equal(refused.status, 400);
    assert.partialDeepStrictEqual(refused.body, {
      error: 'etcdserver: authentication failed, invalid user ID or password',
      code: 3,
    });
  });

  it('data, its numbers as texts; the token stands without Bearer', async () => {
    const value = await token();
    const { status, body } = await keys(value);
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(body, { kvs: [{ key: 'Y29sb3Vy', value: 'Ymx1ZQ==' }, {}], count: '2' });
    assert.equal((await keys(`Bearer ${value}`)).status, 401);
    assert.equal((await keys()).status, 400);
  });

  it('a life that slides', async () => {
    await checkLife({ seconds: life, isSliding: true, over: 401 }, token, keys);
  });

  describe('by a connection', () => {
    keepsTokens({
      server,
      life: { seconds: life, isSliding: true, over: 401 },
      description: { preset: 'etcd', life: { seconds: life, sliding: true } },
      signIn: 'POST /v3/auth/authenticate',
      data: { request: 'POST /v3/kv/range', json: { key: 'AA==', range_end: 'AA==' } },
      rows: [{ key: 'Y29sb3Vy', value: 'Ymx1ZQ==', version: '1' }, { key: 'c2l6ZQ==' }],
      use: keys,
      renewal: 'POST /v3/kv/range',
      source: 'estimated',
    });
  });
});
