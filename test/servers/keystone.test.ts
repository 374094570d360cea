import assert from 'node:assert/strict';
import { keepsTokens } from './keeping.ts';
import { keystone } from './keystone.ts';
import { ask, checkLife, useServer } from './rig.ts';

/** How long its tokens live here, in seconds. It is slow. */
const life = 8;

describe('Keystone', () => {
  const server = useServer(keystone, life);
  const scope = { project: { name: 'admin', domain: { id: 'default' } } };
  const signIn = (password = server().login.password) => {
    const user = { name: server().login.username, domain: { id: 'default' }, password };
    return ask(server().url, 'POST /v3/auth/tokens?nocatalog', {
      json: { auth: { identity: { methods: ['password'], password: { user } }, scope } },
    });
  };
  const tokenIn = ({ headers }: { headers: Headers }) => headers.get('x-subject-token') ?? '';
  const endIn = ({ body }: { body: unknown }) => (body as { token: { expires_at: string } }).token.expires_at;
  const about = (value: string, method = 'GET') =>
    ask(server().url, `${method} /v3/auth/tokens?nocatalog`, {
      headers: { 'X-Auth-Token': value, 'X-Subject-Token': value },
    });
  const users = (value: string) => ask(server().url, 'GET /v3/users', { headers: { 'X-Auth-Token': value } });

  it('a sign-in', async () => {
    const answered = await signIn();
    assert.equal(answered.status, 201);
    assert.ok(tokenIn(answered).length > 100);
    assert.match(endIn(answered), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000000Z$/);
    assert.equal((await signIn('wrong')).status, 401);
  });

  it('data, and the life that is left', async () => {
    const answered = await signIn();
    const { status, body } = await users(tokenIn(answered));
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(body, { users: [{ name: 'admin' }] });
    assert.equal(endIn(await about(tokenIn(answered))), endIn(answered));
  });

  it('a token for a token, which ends no later', async () => {
    const answered = await signIn();
    const other = await ask(server().url, 'POST /v3/auth/tokens?nocatalog', {
      json: { auth: { identity: { methods: ['token'], token: { id: tokenIn(answered) } }, scope } },
    });
    assert.equal(other.status, 201);
    assert.notEqual(tokenIn(other), tokenIn(answered));
    assert.equal(endIn(other), endIn(answered));
  });

  it('a revocation', async () => {
    const value = tokenIn(await signIn());
    assert.equal((await about(value, 'DELETE')).status, 204);
    assert.equal((await users(value)).status, 401);
  });

  it('a life that does not slide', async () => {
    await checkLife(
      { seconds: life, isSliding: false, over: 401 },
      async () => tokenIn(await signIn()),
      users,
      [0, life - 3],
    );
  });

  describe('by a connection', () => {
    keepsTokens({
      server,
      life: { seconds: life, isSliding: false, over: 401 },
      description: { preset: 'keystone' },
      signIn: 'POST /v3/auth/tokens',
      data: { request: 'GET /v3/users' },
      rows: [{ name: 'admin', enabled: true }],
      use: users,
      query: 'GET /v3/auth/tokens',
      revocation: { request: 'DELETE /v3/auth/tokens', send: (value) => about(value, 'DELETE') },
      source: 'reported',
    });
  });
});
