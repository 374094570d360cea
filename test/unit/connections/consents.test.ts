import { doesNotThrow, equal, throws } from 'node:assert/strict';
import type { Memento } from 'vscode';
import { Consents } from '../../../src/connections/consents.ts';
import { dangerOf } from '../../../src/core/danger.ts';
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
      await consents.give(connection);
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
    equal(new Consents(memento()).wanted(local), undefined);
  });

  it('forgets with the connection', async () => {
    const consents = new Consents(memento());
    await consents.give(connectionOf(plain));
    await consents.give(connectionOf(unverified));
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
