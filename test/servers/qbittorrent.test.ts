import assert from 'node:assert/strict';
import { keepsTokens } from './keeping.ts';
import { qbittorrent } from './qbittorrent.ts';
import { ask, checkLife, life, useServer } from './rig.ts';

describe('qBittorrent', () => {
  const server = useServer(qbittorrent, life);
  const signIn = (password = server().login.password) =>
    ask(server().url, 'POST /api/v2/auth/login', { form: { username: server().login.username, password } });
  const cookie = async () => (await signIn()).headers.getSetCookie()[0]?.split(';')[0] ?? '';
  const info = (value: string) =>
    ask(server().url, 'GET /api/v2/transfer/info', { headers: { Cookie: value } });
  const logOut = (value: string) =>
    ask(server().url, 'POST /api/v2/auth/logout', { headers: { Cookie: value } });

  it('a sign-in', async () => {
    const { status, text, headers } = await signIn();
    assert.deepEqual([status, text], [200, 'Ok.']);
    assert.match(headers.getSetCookie()[0] ?? '', /^SID=[^;]{20,}; HttpOnly;/);
    const refused = await signIn('wrong');
    assert.deepEqual([refused.status, refused.text], [200, 'Fails.']);
  });

  it('data, one object', async () => {
    const { status, body } = await info(await cookie());
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(body, { dht_nodes: 0 });
    assert.equal((await info('')).status, 403);
  });

  it('a revocation, which takes the cookie away by a day that is over', async () => {
    const value = await cookie();
    const { status, headers } = await logOut(value);
    assert.equal(status, 200);
    assert.match(headers.getSetCookie()[0] ?? '', /^SID=; expires=/);
    assert.equal((await info(value)).status, 403);
  });

  it('a life that slides', async () => {
    await checkLife({ seconds: life, isSliding: true, over: 403 }, cookie, info);
  });

  describe('by a connection', () => {
    keepsTokens({
      server,
      life: { seconds: life, isSliding: true, over: 403 },
      description: { preset: 'qbittorrent', life: { seconds: life, sliding: true } },
      signIn: 'POST /api/v2/auth/login',
      data: { request: 'GET /api/v2/transfer/info' },
      rows: [{ dht_nodes: 0 }],
      use: (value) => info(`SID=${value}`),
      renewal: 'GET /api/v2/app/version',
      revocation: { request: 'POST /api/v2/auth/logout', send: (value) => logOut(`SID=${value}`) },
      source: 'estimated',
    });
  });
});
