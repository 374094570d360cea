import type { BrowserContext } from 'playwright-core';

/**
 * Gives all windows of a browser one secret storage with change events, as the windows of a desktop VS Code have.
 * By itself the browser workbench gives each page a copy of its own, which overwrites the others'. Only the
 * storage is another one: VS Code's services, and the extension's `SecretStorage`, are the real ones above it.
 */
export async function shareSecrets(context: BrowserContext): Promise<void> {
  const secrets = new Map<string, string>();
  await context.exposeFunction('sharedSecret', (step: string, key: string, value: string) => {
    switch (step) {
      case 'set':
        secrets.set(key, value);
        return undefined;
      case 'delete':
        secrets.delete(key);
        return undefined;
      case 'keys':
        return [...secrets.keys()];
      default:
        return secrets.get(key);
    }
  });
  await context.addInitScript(`
    const changed = new BroadcastChannel('shared-secrets');
    const change = async (step, key, value) => {
      await sharedSecret(step, key, value);
      changed.postMessage(key);
    };
    globalThis.sharedSecrets = {
      type: 'persisted',
      get: (key) => sharedSecret('get', key),
      set: (key, value) => change('set', key, value),
      delete: (key) => change('delete', key),
      keys: () => sharedSecret('keys'),
      onDidChange: (listener) => changed.addEventListener('message', ({ data }) => listener(data)),
    };
  `);
  await context.route('**/workbench.js', async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    const shared = script
      .replace(
        /secretStorageProvider:([^{}]*?new \w+\(\w+\))\}/,
        'secretStorageProvider:globalThis.sharedSecrets}',
      )
      .replace(
        /this\._secretStorageProvider=(\w+)\.options\.secretStorageProvider,/,
        '$&$1.options.secretStorageProvider.onDidChange((key)=>this.onDidChangeSecretEmitter.fire(key)),',
      );
    if (!/globalThis\.sharedSecrets\}/.test(shared) || !/secretStorageProvider\.onDidChange\(/.test(shared)) {
      throw new Error('This VS Code keeps its secrets in another way: shareSecrets must be told how.');
    }
    await route.fulfill({ response, body: shared });
  });
}
