import assert from 'node:assert/strict';
import { keepsTokens } from './keeping.ts';
import { nodeRed } from './nodeRed.ts';
import { ask, checkLife, life, useServer } from './rig.ts';

describe('Node-RED', () => {
  const server = useServer(nodeRed, life);
  const signIn = (password = server().login.password) => {
    const { username } = server().login;
    return ask(server().url, 'POST /auth/token', {
      form: { client_id: 'node-red-admin', grant_type: 'password', scope: '*', username, password },
    });
  };
  const token = async () => ((await signIn()).body as { access_token: string }).access_token;
  const nodes = (value: string) =>
    ask(server().url, 'GET /nodes', {
      headers: { Authorization: `Bearer ${value}`, Accept: 'application/json' },
    });

  const revoke = (value: string, wrongly = '') =>
    ask(server().url, 'POST /auth/revoke', {
      headers: { Authorization: `Bearer ${value}` },
      form: { token: `${value}${wrongly}` },
    });

  it('a sign-in', async () => {
    const { status, body } = await signIn();
    assert.equal(status, 200);
    assert.partialDeepStrictEqual(body, { expires_in: life, token_type: 'Bearer' });
    const refused = await signIn('wrong');
    assert.equal(refused.status, 403);
    assert.partialDeepStrictEqual(refused.body, { error: 'invalid_grant' });
  });

  it('data, a list at the top', async () => {
    const { status, body } = await nodes(await token());
    assert.equal(status, 200);
    assert.ok(Array.isArray(body) && body.length > 10);
    assert.equal((await ask(server().url, 'GET /nodes')).status, 401);
  });

  it('a revocation; one of a token that was not encoded does nothing, and answers 200 all the same', async () => {
    const value = await token();
    assert.equal((await revoke(value, ' ')).status, 200);
    assert.equal((await nodes(value)).status, 200);
    assert.equal((await revoke(value)).status, 200);
    assert.equal((await nodes(value)).status, 401);
  });

  it('a life that does not slide', async () => {
    await checkLife({ seconds: life, isSliding: false, over: 401 }, token, nodes, [0, life - 1.5]);
  });

  describe('by a connection', () => {
    keepsTokens({
      server,
      life: { seconds: life, isSliding: false, over: 401 },
      description: { preset: 'node-red' },
      signIn: 'POST /auth/token',
      data: { request: 'GET /nodes' },
      rows: [{ id: 'node-red/junction', module: 'node-red' }],
      use: nodes,
      revocation: { request: 'POST /auth/revoke', send: revoke },
      source: 'reported',
    });
  });
});
