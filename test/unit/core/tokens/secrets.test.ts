import { deepEqual, equal, rejects } from 'node:assert/strict';
import type * as vscode from 'vscode';
import { CredentialVault } from '../../../../src/vault/credentialVault.ts';
import { demo, Rig } from './rig.ts';

const secrets = { passphrase: 'correct horse', headers: { 'x-key': 'key-of-mine' } };

describe('secrets of a connection', () => {
  let rig: Rig;

  beforeEach(() => {
    rig = new Rig();
  });

  afterEach(() => rig.end());

  const origin = 'http://127.0.0.1:1';

  it('stay when a login is remembered beside them, and when it is not', async () => {
    const window = await rig.open('w');
    await rig.credentials.write('cra', { secrets, origin });
    equal(await window.keeper.isRemembered('cra'), false);
    await window.keeper.signIn('cra', { login: demo, remember: true });
    deepEqual(rig.credentials.entries.get('cra'), { login: demo, secrets, origin });
    await window.keeper.signIn('cra', { login: demo, remember: false });
    deepEqual(rig.credentials.entries.get('cra'), { secrets, origin });
  });

  it('stay when the login beside them is refused', async () => {
    const window = await rig.open('w');
    await rig.credentials.write('cra', { login: demo, secrets, origin });
    rig.cra.wrong.add('demo');
    await rejects(window.keeper.signIn('cra', {}), { code: 'E_CREDENTIALS' });
    const refused = rig.credentials.entries.get('cra');
    deepEqual(refused, { ...refused, login: demo, secrets, origin });
    await window.keeper.signIn('cra', { login: { username: 'demo', password: 'new' } });
    deepEqual(rig.credentials.entries.get('cra'), { secrets, origin });
  });

  it('are forgotten at sign-out', async () => {
    const window = await rig.open('w');
    await rig.credentials.write('cra', { secrets, origin });
    await window.keeper.signIn('cra', { login: demo, remember: true });
    await window.keeper.signOut('cra');
    equal(rig.credentials.entries.size, 0);
  });

  it('a client certificate is a login of its own: nobody is asked, nothing is remembered', async () => {
    const byCertificate = new Rig({ login: 'certificate', certFile: '/my/certificate.pem' });
    const window = await byCertificate.open('w');
    equal(await window.keeper.isRemembered('cra'), true);
    equal(await window.keeper.isRemembered('sarus'), false);
    equal((await window.keeper.signIn('cra', { remember: true })).state, 'live');
    equal(byCertificate.credentials.entries.size, 0);
    byCertificate.end();
  });

  it('a refused certificate is not asked for', async () => {
    const byCertificate = new Rig({ login: 'certificate', certFile: '/my/certificate.pem' });
    byCertificate.cra.wrong.add('certificate');
    const window = await byCertificate.open('w');
    const askLogin = () => Promise.reject(new Error('somebody was asked'));
    await rejects(window.keeper.signIn('cra', { askLogin }), { code: 'E_CREDENTIALS' });
    byCertificate.end();
  });

  it('of another origin are not carried over', async () => {
    const window = await rig.open('w');
    await rig.credentials.write('cra', { secrets, origin: 'http://elsewhere.example' });
    await window.keeper.signIn('cra', { login: demo, remember: true });
    deepEqual(rig.credentials.entries.get('cra'), { login: demo, origin });
  });

  it('share the entry of their connection’s login, and one of an older version is still read', async () => {
    const entries = new Map<string, string>();
    const vault = new CredentialVault({
      get: async (key: string) => entries.get(key),
      store: async (key: string, value: string) => void entries.set(key, value),
      delete: async (key: string) => void entries.delete(key),
      onDidChange: () => ({ dispose: () => undefined }),
    } as unknown as vscode.SecretStorage);
    await vault.write('cra', { secrets, origin });
    deepEqual([...entries.keys()], ['credentials/cra']);
    deepEqual(await vault.read('cra'), { secrets, origin });
    entries.set('credentials/cra', JSON.stringify({ login: demo, origin }));
    deepEqual(await vault.read('cra'), { login: demo, origin });
  });
});
