import type { BrowserContext, Page } from 'playwright-core';

/**
 * Gives all windows of a browser one secret storage with change events, as the windows of a desktop VS Code have, also
 * those that are connected to other machines.
 * By itself the browser workbench gives each page a copy of its own, which overwrites the others'. Only the
 * storage is another one: VS Code's services, and the extension's `SecretStorage`, are the real ones above it.
 */
export async function shareSecrets(context: BrowserContext): Promise<void> {
  const secrets = new Map<string, string>();
  await context.exposeBinding('sharedSecret', ({ page }, step: string, key: string, value: string) => {
    switch (step) {
      case 'set':
        secrets.set(key, value);
        return tellOthers(page, key);
      case 'delete':
        secrets.delete(key);
        return tellOthers(page, key);
      case 'keys':
        return [...secrets.keys()];
      default:
        return secrets.get(key);
    }
  });
  // Windows on different machines have pages of different origins: only from here all can be told.
  const tellOthers = (page: Page, key: string): void => {
    for (const other of context.pages().filter((one) => one !== page)) {
      other.evaluate(`globalThis.sharedSecretChanged?.(${JSON.stringify(key)})`).catch(() => undefined); // It is gone.
    }
  };
  await context.addInitScript(`
    globalThis.sharedSecrets = {
      type: 'persisted',
      get: (key) => sharedSecret('get', key),
      set: (key, value) => sharedSecret('set', key, value),
      delete: (key) => sharedSecret('delete', key),
      keys: () => sharedSecret('keys'),
      onDidChange: (listener) => {
        globalThis.sharedSecretChanged = listener;
      },
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
