import assert from 'node:assert/strict';
import type * as vscode from 'vscode';
import { CredentialVault } from '../../../src/vault/credentialVault.ts';

describe('the vault of credentials', () => {
  it('answers what was read last once its window goes, whose secret storage may have gone already', async () => {
    const login = { login: { username: 'demo', password: 'demo' }, origin: 'https://host' };
    let isThere = true;
    const secrets = {
      get: async () => (isThere ? JSON.stringify(login) : new Promise<string>(() => undefined)),
      onDidChange: () => ({ dispose: () => undefined }),
    };
    const vault = new CredentialVault(secrets as unknown as vscode.SecretStorage);
    assert.deepEqual(await vault.read('one'), login);
    isThere = false;
    vault.leave();
    assert.deepEqual(await vault.read('one'), login);
    assert.equal(await vault.read('never read'), undefined);
  });

  it('passes on what a newer version has written beside', async () => {
    const newer = {
      login: { user: 'ann' },
      secrets: { passphrase: 'words', pin: '1' },
      origin: 'https://host',
      more: 1,
    };
    const secrets = {
      get: async () => JSON.stringify(newer),
      onDidChange: () => ({ dispose: () => undefined }),
    };
    const vault = new CredentialVault(secrets as unknown as vscode.SecretStorage);
    assert.deepEqual(await vault.read('one'), newer);
  });
});
