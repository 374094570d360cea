import assert from 'node:assert/strict';
import type { DataResult } from '../../src/commands/dataResult.ts';
import { closeServers, json, serve, tomcat } from '../unit/core/protocols/rig.ts';
import { activated, removeConnections, run, setConnections } from './support.ts';

/** What commands and the API do with a remembered password that the gateway refuses. */
describe('a refused login', () => {
  after(async () => {
    await removeConnections();
    await closeServers();
  });

  it('is sent once by commands and API together, says why, and ends with a new sign-in', async () => {
    const api = await activated();
    let password = 'first-pass';
    let token = 1;
    let refused = 0;
    const { url } = await serve((got, response) => {
      if (got.path.endsWith('/services')) {
        json(response, []);
      } else if (got.path.endsWith('/login')) {
        const isGood = JSON.parse(got.body).password === password;
        refused += isGood ? 0 : 1;
        isGood
          ? json(response, { userToken: `user-token-number-${token}` })
          : tomcat(response, 403, 'Forbidden', 'PASSWORD EXPIRED');
      } else if (got.headers.authorization !== `Bearer user-token-number-${token}`) {
        tomcat(response, 401, 'Unauthorized', 'The user token has expired');
      } else {
        json(response, { rc: 0, columns: [], totalRows: 0, Rows: [] });
      }
    });
    await setConnections([{ name: 'locked', kind: 'bmc-cra', url, service: 'S', dialect: 'views' }]);
    const user = await api.signIn('locked', { username: 'anna', password }, { remember: true });
    const request = { connection: 'locked', product: 'P', view: 'V', show: false };
    assert.deepEqual((await run<DataResult>('getData', request)).rows, []);

    password = 'other-pass';
    token++;
    const why = { code: 'E_CREDENTIALS', message: /PASSWORD EXPIRED/ };
    for (let call = 0; call < 5; call++) {
      await assert.rejects(run('getData', request), why);
    }
    await assert.rejects(api.getData(request), why);
    await assert.rejects(run('signIn', { connection: 'locked' }), why);
    await assert.rejects(run('keepAlive', { id: user.id }), why);
    assert.equal(refused, 1);

    await api.signIn('locked', { username: 'anna', password }, { remember: true });
    token++;
    assert.deepEqual((await api.getData(request)).rows, []);
    assert.equal(refused, 1);
    await run('signOut', { connection: 'locked' });
  });
});
