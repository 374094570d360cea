import { deepEqual, doesNotThrow, equal, throws } from 'node:assert/strict';
import type { Memento } from 'vscode';
import { Consents } from '../../../src/connections/consents.ts';
import { dangerOf } from '../../../src/core/connection.ts';
import { connectionOf } from '../../connectionOf.ts';

function memento(): Memento {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: (key: string, otherwise?: unknown) => values.get(key) ?? otherwise,
    update: async (key: string, value: unknown) => void values.set(key, value),
  };
}

const plain = { name: 'plain', kind: 'sarus', url: 'http://gateway.example.com' };
const unverified = {
  name: 'open',
  kind: 'sarus',
  url: 'https://gateway.example.com',
  rejectUnauthorized: false,
};

describe('security: unsafe ways are gone only when somebody agreed', () => {
  it('knows an unsafe way', () => {
    equal(dangerOf(connectionOf(plain)), 'unencrypted');
    equal(dangerOf(connectionOf({ ...plain, rejectUnauthorized: false })), 'unencrypted');
    equal(dangerOf(connectionOf(unverified)), 'unverified');
    for (const url of [
      'http://localhost:1',
      'http://127.0.0.1:1',
      'http://[::1]:1',
      'https://x.example.com',
    ]) {
      equal(dangerOf(connectionOf({ ...plain, url })), undefined, url);
    }
    for (const url of ['http://localhost.example.com', 'http://127.0.0.1.example.com', 'http://0.0.0.0']) {
      equal(dangerOf(connectionOf({ ...plain, url })), 'unencrypted', url);
    }
  });

  it('asks once for a connection and an origin, and again when either changes', async () => {
    const consents = new Consents(memento());
    for (const settings of [plain, unverified]) {
      const connection = connectionOf(settings);
      throws(() => consents.check(connection), { name: 'TokensError', code: 'E_CONFIG' });
      for (const what of consents.wanted(connection)) {
        await consents.give(connection, what);
      }
      doesNotThrow(() => consents.check(connection));
      doesNotThrow(() => consents.check(connectionOf({ ...settings, url: `${settings.url}/prefix` })));
      throws(() => consents.check(connectionOf({ ...settings, name: 'other' })), { code: 'E_CONFIG' });
      throws(() => consents.check(connectionOf({ ...settings, url: `${settings.url}:81` })), {
        code: 'E_CONFIG',
      });
    }
    // One danger is not the other.
    throws(() => consents.check(connectionOf({ ...plain, name: 'open' })), { code: 'E_CONFIG' });
  });

  it('asks for no agreement to this machine itself', () => {
    const local = connectionOf({ ...unverified, url: 'https://127.0.0.1:8443' });
    equal(dangerOf(local), 'unverified');
    deepEqual(new Consents(memento()).wanted(local), []);
  });

  it('asks once for a description, and again for another one or another place; not for a preset', async () => {
    const consents = new Consents(memento());
    const description = {
      signIn: { request: 'POST /login', json: { user: '{username}', secret: '{password}' } },
      token: '/token',
    };
    const own = { name: 'own', kind: 'rest', url: 'https://api.example.com', ...description };
    deepEqual(consents.wanted(connectionOf(own)), ['described']);
    deepEqual(consents.wanted(connectionOf({ ...own, url: 'http://api.example.com' })), [
      'unencrypted',
      'described',
    ]);
    throws(() => consents.check(connectionOf(own)), { code: 'E_CONFIG', message: /says itself where/ });
    await consents.give(connectionOf(own), 'described');
    doesNotThrow(() => consents.check(connectionOf(own)));
    doesNotThrow(() => consents.check(connectionOf({ ...own, life: { minutes: 5 }, rows: '/rows' })));
    const requests = { Items: { request: 'GET /items' }, Log: { request: 'GET /log?token={token}' } };
    throws(() => consents.check(connectionOf({ ...own, requests })), { code: 'E_CONFIG' });
    doesNotThrow(() => consents.check(connectionOf({ ...own, requests: { Items: requests.Items } })));
    const elsewhere = { ...description.signIn, request: 'POST /other' };
    throws(() => consents.check(connectionOf({ ...own, signIn: elsewhere })), { code: 'E_CONFIG' });
    throws(() => consents.check(connectionOf({ ...own, url: 'https://other.example.com' })), {
      code: 'E_CONFIG',
    });
    const preset = { name: 'blade', kind: 'rest', url: 'https://blade.example.com', preset: 'redfish' };
    deepEqual(consents.wanted(connectionOf(preset)), []);
    deepEqual(consents.wanted(connectionOf({ ...preset, signIn: elsewhere })), ['described']);
  });

  it('forgets with the connection', async () => {
    const consents = new Consents(memento());
    await consents.give(connectionOf(plain), 'unencrypted');
    await consents.give(connectionOf(unverified), 'unverified');
    await consents.forget('plain');
    throws(() => consents.check(connectionOf(plain)), { code: 'E_CONFIG' });
    doesNotThrow(() => consents.check(connectionOf(unverified)));
  });

  it('takes what it cannot read for no agreement', async () => {
    const state = memento();
    await state.update('consents', [['unencrypted', 'plain']]);
    throws(() => new Consents(state).check(connectionOf(plain)), { code: 'E_CONFIG' });
  });
});
