import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { SystemClock } from '../../../src/core/clock.ts';
import type { CredentialStore } from '../../../src/core/tokens/store.ts';
import { connect } from '../../connect.ts';
import { connectionOf } from '../../connectionOf.ts';
import { startSandbox } from '../../sandbox/gateway.ts';
import { SharedClaims, SharedStorage } from '../../simulate/shared.ts';
import { plainReader, TestWindow } from '../../simulate/window.ts';

const locked = async (): Promise<never> => {
  throw new Error('the keyring is locked');
};

describe('security: without a secret storage', () => {
  it('tokens live in memory, it is said once and with what helps, and nothing is written', async () => {
    const sandbox = await startSandbox({});
    const clock = new SystemClock();
    const storage = new SharedStorage();
    storage.broken = true;
    const credentials: CredentialStore = {
      read: locked,
      write: locked,
      delete: locked,
      onDidChange: () => ({ dispose: () => undefined }),
    };
    const window = new TestWindow({
      clock,
      store: storage.window(),
      credentials,
      claims: new SharedClaims(() => clock.now().up).window('w'),
      connections: [connectionOf({ name: 'c', kind: 'sarus', url: sandbox.url })],
      connect: (connection, { redactor, log }) =>
        connect(connection, { clock, redactor, log, maxResponseBytes: () => 1_048_576 }),
      name: 'w',
    });
    try {
      const { keeper } = window;
      const troubles: string[] = [];
      keeper.onStorageTrouble((error) => troubles.push(error.message));
      await keeper.load();
      const token = await keeper.signIn('c', { login: { apiKey: 'demo' }, remember: true });
      await keeper.getData({ connection: 'c', endpoint: 'GetUserDatasources' }, { makeReader: plainReader });
      await keeper.keepAlive(token.id);
      await keeper.flush();
      equal(keeper.tokens('c').length, 1);
      equal(troubles.length, 1);
      match(troubles[0] ?? '', /memory/);
      match(troubles[0] ?? '', /keyring/);
      deepEqual([...storage.entries], []);
      const value = keeper.reveal(token.id);
      ok(!window.lines.join('\n').includes(value.slice(0, 8)));
    } finally {
      window.dispose();
      await sandbox.close();
    }
  });
});
